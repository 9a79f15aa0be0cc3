"""Scores of findings: what was read of such findings decides, else their severity."""

from __future__ import annotations

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.base import PRIORS, SIBLING, chance, smoothed
from pairlens.fiftyone_plugin.checks.chances_table import TABLE


def test_every_row_is_of_a_check_and_makes_its_chance_of_its_counts() -> None:
    assert TABLE.keys() - {SIBLING} <= set(CHECKS)
    for check, rows in TABLE.items():
        for row in rows:
            counts = row.right, row.arguable, row.wrong
            made = [round(smoothed(severity, *counts), 3) for severity in PRIORS]
            assert row.chance in made, check


@pytest.mark.parametrize("check", [*TABLE, "unread"])
@pytest.mark.parametrize("severity", PRIORS)
def test_a_stronger_finding_has_a_lower_score(check: str, severity: str) -> None:
    scores = [chance(check, severity, strength / 50) for strength in range(51)]
    assert scores == sorted(scores) and scores[0] >= 0 and scores[-1] <= 1


def test_what_was_read_is_counted() -> None:
    row = TABLE["generic_query"][0]
    assert chance("generic_query", "warning", row.low) == row.chance < 0.1


def test_what_nobody_read_is_scored_by_its_severity() -> None:
    assert chance("unread", "error", 0) == 0.0
    assert chance("unread", "warning", 0.5) == 0.2
    assert chance("unread", "info", 0.5) == 0.55
