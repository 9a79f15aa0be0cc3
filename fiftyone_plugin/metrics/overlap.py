"""The overlap of two masks, counted in pixels."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.masks import Pixels, greatest

# OpenCV's norms allocate no arrays and take a quarter of NumPy's time.
_norm, _SUM = cv2.norm, cv2.NORM_L1


class Overlap(NamedTuple):
    """Pixel counts of a ground truth and a prediction; *ignore* pixels count nowhere.

    Attributes:
        intersection: pixels in both
        union: pixels in either
        target_area: pixels of the ground truth
        predicted_area: pixels of the prediction
        pixels: all pixels that count, background included
        resized: whether the prediction was resized to the ground truth's size
        missing: whether there is no prediction; it counts as an empty one that scores 0
    """

    intersection: int
    union: int
    target_area: int
    predicted_area: int
    pixels: int
    resized: bool = False
    missing: bool = False

    @property
    def iou(self) -> float:
        """Intersection over union, in [0, 1]; 0 if the union is empty."""
        return self.intersection / self.union if self.union else 0.0


def overlap(target: Pixels, prediction: Pixels | None) -> Overlap:
    """Counts the overlap of a prediction with a ground truth.

    Args:
        target: (height, width) of 0 background, 1 target, 255 ignore
        prediction: (any height, any width) of 0 and 1, or ``None``; one of another size is
            resized to the target's with nearest neighbour
    """
    ignored = None
    pixels = target.size
    if greatest(target) > TARGET:
        ignored = (target == IGNORE).view(np.uint8)
        target = (target == TARGET).view(np.uint8)
        pixels -= int(_norm(ignored, _SUM))
    # The masks hold 0 and 1: the sum is the area, the sum of differences the symmetric difference.
    target_area = int(_norm(target, _SUM))
    if prediction is None:
        return Overlap(0, target_area, target_area, 0, pixels, missing=True)
    resized = prediction.shape != target.shape
    resized_prediction = resize(prediction, target.shape) if resized else prediction
    if ignored is not None:
        resized_prediction = resized_prediction & (1 - ignored)
    predicted_area = int(_norm(resized_prediction, _SUM))
    differing = int(_norm(target, resized_prediction, _SUM))
    intersection = (target_area + predicted_area - differing) // 2
    union = intersection + differing
    return Overlap(intersection, union, target_area, predicted_area, pixels, resized)


def resize(mask: Pixels, shape: tuple[int, ...]) -> Pixels:
    """Resizes a mask to another (height, width) with nearest neighbour.

    Row r comes from row ``floor(r * old / new)``, as in OpenCV's ``INTER_NEAREST``, but in integer
    arithmetic: OpenCV's floating-point scale is off by one for some rows.
    """
    rows, columns = (
        np.arange(new) * old // new for new, old in zip(shape, mask.shape, strict=True)
    )
    # The order with the smaller intermediate array: a mask of one long row could take gigabytes.
    if len(rows) * mask.shape[1] <= mask.shape[0] * len(columns):
        return mask.take(rows, 0).take(columns, 1)
    return mask.take(columns, 1).take(rows, 0)
