"""Rasterizes predicted outlines to masks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pairlens.fiftyone_plugin.predictors.base import Prediction
from pairlens.importers.errors import MaskError
from pairlens.importers.masks import MAX_PIXELS
from pairlens.importers.polygons import MAX_COORDINATE

Outline = Sequence[tuple[float, float]]


def draw(outlines: Sequence[Outline], size: tuple[int, int], *, boxes: bool = False) -> Prediction:
    """Fills outlines one by one, so that overlaps are filled, too.

    Points are rounded to whole pixels, and the edge belongs to the mask: the inverse of
    ``cv2.findContours``.

    Args:
        outlines: closed outlines of three or more (x, y) points in pixels
        size: (width, height) of the mask
        boxes: whether axis-aligned rectangles are boxes, whose right and lower edges are exclusive;
            each gets at least one pixel

    Returns:
        (height, width) uint8 of 0 and 1; empty without outlines

    Raises:
        MaskError: if coordinates are not finite or too large, or all outlines are outside the image
    """
    width, height = size
    if not 0 < width * height <= MAX_PIXELS:
        raise MaskError(f"{width}x{height} pixels are out of bounds for a mask")
    mask = np.zeros((height, width), np.uint8)
    for outline in outlines:
        points = np.asarray(outline, np.float64).reshape(-1, 2)
        if not np.isfinite(points).all() or np.abs(points).max(initial=0) > MAX_COORDINATE:
            raise MaskError("an outline has coordinates that are in no image")
        if boxes and _is_rectangle(points):
            _fill_rectangle(mask, points)
        else:
            cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1)
    if len(outlines) and not mask.any():
        raise MaskError("all outlines are outside the image")
    return mask


def _is_rectangle(points: np.ndarray) -> bool:
    return len(points) == 4 and all(len(np.unique(points[:, axis])) <= 2 for axis in (0, 1))


def _fill_rectangle(mask: Prediction, points: np.ndarray) -> None:
    left, top = np.rint(points.min(axis=0)).astype(int).tolist()
    right, bottom = np.rint(points.max(axis=0)).astype(int).tolist()
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 1
