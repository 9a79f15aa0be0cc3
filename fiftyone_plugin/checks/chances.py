"""Scores of findings as chances: how likely the pair is right, by what was read of such findings.

A check says how strong its evidence is, from 0 (surely bad) to 1 (no doubt), on a scale of its own.
What that is worth is counted on findings that a person has read: of those of a check with about
the same strength, the share whose pair is right is the score. So scores of different checks mean
the same, and one queue can be made of all.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from pairlens.fiftyone_plugin.checks.chances_table import TABLE

SIBLING = "siblings"
"""The row of the table for findings that follow from another query of the same mask."""

PRIORS: dict[str, tuple[float, float]] = {
    "error": (0.0, 0.1),
    "warning": (0.05, 0.35),
    "info": (0.3, 0.8),
}
"""By severity, the chances at strength 0 and 1 of findings of checks of which none was read."""

WEIGHT = 2
"""Findings that the prior counts for beside those that were read, as in Laplace's rule."""


TILT = 0.05
"""How far the chance lies from that of its row at the ends of the row's strengths, as a share."""


@lru_cache(maxsize=1024)
def chance(check: str, severity: str, strength: float) -> float:
    """The estimated chance that a pair with a finding is right, 0 to 1.

    Args:
        check: that found it, or :data:`SIBLING`
        severity: of the finding, for checks without a table
        strength: 0 surely bad to 1 no doubt, as the check has it
    """
    strength = min(1.0, max(0.0, strength))
    if check in TABLE:
        return round(float(np.interp(strength, *_curve(check))), 4)
    low, high = PRIORS[severity]
    return round(low + (high - low) * strength, 4)


def smoothed(severity: str, right: int, arguable: int, wrong: int) -> float:
    """The chance after findings were read. Where readers differ it is one half.

    Args:
        severity: of the findings, in the middle of whose range the prior is
        right: findings whose pair is bad
        arguable: that two readers may differ about
        wrong: whose pair is right
    """
    prior = sum(PRIORS[severity]) / 2
    return (wrong + arguable / 2 + WEIGHT * prior) / (right + arguable + wrong + WEIGHT)


@cache
def _curve(check: str) -> tuple[list[float], list[float]]:
    """Strengths and chances between which is interpolated.

    Within a row the chance rises a little with the strength, so that findings keep their order.
    What is stronger than all that was read counts as the strongest that was; strength 1 is no
    doubt.
    """
    strengths: list[float] = []
    chances: list[float] = []
    for row in TABLE[check]:
        tilts = (0.0,) if row.low == row.high else (-TILT, TILT)
        for strength, tilt in zip((row.low, row.high), tilts, strict=False):
            strengths.append(strength)
            chances.append(max([row.chance * (1 + tilt), *chances[-1:]]))
    return [*strengths, 1.0], [*chances, 1.0]
