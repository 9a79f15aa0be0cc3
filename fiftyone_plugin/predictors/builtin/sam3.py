"""``sam3``: SAM 3 (Meta, 2025), from text to masks in one model, through ``transformers``.

Its image encoder runs once per image and its text encoder once per query text. SAM 3 was
trained on short noun phrases and finds every instance of one; relations and places in a
longer query mean less to it. The published weights are gated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors import mask_tools, models
from pairlens.fiftyone_plugin.predictors.base import Prediction, PredictorSpec
from pairlens.fiftyone_plugin.predictors.devices import Runtime
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.pipeline import (
    ModelQuery,
    PhraseCache,
    PictureCache,
    Pipeline,
    PreparedImage,
)
from pairlens.fiftyone_plugin.predictors.preprocessing import Square, read_square

NAME = "sam3"
PUBLISHED = "facebook/sam3"
_HALVES = (0.5, 0.5, 0.5)
_LEVELS = ("fpn_hidden_states", "fpn_position_encoding")


@dataclass(frozen=True)
class Settings:
    """The parameters of ``sam3``."""

    model: str = option(models.MODEL, PUBLISHED)
    threshold: float = option("instances of a higher score count", 0.5, low=0, high=1)
    mask_threshold: float = option("pixels of a higher probability are target", 0.5, low=0, high=1)
    merge: str = mask_tools.merge()
    always: bool = option(mask_tools.ALWAYS, False)
    template: str = mask_tools.template()
    half: bool = option(models.HALF, True)


class Sam3:
    """SAM 3 with cached image and text features."""

    def __init__(
        self, model: Any, tokenizer: Any, square: Square, settings: Settings, runtime: Any
    ) -> None:
        self.runtime: Runtime = runtime
        self._model, self._tokenizer, self._square = model, tokenizer, square
        self._settings = settings
        self._phrases = PhraseCache(self._encode_phrases)
        self._pictures = PictureCache(self._encode_pictures)

    def prepare(self, pixels: NDArray[np.uint8]) -> Any:
        """A (3, side, side) float32 tensor from (height, width, 3) RGB."""
        return self._square.prepare(pixels)

    def segment(self, items: Sequence[ModelQuery]) -> list[Prediction]:
        """Predicts the masks of all pairs in one batch, from the encoded images and texts."""
        import torch
        from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

        features = self._pictures.features(items)
        levels: dict[str, Any] = {
            name: tuple(
                torch.cat(level) for level in zip(*(f[name] for f in features), strict=True)
            )
            for name in _LEVELS
        }
        texts, attended = zip(*self._phrases.rows([i.phrase for i in items]), strict=True)
        embeds = torch.stack(texts)
        # Documented as a tensor; transformers 5.23 looks for the encoder's whole output.
        embeds.pooler_output = embeds  # type: ignore[attr-defined]
        found = self._model(
            vision_embeds=Sam3VisionEncoderOutput(**levels),
            text_embeds=embeds,
            attention_mask=torch.stack(attended),
        )
        scores = found.pred_logits.float().sigmoid() * found.presence_logits.float().sigmoid()
        rows = zip(items, scores.cpu().numpy(), found.pred_masks, strict=True)
        return [self._mask(*row) for row in rows]

    def _mask(self, item: ModelQuery, scores: NDArray[np.float32], logits: Any) -> Prediction:
        settings = self._settings
        chosen = mask_tools.choose(scores, settings.threshold, settings.merge, settings.always)
        size = item.picture.size
        # Probabilities are enlarged, as transformers does, not logits.
        masks = [
            mask_tools.above(logits[at].float().sigmoid(), size, settings.mask_threshold)
            for at in chosen.tolist()
        ]
        return mask_tools.union(masks, size)

    def _encode_pictures(self, pictures: list[PreparedImage]) -> list[dict[str, Any]]:
        """Each picture's feature pyramid, with a batch axis of one."""
        import torch

        pixels = torch.stack([p.inputs for p in pictures]).to(self.runtime.device)
        found = self._model.get_vision_features(pixels)
        return [
            {name: [level[at : at + 1] for level in getattr(found, name)] for name in _LEVELS}
            for at in range(len(pictures))
        ]

    def _encode_phrases(self, phrases: list[str]) -> list[tuple[Any, Any]]:
        """Token features and attention mask of each phrase; long queries are truncated."""
        asked = [self._settings.template.replace("{}", phrase) for phrase in phrases]
        tokens = self._tokenizer(
            asked,
            padding="max_length",
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self.runtime.device)
        found = self._model.get_text_features(
            tokens["input_ids"], attention_mask=tokens["attention_mask"]
        ).pooler_output
        return list(zip(found, tokens["attention_mask"], strict=True))


def load(settings: Settings, device: str) -> Pipeline:
    """Loads the model and its tokenizer.

    Raises:
        UsageError: for a missing package or device
        LayoutError, StateError: if the model cannot be loaded
    """
    source, runtime, model = models.open_model(
        NAME, settings.model, device, settings.half, "Sam3Model", ("sam3", "sam3_video")
    )
    side = model.config.image_size
    square = read_square(source, side, Square(side, side, _HALVES, _HALVES))
    tokenizer = models.load_tokenizer(source)
    return Pipeline(Sam3(model, tokenizer, square, settings, runtime))


SPEC = PredictorSpec(
    name=NAME,
    about="SAM 3: every instance of what a short phrase names, with sharp edges; an empty mask "
    "where there is none. Its weights are gated.",
    settings=Settings,
    make=load,
    setup="torch, transformers, its gated weights",
    needs=models.PACKAGES,
)
