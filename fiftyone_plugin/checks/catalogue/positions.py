"""Where the words say the target is, against where its mask lies."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fiftyone_plugin.checks.base import Issue, Sample, check
from fiftyone_plugin.checks.batch import Batch
from fiftyone_plugin.checks.examples import example, mask_at
from fiftyone_plugin.language import Region, places
from importers.mask_stats import MaskStats

DECAY = 0.2
"""Distance in image sides over which the score falls to 1/e."""

SURE = 0.3
"""Score below which the pair is wrong whoever looks at it: a quarter of the image outside."""

MILD = 0.62
"""Score from which on readers differ: less than a tenth of the image outside."""


@check(
    "position_conflict",
    severity="warning",
    needs=("phrase", "mask_stats"),
    about="The mask lies outside the place in the image that the query names.",
    topic="Query against mask",
    fires=example(phrase="the car in the bottom-right corner", stats=mask_at(128, 450)),
    silent=example(phrase="the car in the bottom-left corner", stats=mask_at(128, 450)),
)
def position_conflict(batch: Batch, *, tolerance: float = 0.08) -> Iterator[Issue]:
    """Compares absolute place words with the mask.

    Args:
        batch: pairs
        tolerance: how far outside the named region a mask may lie, in image sides (of the
            width for left and right, of the height for top and bottom). Corners, sides and
            halves reach to the middle of the image, thirds and edges one third in; the
            center is the middle third; "near" and the like widen the region by a tenth, though
            not across the middle of the image.

    Yields:
        at most one issue a pair; its score falls with the distance, so that plain contradictions
        come before mild ones: 0.67 at the default tolerance, 0.37 at a fifth of the image,
        0.08 at half of it. Below 0.3 it is an error, from 0.62 on, a tenth of the image, info
    """
    beyond = ~batch.there("no_target") & (batch.outside > tolerance)
    for row in np.flatnonzero(beyond).tolist():
        score = math.exp(-float(batch.outside[row]) / DECAY)
        severity = "error" if score < SURE else "info" if score >= MILD else None
        yield Issue(batch.keys[row], score, _note(batch.sample(row)), severity)


def outside(region: Region | None, stats: MaskStats) -> float:
    """How far a mask lies outside the place that a query names, in image sides; 0 inside.

    Also 0 where the query names no place and where there is no mask.
    """
    if region is None or not (stats.area and stats.width and stats.height):
        return 0.0
    xs = [x / stats.width for x in stats.x_quantiles]
    ys = [y / stats.height for y in stats.y_quantiles]
    return region.excess_of(xs, ys)


def _note(pair: Sample) -> str:
    names = " and ".join(dict.fromkeys(place.name for place in places(pair.phrase)))
    stats = pair.stats
    x, y = stats.centroid[0] / stats.width, stats.centroid[1] / stats.height
    return (
        f"query says {names}; the mask's centre is at {x:.0%} of the width, {y:.0%} of the height"
    ).replace("%", " %")
