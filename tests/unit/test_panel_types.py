"""The TypeScript types of the panels are those of the Python side."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

from pairlens.fiftyone_plugin.checks import SEVERITIES
from pairlens.fiftyone_plugin.curation import panel_types, texts

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "panel_types.py"


def test_the_committed_types_are_those_that_python_has() -> None:
    done = subprocess.run([sys.executable, TOOL, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_type_that_typescript_has_not_is_refused(tmp_path: Path) -> None:
    for folder in ("tools", "fiftyone_plugin/curation"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tools" / TOOL.name).write_text(TOOL.read_text("utf-8"), "utf-8")
    source = tmp_path / "fiftyone_plugin" / "curation" / "panel_types.py"
    source.write_text("class A(TypedDict):\n    a: set[str]\n", "utf-8")
    done = subprocess.run(
        [sys.executable, tmp_path / "tools" / TOOL.name, "--check"], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "set[...] has no TypeScript type" in done.stderr


def test_names_that_are_listed_twice_are_the_same() -> None:
    assert get_args(panel_types.VerdictName) == texts.VERDICTS
    assert get_args(panel_types.Severity) == SEVERITIES
