"""Kills one of two reviewers, then the App's server under both: ``make torture``.

``TORTURE_REVIEWED`` says how many verdicts each of them gives (200); none where ``TORTURE_ONLY``
asks for one damaged input.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.own_database import own_database

SEED = os.environ.get("TORTURE_SEED") or "2026"
KILLS = 10


def reviewed(folder: Path, count: int) -> int:
    """Gives the number of differences; is called where FiftyOne's database is that of a test."""
    from tests.browser.server import Server
    from tests.kill import reviewers

    found = 0
    for how in ("processes", "App"):
        (folder / how).mkdir()
        dataset = reviewers.make_dataset(f"reviewed-{how}", folder / how)
        if how == "App":
            server = Server(dataset.name, folder / "log")
            both = reviewers.in_app(dataset, server, count, KILLS, SEED)
            server.kill()
        else:
            both = reviewers.in_processes(dataset, count, KILLS, SEED)
        told = reviewers.differences(dataset, both)
        found += len(told)
        print(f"reviewers, {how}: {KILLS} kills, {len(told)} differences", flush=True)
        for line in told:
            print(line, flush=True)
    return found


def main() -> int:
    """Runs as the environment says; returns 1 where something differs."""
    if os.environ.get("TORTURE_ONLY"):
        return 0
    with own_database() as folder:
        os.environ["FIFTYONE_PLUGINS_DIR"] = str(folder / "plugins")
        return bool(reviewed(folder, int(os.environ.get("TORTURE_REVIEWED") or 200)))


if __name__ == "__main__":
    sys.exit(main())
