"""The wheel and the source archive: everything in them, and at work outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

ASIDE = ("build", "dist", ".venv", "pairlens.egg-info")
"""Folders at the top that are made."""


def run(*command: object, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is tracked or new in the checkout, in a folder with a space."""
    copy = tmp_path_factory.mktemp("a source") / "pairlens"
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=repo_root).splitlines()
    for name in listed:
        if Path(name).parts[0] not in ASIDE and (repo_root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((repo_root / name).read_bytes())
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive; the wheel is made of the archive."""
    out = tmp_path_factory.mktemp("built")
    backend = "from setuptools import build_meta as b; print(b.build_{}({!r}))"
    made = run(sys.executable, "-c", backend.format("sdist", str(out)), cwd=source).splitlines()[-1]
    with tarfile.open(out / made) as archive:
        archive.extractall(out / "unpacked", filter="data")
    (unpacked,) = (out / "unpacked").iterdir()
    run(sys.executable, "-c", backend.format("wheel", str(out)), cwd=unpacked)
    return out


def in_wheel(built: Path) -> set[str]:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_packages_are_those_that_are_there(repo_root: Path) -> None:
    project = tomllib.loads((repo_root / "pyproject.toml").read_text())
    there = {
        ".".join(("pairlens", *file.parent.relative_to(repo_root).parts))
        for folder in ("importers", "fiftyone_plugin")
        for file in (repo_root / folder).rglob("__init__.py")
        if not {"node_modules", "names"} & {*file.parts}
    }
    assert {*project["tool"]["setuptools"]["packages"]} == there | {"pairlens"}


def test_the_wheel_has_every_file_of_the_packages(built: Path, source: Path) -> None:
    wanted = {
        f"pairlens/{file.relative_to(source)}"
        for folder in ("importers", "fiftyone_plugin")
        for file in (source / folder).rglob("*")
        if file.is_file() and "js" not in file.relative_to(source).parts[:3]
    }
    skills = {f"pairlens/{file.relative_to(source)}" for file in source.glob("skills/*/SKILL.md")}
    assert skills and in_wheel(built) == wanted | skills | {"pairlens/fiftyone.yml"}


def test_the_source_archive_can_be_worked_with(built: Path) -> None:
    (unpacked,) = (built / "unpacked").iterdir()
    for name in ("fiftyone.yml", "README.md", "CHANGELOG.md", "requirements.txt", "LICENSE",
                 "Makefile", "tools/setup.sh", "docs/checks.md", "docs/images/app.png",
                 "tests/conftest.py", "benchmarks/own_database.py",
                 "fiftyone_plugin/panels/dist/index.umd.js"):  # fmt: skip
        assert (unpacked / name).is_file(), name


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel, and around it what the tests have installed."""
    folder = tmp_path_factory.mktemp("an environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(
        run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).strip()
    )
    # A path in a .pth is no place where other .pth are read: the checkout stays unknown.
    (site / "around.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return python


WHERE = """
import json, sys
import pairlens.importers.errors as errors
import fiftyone as fo, fiftyone.plugins as fop
from pairlens.fiftyone_plugin.plugin_link import ensure_link, is_linked
print(json.dumps([errors.__file__, str(ensure_link()), is_linked(),
                  [k for k in sys.modules if k in ("importers", "fiftyone_plugin")]]))
"""

LOADED = """
import json
from fiftyone.plugins.context import build_plugin_contexts
found = [c for c in build_plugin_contexts() if c.name == "@pairlens/curation"]
print(json.dumps([len(found), [e for c in found for e in c.errors],
                  sorted(i.name for c in found for i in c.instances)]))
"""


def settings(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "plugins").mkdir()
    return {"FIFTYONE_PLUGINS_DIR": str(tmp_path / "plugins"), "FIFTYONE_DISABLE_SERVICES": "1"}


def test_an_installed_wheel_is_a_plugin(installed: Path, tmp_path: Path, repo_root: Path) -> None:
    own = settings(tmp_path)
    file, link, linked, taken = json.loads(run(installed, "-c", WHERE, cwd=tmp_path, **own))
    assert Path(file).is_relative_to(installed.parents[1]) and linked and taken == []
    assert Path(link).resolve() == Path(file).parents[1]
    declared = yaml.safe_load((repo_root / "fiftyone.yml").read_text())
    assert (Path(link) / declared["js_bundle"]).is_file()
    count, errors, names = json.loads(run(installed, "-c", LOADED, cwd=tmp_path, **own))
    assert (count, errors) == (1, [])
    assert names == sorted(declared["operators"] + declared["panels"])


@pytest.mark.parametrize("python", ["wheel", "nothing"])
def test_a_downloaded_copy_works_with_the_wheel_and_alone(
    installed: Path, source: Path, tmp_path: Path, python: str
) -> None:
    """As ``fiftyone plugins download`` leaves it: a copy of the repository."""
    own = settings(tmp_path)
    copy = tmp_path / "plugins" / "@pairlens" / "curation"
    copy.parent.mkdir()
    run("cp", "-r", source, copy, cwd=tmp_path)
    hide = (
        ""
        if python == "wheel"
        else (
            "import sys, importlib.abc\n"
            "sys.path = [p for p in sys.path if not p.startswith(sys.prefix)]\n"
        )
    )
    count, errors, names = json.loads(
        run(installed, "-c", hide + LOADED, cwd=tmp_path, **own).splitlines()[-1]
    )
    assert (count, errors) == (1, []) and len(names) > 10
    if python == "wheel":
        _, link, linked, _ = json.loads(run(installed, "-c", WHERE, cwd=tmp_path, **own))
        assert Path(link) == copy and linked and not copy.is_symlink()
