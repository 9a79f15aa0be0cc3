"""What the set-up says where it cannot go on, and the files that help others to take part."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.lowest_versions import lowest

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"

WITHOUT_VENV = """#!/bin/sh
case "$2" in *ensurepip*) exit 1;; *version_info\\[:2\\]*) echo 3.11;; esac
"""


FAKE = """#!/bin/sh
case "$*" in
*sys.prefix*) cd "$(dirname "$0")/.." && pwd -P;;
*'-m venv'*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo "$PWD/.venv" >.venv/bin/pip;;
*'-m pip'*) echo "$*" >>"{log}";;
*version_info\\[:2\\]*) echo 3.11;;
*parent*) echo /bin/true;;
esac
"""
"""A Python that makes environments of itself and writes down what pip is called with."""


@pytest.fixture
def checkout(repo_root: Path, tmp_path: Path) -> Path:
    """As much of a bare checkout as the set-up reads before it installs anything."""
    (tmp_path / "tools").mkdir()
    for name in ("tools/setup.sh", "pyproject.toml"):
        shutil.copy(repo_root / name, tmp_path / name)
    return tmp_path


def set_up(checkout: Path, python: str, level: str = "run") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "tools" / "setup.sh", level],
        env={**os.environ, "PYTHON": python, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
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


# ------------------------------------------------------------------- files of the project


def test_the_version_is_told_once(repo_root: Path) -> None:
    version = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]["version"]
    for name in (
        "fiftyone.yml",
        "importers/zoo/fiftyone.yml",
        "fiftyone_plugin/panels/js/package.json",
    ):
        assert yaml.safe_load((repo_root / name).read_text())["version"] == version, name
    newest = re.findall(
        r"^## \[(\d[^\]]*)\]", (repo_root / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert newest[0] == version


def test_the_dependencies_are_told_once(repo_root: Path) -> None:
    declared = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]["dependencies"]
    told = (repo_root / "requirements.txt").read_text().splitlines()
    assert [line for line in told if not line.startswith("#")] == declared
    (fiftyone,) = (one for one in declared if re.match("fiftyone[^-_a-z]", one))
    for name in ("fiftyone.yml", "importers/zoo/fiftyone.yml"):
        plugin = yaml.safe_load((repo_root / name).read_text())
        assert f"fiftyone{plugin['fiftyone']['version']}" == fiftyone, name
    assert [lowest(one).split("==")[0] for one in declared] == [
        re.split(">=", one)[0] for one in declared
    ]


@pytest.mark.parametrize(
    ("level", "installs"), [("run", "-e ."), ("dev", "-e .[dev]")], ids=["demo", "tests"]
)
def test_what_is_installed_is_what_is_needed(checkout: Path, level: str, installs: str) -> None:
    """With a Python that notes what pip is called with."""
    log = checkout / "calls"
    python = script(checkout / "python", FAKE.format(log=log))
    done = set_up(checkout, python, level)
    assert done.returncode == 0, done.stderr
    calls = log.read_text()
    assert f"{installs}\n" in calls
    assert ("torch" in calls) == (level == "dev")
    log.unlink()
    assert set_up(checkout, python, level).returncode == 0
    assert set_up(checkout, python, "run").returncode == 0
    assert not log.exists(), "a second set-up installs again"


def test_a_hosted_ci_runs_what_runs_here(repo_root: Path) -> None:
    workflow = yaml.safe_load((repo_root / ".github/workflows/ci.yml").read_text())
    runs = {
        name: [step["run"] for step in job["steps"] if "run" in step]
        for name, job in workflow["jobs"].items()
    }
    assert runs.pop("all") == [".ci/run"]
    assert runs == {"installed": ["tools/check_install.sh ${{ matrix.versions }}"]}
    assert os.access(repo_root / "tools" / "check_install.sh", os.X_OK)


def test_hooks_are_pinned(repo_root: Path) -> None:
    hooks = yaml.safe_load((repo_root / ".pre-commit-config.yaml").read_text())["repos"]
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", one["rev"]) for one in hooks)
    assert {hook["id"] for one in hooks for hook in one["hooks"]} >= {"ruff-check", "ruff-format"}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md"])
def test_links_lead_somewhere(repo_root: Path, name: str) -> None:
    page = repo_root / name
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / file if file else page
        assert target.is_file(), link
        heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {head.lower().replace(" ", "-") for head in heads}, link


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)", CONTRIBUTING.read_text()))
def test_every_loop_is_a_target(repo_root: Path, target: str) -> None:
    assert f"\n{target}:" in (repo_root / "Makefile").read_text()
