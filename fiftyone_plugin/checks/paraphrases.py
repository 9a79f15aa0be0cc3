"""Queries of one mask that cannot all be right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.positions import outside
from fiftyone_plugin.checks.said import Said
from fiftyone_plugin.checks.table import Bools, Table
from fiftyone_plugin.language import Region, classes, combine, counts, own_colors, places, unlike

MAX_QUERIES = 64
"""Queries of one mask that are compared with each other; more would take quadratic time."""

GAP = 0.15
"""How far apart two named places must be to exclude each other, in image sides."""


ALONE = 0.15
"""How much less sure it is where one other query alone says otherwise."""

SEEN = 0.2
"""What is left of the doubt's score where the mask itself takes the side of the others."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one query says of the target."""

    pair: Subject
    classes: tuple[str, ...]
    region: Region | None
    place: str
    colors: frozenset[str]
    number: str


@dataclass(frozen=True, slots=True)
class _Clash:
    """In what two queries contradict each other; ``score`` as in a doubt."""

    score: float
    mine: str
    other: str


_AGREED = object()
_Answer = _Clash | object | None
"""A clash, agreement, or nothing where one of the two says nothing to compare."""

_Aspect = Callable[[_Said, _Said], _Answer]


def _contradicting(seen: Table) -> Bools:
    """Where an image has queries of one mask of which two clash, whatever the others say."""
    found = np.zeros(len(seen), np.bool_)
    heard = [_heard(said) for said in seen.said]

    @cache  # many say the same of other masks
    def clash(a: int, b: int) -> bool:
        return any(isinstance(find(heard[a], heard[b]), _Clash) for find in _ASPECTS)

    for group in _same_mask(seen):
        several = sorted(set(seen.saying[group].tolist()))
        found[group] = len(several) > MAX_QUERIES or any(
            clash(a, b) for a, b in combinations_with_replacement(several, 2)
        )
    return found


def _same_mask(seen: Table) -> Iterator[NDArray[np.intp]]:
    """The pairs of one image and mask, where there are several."""
    rows = np.flatnonzero(seen.judged & (seen.area > 0))
    rows = rows[np.lexsort((seen.masks[rows], seen.images[rows]))]
    images, masks = seen.images[rows], seen.masks[rows]
    ends = np.flatnonzero((images[1:] != images[:-1]) | (masks[1:] != masks[:-1])) + 1
    return (run for run in np.split(rows, ends) if len(run) > 1)


def _heard(said: Said) -> _Said:
    number = said.counts[0] if len(said.counts) == 1 else ""
    place, colors = (said.place, said.place_name), frozenset(said.own)
    return _Said(_NOBODY, said.classes, *place, colors, number)


_NOBODY = Subject("", "", "", "")


@check(
    "paraphrase_conflict",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="Queries of one mask contradict each other in class, place, color or number.",
    screen=_contradicting,
)
def paraphrase_conflict(pairs: Sequence[Subject]) -> Iterator[Doubt]:
    """Compares the queries that ask for the same mask.

    A query is doubted where more of the others contradict it in something than agree with it
    there: of three the odd one out, of two both.
    """
    for group in _by_mask(pairs):
        said = [_said(pair) for pair in group[:MAX_QUERIES]]
        for one in said:
            found = [doubt for find in _ASPECTS if (doubt := _compared(one, said, find))]
            if found:
                yield min(found, key=lambda doubt: doubt.score)


def _compared(one: _Said, said: list[_Said], find: _Aspect) -> Doubt | None:
    others = [(find(one, other), other) for other in said if other is not one]
    clashes = [(answer, other) for answer, other in others if isinstance(answer, _Clash)]
    agreed = sum(answer is _AGREED for answer, _ in others)
    if len(clashes) <= agreed:
        return None
    clash, other = min(clashes, key=lambda found: found[0].score)
    more = f" and {len(clashes) - 1} more" if len(clashes) > 1 else ""
    note = f"query says {clash.mine}; {other.pair.key}{more} of the same mask: {clash.other}"
    score = clash.score + (0.0 if more else ALONE)
    if find is _of_place and _mask_decides(one, other):
        return Doubt(score * SEEN, f"{note}, where the mask lies", key=one.pair.key)
    return Doubt(score, note, key=one.pair.key)


