"""Shares of bad pairs in a stratified random sample, with intervals.

For one stratum, the interval is that of Clopper and Pearson. For several, it is that of Korn and
Graubard (Survey Methodology 24, 1998): Clopper and Pearson's with the effective sample size, which
is the size of a simple random sample of the same variance. The variance is computed over images,
since pairs of one image are often bad together. One bad and one good pair are added to every
stratum, so that the variance of a stratum without a bad pair is not 0.
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
    """An estimated share with its confidence interval.

    Attributes:
        value: the estimate, in [0, 1]
        low: lower bound of the interval
        high: upper bound of the interval
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Stratum:
    """A stratum with the verdicts on its sample.

    Attributes:
        name: its name, for people
        size: number of pairs in it
        bad: 1 for each judged pair that is bad, 0 for a good one, 0.5 for an unsure verdict
        images: identifies the image of each judged pair
    """

    name: str
    size: int
    bad: tuple[float, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def judged(self) -> int:
        """The number of judged pairs."""
        return len(self.bad)

    def with_unsure(self, value: float) -> Stratum:
        """The stratum with all unsure verdicts counted as bad (1) or good (0)."""
        settled = tuple(value if bad not in (0, 1) else bad for bad in self.bad)
        return Stratum(self.name, self.size, settled, self.images)

    @property
    def mean(self) -> float:
        """The share of bad pairs among the judged ones; 0.5 if there are none."""
        return sum(self.bad) / self.judged if self.bad else 0.5


def clopper_pearson(
    bad: float, judged: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The exact confidence interval of a share.

    Args:
        bad: number of bad pairs; may be a fraction, for an effective sample size
        judged: number of judged pairs; may be a fraction
        confidence: the confidence, in (0, 1)

    Returns:
        lower and upper bound, in [0, 1]
    """
    if judged <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, bad, judged - bad + 1)) if bad > 0 else 0.0
    high = float(beta.ppf(1 - tail, bad + 1, judged - bad)) if bad < judged else 1.0
    return low, high


def share_of(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Share:
    """The share of bad pairs in several strata.

    Unsure verdicts count as one half in the estimate, as good in the lower bound and as bad in the
    upper bound.

    Args:
        strata: the strata; the pairs of one without judged pairs are all good in the lower bound,
            and all bad in the upper bound
        confidence: the confidence, in (0, 1)
    """
    strata = [stratum for stratum in strata if stratum.size]
    total = sum(stratum.size for stratum in strata)
    if not total:
        return Share(0.0, 0.0, 0.0)
    value = sum(stratum.size * stratum.mean for stratum in strata) / total
    known = [stratum for stratum in strata if stratum.judged]
    unknown = sum(stratum.size for stratum in strata if not stratum.judged) / total
    low, _ = _interval([stratum.with_unsure(0) for stratum in known], confidence)
    _, high = _interval([stratum.with_unsure(1) for stratum in known], confidence)
    part = 1 - unknown
    return Share(value, part * low, part * high + unknown)


def _interval(strata: Sequence[Stratum], confidence: float) -> tuple[float, float]:
    total = sum(stratum.size for stratum in strata)
    if not total:
        return 0.0, 1.0
    mean = sum(stratum.size * stratum.mean for stratum in strata) / total
    if all(stratum.judged >= stratum.size for stratum in strata):
        return mean, mean
    if len(strata) == 1 and _design_effect(strata[0]) == 1:
        return clopper_pearson(sum(strata[0].bad), strata[0].judged, confidence)
    variance = sum((stratum.size / total) ** 2 * _variance(stratum) for stratum in strata)
    smooth = sum(stratum.size * _smoothed(stratum) for stratum in strata) / total
    judged = sum(stratum.judged for stratum in strata)
    effective = min(judged, smooth * (1 - smooth) / variance) if variance > 0 else judged
    return clopper_pearson(mean * effective, effective, confidence)


def _smoothed(stratum: Stratum) -> float:
    """The mean with one bad and one good pair added, unless all pairs were judged."""
    return (
        stratum.mean
        if stratum.judged >= stratum.size
        else (sum(stratum.bad) + 1) / (stratum.judged + 2)
    )


def _variance(stratum: Stratum) -> float:
    """The variance of the mean of a stratum that is sampled without replacement."""
    share = _smoothed(stratum)
    drawn = 1 - stratum.judged / stratum.size
    return _design_effect(stratum) * drawn * share * (1 - share) / stratum.judged


def _design_effect(stratum: Stratum) -> float:
    """The factor, at least 1, by which shared images increase the variance."""
    counts = Counter(stratum.images)
    if not counts or max(counts.values()) == 1 or len(counts) < 2:
        return 1.0
    bad, images = np.array(stratum.bad, np.float64), np.array(stratum.images)
    mean = bad.mean()
    plain = float(((bad - mean) ** 2).sum())
    _, numbers = np.unique(images, return_inverse=True)
    sums = np.bincount(numbers, weights=bad - mean)
    clustered = float((sums**2).sum()) * len(sums) / (len(sums) - 1)
    return max(1.0, clustered / plain) if plain > 0 else 1.0


@dataclass(frozen=True)
class Domain:
    """A part of a dataset: strata that were sampled, and pairs with earlier verdicts.

    Attributes:
        strata: the strata
        bad: number of pairs with an earlier verdict that they are bad
        good: number of pairs with an earlier verdict that they are good
    """

    strata: tuple[Stratum, ...]
    bad: int = 0
    good: int = 0

    @property
    def size(self) -> int:
        """The number of pairs."""
        return self.bad + self.good + sum(stratum.size for stratum in self.strata)

    def number(self, confidence: float = CONFIDENCE) -> Share:
        """The number of bad pairs with its confidence interval."""
        share, size = (
            share_of(self.strata, confidence),
            sum(stratum.size for stratum in self.strata),
        )
        return Share(*(self.bad + size * bound for bound in share))

    def share(self, confidence: float = CONFIDENCE) -> Share:
        """The share of bad pairs with its confidence interval."""
        return Share(
            *(bound / self.size if self.size else 0.0 for bound in self.number(confidence))
        )


def recall_of(flagged: Domain, others: Domain, confidence: float = CONFIDENCE) -> Share:
    """Recall: the share of flagged pairs among the bad ones.

    The bounds combine those of the numbers of bad pairs among flagged and other pairs, each at a
    higher confidence, so that both hold jointly.

    Args:
        flagged: the flagged pairs
        others: all other pairs
        confidence: the confidence, in (0, 1)
    """
    joint_confidence = 1 - (1 - confidence) / 2
    found, missed = flagged.number(joint_confidence), others.number(joint_confidence)

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
    """The number of pairs to draw from each stratum, by Neyman allocation.

    Args:
        sizes: number of pairs in each stratum
        guesses: expected share of bad pairs in each stratum
        count: number of pairs to draw in all
        least: minimum from each stratum, if it has as many
    """
    count = min(count, sum(sizes))
    wanted = [size * sqrt(guess * (1 - guess)) for size, guess in zip(sizes, guesses, strict=True)]
    drawn = [min(size, least) for size in sizes]
    while sum(drawn) > count:  # too few for the minimum of each: the largest numbers are reduced
        drawn[max(range(len(sizes)), key=lambda n: (drawn[n], -sizes[n]))] -= 1
    while sum(drawn) < count:
        free = [n for n, size in enumerate(sizes) if drawn[n] < size]
        drawn[max(free, key=lambda n: (wanted[n] + 1e-9) / (drawn[n] + 1))] += 1
    return drawn
