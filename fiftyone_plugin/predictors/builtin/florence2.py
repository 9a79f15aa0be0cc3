"""``florence2``: Florence-2 (Xiao et al., CVPR 2024), which writes polygons as text.

Its task ``<REFERRING_EXPRESSION_SEGMENTATION>``, through ``transformers``. The image encoder
runs once per image; the language model reads image and query anew for every pair and writes
the outline point by point, in a grid of 1000x1000.
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
    PictureCache,
    Pipeline,
    PreparedImage,
)
from pairlens.importers.records import Shape

NAME = "florence2"
PUBLISHED = "florence-community/Florence-2-base-ft"
TASK = "<REFERRING_EXPRESSION_SEGMENTATION>"


@dataclass(frozen=True)
class Settings:
    """The parameters of ``florence2``."""

    model: str = option(models.MODEL, PUBLISHED)
    beams: int = option(
        "beams of the search; more is slower and a little better", 3, low=1, high=16
    )
    tokens: int = option("tokens the answer may take; a point takes two", 1024, low=4, high=4096)
    regions: str = mask_tools.regions(
        "all polygons that the answer holds, or the largest region alone"
    )
    template: str = mask_tools.template()
    half: bool = option(models.HALF, True)


class Florence2:
    """Florence-2, with its task of referring segmentation."""

    def __init__(self, model: Any, processor: Any, settings: Settings, runtime: Runtime) -> None:
        self.runtime = runtime
        self._model, self._processor, self._settings = model, processor, settings
        self._pictures = PictureCache(self._encode_pictures)

    def prepare(self, pixels: NDArray[np.uint8]) -> Any:
        """A (3, side, side) float32 tensor from (height, width, 3) RGB."""
        inputs = self._processor.image_processor(images=pixels, return_tensors="pt")
        return inputs["pixel_values"][0]

    def segment(self, items: Sequence[ModelQuery]) -> list[Prediction]:
        """Generates the answers of all pairs in one batch, and draws their polygons."""
        answers = self._processor.batch_decode(self._write(items), skip_special_tokens=False)
        return [self._draw(text, item) for text, item in zip(answers, items, strict=True)]

    def _write(self, items: Sequence[ModelQuery]) -> Any:
        """Generates the answers: (pairs, tokens) token ids."""
        import torch

        images = torch.stack(self._pictures.features(items))
        tokens = self._tokens([item.phrase for item in items])
        embeds = self._model.get_input_embeddings()(tokens["input_ids"])
        images = images.to(embeds.dtype)
        image_positions = self._model.get_placeholder_mask(
            tokens["input_ids"], inputs_embeds=embeds, image_features=images
        )
        attention_mask = tokens["attention_mask"]
        encoded = self._model.get_encoder()(
            inputs_embeds=embeds.masked_scatter(image_positions, images),
            attention_mask=attention_mask,
        )
        return self._model.generate(
            encoder_outputs=encoded,
            attention_mask=attention_mask,
            max_new_tokens=self._settings.tokens,
            num_beams=self._settings.beams,
            do_sample=False,
        )

    def _tokens(self, phrases: list[str]) -> Any:
        """Tokens of the prompts: placeholders for the image, then the task with the phrase."""
        processor, tokenizer = self._processor, self._processor.tokenizer
        sentence = processor.task_prompts_with_input[TASK]
        image = processor.image_token * processor.num_image_tokens
        texts = [self._settings.template.replace("{}", phrase) for phrase in phrases]
        return tokenizer(
            [
                image
                + tokenizer.bos_token
                + sentence.replace("{input}", text)
                + tokenizer.eos_token
                for text in texts
            ],
            add_special_tokens=False,
            padding=True,
            return_tensors="pt",
        ).to(self.runtime.device)

    def _draw(self, answer: str, item: ModelQuery) -> Prediction:
        from pairlens.importers.polygons import rasterize  # listing predictors must not load OpenCV

        height, width = item.picture.size
        output = self._processor.post_process_generation(
            text=answer, task=TASK, image_size=(width, height)
        )[TASK]
        shapes = tuple(
            Shape(tuple(zip(ring[::2], ring[1::2], strict=True)))
            for instance in output["polygons"]
            for ring in instance
            if len(ring) >= 6
        )
        mask = rasterize(shapes, height, width).target.astype(np.uint8)
        keep_all = self._settings.regions == mask_tools.ALL
        return mask if keep_all else mask_tools.largest_region(mask)

    def _encode_pictures(self, pictures: list[PreparedImage]) -> Any:
        """Features of the pictures: (pictures, image tokens, features)."""
        import torch

        pixels = torch.stack([p.inputs for p in pictures]).to(self.runtime.device)
        return self._model.get_image_features(pixels).pooler_output


def load(settings: Settings, device: str) -> Pipeline:
    """Loads the model and its processor.

    Raises:
        UsageError: for a missing package or device
        LayoutError, StateError: if the model cannot be loaded
    """
    source, runtime, model = models.open_model(
        NAME, settings.model, device, settings.half, "Florence2ForConditionalGeneration", (NAME,)
    )
    return Pipeline(Florence2(model, models.load_processor(source), settings, runtime))


SPEC = PredictorSpec(
    name=NAME,
    about="Florence-2: writes the outline of what the query refers to, point by point.",
    settings=Settings,
    make=load,
    setup="torch, transformers, its weights",
    needs=models.PACKAGES,
)
