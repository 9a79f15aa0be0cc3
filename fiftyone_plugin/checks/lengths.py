"""Queries much longer or shorter than the others of their dataset."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.survey import Survey, Suspects

MIN_PAIRS = 20
MIN_WORDS = 5
"""A difference of less is none: "car" among "paved road" and "low vegetation"."""

MIN_SPREAD = 0.25
"""In natural logarithms; a dataset of equal queries would call every other one odd."""


def _far_off(seen: Survey, deviations: float) -> Suspects:
    """The queries of the few lengths that are far from the usual."""
    words, times = np.unique(seen["words"], return_counts=True)
    usual = _usual(Counter(dict(zip(words.tolist(), times.tolist(), strict=True))))
    far = [n for n in words.tolist() if _doubt(n, usual, deviations)]
    rows = np.flatnonzero(np.isin(seen["words"], far))
    return Suspects(rows, lambda pairs: _doubts(pairs, usual, deviations))


@check(
    "length_outlier",
    severity="info",
    scope="dataset",
    needs=("phrase",),
    about="The query is far longer or shorter than the other queries of the dataset.",
    screen=_far_off,
)
def length_outlier(pairs: Iterable[Subject], *, deviations: float = 4.0) -> Iterator[Doubt]:
    """Compares the number of words with the dataset's median, in logarithms.

    Args:
        pairs: all pairs
        deviations: how many standard deviations away is far, the deviation being estimated
            from the median absolute deviation (Hampel's rule)
    """
    usual = _usual(Counter(_words(pair) for pair in pairs))
    return _doubts(pairs, usual, deviations)


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


def _doubts(pairs: Iterable[Subject], usual: _Usual, deviations: float) -> Iterator[Doubt]:
    if usual is not None:
        for pair in pairs:
            if doubt := _doubt(_words(pair), usual, deviations):
                yield replace(doubt, key=pair.key)


def _doubt(words: int, usual: _Usual, deviations: float) -> Doubt | None:
    if not words or usual is None:
        return None
    median, spread = usual
    far = _distance(words, median) / spread
    if far <= deviations or abs(words - median) < MIN_WORDS:
        return None
    than = "longer" if words > median else "shorter"
    note = f"{words} word{'s' * (words != 1)}, much {than} than the median of {median:g}"
    return Doubt(max(0.1, 0.8 * deviations / far), note)


def _words(pair: Subject) -> int:
    return len(pair.phrase.split())


def _distance(words: float, median: float) -> float:
    return abs(math.log(words / median))


def _median(counted: Mapping[Any, int]) -> float:
    half, passed = sum(counted.values()) / 2, 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= half:
            return value
    return 0.0
