"""Verdicts an hour, from the times between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pairlens.fiftyone_plugin.curation.team import pace

START = datetime(2026, 1, 1, tzinfo=UTC)


def steps(*given: tuple[float, int]) -> list[tuple[datetime, int]]:
    return [(START + timedelta(minutes=minute), number) for minute, number in given]


def test_one_verdict_has_no_pace() -> None:
    assert pace("ada", steps((0, 3)))["per_hour"] is None
    assert pace("ada", [])["verdicts"] == 0


def test_pauses_and_what_follows_them_are_left_out() -> None:
    found = pace("ada", steps((0, 1), (1, 2), (2, 2), (60, 9), (61, 2)), pause=5)
    assert (found["verdicts"], found["minutes"]) == (16, 3.0)
    assert found["per_hour"] == 120.0  # six verdicts in three minutes


def test_a_longer_pause_can_be_time_of_work() -> None:
    assert pace("ada", steps((0, 1), (30, 1)), pause=30)["per_hour"] == 2.0
