"""The overlap of two masks, counted in pixels."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.masks import Pixels, greatest

# OpenCV's norms make no arrays, and take a quarter of NumPy's time.
_norm, _SUM = cv2.norm, cv2.NORM_L1


class Overlap(NamedTuple):
    """Pixel counts of a ground truth and a prediction; *ignore* pixels count nowhere.

    Attributes:
        intersection: pixels in both
        union: pixels in either
        target_area: pixels of the ground truth
        predicted_area: pixels of the prediction
        pixels: all that count, background too
        resized: whether the prediction had to be brought to the ground truth's size
        missing: whether there was no prediction, which counts as an empty one that scores 0
    """

    intersection: int
    union: int
    target_area: int
    predicted_area: int
    pixels: int
    resized: bool = False
    missing: bool = False


def overlap(target: Pixels, prediction: Pixels | None) -> Overlap:
    """Counts the overlap of a prediction with a ground truth.

    Args:
        target: (height, width) of 0 background, 1 target, 255 ignore
        prediction: (any height, any width) of 0 and 1, or ``None`` where there is none; one
            of another size is resized with nearest neighbour to the target's
    """
    ignored = None
    pixels = target.size
    if greatest(target) > TARGET:
        ignored = (target == IGNORE).view(np.uint8)
        target = (target == TARGET).view(np.uint8)
        pixels -= int(_norm(ignored, _SUM))
    # Of zeros and ones, the sum is their area, and that of the differences the pixels in one alone.
    target_area = int(_norm(target, _SUM))
    if prediction is None:
        return Overlap(0, target_area, target_area, 0, pixels, missing=True)
    resized = prediction.shape != target.shape
    given = resize(prediction, target.shape) if resized else prediction
    if ignored is not None:
        given = given & (1 - ignored)
    predicted_area = int(_norm(given, _SUM))
    apart = int(_norm(target, given, _SUM))
    intersection = (target_area + predicted_area - apart) // 2
    union = intersection + apart
    return Overlap(intersection, union, target_area, predicted_area, pixels, resized)


def resize(mask: Pixels, shape: tuple[int, ...]) -> Pixels:
    """A mask at another (height, width), each pixel from the nearest of the old ones.

    Row r comes from row ``floor(r * old / new)``, as in OpenCV's ``INTER_NEAREST``, but in
    whole numbers: OpenCV's fractions fall short of some rows.
    """
    rows, columns = (
        np.arange(new) * old // new for new, old in zip(shape, mask.shape, strict=True)
    )
    # Whichever leaves less in between: of a row of millions, rows first would make gigabytes.
    if len(rows) * mask.shape[1] <= mask.shape[0] * len(columns):
        return mask.take(rows, 0).take(columns, 1)
    return mask.take(columns, 1).take(rows, 0)
