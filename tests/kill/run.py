"""Kills each step at every one of its writes: ``make torture``.

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
from tests.kill.scenarios import SCENARIOS, make_sources
from tests.kill.trials import Trial, Trials


def tried(trial: Trial, points: Iterable[int]) -> list[str]:
    """What differs after kills at some points of a scenario, in lines."""
    name = trial.scenario.name
    return [
        f"{name}, killed at {point} of {trial.points}: {difference}"
        for point in points
        for difference in trial.killed_at(point)
    ]


def main() -> int:
    """Runs as the environment says; returns 1 where something differs."""
    if os.environ.get("TORTURE_ONLY"):
        return 0
    asked = os.environ.get("TORTURE_KILLED") or ",".join(one.name for one in SCENARIOS)
    chosen = [one for one in SCENARIOS if one.name in asked.split(",")]
    kills, differing = 0, 0
    with tempfile.TemporaryDirectory(prefix="pairlens-killed-") as made, own_database():
        uri = os.environ["FIFTYONE_DATABASE_URI"]
        client: Any = MongoClient(uri)
        trials = Trials(Path(made) / "work", Path(made) / "source", client, uri)
        make_sources(trials)
        for scenario in chosen:
            with trials.of(scenario) as trial:
                told = tried(trial, range(1, trial.points + 1))
            kills, differing = kills + trial.points, differing + len(told)
            print(f"{scenario.name}: {trial.points} kills, {len(told)} differences", flush=True)
            for line in told:
                print(line, flush=True)
        trials.close()
    print(f"{kills:,} kills, {differing:,} differences")
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
