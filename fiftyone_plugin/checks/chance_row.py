"""A row of the table of chances, which a script writes; see :func:`.base.chance`."""

from __future__ import annotations

from typing import NamedTuple


class ChanceRow(NamedTuple):
    """Findings of about the same strength.

    Attributes:
        low, high: the range of their strengths
        right: findings whose pair is bad
        arguable: about which readers may differ
        wrong: whose pair is right
        chance: that the pair of such a finding is right
    """

    low: float
    high: float
    right: int
    arguable: int
    wrong: int
    chance: float
