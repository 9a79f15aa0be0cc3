"""Other processes that work in the tests' database at the same time, and that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(code: str, *args: str) -> subprocess.Popen[str]:
    """Starts a Python process that runs some code; its lines are read from ``stdout``."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FIFTYONE_DATABASE_VALIDATION": "false"},
        cwd=ROOT,
    )


def command(*args: str) -> subprocess.Popen[str]:
    """Starts a command of PairLens."""
    return start(
        "import sys; from pairlens.fiftyone_plugin.cli import main; sys.exit(main())", *args
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a process, and what it printed."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err
