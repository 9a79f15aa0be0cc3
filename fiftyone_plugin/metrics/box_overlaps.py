"""Counts the overlap of the boxes of a chunk of pairs, as papers on visual grounding do.

Sides are differences of coordinates, without the one that inclusive pixels would add, so that areas
are no whole numbers: they are counted in parts of a pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.metrics.label_masks import (
    LISTS,
    ImageSize,
    Label,
    ValueReading,
    image_size,
    mask_of,
    prediction_of,
)
from pairlens.fiftyone_plugin.metrics.overlap import Overlap
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.fields import NO_TARGET, TARGET

UNITS = 1 << 16
"""Parts of a pixel that areas are counted in."""

Sides = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the image, within it; all 0 where there is no box."""

NO_BOX: Sides = (0.0, 0.0, 0.0, 0.0)


def overlap_of_boxes(target: Sides, prediction: Sides | None, size: ImageSize) -> Overlap:
    """The overlap of two boxes, as areas in :data:`UNITS` of a pixel.

    Args:
        target: the true box, as shares of the image's width and height
        prediction: the predicted box; ``None`` if there is none
        size: height and width of the image in pixels
    """
    whole = size[0] * size[1] * UNITS
    area = round(_area(target) * whole)
    if prediction is None:
        return Overlap(0, area, area, 0, whole, missing=True)
    left, top, right, bottom = (
        pick(one, other)
        for pick, one, other in zip((max, max, min, min), target, prediction, strict=True)
    )
    shared = round(max(right - left, 0.0) * max(bottom - top, 0.0) * whole)
    predicted = round(_area(prediction) * whole)
    return Overlap(shared, area + predicted - shared, area, predicted, whole)


def _area(sides: Sides) -> float:
    return (sides[2] - sides[0]) * (sides[3] - sides[1])


def target_box(
    label: Label | None, doc: Mapping[str, Any], values: ValueReading
) -> tuple[Sides, ImageSize]:
    """The box of a ground truth and the (height, width) of its image.

    Args:
        label: the label of the sample; a declared empty target gives an empty box
        doc: the sample
        values: how values of masks are read

    Raises:
        MaskError: if there is no box, or the size of the image is not known
    """
    declared = doc.get(NO_TARGET) is True
    if label is None and not declared:
        raise MaskError("the ground truth has no box")
    size = image_size(doc.get("metadata"))
    if size is None:
        raise MaskError("the image's size is not known; run: dataset.compute_metadata()")
    if label is None:
        return NO_BOX, size
    if label["_cls"] == "Segmentation":
        return _of_pixels(mask_of(label, size, stored=True, values=values) == TARGET), size
    boxes = list(_boxes(label))
    return _around(sides for sides, _ in boxes), size


def predicted_boxes(label: Label, size: ImageSize, values: ValueReading) -> list[Sides]:
    """The boxes of a prediction, the most confident first; of a mask its bounding box.

    Args:
        label: the prediction
        size: height and width of the image
        values: how values of masks are read

    Raises:
        MaskError: if it cannot be read
    """
    if label["_cls"] == "Segmentation":
        return [_of_pixels(prediction_of(label, size, values) > 0)]
    found = sorted(_boxes(label), key=lambda box: -box[1])
    return [sides for sides, _ in found] or [NO_BOX]


def _boxes(label: Label) -> Iterator[tuple[Sides, float]]:
    """The boxes of a label of instances, each with its confidence."""
    listed = LISTS.get(label["_cls"])
    for one in label.get(listed) or () if listed else (label,):
        confidence = one.get("confidence")
        yield _sides_of(one), confidence if isinstance(confidence, int | float) else 0.0


def _sides_of(one: Label) -> Sides:
    if one["_cls"] == "Polyline":
        points = np.array([p for ring in one.get("points") or () for p in ring], np.float64)
        if not len(points):
            return NO_BOX
        left, top, right, bottom = *points.min(0).tolist(), *points.max(0).tolist()
    else:
        left, top, width, height = (float(v) for v in one.get("bounding_box") or NO_BOX)
        right, bottom = left + width, top + height
    if not np.isfinite((left, top, right, bottom)).all():
        raise MaskError("a label has coordinates that are in no image")
    return _inside(left, top, right, bottom)


def _inside(left: float, top: float, right: float, bottom: float) -> Sides:
    """A box as far as it lies in the image."""
    left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in (left, top, right, bottom))
    return (left, top, right, bottom) if left < right and top < bottom else NO_BOX


def _around(boxes: Iterator[Sides]) -> Sides:
    there = [sides for sides in boxes if sides != NO_BOX]
    if not there:
        return NO_BOX
    left, top, right, bottom = zip(*there, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _of_pixels(there: np.ndarray) -> Sides:
    """The box around the pixels of a mask, their far edges included."""
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    if not len(rows):
        return NO_BOX
    height, width = there.shape
    return (
        int(columns[0]) / width,
        int(rows[0]) / height,
        (int(columns[-1]) + 1) / width,
        (int(rows[-1]) + 1) / height,
    )


def count_boxes(
    docs: Sequence[Mapping[str, Any]],
    pred: str,
    gt: str,
    *,
    best: bool,
    pred_values: ValueReading,
    gt_values: ValueReading,
    on_problem: Callable[[int, str], object],
) -> list[Overlap | None]:
    """Counts a chunk.

    Args:
        docs: the pairs
        pred, gt: the fields of the predictions and of the ground truth
        best: of several predicted boxes, the one that fits best; else the most confident
        pred_values, gt_values: how values of masks are read
        on_problem: takes the number of a pair and why one of its boxes cannot be read

    Returns:
        one per pair; ``None`` where there is no ground truth
    """
    counted: list[Overlap | None] = []
    for number, doc in enumerate(docs):
        try:
            target, size = target_box(doc.get(gt), doc, gt_values)
        except MaskError as error:
            counted.append(None)
            on_problem(number, str(error))
            continue
        label = doc.get(pred)
        try:
            found = [] if label is None else predicted_boxes(label, size, pred_values)
        except MaskError as error:
            found = []
            on_problem(number, str(error))
        overlaps = [overlap_of_boxes(target, sides, size) for sides in found]
        if not overlaps:
            counted.append(overlap_of_boxes(target, None, size))
        else:
            counted.append(max(overlaps, key=_iou) if best else overlaps[0])
    return counted


def _iou(one: Overlap) -> float:
    return one.intersection / one.union if one.union else 0.0


def rule(best: bool) -> Decision:
    """The note on a scoring of boxes."""
    which = "the one that fits best" if best else "the most confident"
    told = f"scored as boxes, of several {which}; areas are in 1/{UNITS} of a pixel"
    return Decision(told, "shape", override="--as masks")
