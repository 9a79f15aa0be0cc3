"""``clipseg``: CLIPSeg (Lüddecke and Ecker, CVPR 2022), through ``transformers``.

CLIP's image encoder runs once per image and its text encoder once per query text; for each
pair there is only CLIPSeg's small decoder to run. The published model works at 352x352.
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

NAME = "clipseg"
PUBLISHED = "CIDAS/clipseg-rd64-refined"


@dataclass(frozen=True)
class Settings:
    """The parameters of ``clipseg``."""

    model: str = option(models.MODEL, PUBLISHED)
    threshold: float = option("pixels of a higher probability are target", 0.5, low=0, high=1)
    regions: str = mask_tools.regions()
    template: str = mask_tools.template()
    half: bool = option(models.HALF, True)


class ClipSeg:
    """CLIPSeg in three parts, with image and text features cached."""

    def __init__(self, model: Any, processor: Any, settings: Settings, runtime: Runtime) -> None:
        self.runtime = runtime
        self._model, self._processor, self._settings = model, processor, settings
        # Logits are compared, so that no sigmoid is needed for every pixel of the image.
        odds = np.float64(settings.threshold) / np.float64(max(1 - settings.threshold, 1e-300))
        self._logit = float(np.log(max(odds, 1e-300)))
        self._phrases = PhraseCache(self._encode_phrases)
        self._pictures = PictureCache(self._encode_pictures)

    def prepare(self, pixels: NDArray[np.uint8]) -> Any:
        """(3, side, side) float32, scaled and normalized as the model was trained."""
        processed = self._processor.image_processor(images=pixels, return_tensors="pt")
        return processed["pixel_values"][0]

    def segment(self, items: Sequence[ModelQuery]) -> list[Prediction]:
        """Predicts the masks of all pairs in one batch."""
        import torch

        activations = self._pictures.features(items)
        texts = torch.stack(self._phrases.rows([item.phrase for item in items]))
        layers = [torch.stack(layer) for layer in zip(*activations, strict=True)]
        logits = self._model.decoder(layers, texts).logits
        logits = logits.reshape(len(items), *logits.shape[-2:])
        return [self._mask(row, item) for row, item in zip(logits, items, strict=True)]

    def _mask(self, logits: Any, item: ModelQuery) -> Prediction:
        mask = mask_tools.above(logits, item.picture.size, self._logit)
        whole = self._settings.regions == mask_tools.ALL
        return mask if whole else mask_tools.largest_region(mask)

    def _encode_pictures(self, pictures: list[PreparedImage]) -> list[list[Any]]:
        """For each picture, the encoder activations that the decoder uses."""
        import torch

        pixels = torch.stack([p.inputs for p in pictures]).to(self.runtime.device)
        states = self._model.clip.get_image_features(
            pixels, interpolate_pos_encoding=True, output_hidden_states=True
        ).hidden_states
        layers = [states[layer + 1] for layer in self._model.extract_layers]
        return [list(rows) for rows in zip(*layers, strict=True)]

    def _encode_phrases(self, phrases: list[str]) -> Any:
        """(phrases, projection) conditional embeddings; queries past CLIP's length are cut."""
        asked = [self._settings.template.replace("{}", phrase) for phrase in phrases]
        # Padded to one length whatever the batch, so that a query's features do not depend on it.
        tokens = self._processor.tokenizer(
            asked,
            padding="max_length",
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self.runtime.device)
        return self._model.clip.get_text_features(
            tokens["input_ids"], attention_mask=tokens["attention_mask"]
        ).pooler_output


def load(settings: Settings, device: str) -> Pipeline:
    """Loads the model and its processor.

    Raises:
        UsageError: for a missing package or device
        LayoutError, StateError: if the model cannot be loaded
    """
    source, runtime, model = models.open_model(
        NAME, settings.model, device, settings.half, "CLIPSegForImageSegmentation", (NAME,)
    )
    return Pipeline(ClipSeg(model, models.load_processor(source), settings, runtime))


SPEC = PredictorSpec(
    name=NAME,
    about="CLIPSeg: a mask from the query in one step; small and quick, coarse at the edges.",
    settings=Settings,
    make=load,
    setup="torch, transformers, its weights",
    needs=models.PACKAGES,
)
