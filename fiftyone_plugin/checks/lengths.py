"""Queries much longer or shorter than the others of their dataset."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from fiftyone_plugin.checks.base import Doubt, Subject, check

MIN_PAIRS = 20
MIN_WORDS = 5
"""A difference of less is none: "car" among "paved road" and "low vegetation"."""

MIN_SPREAD = 0.25
"""In natural logarithms; a dataset of equal queries would call every other one odd."""


@check(
    "length_outlier",
    severity="info",
    scope="dataset",
    needs=("phrase",),
    about="The query is far longer or shorter than the other queries of the dataset.",
)
def length_outlier(pairs: Iterable[Subject], *, deviations: float = 4.0) -> Iterator[Doubt]:
    """Compares the number of words with the dataset's median, in logarithms.

    Args:
        pairs: all pairs
        deviations: how many standard deviations away is far, the deviation being estimated
            from the median absolute deviation (Hampel's rule)
    """
    lengths = Counter(float(_words(pair)) for pair in pairs)
    lengths.pop(0, None)
    if lengths.total() < MIN_PAIRS:
        return
    median = _median(lengths)
    away = Counter[float]()
    for words, times in lengths.items():
        away[_distance(words, median)] += times
    spread = max(MIN_SPREAD, 1.4826 * _median(away))
    for pair in pairs:
        words = _words(pair)
        far = _distance(words, median) / spread if words else 0.0
        if far > deviations and abs(words - median) >= MIN_WORDS:
            than = "longer" if words > median else "shorter"
            note = f"{words} word{'s' * (words != 1)}, much {than} than the median of {median:g}"
            yield Doubt(max(0.1, 0.8 * deviations / far), note, key=pair.key)


def _words(pair: Subject) -> int:
    return len(pair.phrase.split())


def _distance(words: float, median: float) -> float:
    return abs(math.log(words / median))


def _median(counted: Mapping[float, int]) -> float:
    half, passed = sum(counted.values()) / 2, 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= half:
            return value
    return 0.0
