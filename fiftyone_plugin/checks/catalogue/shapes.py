"""Shape words of the target against the shape of its mask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from pairlens.fiftyone_plugin.checks.base import OUTLINES, Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.language import Word, classes, own_shapes
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures
from pairlens.fiftyone_plugin.language.taxonomy import kinds_of
from pairlens.importers.mask_stats import MaskStats

NEEDS = ("phrase", "mask_stats")


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

NOTCHED = 0.95
"""Share of its hull from which on a mask has no notch: one of an eighth of the box leaves 93 %."""

_AGAINST: dict[str, tuple[str, Callable[[MaskStats], float], float, float]] = {
    "round": (_TIMES, _elongated, 2.0, 4.0),
    # People call anything with straight edges square; three times as long as wide is none.
    "square": (_TIMES, _elongated, 3.0, 5.0),
    "elongated": (_TIMES, _width, -1.15, -1.0),
    "rectangular": (_HULL, _ragged, -0.68, -0.3),
    "oval": (_HULL, _ragged, -0.68, -0.3),
    "triangular": (_BOX, lambda stats: stats.rectangularity, 0.8, 1.0),
    "L-shaped": (_HULL, _filled, NOTCHED, 1.0),
    "T-shaped": (_HULL, _filled, NOTCHED, 1.0),
    "U-shaped": (_HULL, _filled, NOTCHED, 1.0),
    "H-shaped": (_HULL, _filled, NOTCHED, 1.0),
}
"""By shape word: what contradicts it, how that is measured, from where on, and where plainly."""


@check(
    "shape_conflict",
    severity="info",
    needs=(OUTLINES, *NEEDS),
    about="The mask has not the shape that the query gives its target.",
    topic="Query against mask",
    fires=example(phrase="the square building", stats_elongation=3.4),
    silent=example(phrase="the building with a square roof", stats_elongation=3.4),
)
def shape_conflict(batch: Batch, *, min_area: int = 300) -> Iterator[Issue]:
    """Compares shape words of the whole target with the mask's measurements.

    Only what no mask of such an object can be is reported: a round thing twice as long as wide, an
    elongated one as wide as long, a rectangle that leaves a third of its hull empty, a triangle
    that fills its box, an L without a notch. Masks that the image's border cuts, in several
    parts, or of few pixels say nothing, nor do queries with shapes that exclude each other. Shapes
    of parts (a long body, round wheels) do not count, nor is what stands upright a circle in an
    image that is taken from the side, or a vehicle with straight edges a square.

    Args:
        batch: pairs
        min_area: pixels below which a mask has no shape worth speaking of
    """
    whole = batch.judged & (batch.area >= min_area) & (batch.sides == 0)
    shaped = batch.query_where(lambda query: query.own_shapes and _agree(query))
    for row in np.flatnonzero(whole & shaped & (batch.stat("components") == 1)).tolist():
        sample = batch.sample(row)
        if not any(_contradicts(value, sample.stats) for value in batch.query(row).own_shapes):
            continue
        said = {
            word.value: word
            for word in own_shapes(sample.phrase)
            if not _is_other_sense(word, sample.phrase)
        }
        issues = [found for value in said if (found := _against(said[value], sample))]
        if issues:
            yield min(issues, key=lambda issue: issue.score)


def _is_other_sense(word: Word, phrase: str) -> bool:
    """Whether it describes the object without saying that of its outline from above."""
    if word.text.lower() in _NARROW:
        return True
    kinds = frozenset[str]().union(*(kinds_of(each.value) for each in classes(phrase)))
    if word.value == "round":
        return bool(_UPRIGHT & kinds or _SOLID.search(phrase))
    return word.value == "square" and "vehicle" in kinds


_NARROW = frozenset({"narrow", "thin", "slim", "slender", "longer", "longest"})
"""Compared with others of the kind, no shape of its own."""

_UPRIGHT = frozenset({"tower", "crane"})
_SOLID = re.compile(
    r"\b(?:cylind\w*|spher\w*|dome\w*|tub(?:e|ular)\w*|con(?:e|ical)\w*|side)\b", re.I
)


def _agree(query: QueryFeatures) -> bool:
    """Whether no two shapes of a query exclude each other."""
    return len({*query.shapes} & {"round", "square", "elongated", "triangular"}) <= 1


def _contradicts(value: str, stats: MaskStats) -> bool:
    if value not in _AGAINST:
        return False
    _, measure, start, _ = _AGAINST[value]
    return measure(stats) > start


def _against(word: Word, sample: Sample) -> Issue | None:
    if not _contradicts(word.value, sample.stats):
        return None
    says, measure, start, plain = _AGAINST[word.value]
    measured = measure(sample.stats)
    score = 0.6 - 0.5 * min(1.0, (measured - start) / (plain - start))
    said = says.format(abs(measured)).replace("%", " %")
    return Issue(sample.key, score, f"query says {word.text!r}; the mask {said}")
