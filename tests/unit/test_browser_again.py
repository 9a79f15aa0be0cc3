"""A browser test that failed runs once more, and the run says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = """
from pathlib import Path
from tests.browser import again


def pytest_collection_modifyitems(items):
    again.repeat(items, Path(__file__).parent / "browser")
"""
TESTS = """
from pathlib import Path


def test_sound():
    pass


def test_at_the_second_time():
    mark = Path(__file__).with_name("mark")
    there = mark.exists()
    mark.touch()
    assert there


def test_never():
    with open(Path(__file__).with_name("times"), "a") as stream:
        stream.write(".")
    raise AssertionError
"""


def test_what_fails_once_is_repeated_and_told(repo_root: Path, tmp_path: Path) -> None:
    for name in ("browser", "unit"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"test_{name}.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", repo_root / "pyproject.toml", "--rootdir", tmp_path,
         "-p", "no:cacheprovider", "-p", "no:xdist", tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(repo_root), *sys.path])},
        capture_output=True,
        text=True,
    )  # fmt: skip
    last = done.stdout.splitlines()[-1]
    # Beside the browser's, nothing is repeated.
    assert "3 failed, 3 passed, 2 rerun" in last, done.stdout + done.stderr
    assert "RERUN browser/test_browser.py::test_at_the_second_time" in done.stdout
    assert "FAILED browser/test_browser.py::test_never" in done.stdout
    assert (tmp_path / "browser" / "times").read_text() == ".."
    assert (tmp_path / "unit" / "times").read_text() == "."
