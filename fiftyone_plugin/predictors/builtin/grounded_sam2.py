"""``groundingdino+sam2``: boxes from text by Grounding DINO, masks from boxes by SAM 2.

After Grounded-SAM (Ren et al., 2024), through ``transformers``. Grounding DINO mixes image
and text from its first layer on, so that it runs once for every pair; SAM 2's image encoder,
the larger part, runs once per image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors import mask_tools, models
from pairlens.fiftyone_plugin.predictors.base import Prediction, PredictorSpec
from pairlens.fiftyone_plugin.predictors.devices import Runtime, choose_device
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.pipeline import (
    ModelQuery,
    PictureCache,
    Pipeline,
    PreparedImage,
)
from pairlens.fiftyone_plugin.predictors.preprocessing import Square, read_square

NAME = "groundingdino+sam2"
DETECTOR, SEGMENTER = "IDEA-Research/grounding-dino-tiny", "facebook/sam2.1-hiera-tiny"
_SAM2 = Square(1024, 1024)


@dataclass(frozen=True)
class Settings:
    """The parameters of ``groundingdino+sam2``."""

    model: str = option(f"Grounding DINO: {models.MODEL}", DETECTOR)
    sam2: str = option(f"SAM 2: {models.MODEL}", SEGMENTER)
    threshold: float = option("boxes of a higher score count", 0.25, low=0, high=1)
    merge: str = mask_tools.merge()
    boxes: int = option("at most so many boxes, the best ones", 20, low=1, high=300)
    always: bool = option(mask_tools.ALWAYS, False)
    mask_logit: float = option("pixels of a higher SAM 2 logit are target", 0.0, low=-32, high=32)
    template: str = mask_tools.template()
    half: bool = option(models.HALF, True)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of both models for an image.

    Attributes:
        detector: ``pixel_values`` and ``pixel_mask`` of Grounding DINO, without a batch
        segmenter: (3, side, side) of SAM 2
    """

    detector: dict[str, Any]
    segmenter: Any


