"""Other processes that work in the tests' database at the same time, and that can be killed."""

from __future__ import annotations

import os

from tests.warm import Process


def start(code: str, *args: str) -> Process:
    """Starts a Python process that runs some code; its lines are read from ``stdout``."""
    settings = {**os.environ, "FIFTYONE_DATABASE_VALIDATION": "false"}
    return Process("-c", code, *args, environment=settings)


def command(*args: str) -> Process:
    """Starts a command of PairLens."""
    return start(
        "import sys; from pairlens.fiftyone_plugin.cli import main; sys.exit(main())", *args
    )


def ended(process: Process) -> tuple[int, str]:
    """The exit code of a process, and what it printed."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err
