"""Queries much longer or shorter than the others of their dataset."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example, examples

MIN_PAIRS = 20
MIN_WORDS = 5
"""A difference of less is none: "car" among "paved road" and "low vegetation"."""

MIN_SPREAD = 0.25
"""In natural logarithms; a dataset of equal queries would call every other one odd."""


def words(batch: Batch) -> NDArray[np.uint32]:
    """The number of words of the query."""
    return np.array([len(phrase.split()) for phrase in batch.phrases], np.uint32)


@check(
    "length_outlier",
    severity="info",
    scope="dataset",
    needs=("phrase",),
    about="The query is far longer or shorter than the other queries of the dataset.",
    keeps=(words,),
    topic="The query",
    fires=(
        *examples(*["the red car beside the hangar"] * 30),
        example(phrase="very " * 299 + "far"),
    ),
    silent=examples(*["the red car beside the hangar"] * 30),
)
def length_outlier(dataset: DatasetStatistics, *, deviations: float = 4.0) -> Iterator[Issue]:
    """Compares the number of words with the dataset's median, in logarithms.

    Args:
        dataset: all pairs
        deviations: how many standard deviations away is far, the deviation being estimated
            from the median absolute deviation (Hampel's rule)
    """
    counted: Counter[int] = Counter()
    for _, (some,) in dataset.blocks(words):
        lengths, times = np.unique(some, return_counts=True)
        counted.update(dict(zip(lengths.tolist(), times.tolist(), strict=True)))
    usual = _usual(Counter(counted))
    far = {n: found for n in counted if (found := _far(n, usual, deviations))}
    blocks = dataset.blocks(words)
    found = [start + np.flatnonzero(np.isin(some, list(far))) for start, (some,) in blocks]
    for batch in dataset.read(np.concatenate(found)) if found else ():
        for key, phrase in batch.queries():
            yield Issue(key, *far[len(phrase.split())])


_Usual = tuple[float, float] | None
"""Median and spread of the lengths, where there are enough to tell."""


def _usual(times: Counter[int]) -> _Usual:
    times.pop(0, None)
    if times.total() < MIN_PAIRS:
        return None
    median = _median(times)
    away = Counter[float]()
    for words, count in times.items():
        away[_distance(words, median)] += count
    return median, max(MIN_SPREAD, 1.4826 * _median(away))


def _far(words: int, usual: _Usual, deviations: float) -> tuple[float, str] | None:
    """Score and note of a query of so many words, where that is far from the usual."""
    if not words or usual is None:
        return None
    median, spread = usual
    far = _distance(words, median) / spread
    if far <= deviations or abs(words - median) < MIN_WORDS:
        return None
    than = "longer" if words > median else "shorter"
    note = f"{words} word{'s' * (words != 1)}, much {than} than the median of {median:g}"
    return max(0.1, 0.8 * deviations / far), note


def _distance(words: float, median: float) -> float:
    return abs(math.log(words / median))


def _median(counted: Mapping[Any, int]) -> float:
    half, passed = sum(counted.values()) / 2, 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= half:
            return value
    return 0.0