class GroundedSam2:
    """Grounding DINO and SAM 2: boxes first, then masks."""

    def __init__(
        self,
        detector: Any,
        processor: Any,
        segmenter: Any,
        square: Square,
        settings: Settings,
        runtime: Runtime,
    ) -> None:
        self.runtime = runtime
        self._detector, self._processor = detector, processor
        self._segmenter, self._square = segmenter, square
        self._settings = settings
        self._pictures = PictureCache(self._encode_pictures)

    def prepare(self, pixels: NDArray[np.uint8]) -> Inputs:
        """Preprocesses the image for each model."""
        found = self._processor.image_processor(images=pixels, return_tensors="pt")
        detector = {name: found[name][0] for name in ("pixel_values", "pixel_mask")}
        return Inputs(detector, self._square.prepare(pixels))

    def segment(self, items: Sequence[ModelQuery]) -> list[Prediction]:
        """Detects boxes for all pairs, then runs SAM 2 on those with boxes."""
        boxes = self._find_boxes(items)
        found = [item for item, own in zip(items, boxes, strict=True) if len(own)]
        features = iter(self._pictures.features(found))
        return [
            self._mask(item, own, next(features))
            if len(own)
            else mask_tools.empty(item.picture.size)
            for item, own in zip(items, boxes, strict=True)
        ]

    def _find_boxes(self, items: Sequence[ModelQuery]) -> list[NDArray[np.float32]]:
        """(n, 4) boxes x0, y0, x1, y1 in shares of the image, for each pair."""
        boxes: list[NDArray[np.float32]] = [np.empty((0, 4), np.float32)] * len(items)
        # Padded to a common size, an image would get other boxes in other company.
        shapes: dict[tuple[int, ...], list[int]] = {}
        for at, item in enumerate(items):
            pixels = item.picture.inputs.detector["pixel_values"]
            shapes.setdefault(tuple(pixels.shape), []).append(at)
        for members in shapes.values():
            for at, own in zip(members, self._detect([items[i] for i in members]), strict=True):
                boxes[at] = own
        return boxes

    def _detect(self, items: Sequence[ModelQuery]) -> list[NDArray[np.float32]]:
        """As :meth:`_find_boxes`, for images of one shape."""
        import torch

        asked = [_caption(self._settings.template.replace("{}", i.phrase)) for i in items]
        texts = self._processor.tokenizer(
            asked,
            padding=True,
            truncation=True,
            max_length=self._detector.config.max_text_len,
            return_token_type_ids=True,
            return_tensors="pt",
        )
        images = {
            name: torch.stack([item.picture.inputs.detector[name] for item in items])
            for name in ("pixel_values", "pixel_mask")
        }
        inputs = {k: v.to(self.runtime.device) for k, v in (dict(texts) | images).items()}
        found = self._detector(**inputs)
        scores = found.logits.float().sigmoid().amax(-1).cpu().numpy()
        return [
            self._pick(own, rows)
            for own, rows in zip(scores, found.pred_boxes.float().cpu().numpy(), strict=True)
        ]

    def _pick(self, scores: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        settings = self._settings
        chosen = mask_tools.choose(scores, settings.threshold, settings.merge, settings.always)
        best = chosen[np.argsort(-scores[chosen], kind="stable")][: settings.boxes]
        center, size = boxes[best, :2], boxes[best, 2:]
        return np.concatenate([center - size / 2, center + size / 2], axis=1).clip(0, 1)

    def _mask(
        self, item: ModelQuery, boxes: NDArray[np.float32], features: list[Any]
    ) -> Prediction:
        """Union of the masks of all boxes, computed in one pass."""
        import torch

        square = self._square
        scale = np.array([square.width, square.height] * 2, np.float32)
        prompts = torch.from_numpy(boxes * scale)[None].to(self.runtime.device)
        found = self._segmenter(
            image_embeddings=features, input_boxes=prompts, multimask_output=False
        )
        masks = [
            mask_tools.above(logits, item.picture.size, self._settings.mask_logit)
            for logits in found.pred_masks[0, :, 0]
        ]
        return mask_tools.union(masks, item.picture.size)

    def _encode_pictures(self, pictures: list[PreparedImage]) -> list[list[Any]]:
        """SAM 2's feature maps of each picture, with a batch axis of one."""
        import torch

        pixels = torch.stack([p.inputs.segmenter for p in pictures]).to(self.runtime.device)
        levels = self._segmenter.get_image_embeddings(pixels)
        return [[level[at : at + 1] for level in levels] for at in range(len(pictures))]


def _caption(phrase: str) -> str:
    """A phrase in the form of Grounding DINO's training: lower case, one full stop at the end."""
    return phrase.lower().replace(".", " ").strip() + "."


def load(settings: Settings, device: str) -> Pipeline:
    """Loads both models.

    Raises:
        UsageError: for a missing package or device
        LayoutError, StateError: if a model cannot be loaded
    """
    models.require(NAME)
    dino = models.find_source(NAME, settings.model)
    sam2 = models.find_source(NAME, settings.sam2, "sam2")
    runtime = choose_device(device, settings.half)
    kinds = ("grounding-dino", "mm-grounding-dino")
    detector = models.load_model(dino, "AutoModelForZeroShotObjectDetection", kinds, runtime)
    segmenter = models.load_model(sam2, "Sam2Model", ("sam2", "sam2_video"), runtime)
    square = read_square(sam2, segmenter.config.prompt_encoder_config.image_size, _SAM2)
    processor = models.load_processor(dino)
    return Pipeline(GroundedSam2(detector, processor, segmenter, square, settings, runtime))


SPEC = PredictorSpec(
    name=NAME,
    about="Grounding DINO finds boxes for the query, SAM 2 turns each into a mask: sharp edges, "
    "several targets, and an empty mask where nothing is found.",
    settings=Settings,
    make=load,
    setup="torch, transformers, the weights of both",
    needs=models.PACKAGES,
)
