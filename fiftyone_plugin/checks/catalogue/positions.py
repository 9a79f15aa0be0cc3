"""Places in queries against the position of the mask."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example, mask_at
from pairlens.fiftyone_plugin.language import Region, places
from pairlens.fiftyone_plugin.language.tokens import word_set
from pairlens.fiftyone_plugin.language.vocabulary import FRAME
from pairlens.importers.mask_stats import MaskStats

TOLERANCE = 0.095
"""How far outside a named place a mask may lie, in image sides."""

DECAY = 0.2
"""Distance in image sides over which the score falls to 1/e."""

SURE = 0.3
"""Score below which any reader calls the pair wrong: a quarter of the image outside."""

WHOLLY, NEARLY = 0.94, 0.8
"""What of the distance of its center counts, of a mask wholly and nearly all outside."""

MILD = 0.12
"""Distance that this counts as at most: it tells that the place is missed, not how plainly."""

WITHIN = 0.125
"""Share of a mask within the region up to which it is nearly all outside."""


@check(
    "position_conflict",
    severity="warning",
    needs=("phrase", "mask_stats"),
    about="The mask lies outside the place in the image that the query names.",
    topic="Query against mask",
    fires=example(phrase="the car in the bottom-right corner", stats=mask_at(128, 450)),
    silent=example(phrase="the car in the bottom-left corner", stats=mask_at(128, 450)),
)
def position_conflict(batch: Batch, *, tolerance: float = TOLERANCE) -> Iterator[Issue]:
    """Compares absolute place words with the mask.

    Args:
        batch: pairs
        tolerance: how far outside the named region a mask may lie, in image sides (of the
            width for left and right, of the height for top and bottom). Corners, sides and
            halves reach to the middle of the image, thirds and edges one third in; the
            center is the middle third, which "bottom center" and the like lie in from left to
            right; "near" and the like widen the region by a tenth, though
            not across the middle of the image.

    Yields:
        at most one issue a pair; its score falls with the distance, so that plain contradictions
        come before mild ones: 0.62 at the default tolerance, 0.37 at a fifth of the image,
        0.08 at half of it. Below 0.3 it is an error; it is 0.3 at least where the query says
        "centrally" and not of what
    """
    # A mask that reaches into the region may lie outside with nearly all of it.
    candidates = ~batch.present("no_target") & (batch.outside > tolerance / 2)
    for row in np.flatnonzero(candidates).tolist():
        pair, region = batch.sample(row), batch.query(row).region
        far = max(float(batch.outside[row]), min(most_outside(region, pair.stats), MILD))
        if far > tolerance:
            score = math.exp(-far / DECAY)
            if score < SURE and _is_loose(pair.phrase):
                score = SURE
            yield Issue(pair.key, score, _note(pair), "error" if score < SURE else None)


def outside(region: Region | None, stats: MaskStats) -> float:
    """Distance of a mask from the place that its query names, in image sides; 0 inside.

    It is 0 if the query names no place or there is no mask.
    """
    if region is None or not (stats.area and stats.width and stats.height):
        return 0.0
    xs = [x / stats.width for x in stats.x_quantiles]
    ys = [y / stats.height for y in stats.y_quantiles]
    return region.excess_of(xs, ys)


def most_outside(region: Region | None, stats: MaskStats) -> float:
    """Distance of the center of a mask that lies nearly all outside; 0 for other masks.

    In image sides: nine tenths of the distance if the whole mask is outside, and four fifths if at
    most an eighth of it is inside.
    """
    if region is None or not (stats.area and stats.width and stats.height):
        return 0.0
    (x, y), (left, top, width, height) = stats.centroid, stats.box
    spans = (
        (left / stats.width, (left + width) / stats.width, region.x0, region.x1),
        (top / stats.height, (top + height) / stats.height, region.y0, region.y1),
    )
    center = region.excess(x / stats.width, y / stats.height)
    if any(low > end or high < start for low, high, start, end in spans):
        return WHOLLY * center
    xs = [region.x0 <= at / stats.width <= region.x1 for at in stats.x_quantiles]
    ys = [region.y0 <= at / stats.height <= region.y1 for at in stats.y_quantiles]
    within = sum(xs) / len(xs) * sum(ys) / len(ys)
    return NEARLY * center if within <= WITHIN else 0.0


def _is_loose(phrase: str) -> bool:
    """Whether a query says "centrally" and not of what: of a backdrop, or of the image."""
    names = {place.name for place in places(phrase)}
    return names == {"center"} and FRAME.isdisjoint(word_set(phrase))


def _note(pair: Sample) -> str:
    names = " and ".join(dict.fromkeys(place.name for place in places(pair.phrase)))
    stats = pair.stats
    x, y = stats.centroid[0] / stats.width, stats.centroid[1] / stats.height
    return (
        f"query says {names}; the mask's centre is at {x:.0%} of the width, {y:.0%} of the height"
    ).replace("%", " %")
