"""Converts FiftyOne's labels to one mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors import mask_tools
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction
from pairlens.importers.errors import MaskError
from pairlens.importers.records import Shape


def label_to_mask(
    label: Any, size: tuple[int, int], threshold: float, merge: str, always: bool
) -> Prediction:
    """Converts the output of a zoo model to one mask.

    Args:
        label: ``Segmentation`` (every value but 0 is target), ``Heatmap`` (values above the
            threshold), ``Detections`` (their masks, or their boxes if they have none),
            ``Polylines`` (filled), or a dict, whose first label counts
        size: (height, width) of the image in pixels
        threshold: lower limit of a detection's confidence or a heatmap's value, exclusive
        merge: ``union`` or ``best`` of the detections or polylines
        always: whether the best one counts even if none exceeds the threshold

    Returns:
        (height, width) uint8 of 0 and 1

    Raises:
        MaskError: for a label that marks no pixels, such as a classification
        NoPrediction: if the model gave no label
    """
    kind = type(label).__name__
    if label is None:
        raise NoPrediction("the model gave no answer")
    if isinstance(label, dict):
        return label_to_mask(next(iter(label.values()), None), size, threshold, merge, always)
    if kind == "Segmentation":
        return _fit((_pixels(label, "mask") != 0).astype(np.uint8), size)
    if kind == "Heatmap":
        return _fit(_above_threshold(label, threshold), size)
    list_field = {"Detections": "detections", "Polylines": "polylines"}.get(kind)
    if list_field is None:
        raise MaskError(f"the model gave {kind}, which marks no pixels")
    instances = list(getattr(label, list_field))
    # Instances without a confidence always count.
    scores = np.array([1.0 if f.confidence is None else f.confidence for f in instances])
    chosen = mask_tools.choose(scores, threshold, merge, always).tolist()
    draw = _draw_detection if kind == "Detections" else _draw_polyline
    return mask_tools.union([draw(instances[index], size) for index in chosen], size)


def _pixels(label: Any, name: str) -> NDArray[Any]:
    pixels = getattr(label, f"get_{name}")()
    if pixels is None:
        raise NoPrediction("the model gave an empty answer")
    return np.asarray(pixels).reshape(np.shape(pixels)[:2])


def _above_threshold(heatmap: Any, threshold: float) -> Prediction:
    """The pixels where a heatmap, scaled to [0, 1] by its range, exceeds the threshold."""
    values = _pixels(heatmap, "map")
    low, high = heatmap.range or ((0, 1) if values.dtype.kind == "f" else (0, 255))
    shares = (values.astype(np.float64) - low) / max(high - low, 1e-9)
    return (shares > threshold).astype(np.uint8)


def _fit(mask: Prediction, size: tuple[int, int]) -> Prediction:
    import cv2

    if mask.shape == size:
        return mask
    resized = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST)
    return resized.astype(np.uint8)


def _draw_detection(detection: Any, size: tuple[int, int]) -> Prediction:
    """Draws a detection's mask into its box, or fills the box if it has no mask."""
    height, width = size
    x, y, w, h = (float(v) for v in detection.bounding_box)
    left, right = _span(x, w, width)
    top, bottom = _span(y, h, height)
    canvas = np.zeros(size, np.uint8)
    if right <= left or bottom <= top:
        return canvas
    pixels = detection.get_mask() if detection.has_mask else None
    part = np.ones((bottom - top, right - left), np.uint8)
    if pixels is not None:
        part = _fit((np.asarray(pixels) != 0).astype(np.uint8), (bottom - top, right - left))
    canvas[top:bottom, left:right] = part
    return canvas


def _span(start: float, length: float, pixels: int) -> tuple[int, int]:
    if not np.isfinite([start, length]).all():
        return 0, 0
    return round(max(start, 0) * pixels), round(min(start + length, 1) * pixels)


def _draw_polyline(polyline: Any, size: tuple[int, int]) -> Prediction:
    """Fills a polyline, closed or not."""
    height, width = size
    shapes: Sequence[Shape] = [
        Shape(tuple((x * width, y * height) for x, y in ring))
        for ring in polyline.points
        if len(ring) >= 3
    ]
    from pairlens.importers.polygons import rasterize  # listing predictors must not load OpenCV

    return rasterize(tuple(shapes), height, width).target.astype(np.uint8)
