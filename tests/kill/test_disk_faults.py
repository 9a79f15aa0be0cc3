"""A disk that is full or locked, a source that goes away, and no memory, at a write of each step.

Nothing here is pretended: the system writes no byte to a file, the folders lose their permission
to write, the source is moved away, and the system gives no more memory. ``make torture`` does so
at many more writes, and for each format.
"""

from __future__ import annotations

import random

import pytest

from tests.kill.scenarios import BY_NAME, LAYOUT_SCENARIOS, make_layout, make_tiles
from tests.kill.trials import DISK_FAULTS, Scenario, Trials

SEED = 2026
SHORT = ("overwrite", "predict", "export", "judge")
FORMATS = ("table",)

MARKING = 16
"""The write of an import of shards by which its media folder, which is there, gets its mark."""

pytestmark = pytest.mark.slow


def points(scenario: Scenario, count: int) -> list[int]:
    """A write for each fault."""
    rng = random.Random(f"{SEED}:{scenario.name}")
    return [rng.randint(1, count) for _ in DISK_FAULTS]


@pytest.mark.parametrize("name", SHORT)
def test_what_lost_its_disk_says_so_and_ends_as_if_it_had_not(name: str, trials: Trials) -> None:
    with trials.of(BY_NAME[name]) as trial:
        found = {
            (fault, point): trial.met_at(fault, point)
            for fault, point in zip(DISK_FAULTS, points(trial.scenario, trial.points), strict=True)
        }
    assert {where: told for where, told in found.items() if told} == {}


@pytest.mark.parametrize(
    "scenario",
    [one for one in LAYOUT_SCENARIOS if one.name.removeprefix("import of ") in FORMATS],
    ids=lambda one: one.name,
)
def test_an_import_whose_source_goes_away(scenario: Scenario, trials: Trials) -> None:
    with trials.of(make_layout(trials, scenario)) as trial:
        [*_, point] = points(scenario, trial.points)
        assert trial.met_at("gone", point) == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [("first flag", "locked"), ("first flag", "memory"), ("import", "memory"), ("images", "gone")],
)
def test_what_cannot_be_read_for_a_while_is_read_after(
    name: str, fault: str, trials: Trials
) -> None:
    """Images that cannot be opened, and that there is no memory for, are not broken for good."""
    make_tiles(trials)
    rng = random.Random(f"{SEED}:{name}:{fault}")
    with trials.of(BY_NAME[name]) as trial:
        assert trial.met_at(fault, rng.randrange(1, trial.points)) == []


@pytest.mark.parametrize(("fault", "point"), [("gone", 27), ("locked", 40), ("gone", 43)])
def test_a_mask_that_cannot_be_read_for_a_while_is_not_broken(
    fault: str, point: int, trials: Trials
) -> None:
    """Between its image and the mask, and between the mask and its digest."""
    [scenario] = [one for one in LAYOUT_SCENARIOS if one.name == "import of refsegrs"]
    with trials.of(make_layout(trials, scenario)) as trial:
        assert trial.met_at(fault, point) == []


def test_a_media_folder_that_was_locked_before_its_mark_goes_with_the_dataset(
    trials: Trials,
) -> None:
    with trials.of(BY_NAME["import of shards"]) as trial:
        assert trial.met_at("read-only", MARKING) == []


def test_a_fault_is_met(trials: Trials) -> None:
    """Each fault ends an import that meets it at its first file, with one sentence.

    A source that is gone before it was looked at was named wrongly; a disk is no matter of usage.
    """
    with trials.of(BY_NAME["import"]) as trial:
        for fault in DISK_FAULTS:
            trials.restore(trial.saved, trial.stored)
            done = trials.run(trial.scenario.command, 1, fault)
            said = [line for line in done["said"].splitlines() if line.startswith("pairlens: ")]
            code = 2 if fault == "gone" else 1
            assert (done["code"], len(said)) == (code, 1), (fault, done)
