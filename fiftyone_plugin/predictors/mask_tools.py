"""Combines scores, boxes and polygons into one mask per query, for all model predictors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors.base import Prediction
from pairlens.fiftyone_plugin.predictors.params import option

ALL, LARGEST, UNION, BEST = "all", "largest", "union", "best"
ALWAYS = "where nothing reaches the threshold, answer with the best all the same"
_MERGE = "union of all that reach the threshold, or best: the one of the highest score"
_REGIONS = "all regions above the threshold, or the largest alone"
_TEMPLATE = "what the model is asked; {} stands for the query"


def merge() -> Any:
    """The ``merge`` parameter, as :func:`choose` takes it."""
    return option(_MERGE, UNION, choices=(UNION, BEST))


def regions(about: str = _REGIONS) -> Any:
    """The ``regions`` parameter: all, or :func:`largest_region` alone."""
    return option(about, ALL, choices=(ALL, LARGEST))


def template() -> Any:
    """The ``template`` parameter, with one placeholder ``{}`` for the query."""
    return option(_TEMPLATE, "{}", holds="{}")


def above(scores: Any, size: tuple[int, int], threshold: float) -> Prediction:
    """The pixels whose score, interpolated to the size of the image, exceeds a threshold.

    Args:
        scores: (h, w) tensor of scores or logits
        size: (height, width) of the image
        threshold: the threshold, in the units of the scores

    Returns:
        (height, width) of 0 and 1
    """
    from torch.nn.functional import interpolate

    enlarged = interpolate(scores[None, None].float(), size, mode="bilinear", align_corners=False)
    return (enlarged[0, 0] > threshold).to("cpu").numpy().astype(np.uint8)


def choose(
    scores: NDArray[np.floating], threshold: float, merge: str, always: bool
) -> NDArray[np.intp]:
    """Chooses the candidates that make up the mask.

    Args:
        scores: (n,) scores of the candidates
        threshold: candidates with a higher score count
        merge: ``union`` for all that count, ``best`` for the first one with the highest score
        always: whether the best candidate is chosen if none counts

    Returns:
        (k,) indices of the chosen candidates
    """
    if not len(scores):
        return np.empty(0, np.intp)
    chosen = np.flatnonzero(scores > threshold)
    if len(chosen) and merge == UNION:
        return chosen
    if len(chosen) or always:
        return np.array([np.argmax(scores)])
    return chosen


def largest_region(mask: Prediction) -> Prediction:
    """The largest 8-connected region of a mask, the first one of equal size."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:
        return mask
    return (labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA])).astype(np.uint8)


def union(masks: Sequence[Prediction], size: tuple[int, int]) -> Prediction:
    """The union of masks; an empty mask of the given (height, width) if there are none."""
    combined = np.zeros(size, np.uint8)
    for mask in masks:
        np.maximum(combined, mask, out=combined)
    return combined


def empty(size: tuple[int, int]) -> Prediction:
    """An empty mask, for *no such object*."""
    return np.zeros(size, np.uint8)
