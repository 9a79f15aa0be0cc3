"""Acceptance sampling: how many pairs to look at to show that at most a share is bad."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import hypergeom

from pairlens.importers.errors import UsageError

MOST_ACCEPTED = 5


class Plan(NamedTuple):
    """A plan: look at so many pairs, drawn at random, and accept so many bad ones.

    Attributes:
        look_at: pairs
        accept: bad ones among them at the most
        passes_at_half: the chance that a dataset passes whose share is half of what is allowed
        passes_at_quarter: the same of a quarter
    """

    look_at: int
    accept: int
    passes_at_half: float
    passes_at_quarter: float


def plans(total: int, at_most: float, confidence: float) -> list[Plan]:
    """Plans that a dataset with more than the allowed share passes seldom enough.

    Args:
        total: pairs in the dataset
        at_most: the share of bad pairs that is allowed, above 0 and below 1
        confidence: one minus the chance to pass with a larger share, above 0 and below 1

    Returns:
        for 0 to :data:`MOST_ACCEPTED` accepted ones the smallest plan, as far as there are pairs

    Raises:
        UsageError: for a share or confidence that is none
    """
    for name, value in (("--at-most", at_most), ("--confidence", confidence)):
        if not 0 < value < 1:
            raise UsageError(f"{name} {100 * value:g}%: give a share above 0% and below 100%")
    bad = int(at_most * total) + 1  # the fewest that are too many
    found = []
    for accept in range(MOST_ACCEPTED + 1):
        look_at = _smallest(total, bad, accept, 1 - confidence)
        if look_at is None:
            break
        passes = (_passes(total, int(bad * part), accept, look_at) for part in (0.5, 0.25))
        found.append(Plan(look_at, accept, *passes))
    return found


def _smallest(total: int, bad: int, accept: int, risk: float) -> int | None:
    """The fewest pairs of which, with so many bad, no more than accepted are seldom enough bad."""
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
