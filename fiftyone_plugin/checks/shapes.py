"""The shape that the words give the target, against that of its mask, and cut-off targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.said import Said
from fiftyone_plugin.checks.table import Bools, Table
from fiftyone_plugin.language import classes, shapes
from fiftyone_plugin.language.taxonomy import kinds_of
from importers.mask_stats import MaskStats

NEEDS = ("phrase", "mask_stats")

_ENDLESS = frozenset({"road", "vegetation", "water", "railway", "runway", "farmland", "lot"})
"""Kinds that no image shows whole."""


def _elongated(stats: MaskStats) -> float:
    """Length over width, 1 where the mask is round or square."""
    return stats.elongation


def _width(stats: MaskStats) -> float:
    """Width over length, negative: the higher, the less elongated."""
    return -stats.elongation


def _filled(stats: MaskStats) -> float:
    return stats.solidity


def _ragged(stats: MaskStats) -> float:
    return -stats.solidity


_TIMES, _HULL = "is {:.2f} times as long as wide", "fills {:.0%} of its convex hull"
_BOX = "fills {:.0%} of its box, of which a triangle fills at most half"

_AGAINST: dict[str, tuple[str, Callable[[MaskStats], float], float, float]] = {
    "round": (_TIMES, _elongated, 2.0, 4.0),
    "square": (_TIMES, _elongated, 1.8, 4.0),
    "elongated": (_TIMES, _width, -1.25, -1.0),
    "rectangular": (_HULL, _ragged, -0.68, -0.3),
    "oval": (_HULL, _ragged, -0.68, -0.3),
    "triangular": (_BOX, lambda stats: stats.rectangularity, 0.8, 1.0),
    "L-shaped": (_HULL, _filled, 0.92, 1.0),
    "T-shaped": (_HULL, _filled, 0.92, 1.0),
    "U-shaped": (_HULL, _filled, 0.92, 1.0),
    "H-shaped": (_HULL, _filled, 0.92, 1.0),
}
"""By shape word: what contradicts it, how that is measured, from where on, and where plainly."""


def _contradicts(said: Said) -> bool:
    """Whether a shape is said that masks can contradict."""
    return any(value in _AGAINST for value in said.shapes)


def _misshapen(seen: Table, min_area: int) -> Bools:
    whole = seen.judged & (seen.area >= min_area) & (seen.sides == 0)
    rows = np.flatnonzero(whole & (seen.stat("components") == 1) & seen.where(_contradicts))
    found = np.zeros(len(seen), np.bool_)
    names = ("elongation", "solidity", "rectangularity")
    columns = [seen.stat(name) for name in names]
    for row in rows:
        measured: Any = {n: float(c[row]) for n, c in zip(names, columns, strict=True)}
        stats = MaskStats(**measured)
        values = seen.said[seen.saying[row]].shapes
        found[row] = any(_against(value, "", stats) for value in values)
    return found


@check(
    "shape_conflict",
    severity="info",
    needs=NEEDS,
    about="The mask has not the shape that the query gives its target.",
    screen=_misshapen,
)
def shape_conflict(pair: Subject, *, min_area: int = 150) -> Iterator[Doubt]:
    """Compares shape words of the whole target with the mask's measurements.

    Only what no mask of such an object can be is told: a round thing twice as long as wide, an
    elongated one as wide as long, a rectangle that leaves a third of its hull empty, a triangle
    that fills its box, an L without a notch. Masks that the image's border cuts, in several
    parts, or of few pixels say nothing, nor do queries with shapes that exclude each other.

    Args:
        pair: the pair
        min_area: pixels below which a mask has no shape worth speaking of
    """
    stats = pair.stats
    if pair.no_target or stats.error or stats.area < min_area or stats.border:
        return
    if stats.components != 1:
        return
    said = {word.value: word for word in shapes(pair.phrase)}
    if len(said.keys() & {"round", "square", "elongated", "triangular"}) > 1:
        return
    doubts = [found for value in said if (found := _against(value, said[value].text, stats))]
    if doubts:
        yield min(doubts, key=lambda doubt: doubt.score)


def _against(value: str, word: str, stats: MaskStats) -> Doubt | None:
    if value not in _AGAINST:
        return None
    says, measure, start, plain = _AGAINST[value]
    measured = measure(stats)
    if measured <= start:
        return None
    score = 0.6 - 0.5 * min(1.0, (measured - start) / (plain - start))
    said = says.format(abs(measured)).replace("%", " %")
    return Doubt(score, f"query says {word!r}; the mask {said}")


def _cut(seen: Table, max_depth: float) -> Bools:
    width, height = seen.box[:, 2], seen.box[:, 3]
    sliver = (seen.sides == 1) & (
        np.minimum(width, height) <= max_depth * np.maximum(width, height)
    )
    shown = ~seen.where(lambda said: said.kinds & _ENDLESS)
    return seen.judged & ((seen.sides >= 3) | sliver) & shown


@check(
    "truncated_target",
    severity="info",
    needs=NEEDS,
    about="The image's border cuts the target so that little of it can be left.",
    screen=_cut,
)
def truncated_target(pair: Subject, *, max_depth: float = 0.3) -> Iterator[Doubt]:
    """Finds slivers at the border and targets that three sides cut.

    Args:
        pair: the pair
        max_depth: how deep the target reaches into the image, as a share of its extent along
            the border, up to which it counts as a sliver
    """
    stats = pair.stats
    if pair.no_target or stats.error or not stats.border or _is_endless(pair.phrase):
        return
    _, _, width, height = stats.box
    if len(stats.border) >= 3:
        yield Doubt(0.7, f"the target reaches {len(stats.border)} sides of the image")
    elif len(stats.border) == 1:
        depth, extent = (width, height) if stats.border in "lr" else (height, width)
        if depth <= max_depth * extent:
            side = {"l": "left", "r": "right", "t": "top", "b": "bottom"}[stats.border]
            note = f"the {side} border cuts the target: {extent} pixels along it, {depth} deep"
            yield Doubt(0.6 + 0.3 * depth / (max_depth * extent), note)


def _is_endless(phrase: str) -> bool:
    return any(kinds_of(word.value) & _ENDLESS for word in classes(phrase))
