"""Queries of one mask that cannot all be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.positions import outside
from pairlens.fiftyone_plugin.checks.examples import examples
from pairlens.fiftyone_plugin.language import unlike
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures

MAX_QUERIES = 64
"""Queries of one mask that are compared with each other; more would take quadratic time."""

GAP = 0.15
"""How far apart two named places must be to exclude each other, in image sides."""


ALONE = 0.15
"""How much less sure it is where one other query alone says otherwise."""

SEEN = 0.2
"""What is left of the issue's score where the mask itself takes the side of the others."""


@dataclass(frozen=True, slots=True)
class _Clash:
    """A contradiction of two queries.

    Attributes:
        score: the strength, as in an issue
        mine, other: the contradicting words
        plain: whether no object can have both
    """

    score: float
    mine: str
    other: str
    plain: bool = True


_AGREED = object()
_Answer = _Clash | object | None
"""A clash, agreement, or ``None`` if one of the two has nothing to compare."""

_Query = tuple[Sample, QueryFeatures]
_Aspect = Callable[[QueryFeatures, QueryFeatures], _Answer]


@check(
    "paraphrase_conflict",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="Queries of one mask contradict each other in class, place, color or number.",
    topic="Pairs against each other",
    fires=examples("the container", "the vessel", "the ship"),
    silent=examples("the truck", "the vehicle"),
)
def paraphrase_conflict(batch: Batch) -> Iterator[Issue]:
    """Compares the queries of a mask.

    If one query contradicts others that agree with each other, that query is reported. If two
    contradict each other, or several all differ, the mask decides between places and between one
    object and several. Other contradictions are ``info`` for all of them, and so are classes of one
    kind, which people confuse.
    """

    @cache  # many masks have queries with equal features
    def clash(a: int, b: int) -> bool:
        one, other = batch.features.distinct[a], batch.features.distinct[b]
        return any(isinstance(find(one, other), _Clash) for find in _ASPECTS)

    numbers = batch.features.numbers.tolist()
    for rows in batch.groups(batch.masks, where=batch.judged & (batch.area > 0)):
        rows = rows[:MAX_QUERIES]
        distinct = sorted({numbers[row] for row in rows})
        if any(clash(a, b) for a, b in combinations(distinct, 2)):
            yield from _odd_ones([(batch.sample(row), batch.query(row)) for row in rows])


def _odd_ones(queries: list[_Query]) -> Iterator[Issue]:
    for one in queries:
        found = [issue for find in _ASPECTS if (issue := _compared(one, queries, find))]
        if found:
            yield min(found, key=lambda issue: issue.score)


def _compared(one: _Query, queries: list[_Query], find: _Aspect) -> Issue | None:
    others = [(find(one[1], other[1]), other) for other in queries if other is not one]
    clashes = [(answer, other) for answer, other in others if isinstance(answer, _Clash)]
    agreed = sum(answer is _AGREED for answer, _ in others)
    if len(clashes) <= agreed:
        return None
    clash, other = min(clashes, key=lambda found: found[0].score)
    more = f" and {len(clashes) - 1} more" if len(clashes) > 1 else ""
    note = f"query says {clash.mine}; {other[0].key}{more} of the same mask: {clash.other}"
    against = [other for _, other in clashes]
    if find in _DECIDED and _mask_decides(find, other, one):
        return None
    if find in _DECIDED and _mask_decides(find, one, other):
        told = f"{note}, {_DECIDED[find]}"
        return Issue(one[0].key, (clash.score + ALONE * (not more)) * SEEN, told)
    odd = not agreed and any(find(a[1], b[1]) is _AGREED for a, b in combinations(against, 2))
    if odd and clash.plain:
        return Issue(one[0].key, clash.score, note)
    return Issue(one[0].key, clash.score + ALONE * (not odd), note, "info")


def _mask_decides(find: _Aspect, one: _Query, other: _Query) -> bool:
    """Whether the mask fits the other query and not this one."""
    stats = one[0].stats
    if find is _of_number:
        return other[1].counts == ("1",) and stats.components == 1
    return outside(one[1].region, stats) - outside(other[1].region, stats) >= GAP


def _of_class(a: QueryFeatures, b: QueryFeatures) -> _Answer:
    """Classes that exclude each other."""
    if not a.classes or not b.classes:
        return None
    apart = min(unlike(x, y) for x in a.classes for y in b.classes)
    if not apart:
        return _AGREED
    return _Clash(0.55 - 0.48 * apart, repr(a.classes[0]), repr(b.classes[0]), apart == 1)


def _of_place(a: QueryFeatures, b: QueryFeatures) -> _Answer:
    """Places without a common area."""
    if a.place is None or b.place is None:
        return None
    dx = max(a.place.x0 - b.place.x1, b.place.x0 - a.place.x1, 0.0)
    dy = max(a.place.y0 - b.place.y1, b.place.y0 - a.place.y1, 0.0)
    # Corners and halves touch in the middle, so no common area is enough there; a hedge widens
    # them, and the others must be apart.
    opposite = _opposite(a.place_name, b.place_name)
    if max(dx, dy) < GAP and not (opposite and (a.place & b.place).empty):
        return _AGREED
    return _Clash(0.2, repr(a.place_name), repr(b.place_name))


def _opposite(a: str, b: str) -> bool:
    axes = (("left", "right"), ("top", "bottom"))
    return any((x in a and y in b) or (y in a and x in b) for x, y in axes)


def _of_color(a: QueryFeatures, b: QueryFeatures) -> _Answer:
    """Colors of the whole object that are not confused."""
    if len(a.own_colors) != 1 or len(b.own_colors) != 1:
        return None
    (x,), (y,) = a.own_colors, b.own_colors
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


def _of_number(a: QueryFeatures, b: QueryFeatures) -> _Answer:
    if len(a.counts) != 1 or len(b.counts) != 1:
        return None
    numbers = a.counts[0], b.counts[0]
    if (numbers[0] == "1") == (numbers[1] == "1"):
        return _AGREED
    word = {"1": "one object", "many": "several objects"}
    mine, other = (word.get(number, f"{number} objects") for number in numbers)
    return _Clash(0.45, mine, other)


_ASPECTS: tuple[_Aspect, ...] = (_of_class, _of_place, _of_color, _of_number)

_DECIDED: dict[_Aspect, str] = {
    _of_place: "where the mask lies",
    _of_number: "and the mask has one part",
}
"""What the mask decides, and what the note says of that."""
