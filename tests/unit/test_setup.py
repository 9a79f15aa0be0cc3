"""What the set-up says where it cannot go on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

WITHOUT_VENV = """#!/bin/sh
case "$2" in *ensurepip*) exit 1;; *version_info\\[:2\\]*) echo 3.11;; esac
"""


@pytest.fixture
def checkout(repo_root: Path, tmp_path: Path) -> Path:
    """As much of a bare checkout as the set-up reads before it installs anything."""
    (tmp_path / "tools").mkdir()
    for name in ("tools/setup.sh", "pyproject.toml"):
        shutil.copy(repo_root / name, tmp_path / name)
    return tmp_path


def set_up(checkout: Path, python: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "tools" / "setup.sh"],
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        timeout=60,
    )


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("python", "says"),
    [
        pytest.param(None, "Python 3.11 or newer is needed", id="no Python"),
        pytest.param("#!/bin/sh\nexit 1\n", "Python 3.11 or newer is needed", id="too old"),
        pytest.param(WITHOUT_VENV, "sudo apt-get install python3.11-venv", id="no ensurepip"),
    ],
)
def test_one_sentence_where_it_cannot_go_on(checkout: Path, python: str | None, says: str) -> None:
    name = "no-such-python" if python is None else script(checkout / "python", python)
    done = set_up(checkout, name)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()
