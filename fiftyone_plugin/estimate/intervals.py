"""Shares of bad pairs in a stratified random sample, with intervals.

Of one stratum the interval is Clopper and Pearson's. Of several it is Korn and Graubard's: that of
Clopper and Pearson for the sample size that a plain sample would need for the same variance
(Survey Methodology 24, 1998). The variance is that of images, as pairs of one image are often bad
together, and it takes one bad and one good pair as given in every stratum, so that a stratum in
which none was seen is not taken for one that has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.stats import beta

CONFIDENCE = 0.95


class Share(NamedTuple):
    """An estimated share, and the interval that covers the true one at the confidence.

    Attributes:
        value: the estimate, 0 to 1
        low: lower bound
        high: upper bound
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Stratum:
    """What was seen of a stratum.

    Attributes:
        name: for people
        size: pairs in it
        bad: whether each judged pair was bad, 0 or 1; 0.5 where nobody can tell
        images: what tells the image of each
    """

    name: str
    size: int
    bad: tuple[float, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def judged(self) -> int:
        """Judged pairs."""
        return len(self.bad)

    def with_unsure(self, value: float) -> Stratum:
        """The stratum as if all that nobody can tell were bad (1) or good (0)."""
        settled = tuple(value if one not in (0, 1) else one for one in self.bad)
        return Stratum(self.name, self.size, settled, self.images)

    @property
    def mean(self) -> float:
        """The share of bad pairs among those that were judged; one half where none was."""
        return sum(self.bad) / self.judged if self.bad else 0.5


def clopper_pearson(
    bad: float, judged: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The exact interval of a share.

    Args:
        bad: how many were; a fraction is allowed, as of an effective sample
        judged: of how many
        confidence: 0 to 1
    """
    if judged <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, bad, judged - bad + 1)) if bad > 0 else 0.0
    high = float(beta.ppf(1 - tail, bad + 1, judged - bad)) if bad < judged else 1.0
    return low, high


def share_of(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Share:
    """The share of bad pairs in some strata together.

    Pairs of which nobody can tell count as one half, and as good and bad in the bounds.

    Args:
        strata: those that hold pairs at all; one of which none was judged says nothing, so that
            its pairs may all be good or all be bad
        confidence: 0 to 1
    """
    strata = [one for one in strata if one.size]
    total = sum(one.size for one in strata)
    if not total:
        return Share(0.0, 0.0, 0.0)
    value = sum(one.size * one.mean for one in strata) / total
    known = [one for one in strata if one.judged]
    unknown = sum(one.size for one in strata if not one.judged) / total
    low, _ = _interval([one.with_unsure(0) for one in known], confidence)
    _, high = _interval([one.with_unsure(1) for one in known], confidence)
    part = 1 - unknown
    return Share(value, part * low, part * high + unknown)


def _interval(strata: Sequence[Stratum], confidence: float) -> tuple[float, float]:
    total = sum(one.size for one in strata)
    if not total:
        return 0.0, 1.0
    mean = sum(one.size * one.mean for one in strata) / total
    if all(one.judged >= one.size for one in strata):
        return mean, mean
    if len(strata) == 1 and _design_effect(strata[0]) == 1:
        return clopper_pearson(sum(strata[0].bad), strata[0].judged, confidence)
    variance = sum((one.size / total) ** 2 * _variance(one) for one in strata)
    smooth = sum(one.size * _smoothed(one) for one in strata) / total
    most = sum(one.judged for one in strata)
    effective = min(most, smooth * (1 - smooth) / variance) if variance > 0 else most
    return clopper_pearson(mean * effective, effective, confidence)


def _smoothed(one: Stratum) -> float:
    """The share with one bad and one good pair more; as it is where all pairs were judged."""
    return one.mean if one.judged >= one.size else (sum(one.bad) + 1) / (one.judged + 2)


def _variance(one: Stratum) -> float:
    """The variance of the mean of a stratum, drawn without replacement."""
    share = _smoothed(one)
    drawn = 1 - one.judged / one.size
    return _design_effect(one) * drawn * share * (1 - share) / one.judged


def _design_effect(one: Stratum) -> float:
    """By how much the images that pairs share enlarge the variance, at least 1."""
    counts = Counter(one.images)
    if not counts or max(counts.values()) == 1 or len(counts) < 2:
        return 1.0
    bad, images = np.array(one.bad, np.float64), np.array(one.images)
    mean = bad.mean()
    plain = float(((bad - mean) ** 2).sum())
    _, numbers = np.unique(images, return_inverse=True)
    sums = np.bincount(numbers, weights=bad - mean)
    together = float((sums**2).sum()) * len(sums) / (len(sums) - 1)
    return max(1.0, together / plain) if plain > 0 else 1.0


@dataclass(frozen=True)
class Domain:
    """A part of a dataset: strata that were drawn from, and pairs that were decided before.

    Attributes:
        strata: with what was seen of them
        bad: pairs that are known to be bad
        good: pairs that are known not to be
    """

    strata: tuple[Stratum, ...]
    bad: int = 0
    good: int = 0

    @property
    def size(self) -> int:
        """Pairs in it."""
        return self.bad + self.good + sum(one.size for one in self.strata)

    def number(self, confidence: float = CONFIDENCE) -> Share:
        """The number of bad pairs, with its interval."""
        share, size = share_of(self.strata, confidence), sum(one.size for one in self.strata)
        return Share(*(self.bad + size * each for each in share))

    def share(self, confidence: float = CONFIDENCE) -> Share:
        """The share of bad pairs, with its interval."""
        return Share(*(each / self.size if self.size else 0.0 for each in self.number(confidence)))


def recall_of(flagged: Domain, others: Domain, confidence: float = CONFIDENCE) -> Share:
    """The share of flagged pairs among the bad ones.

    The bounds are made of those of the bad pairs among the flagged and among the others, each at
    so high a confidence that both hold together.

    Args:
        flagged: the pairs that are flagged
        others: all others
        confidence: 0 to 1
    """
    both = 1 - (1 - confidence) / 2
    found, missed = flagged.number(both), others.number(both)

    def part(some: float, rest: float) -> float:
        return some / (some + rest) if some + rest else 1.0

    return Share(
        part(found.value, missed.value),
        part(found.low, missed.high),
        part(found.high, missed.low),
    )


def allocate(
    sizes: Sequence[int], guesses: Sequence[float], count: int, least: int = 5
) -> list[int]:
    """How many pairs to draw of each stratum: more where the share of bad ones is less certain.

    Args:
        sizes: pairs in each stratum
        guesses: the share of bad ones that is expected
        count: pairs to draw in all
        least: drawn of each stratum at least, as far as it has them
    """
    count = min(count, sum(sizes))
    wanted = [size * sqrt(guess * (1 - guess)) for size, guess in zip(sizes, guesses, strict=True)]
    drawn = [min(size, least) for size in sizes]
    while sum(drawn) > count:  # fewer than the least of each: the largest give way
        drawn[max(range(len(sizes)), key=lambda n: (drawn[n], -sizes[n]))] -= 1
    while sum(drawn) < count:
        free = [n for n, size in enumerate(sizes) if drawn[n] < size]
        drawn[max(free, key=lambda n: (wanted[n] + 1e-9) / (drawn[n] + 1))] += 1
    return drawn