def _mask_decides(one: _Said, other: _Said) -> bool:
    """Whether the mask lies where the other query says, and not where this one does."""
    stats = one.pair.stats
    return outside(one.pair.phrase, stats) - outside(other.pair.phrase, stats) >= GAP


def _by_mask(pairs: Sequence[Subject]) -> Iterator[list[Subject]]:
    groups: defaultdict[tuple[str, str], list[Subject]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda p: p.key):
        if pair.stats.area and not pair.stats.error and not pair.no_target:
            groups[pair.split, pair.stats.digest].append(pair)
    return (group for group in groups.values() if len(group) > 1)


def _said(pair: Subject) -> _Said:
    named = places(pair.phrase)
    said = {word.value for word in counts(pair.phrase)}
    return _Said(
        pair=pair,
        classes=tuple(dict.fromkeys(word.value for word in classes(pair.phrase))),
        region=combine(place.region for place in named),
        place=" and ".join(dict.fromkeys(place.name for place in named)),
        colors=frozenset(word.value for word in own_colors(pair.phrase)),
        number=said.pop() if len(said) == 1 else "",
    )


def _of_class(a: _Said, b: _Said) -> _Answer:
    """Classes of which none can be the other."""
    if not a.classes or not b.classes:
        return None
    apart = min(unlike(x, y) for x in a.classes for y in b.classes)
    if not apart:
        return _AGREED
    return _Clash(0.55 - 0.48 * apart, repr(a.classes[0]), repr(b.classes[0]))


def _of_place(a: _Said, b: _Said) -> _Answer:
    """Places that do not meet and lie apart."""
    if a.region is None or b.region is None:
        return None
    dx = max(a.region.x0 - b.region.x1, b.region.x0 - a.region.x1, 0.0)
    dy = max(a.region.y0 - b.region.y1, b.region.y0 - a.region.y1, 0.0)
    # Corners and halves touch in the middle, so touching with no common ground is enough
    # there; a hedge widens them, and what is left is apart.
    opposite = _opposite(a.place, b.place)
    if max(dx, dy) < GAP and not (opposite and (a.region & b.region).empty):
        return _AGREED
    return _Clash(0.2, repr(a.place), repr(b.place))


def _opposite(a: str, b: str) -> bool:
    axes = (("left", "right"), ("top", "bottom"))
    return any((x in a and y in b) or (y in a and x in b) for x, y in axes)


def _of_color(a: _Said, b: _Said) -> _Answer:
    """Colors of the object as a whole that no eye takes for each other."""
    if len(a.colors) != 1 or len(b.colors) != 1:
        return None
    (x,), (y,) = a.colors, b.colors
    if x == y or any({x, y} <= like for like in _ALIKE):
        return _AGREED
    return _Clash(0.4, repr(x), repr(y))


_ALIKE = (
    {"red", "orange", "brown", "pink", "purple"},
    {"orange", "yellow", "brown", "white"},
    {"white", "gray", "pink"},
    {"gray", "black", "brown", "blue"},
    {"blue", "green", "purple"},
    {"black", "brown", "green"},
)  # fmt: skip
"""Colors that people call the same thing by."""


def _of_number(a: _Said, b: _Said) -> _Answer:
    if not a.number or not b.number:
        return None
    if (a.number == "1") == (b.number == "1"):
        return _AGREED
    word = {"1": "one object", "many": "several objects"}
    mine, other = (word.get(n, f"{n} objects") for n in (a.number, b.number))
    return _Clash(0.45, mine, other)


_ASPECTS: tuple[_Aspect, ...] = (_of_class, _of_place, _of_color, _of_number)
