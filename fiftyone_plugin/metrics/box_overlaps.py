"""Computes the overlap of the boxes of a chunk of pairs, as papers on visual grounding do.

Width and height are differences of coordinates, without the 1 that inclusive pixels would add.
Areas are therefore not whole pixels; they are stored as integers in 1/65536 of a pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.metrics.label_masks import (
    LIST_FIELDS,
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

UNITS_PER_PIXEL = 1 << 16
"""Areas are integers in this fraction of a pixel."""

RelativeBox = tuple[float, float, float, float]
"""(left, top, right, bottom) in [0, 1] of the image's width and height; all 0 for no box."""

NO_BOX: RelativeBox = (0.0, 0.0, 0.0, 0.0)


def overlap_of_boxes(
    target: RelativeBox, prediction: RelativeBox | None, size: ImageSize
) -> Overlap:
    """The overlap of two boxes; areas are in 1/:data:`UNITS_PER_PIXEL` of a pixel.

    Args:
        target: the ground truth box
        prediction: the predicted box; ``None`` if there is none
        size: height and width of the image in pixels
    """
    units = size[0] * size[1] * UNITS_PER_PIXEL
    area = round(_area(target) * units)
    if prediction is None:
        return Overlap(0, area, area, 0, units, missing=True)
    left, top, right, bottom = (
        pick(one, other)
        for pick, one, other in zip((max, max, min, min), target, prediction, strict=True)
    )
    shared = round(max(right - left, 0.0) * max(bottom - top, 0.0) * units)
    predicted = round(_area(prediction) * units)
    return Overlap(shared, area + predicted - shared, area, predicted, units)


def _area(box: RelativeBox) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def target_box(
    label: Label | None, doc: Mapping[str, Any], values: ValueReading
) -> tuple[RelativeBox, ImageSize]:
    """The box of a ground truth and the (height, width) of its image.

    Args:
        label: the ground truth label; ``None`` with a declared empty target gives :data:`NO_BOX`
        doc: the document of the sample
        values: settings for the values of masks

    Raises:
        MaskError: if there is no box, or the size of the image is unknown
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
        return _bounding_box(mask_of(label, size, stored=True, values=values) == TARGET), size
    boxes = list(_boxes(label))
    return _enclosing_box(box for box, _ in boxes), size


def predicted_boxes(label: Label, size: ImageSize, values: ValueReading) -> list[RelativeBox]:
    """The boxes of a prediction by descending confidence; for a mask its bounding box.

    Args:
        label: the prediction
        size: height and width of the image in pixels
        values: settings for the values of masks

    Raises:
        MaskError: if the prediction cannot be read
    """
    if label["_cls"] == "Segmentation":
        return [_bounding_box(prediction_of(label, size, values) > 0)]
    found = sorted(_boxes(label), key=lambda box: -box[1])
    return [box for box, _ in found] or [NO_BOX]


def _boxes(label: Label) -> Iterator[tuple[RelativeBox, float]]:
    """The boxes of a label with instances, each with its confidence, 0 if it has none."""
    list_field = LIST_FIELDS.get(label["_cls"])
    for instance in label.get(list_field) or () if list_field else (label,):
        confidence = instance.get("confidence")
        yield _box_of(instance), confidence if isinstance(confidence, int | float) else 0.0


def _box_of(instance: Label) -> RelativeBox:
    if instance["_cls"] == "Polyline":
        points = np.array([p for ring in instance.get("points") or () for p in ring], np.float64)
        if not len(points):
            return NO_BOX
        left, top, right, bottom = *points.min(0).tolist(), *points.max(0).tolist()
    else:
        left, top, width, height = (float(v) for v in instance.get("bounding_box") or NO_BOX)
        right, bottom = left + width, top + height
    if not np.isfinite((left, top, right, bottom)).all():
        raise MaskError("a label has coordinates that are not finite")
    return _clipped(left, top, right, bottom)


def _clipped(left: float, top: float, right: float, bottom: float) -> RelativeBox:
    """The part of a box that lies in the image."""
    left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in (left, top, right, bottom))
    return (left, top, right, bottom) if left < right and top < bottom else NO_BOX


def _enclosing_box(boxes: Iterator[RelativeBox]) -> RelativeBox:
    nonempty = [box for box in boxes if box != NO_BOX]
    if not nonempty:
        return NO_BOX
    left, top, right, bottom = zip(*nonempty, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _bounding_box(pixels: np.ndarray) -> RelativeBox:
    """The bounding box of the true pixels of a (height, width) array, far edges included."""
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if not len(rows):
        return NO_BOX
    height, width = pixels.shape
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
    """Computes the overlaps of a chunk of pairs.

    Args:
        docs: the documents of the pairs
        pred, gt: the fields of the predictions and of the ground truth
        best: whether the predicted box with the highest IoU counts, and not the most confident
        pred_values, gt_values: settings for the values of masks
        on_problem: called with the index of a pair and the reason why a box cannot be read

    Returns:
        one overlap per pair; ``None`` without a ground truth
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
        overlaps = [overlap_of_boxes(target, box, size) for box in found]
        if not overlaps:
            counted.append(overlap_of_boxes(target, None, size))
        else:
            counted.append(max(overlaps, key=lambda o: o.iou) if best else overlaps[0])
    return counted


def scoring_decision(best: bool) -> Decision:
    """The decision that a scoring of boxes reports.

    Args:
        best: as in :func:`count_boxes`
    """
    chosen = "the one that fits best" if best else "the most confident"
    text = f"scored as boxes, of several {chosen}; areas are in 1/{UNITS_PER_PIXEL} of a pixel"
    return Decision(text, "shape", override="--as masks")
