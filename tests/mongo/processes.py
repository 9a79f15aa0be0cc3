"""Other processes that work in the tests' database at the same time, and that can be killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin import doctor
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


def probe_warmly(patch: pytest.MonkeyPatch, before: str = "") -> None:
    """Has the doctor try things in processes that need not import what FiftyOne does.

    Args:
        patch: undone after the test
        before: code that runs first in each of them
    """

    def python(code: str, environment: dict[str, str]) -> Process:
        return Process("-c", f"{before}\n{code}", environment=environment, folder=Path.cwd())

    patch.setattr(doctor, "_python", python)
