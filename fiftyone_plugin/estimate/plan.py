"""Acceptance sampling: the sample size that shows that at most a given share of pairs is bad."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import hypergeom

from pairlens.importers.errors import UsageError

MAX_ACCEPTED = 5


class Plan(NamedTuple):
    """An acceptance sampling plan.

    Attributes:
        look_at: size of the random sample
        accept: maximum of bad pairs in the sample
        passes_at_half: probability that a dataset with half the allowed share passes
        passes_at_quarter: the same for a quarter of the allowed share
    """

    look_at: int
    accept: int
    passes_at_half: float
    passes_at_quarter: float


def plans(total: int, at_most: float, confidence: float) -> list[Plan]:
    """The smallest plans in which a dataset with more than the allowed share rarely passes.

    Args:
        total: number of pairs in the dataset
        at_most: allowed share of bad pairs, in (0, 1)
        confidence: 1 minus the probability to pass with a larger share, in (0, 1)

    Returns:
        one plan for each number of accepted pairs from 0 to :data:`MAX_ACCEPTED`, as long as the
        dataset has enough pairs

    Raises:
        UsageError: for a share or confidence out of range
    """
    for name, value in (("--at-most", at_most), ("--confidence", confidence)):
        if not 0 < value < 1:
            raise UsageError(f"{name} {100 * value:g}%: give a share above 0% and below 100%")
    bad = int(at_most * total) + 1  # the smallest number that is not allowed
    result = []
    for accept in range(MAX_ACCEPTED + 1):
        look_at = _smallest(total, bad, accept, 1 - confidence)
        if look_at is None:
            break
        passes = (_passes(total, int(bad * part), accept, look_at) for part in (0.5, 0.25))
        result.append(Plan(look_at, accept, *passes))
    return result


def _smallest(total: int, bad: int, accept: int, risk: float) -> int | None:
    """The smallest sample that passes with at most the given probability; ``None`` if none does."""
    low, high = accept + 1, total
    if high < low or _passes(total, bad, accept, high) > risk:
        return None
    while low < high:
        middle = (low + high) // 2
        if _passes(total, bad, accept, middle) <= risk:
            high = middle
        else:
            low = middle + 1
    return low


def _passes(total: int, bad: int, accept: int, look_at: int) -> float:
    return float(hypergeom.cdf(accept, total, min(bad, total), look_at))
