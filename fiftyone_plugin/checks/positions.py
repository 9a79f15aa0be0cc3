"""Where the words say the target is, against where its mask lies."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.language import Place, Region, combine, places
from importers.mask_stats import MaskStats

DECAY = 0.2
"""Distance in image sides over which the score falls to 1/e."""


ROUNDING = 1e-9
"""More than what the same sums differ by in columns."""


@check(
    "position_conflict",
    severity="warning",
    needs=("phrase", "mask_stats"),
    about="The mask lies outside the place in the image that the query names.",
    screen=lambda seen, tolerance: ~(seen.outside <= tolerance - ROUNDING),
)
def position_conflict(pair: Subject, *, tolerance: float = 0.08) -> Iterator[Doubt]:
    """Compares absolute place words with the mask.

    Args:
        pair: the pair
        tolerance: how far outside the named region a mask may lie, in image sides (of the
            width for left and right, of the height for top and bottom). Corners, sides and
            halves reach to the middle of the image, thirds and edges one third in; "near"
            and the like widen the region by a tenth.

    Yields:
        at most one doubt; its score falls with the distance, so that plain contradictions
        come before mild ones: 0.67 at the default tolerance, 0.37 at a fifth of the image,
        0.08 at half of it
    """
    if pair.no_target:
        return
    excess = outside(pair.phrase, pair.stats)
    if excess > tolerance:
        yield Doubt(math.exp(-excess / DECAY), _note(places(pair.phrase), pair.stats))


def outside(phrase: str, stats: MaskStats) -> float:
    """How far a mask lies outside the place that a query names, in image sides; 0 inside.

    Also 0 where the query names no place and where there is no mask.
    """
    if not (stats.area and stats.width and stats.height):
        return 0.0
    region = named_region(phrase)
    if region is None:
        return 0.0
    xs = [x / stats.width for x in stats.x_quantiles]
    ys = [y / stats.height for y in stats.y_quantiles]
    return region.excess_of(xs, ys)


def named_region(phrase: str) -> Region | None:
    """The part of the image that a query names for its target, if it names one."""
    return combine(place.region for place in _firm(places(phrase)))


def _firm(named: tuple[Place, ...]) -> list[Place]:
    """Leaves out "near the centre" beside a firmer place: it may mean one axis only."""
    firm = [place for place in named if not (place.hedged and place.name == "center")]
    return firm or list(named)


def _note(named: tuple[Place, ...], stats: MaskStats) -> str:
    names = " and ".join(dict.fromkeys(place.name for place in named))
    x, y = stats.centroid[0] / stats.width, stats.centroid[1] / stats.height
    return (
        f"query says {names}; the mask's centre is at {x:.0%} of the width, {y:.0%} of the height"
    ).replace("%", " %")
