"""A short form of the trials of ``make torture``: each step is killed at two of its writes."""

from __future__ import annotations

import random

import pytest

from tests.kill import run
from tests.kill.scenarios import LAYOUT_SCENARIOS, SCENARIOS, make_layout, make_tiles
from tests.kill.trials import Scenario, Trials

SEED = 2026
POINTS = 2
DECIDED = ("table",)
"""Formats of which much is guessed and decided."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_what_is_killed_ends_as_if_it_had_not_been(scenario: Scenario, trials: Trials) -> None:
    rng = random.Random(f"{SEED}:{scenario.name}")
    if scenario.name == "images":
        make_tiles(trials)
    with trials.of(scenario) as trial:
        found = {p: trial.killed_at(p) for p in rng.sample(range(1, trial.points + 1), POINTS)}
    assert {point: told for point, told in found.items() if told} == {}


@pytest.mark.parametrize(
    "scenario",
    [one for one in LAYOUT_SCENARIOS if one.name.removeprefix("import of ") in DECIDED],
    ids=lambda one: one.name,
)
def test_what_a_killed_import_decided_is_not_lost(scenario: Scenario, trials: Trials) -> None:
    """At its last write everything is stored but the facts that say so."""
    with trials.of(make_layout(trials, scenario)) as trial:
        middle = random.Random(f"{SEED}:{scenario.name}").randint(2, trial.points - 1)
        found = {point: trial.killed_at(point) for point in (middle, trial.points - 1)}
    assert {point: told for point, told in found.items() if told} == {}


def test_what_is_left_is_found(trials: Trials) -> None:
    """Without going on, a killed import is not what an undisturbed one is."""
    [scenario] = [one for one in SCENARIOS if one.name == "import"]
    unfinished = Scenario("not gone on with", scenario.command, again=("list",))
    with trials.of(unfinished) as trial:
        told = run.tried(trial, [trial.points - 1])
    assert len(told) == 1 and told[0].startswith(f"not gone on with, killed at {trial.points - 1}")
