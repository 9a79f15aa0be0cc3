"""Kills each step at every one of its writes, and takes its disk or memory away: ``make torture``.

``TORTURE_KILLED`` names the steps with commas between them; all are killed if it is not set, and
none where ``TORTURE_ONLY`` asks for one damaged input.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from benchmarks.own_database import own_database
from tests.kill.scenarios import (
    BY_NAME,
    FAULTY,
    LAYOUT_SCENARIOS,
    make_layout,
    make_sources,
    make_tiles,
)
from tests.kill.trials import FAULTS, Trial, Trials
from tests.unit.chatting import model, pair_answer
from tests.unit.web import serve

APART = 5
"""Writes between the points at which a fault is met."""


def tried(trial: Trial, points: Iterable[int]) -> list[str]:
    """What differs after kills at some points of a scenario, in lines."""
    name = trial.scenario.name
    return [
        f"{name}, killed at {point} of {trial.points}: {difference}"
        for point in points
        for difference in trial.killed_at(point)
    ]


def faulty(trials: Trials) -> tuple[int, int]:
    """Takes disk, source or memory away at some points; the faults, and what differs after."""
    met, differing = 0, 0
    for scenario in (*(BY_NAME[name] for name in FAULTY), *LAYOUT_SCENARIOS):
        if scenario in LAYOUT_SCENARIOS:
            make_layout(trials, scenario)
        with trials.of(scenario) as trial:
            for fault in FAULTS:
                for point in range(1, trial.points + 1, APART):
                    met += 1
                    for told in trial.met_at(fault, point):
                        differing += 1
                        print(f"{scenario.name}, {fault} at {point} of {trial.points}: {told}")
        print(f"{scenario.name}: {', '.join(FAULTS)}", flush=True)
    return met, differing


def main() -> int:
    """Runs as the environment says; returns 1 where something differs."""
    if os.environ.get("TORTURE_ONLY"):
        return 0
    asked = os.environ.get("TORTURE_KILLED") or ",".join(BY_NAME)
    chosen = [BY_NAME[name] for name in asked.split(",") if name in BY_NAME]
    kills, differing = 0, 0
    with (
        tempfile.TemporaryDirectory(prefix="pairlens-killed-") as made,
        own_database(),
        serve(model(lambda seen: pair_answer())) as judge,
    ):
        uri = os.environ["FIFTYONE_DATABASE_URI"]
        client: Any = MongoClient(uri)
        address = judge.url.replace("/predict", "")
        trials = Trials(Path(made) / "work", Path(made) / "source", client, uri, address)
        make_sources(trials)
        make_tiles(trials)
        for scenario in chosen:
            with trials.of(scenario) as trial:
                told = tried(trial, range(1, trial.points + 1))
            kills, differing = kills + trial.points, differing + len(told)
            print(f"{scenario.name}: {trial.points} kills, {len(told)} differences", flush=True)
            for line in told:
                print(line, flush=True)
        if not os.environ.get("TORTURE_KILLED"):
            met, more = faulty(trials)
            kills, differing = kills + met, differing + more
        trials.close()
    print(f"{kills:,} kills and faults, {differing:,} differences")
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
