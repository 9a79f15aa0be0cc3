"""Size words against the areas of the same class in the dataset.

Only masks that the image's border does not cut count.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example, examples
from pairlens.fiftyone_plugin.language import classes, sizes
from pairlens.fiftyone_plugin.language.taxonomy import kinds_of

STEPS = 8
"""Bins of the histogram per doubling of the area."""

_MOST_STEPS = 64 * STEPS
"""More than an area of 64 bits has."""

_ANYTHING = frozenset({"structure", "facility", "machine", "craft"})
"""Kinds with members of all sizes."""

Names = Sequence[str]


def classes_and_sizes(batch: Batch) -> NDArray[Any]:
    """The values of the query's class and size words, as text."""
    texts = [json.dumps((each.classes, each.sizes)) for each in batch.features.distinct]
    return np.array(texts, np.object_)[batch.features.numbers]


def whole_areas(batch: Batch) -> NDArray[np.int64]:
    """Area of each mask; 0 for no target, a broken mask, and a mask that the border cuts."""
    return np.where(batch.judged & (batch.sides == 0), batch.area, 0).astype(np.int64)


class Rank(NamedTuple):
    """Rank of a mask by area among those of its class.

    Attributes:
        name: the class
        members: number of pairs of the class
        smaller: share of pairs with smaller masks, 0 to 1
        median: median area in pixels
    """

    name: str
    members: int
    smaller: float
    median: float


class ClassSizes:
    """Histograms of the areas of whole masks, by class.

    Attributes:
        cells: each number of class and size words with each step of an area that occurs with it
        words: the classes and sizes by that number
    """

    def __init__(self, dataset: DatasetStatistics) -> None:
        self._dataset = dataset
        self.words: list[tuple[Names, Names]] = [
            json.loads(text) for text in dataset.texts(classes_and_sizes)
        ]
        self._counts: dict[str, dict[int, int]] = {}
        self._totals: dict[str, int] = {}
        counted: Counter[int] = Counter()
        for _, cells in self._blocks():
            found, times = np.unique(cells, return_counts=True)
            counted.update(dict(zip(found.tolist(), times.tolist(), strict=True)))
        self.cells = [divmod(cell, _MOST_STEPS) for cell in counted]
        for (number, step), count in zip(self.cells, counted.values(), strict=True):
            self._add(self.words[number][0], step, count)

    def _blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yields the rows of samples with whole masks, and the cell of each as one number."""
        for start, (areas, words) in self._dataset.blocks(whole_areas, classes_and_sizes):
            rows = np.flatnonzero(areas)
            distinct, of_area = np.unique(areas[rows], return_inverse=True)
            steps = np.array([step_of(area) for area in distinct.tolist()], np.int64)
            yield start + rows, words[rows].astype(np.int64) * _MOST_STEPS + steps[of_area.ravel()]

    def rows_of(self, cells: Collection[tuple[int, int]]) -> NDArray[np.int64]:
        """The rows of samples in the cells."""
        wanted = np.array([number * _MOST_STEPS + step for number, step in cells], np.int64)
        found = [rows[np.isin(some, wanted)] for rows, some in self._blocks()]
        return np.concatenate([np.empty(0, np.int64), *found])

    def _add(self, named: Names, step: int, times: int) -> None:
        for name in {kind for each in named for kind in kinds_of(each)}:
            counts = self._counts.setdefault(name, {})
            counts[step] = counts.get(step, 0) + times
            self._totals[name] = self._totals.get(name, 0) + times

    def rank(self, named: Names, step: int, min_members: int) -> Rank | None:
        """The rank of a mask among those of its classes or their kinds.

        Args:
            named: the classes in its query
            step: the bin of its area, from :func:`step_of`
            min_members: smallest number of members of a class to compare with
        """
        kinds = {kind for name in named for kind in kinds_of(name)} - _ANYTHING
        usable = [kind for kind in kinds if self._totals.get(kind, 0) >= min_members]
        if not usable:
            return None
        name = min(usable, key=lambda kind: (kind not in named, self._totals[kind], kind))
        counts, total = self._counts[name], self._totals[name]
        below = sum(n for s, n in counts.items() if s < step) + counts.get(step, 0) / 2
        return Rank(name, total, below / total, _median(counts, total))


def step_of(area: int) -> int:
    """The bin of an area of at least one pixel."""
    return round(STEPS * math.log2(area))


def _median(counts: dict[int, int], total: int) -> float:
    passed = 0
    for step in sorted(counts):
        passed += counts[step]
        if 2 * passed >= total:
            return 2 ** (step / STEPS)
    return 1.0


@check(
    "size_conflict",
    severity="info",
    scope="dataset",
    needs=(
        "phrase", "mask_stats.area", "mask_stats.error", "mask_stats.border",
    ),
    about="The query says small and the mask is among the largest of its class, or the reverse.",
    keeps=(classes_and_sizes, whole_areas),
    topic="Query against mask",
    fires=(*examples(*["the airplane"] * 60), example(phrase="the large airplane", stats_area=82)),
    silent=(
        *examples(*["the airplane"] * 60, "the large airplane"),
        example("gres/train/2#0", phrase="the large airplane", stats_area=82, stats_border="r"),
    ),
)  # fmt: skip
def size_conflict(
    dataset: DatasetStatistics, *, tail: float = 0.03, min_members: int = 50
) -> Iterator[Issue]:
    """Compares size words with the areas of the masks of the same class.

    A class is what the query calls its target; where it has few members, the kind it is of.
    Masks that the image's border cuts are no part of it: what is cut is small, not the object.

    Args:
        dataset: all pairs
        tail: share of the class that counts as its largest, and as its smallest
        min_members: smallest number of members of a class to compare with
    """
    class_sizes = ClassSizes(dataset)

    def against(value: str, named: Names, step: int) -> Rank | None:
        """The rank of a mask that is at the other end of its class than the size word says."""
        found = class_sizes.rank(named[:1], step, min_members)
        if found is None or value not in ("small", "large"):
            return None
        beaten = found.smaller if value == "small" else 1 - found.smaller
        return None if beaten < 1 - tail else found

    def is_end(number: int, step: int) -> bool:
        named, size_words = class_sizes.words[number]
        return len(size_words) == 1 and against(size_words[0], named, step) is not None

    for batch in dataset.read(
        class_sizes.rows_of([cell for cell in class_sizes.cells if is_end(*cell)])
    ):
        for pair in batch:
            [(value, word)] = {word.value: word.text for word in sizes(pair.phrase)}.items()
            named = [word.value for word in classes(pair.phrase)]
            found = against(value, named, step_of(pair.stats.area))
            if found and (issue := _conflict(pair, value, word, found)):
                yield issue


def _conflict(pair: Sample, value: str, word: str, found: Rank) -> Issue | None:
    area = pair.stats.area
    times = area / found.median if value == "small" else found.median / area
    if times < 4:
        return None
    than, share = ("larger", found.smaller) if value == "small" else ("smaller", 1 - found.smaller)
    note = (
        f"query says {word!r}; the mask has {area} pixels, {than} than "
        f"{share:.0%} of the {found.members} called {found.name} (median {found.median:.0f})"
    ).replace("%", " %")
    return Issue(pair.key, max(0.2, 0.8 - 0.1 * math.log2(times)), note)
