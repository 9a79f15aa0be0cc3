"""The overlap of two masks, counted in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from importers.fields import IGNORE, TARGET


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixel counts of a ground truth and a prediction; *ignore* pixels count nowhere.

    Attributes:
        intersection: pixels in both
        union: pixels in either
        target_area: pixels of the ground truth
        predicted_area: pixels of the prediction
        resized: whether the prediction had to be brought to the ground truth's size
        missing: whether there was no prediction, which counts as an empty one that scores 0
    """

    intersection: int
    union: int
    target_area: int
    predicted_area: int
    resized: bool = False
    missing: bool = False


def overlap(target: NDArray[np.uint8], prediction: NDArray[np.uint8] | None) -> Overlap:
    """Counts the overlap of a prediction with a ground truth.

    Args:
        target: (height, width) of 0 background, 1 target, 255 ignore
        prediction: (any height, any width) of 0 and 1, or ``None`` where there is none; one
            of another size is resized with nearest neighbour to the target's
    """
    wanted = target == TARGET
    target_area = int(np.count_nonzero(wanted))
    if prediction is None:
        return Overlap(0, target_area, target_area, 0, missing=True)
    resized = prediction.shape != target.shape
    if resized:
        height, width = target.shape
        prediction = cv2.resize(prediction, (width, height), interpolation=cv2.INTER_NEAREST)  # type: ignore[assignment]
    given = prediction == TARGET
    ignored = target == IGNORE
    if ignored.any():
        given &= ~ignored
    predicted_area = int(np.count_nonzero(given))
    intersection = int(np.count_nonzero(wanted & given))
    union = target_area + predicted_area - intersection
    return Overlap(intersection, union, target_area, predicted_area, resized)
