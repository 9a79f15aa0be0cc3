"""Paired comparison of two predictions of the same pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.metrics.bootstrap import Images, draws, spread
from pairlens.fiftyone_plugin.metrics.conventions import Convention, Floats
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, summarize

TOLERANCE = 1e-9
"""IoUs that differ by less are equal: the difference is rounding."""


def compare_tables(
    first: OverlapTable,
    second: OverlapTable,
    convention: Convention,
    rounds: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Compares two tables of the same pairs in the same order.

    Both are resampled with the same images, so that easy and hard images, which affect both, do not
    widen the interval of the difference.

    Args:
        first, second: the tables
        convention: the IoU convention
        rounds: rounds of the bootstrap; 0 for no intervals
        seed: seed of the bootstrap

    Returns:
        ``first`` and ``second`` as :func:`~pairlens.fiftyone_plugin.metrics.summary.summarize`
        gives them; ``difference`` of gIoU and cIoU, second minus first; ``ci`` of the differences;
        ``wins``, ``ties``, ``losses`` of the second by IoU, and ``undefined``, the pairs for
        which the convention has no IoU in one of them
    """
    change = differences(first, second, convention)
    summaries = [summarize(table, convention) for table in (first, second)]
    return {
        "pairs": len(first),
        "first": summaries[0],
        "second": summaries[1],
        "difference": {
            name: _difference(summaries[1][name], summaries[0][name]) for name in ("gIoU", "cIoU")
        },
        "ci": _intervals(first, second, convention, rounds, seed),
        "wins": int((change > TOLERANCE).sum()),
        "ties": int((np.abs(change) <= TOLERANCE).sum()),
        "losses": int((change < -TOLERANCE).sum()),
        "undefined": int(np.isnan(change).sum()),
    }


def differences(first: OverlapTable, second: OverlapTable, convention: Convention) -> Floats:
    """(n,) IoU of the second prediction minus that of the first, in [-1, 1]; NaN if undefined."""
    return second.iou(convention) - first.iou(convention)


def most_changed(change: Floats, most: int) -> np.ndarray:
    """Indices of the pairs whose IoU changed most, in either direction, the largest change first.

    Args:
        change: (n,), as of :func:`differences`
        most: maximum of indices

    Returns:
        (k,) with k <= ``most``; pairs that changed less than :data:`TOLERANCE` are left out
    """
    size = np.nan_to_num(np.abs(change))
    order = np.argsort(-size, kind="stable")[:most]
    return order[size[order] > TOLERANCE]


def _difference(minuend: float | None, subtrahend: float | None) -> float | None:
    return None if minuend is None or subtrahend is None else minuend - subtrahend


def _intervals(
    first: OverlapTable, second: OverlapTable, convention: Convention, rounds: int, seed: int
) -> dict[str, list[float]]:
    if not rounds or not len(first):
        return {}
    a, b = Images(first, convention), Images(second, convention)
    change = np.array(
        [np.subtract(b.ious(drawn), a.ious(drawn)) for drawn in draws(len(a), rounds, seed)]
    )
    return spread({"gIoU": change[:, 0], "cIoU": change[:, 1]}).ci
