"""Size words against how large the other objects of that class are in this dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.survey import Survey, Suspects
from fiftyone_plugin.language import classes, sizes
from fiftyone_plugin.language.taxonomy import kinds_of

_ANYTHING = frozenset({"structure", "facility", "machine", "craft"})
"""Kinds with members of all sizes."""

STEPS = 8
"""Bins of the histogram per doubling of the area."""

Names = tuple[str, ...]


def _out_of_class(seen: Survey, tail: float, min_members: int) -> Suspects:
    """The pairs at the ends of their classes, found in a histogram of classes and areas."""
    rows = np.flatnonzero(seen["judged"] & (seen["area"] > 0))
    distinct, of_area = np.unique(seen["area"][rows], return_inverse=True)
    steps = np.array([_step(area) for area in distinct.tolist()], np.int64)[of_area]
    cells = np.stack((seen["saying"][rows].astype(np.int64), steps), 1)
    known, cell_of, times = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    areas, said = _Areas(), seen.said
    for (saying, step), count in zip(known.tolist(), times.tolist(), strict=True):
        areas.add(said[saying][0], step, count)
    ends = [_is_end(said[n], step, areas, tail, min_members) for n, step in known.tolist()]
    return Suspects(
        rows[np.array(ends, np.bool_)[cell_of.ravel()]],
        lambda pairs: filter(None, (_doubt(pair, areas, tail, min_members) for pair in pairs)),
    )


def _is_end(said: tuple[Names, Names], step: int, areas: _Areas, *bounds: Any) -> bool:
    named, sizes_said = said
    return len(sizes_said) == 1 and areas.against(sizes_said[0], named, step, *bounds) is not None


@check(
    "size_conflict",
    severity="info",
    scope="dataset",
    needs=("phrase", "mask_stats.area"),
    about="The query says small and the mask is among the largest of its class, or the reverse.",
    screen=_out_of_class,
)
def size_conflict(
    pairs: Iterable[Subject], *, tail: float = 0.03, min_members: int = 50
) -> Iterator[Doubt]:
    """Compares size words with the areas of the masks of the same class.

    A class is what the query calls its target; where it has few members, the kind it is of.
    Only areas are kept, in a histogram per class, so memory does not grow with the dataset.

    Args:
        pairs: all pairs
        tail: share of the class that counts as its largest, and as its smallest
        min_members: members that a class must have to be compared with
    """
    areas, sized = _Areas(), bytearray()
    for pair in pairs:
        measurable = _measurable(pair)
        sized.append(measurable and len(_said(pair)) == 1)
        if measurable:
            areas.add(_classes(pair), _step(pair.stats.area))
    # Reading a query takes most of the time, so the second pass looks at few again.
    for pair, worth in zip(pairs, sized, strict=False):
        if worth and (doubt := _doubt(pair, areas, tail, min_members)):
            yield doubt


def _said(pair: Subject) -> dict[str, str]:
    return {word.value: word.text for word in sizes(pair.phrase)}


def _classes(pair: Subject) -> Names:
    return tuple(word.value for word in classes(pair.phrase))


def _doubt(pair: Subject, areas: _Areas, tail: float, min_members: int) -> Doubt | None:
    [(value, word)] = _said(pair).items()
    area = pair.stats.area
    found = areas.against(value, _classes(pair), _step(area), tail, min_members)
    if found is None:
        return None
    name, members, above, median = found
    times = area / median if value == "small" else median / area
    if times < 4:
        return None
    than = "larger" if value == "small" else "smaller"
    note = (
        f"query says {word!r}; the mask has {area} pixels, {than} than "
        f"{above:.0%} of the {members} called {name} (median {median:.0f})"
    ).replace("%", " %")
    return Doubt(max(0.2, 0.8 - 0.1 * math.log2(times)), note, key=pair.key)


def _measurable(pair: Subject) -> bool:
    return bool(pair.stats.area and not pair.stats.error and not pair.no_target)


_Rank = tuple[str, int, float, float]
"""The class that is compared with, its members, the share that is beaten, its median."""


class _Areas:
    """Histograms of mask areas by class."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._totals: dict[str, int] = {}

    def add(self, named: Names, step: int, times: int = 1) -> None:
        for name in {kind for each in named for kind in kinds_of(each)}:
            counts = self._counts.setdefault(name, {})
            counts[step] = counts.get(step, 0) + times
            self._totals[name] = self._totals.get(name, 0) + times

    def against(
        self, value: str, named: Names, step: int, tail: float, min_members: int
    ) -> _Rank | None:
        """Its class, where a mask is at the end of it that the size word does not say."""
        found = self._rank(named, step, min_members)
        if found is None or value not in ("small", "large"):
            return None
        name, members, smaller, median = found
        above = smaller if value == "small" else 1 - smaller
        return None if above < 1 - tail else (name, members, above, median)

    def _rank(self, named: Names, step: int, min_members: int) -> _Rank | None:
        kinds = kinds_of(named[0]) - _ANYTHING if named else frozenset()
        usable = [k for k in kinds if self._totals.get(k, 0) >= min_members]
        if not usable:
            return None
        name = min(usable, key=lambda k: (k != named[0], self._totals[k], k))
        counts, total = self._counts[name], self._totals[name]
        below = sum(n for s, n in counts.items() if s < step) + counts.get(step, 0) / 2
        return name, total, below / total, _median(counts, total)


def _step(area: int) -> int:
    return round(STEPS * math.log2(area))


def _median(counts: dict[int, int], total: int) -> float:
    passed = 0
    for step in sorted(counts):
        passed += counts[step]
        if 2 * passed >= total:
            return 2 ** (step / STEPS)
    return 1.0
