"""Kills, stops and steps down the database in the middle of each step: ``make torture``.

``TORTURE_DISTURBED`` says at how many of its writes (4); none where ``TORTURE_ONLY`` asks for one
damaged input.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.database import Server
from tests.kill.disturbing import Disturbance, of_server, of_set, trials_in, tried
from tests.kill.scenarios import BY_NAME
from tests.replicas import ReplicaSet

COMMANDS = (
    "import", "import of a zip", "overwrite", "predict", "predict anew", "score", "flag",
    "first flag", "apply", "export",
)  # fmt: skip
SEED = "2026"


def disturbed(
    uri: str, base: Path, disturbances: Sequence[Disturbance], count: int
) -> tuple[int, int]:
    """Tries all commands in a database; gives how often, and how many differences there were."""
    tries = differing = 0
    with trials_in(uri, base) as trials:
        for command in COMMANDS:
            with trials.of(BY_NAME[command]) as trial:
                for one in disturbances:
                    told = tried(trial, one, count, SEED)
                    tries, differing = tries + min(count, trial.points), differing + len(told)
                    print(f"{command}, {one.name}: {len(told)} differences", flush=True)
                    for line in told:
                        print(line, flush=True)
    return tries, differing


def main() -> int:
    """Runs as the environment says; returns 1 where something differs."""
    if os.environ.get("TORTURE_ONLY"):
        return 0
    count = int(os.environ.get("TORTURE_DISTURBED") or 4)
    with tempfile.TemporaryDirectory(prefix="pairlens-disturbed-") as made:
        base = Path(made)
        server = Server(base / "database")
        replicas = ReplicaSet(base / "set")
        try:
            server.start()
            uri = f"mongodb://{server.address}/"
            alone = disturbed(uri, base / "alone", of_server(server), count)
            server.kill()
            replicas.start()
            shared = disturbed(replicas.uri, base / "shared", of_set(replicas), count)
        finally:
            server.kill()
            replicas.kill()
    print(f"{alone[0] + shared[0]:,} disturbances, {alone[1] + shared[1]:,} differences")
    return bool(alone[1] + shared[1])


if __name__ == "__main__":
    sys.exit(main())
