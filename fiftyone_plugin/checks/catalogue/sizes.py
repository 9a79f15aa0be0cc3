"""Size words against how large the other objects of that class are in this dataset."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fiftyone_plugin.checks.base import Issue, Sample, check
from fiftyone_plugin.checks.batch import Batch
from fiftyone_plugin.checks.dataset_statistics import DatasetStatistics
from fiftyone_plugin.checks.examples import example, examples
from fiftyone_plugin.language import classes, sizes
from fiftyone_plugin.language.taxonomy import kinds_of

_ANYTHING = frozenset({"structure", "facility", "machine", "craft"})
"""Kinds with members of all sizes."""

STEPS = 8
"""Bins of the histogram per doubling of the area."""

Names = Sequence[str]


def classes_and_sizes(batch: Batch) -> NDArray[Any]:
    """The values of the query's class and size words, as text."""
    said = [json.dumps((each.classes, each.sizes)) for each in batch.cache.distinct]
    return np.array(said, np.object_)[batch.cache.numbers]


def target_areas(batch: Batch) -> NDArray[np.int64]:
    """Target pixels, 0 where there should be none and where the mask is broken."""
    return np.where(batch.judged, batch.area, 0).astype(np.int64)


@check(
    "size_conflict",
    severity="info",
    scope="dataset",
    needs=("phrase", "mask_stats.area", "mask_stats.error"),
    about="The query says small and the mask is among the largest of its class, or the reverse.",
    keeps=(classes_and_sizes, target_areas),
    topic="Query against mask",
    fires=(*examples(*["the airplane"] * 60), example(phrase="the large airplane", stats_area=82)),
    silent=examples(*["the airplane"] * 60, "the large airplane"),
)
def size_conflict(
    dataset: DatasetStatistics, *, tail: float = 0.03, min_members: int = 50
) -> Iterator[Issue]:
    """Compares size words with the areas of the masks of the same class.

    A class is what the query calls its target; where it has few members, the kind it is of.

    Args:
        dataset: all pairs
        tail: share of the class that counts as its largest, and as its smallest
        min_members: members that a class must have to be compared with
    """
    rows = np.flatnonzero(dataset[target_areas])
    distinct, of_area = np.unique(dataset[target_areas][rows], return_inverse=True)
    steps = np.array([_step(area) for area in distinct.tolist()], np.int64)[of_area.ravel()]
    cells = np.stack((dataset[classes_and_sizes][rows].astype(np.int64), steps), 1)
    known, cell_of, times = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    said = list(map(json.loads, dataset.texts(classes_and_sizes)))
    areas = _Areas()
    for (number, step), count in zip(known.tolist(), times.tolist(), strict=True):
        areas.add(said[number][0], step, count)
    ends = [_is_end(said[n], step, areas, tail, min_members) for n, step in known.tolist()]
    for batch in dataset.read(rows[np.array(ends, np.bool_)[cell_of.ravel()]]):
        for pair in batch:
            if issue := _conflict(pair, areas, tail, min_members):
                yield issue


def _is_end(said: tuple[Names, Names], step: int, areas: _Areas, *bounds: Any) -> bool:
    named, sizes_said = said
    return len(sizes_said) == 1 and areas.against(sizes_said[0], named, step, *bounds) is not None


def _conflict(pair: Sample, areas: _Areas, tail: float, min_members: int) -> Issue | None:
    [(value, word)] = {word.value: word.text for word in sizes(pair.phrase)}.items()
    named = [word.value for word in classes(pair.phrase)]
    area = pair.stats.area
    found = areas.against(value, named, _step(area), tail, min_members)
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
    return Issue(pair.key, max(0.2, 0.8 - 0.1 * math.log2(times)), note)


_Rank = tuple[str, int, float, float]
"""The class that is compared with, its members, the share that is beaten, its median."""


class _Areas:
    """Histograms of mask areas by class."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._totals: dict[str, int] = {}

    def add(self, named: Names, step: int, times: int) -> None:
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
