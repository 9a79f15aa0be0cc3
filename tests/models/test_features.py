"""Encoders run no oftener than they must, and what they are spared changes no result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from torch.nn.functional import interpolate

from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.builtin.florence2 import TASK
from tests.models.conftest import Load, masks_of

Saved = Callable[[str], dict[str, str]]


def count_rows(module: torch.nn.Module) -> list[int]:
    """The batch size of each run of a module, in a list that fills."""
    rows: list[int] = []

    def note(_module: Any, inputs: Any, named: dict[str, Any], _output: Any) -> None:
        first = [*inputs, *named.values()][0]
        rows.append(len(first))

    module.register_forward_hook(note, with_kwargs=True)
    return rows


@pytest.mark.parametrize(
    ("name", "images", "texts"),
    [
        pytest.param("clipseg", "_model.clip.vision_model", "_model.clip.text_model", id="clipseg"),
        pytest.param("sam3", "_model.vision_encoder", "_model.text_encoder", id="sam3"),
        pytest.param(
            "groundingdino+sam2", "_segmenter.vision_encoder", None, id="groundingdino+sam2"
        ),
        pytest.param("florence2", "_model.model.vision_tower", None, id="florence2"),
    ],
)
def test_images_and_texts_are_encoded_once(
    load: Load, name: str, images: str, texts: str | None, queries: list[Query]
) -> None:
    predictor = load(name)
    part = attribute(predictor._segmenter, images)
    seen = count_rows(part)
    read = count_rows(attribute(predictor._segmenter, texts)) if texts else None
    for at in range(0, len(queries), 3):  # the second batch begins within an image
        masks_of(predictor, queries[at : at + 3])
    assert sum(seen) == len({q.image for q in queries}) == 4
    if read is not None:
        assert sum(read) == len({q.phrase for q in queries}) == 4


def attribute(thing: Any, path: str) -> Any:
    for name in path.split("."):
        thing = getattr(thing, name)
    return thing


def grown(scores: torch.Tensor, query: Query) -> torch.Tensor:
    """(h, w) scores in the image's size."""
    size = query.image_size[::-1]
    return interpolate(scores[None, None], size, mode="bilinear", align_corners=False)[0, 0]


@torch.inference_mode()
def test_clipseg_is_the_whole_model(load: Load, saved: Saved, queries: list[Query]) -> None:
    folder = saved("clipseg")["model"]
    model = transformers.CLIPSegForImageSegmentation.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    masks = masks_of(load("clipseg", threshold="0.45"), queries)
    for query, mask in zip(queries, masks, strict=True):
        image = Image.open(query.image).convert("RGB")
        inputs = processor(
            text=[query.phrase], images=[image], return_tensors="pt", truncation=True
        )
        logits = model(**inputs).logits.reshape(64, 64)
        assert np.array_equal(mask, grown(logits, query).sigmoid() > 0.45)


@torch.inference_mode()
def test_sam3_is_the_whole_model(load: Load, saved: Saved, queries: list[Query]) -> None:
    folder = saved("sam3")["model"]
    model = transformers.Sam3Model.from_pretrained(folder).eval()
    predictor = load("sam3", merge="union", threshold="0.15")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    masks = masks_of(predictor, queries)
    assert len({int(m.sum()) for m in masks}) > 4
    for query, mask in zip(queries, masks, strict=True):
        pixels = predictor._loader.take(query.image).inputs
        text = tokenizer(
            query.phrase, padding="max_length", max_length=16, truncation=True, return_tensors="pt"
        )
        found = model(pixel_values=pixels[None], **text)
        scores = found.pred_logits.sigmoid()[0] * found.presence_logits.sigmoid()[0]
        kept = [grown(m.sigmoid(), query) > 0.5 for m in found.pred_masks[0][scores > 0.15]]
        expected = torch.stack(kept).any(0) if kept else torch.zeros(mask.shape, dtype=torch.bool)
        assert np.array_equal(mask, expected)


@torch.inference_mode()
def test_grounded_sam2_is_both_models(load: Load, saved: Saved, queries: list[Query]) -> None:
    folders = saved("groundingdino+sam2")
    dino = transformers.GroundingDinoForObjectDetection.from_pretrained(folders["model"]).eval()
    sam2 = transformers.Sam2Model.from_pretrained(folders["sam2"]).eval()
    processor = transformers.AutoProcessor.from_pretrained(folders["model"])
    predictor = load("groundingdino+sam2", merge="union", threshold="0.9", boxes="300")
    for query, mask in zip(queries, masks_of(predictor, queries), strict=True):
        image = Image.open(query.image).convert("RGB")
        inputs = processor(images=image, text=query.phrase + ".", return_tensors="pt")
        [found] = processor.post_process_grounded_object_detection(
            dino(**inputs), inputs["input_ids"], threshold=0.9, target_sizes=[image.size[::-1]]
        )
        scale = torch.tensor([64 / image.width, 64 / image.height] * 2)
        expected = torch.zeros(mask.shape, dtype=torch.bool)
        if len(found["boxes"]):
            size = torch.tensor([*image.size, *image.size])
            boxes = torch.minimum(found["boxes"].clamp(min=0), size) * scale
            pixels = predictor._loader.take(query.image).inputs.segmenter
            logits = sam2(
                pixel_values=pixels[None], input_boxes=boxes[None], multimask_output=False
            ).pred_masks[0, :, 0]
            expected = torch.stack([grown(row, query) > 0 for row in logits]).any(0)
        assert (mask != expected.numpy()).mean() < 0.001


@torch.inference_mode()
def test_florence2_writes_what_the_whole_model_writes(
    load: Load, saved: Saved, queries: list[Query]
) -> None:
    folder = saved("florence2")["model"]
    model = transformers.Florence2ForConditionalGeneration.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    predictor = load("florence2")
    written: list[Any] = []
    decode = predictor._segmenter._processor.batch_decode

    def noting(ids: Any, **kwargs: Any) -> Any:
        written.append(ids.tolist())
        return decode(ids, **kwargs)

    predictor._segmenter._processor.batch_decode = noting
    for query in queries:
        image = Image.open(query.image).convert("RGB")
        inputs = processor(images=image, text=TASK + query.phrase, return_tensors="pt")
        expected = model.generate(**inputs, max_new_tokens=24, num_beams=3, do_sample=False)
        masks_of(predictor, [query])
        assert written.pop() == expected.tolist()
