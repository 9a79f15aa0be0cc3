"""Two pairs of one image whose queries fit each other's masks better than their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.positions import ROUNDING, outside
from fiftyone_plugin.checks.table import Bools, Table
from fiftyone_plugin.language import shapes, sizes
from importers.mask_stats import MaskStats

MIN_EACH = 0.02
"""How much better each of the two must fit, in image sides."""

MAX_DOUBTED = 64
"""Pairs of one image that are compared with each other; more would take quadratic time."""


def _exchangeable(seen: Table, min_gain: float) -> Bools:
    """Where an image has several masks and several pairs that may fit another better."""
    usable = seen.judged & (seen.area > 0)
    words = seen.where(lambda said: said.sizes or said.shapes)
    doubted = usable & (words | ~(seen.outside <= MIN_EACH - ROUNDING))
    if not doubted.any():
        return doubted
    masks = np.unique(np.stack((seen.images, seen.masks), 1)[doubted], axis=0)[:, 0]
    several, count = np.unique(masks, return_counts=True)
    return doubted & np.isin(seen.images, several[count > 1])


@check(
    "swapped_pair",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="Two queries of one image fit each other's masks and not their own.",
    screen=_exchangeable,
)
def swapped_pair(pairs: Sequence[Subject], *, min_gain: float = 0.15) -> Iterator[Doubt]:
    """Compares the masks of one image with its queries, by place, size and shape words.

    Two pairs are doubted where exchanging their masks makes both queries fit better. Where it
    helps one alone, that one is wrong in some other way. Each pair is matched once, the surest
    first.

    Args:
        pairs: the pairs of an image
        min_gain: how much better both together must fit, in image sides; a size or shape word
            that turns from wrong to right counts 0.3
    """
    usable = [p for p in pairs if p.stats.area and not p.stats.error and not p.no_target]
    if len({p.stats.digest for p in usable}) < 2:
        return
    doubted = sorted((p for p in usable if _suspect(p)), key=lambda p: p.key)[:MAX_DOUBTED]
    gains = ((_gain(a, b), a, b) for a, b in combinations(doubted, 2))
    likely = sorted((g for g in gains if g[0] >= min_gain), key=lambda g: (-g[0], g[1].key))
    matched: set[str] = set()
    for gain, one, other in likely:
        if matched.isdisjoint((one.key, other.key)):
            matched |= {one.key, other.key}
            score = max(0.05, 0.6 - gain)
            yield Doubt(score, _note(one, other), key=one.key)
            yield Doubt(score, _note(other, one), key=other.key)


def _suspect(pair: Subject) -> bool:
    """Whether a query can be thought to fit another mask better; a cheap first look."""
    return outside(pair.phrase, pair.stats) > MIN_EACH or bool(
        sizes(pair.phrase) or shapes(pair.phrase)
    )


def _gain(pair: Subject, other: Subject) -> float:
    """How much better two pairs fit with their masks exchanged; 0 where either does not."""
    if other.stats.digest == pair.stats.digest or other.split != pair.split:
        return 0.0
    mine = _misfit(pair, pair.stats, other.stats) - _misfit(pair, other.stats, pair.stats)
    theirs = _misfit(other, other.stats, pair.stats) - _misfit(other, pair.stats, other.stats)
    return mine + theirs if min(mine, theirs) >= MIN_EACH else 0.0


def _misfit(pair: Subject, stats: MaskStats, instead: MaskStats) -> float:
    """How badly a query fits a mask by place, size and shape, beside the other mask."""
    return (
        outside(pair.phrase, stats)
        + _size_misfit(pair.phrase, stats, instead)
        + _shape_misfit(pair.phrase, stats, instead)
    )


def _size_misfit(phrase: str, stats: MaskStats, instead: MaskStats) -> float:
    """0.3 where a small thing has the mask that is over four times as large as the other."""
    said = {word.value for word in sizes(phrase)}
    if said == {"small"} and stats.area > 4 * instead.area:
        return 0.3
    return 0.3 if said == {"large"} and 4 * stats.area < instead.area else 0.0


def _shape_misfit(phrase: str, stats: MaskStats, instead: MaskStats) -> float:
    """0.3 where a round thing has the longer mask by far, or a long thing the rounder."""
    said = {word.value for word in shapes(phrase)}
    if stats.border or instead.border:
        return 0.0
    if said & {"round", "square"} and stats.elongation > 2 * instead.elongation:
        return 0.3
    return 0.3 if said == {"elongated"} and 2 * stats.elongation < instead.elongation else 0.0


def _note(pair: Subject, other: Subject) -> str:
    here, there = pair.stats, other.stats
    said = []
    if (own := outside(pair.phrase, here)) > (others := outside(pair.phrase, there)):
        said.append(
            f"its own mask lies {own:.0%} of the image outside the place it names, "
            f"the other {others:.0%}"
        )
    if _size_misfit(pair.phrase, here, there):
        word = sizes(pair.phrase)[0].text
        said.append(f"it says {word!r} and its mask has {here.area} pixels, the other {there.area}")
    if _shape_misfit(pair.phrase, here, there):
        word = shapes(pair.phrase)[0].text
        said.append(
            f"it says {word!r} and its mask is {here.elongation:.1f} times as long as wide, "
            f"the other {there.elongation:.1f} times"
        )
    return f"the query fits the mask of {other.key} better: {'; '.join(said)}".replace("%", " %")
