"""The page on predictors against the code: its programs run, its names and commands are real."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.cli import build_parser
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.secrets import NAMES


@pytest.fixture(scope="module")
def page(repo_root: Path) -> str:
    return (repo_root / "docs" / "predictors.md").read_text()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(5).integers(0, 255, (60, 80, 3), np.uint8)
    path = tmp_path / "chip.png"
    Image.fromarray(pixels).save(path)
    return path


def program(page: str, name: str) -> str:
    """The Python block whose first line names the file."""
    return re.findall(rf"```python\n# {re.escape(name)}\n(.*?)```", page, re.DOTALL)[0]


def query(image: Path) -> Query:
    return Query("gres/test/a#0", "a", "test", "the car", image, image.name, (80, 60))


def test_commands_parse(page: str):
    commands = re.findall(r"^\$ pairlens (.*)$", page, re.MULTILINE)
    assert len(commands) == 16
    for command in commands:
        args = build_parser().parse_args(shlex.split(command))
        for param in getattr(args, "settings", None) or ():
            assert param.partition("=")[0] in PREDICTORS[args.predictor].params


@pytest.mark.parametrize("name", list(PREDICTORS))
def test_every_predictor_is_in_the_table(page: str, name: str):
    spec = PREDICTORS[name]
    assert f"\n| `{name}` | {spec.about} | {spec.setup} |\n" in page


def test_every_secret_is_told(page: str):
    assert all(name in page for name in NAMES)


def test_the_server_answers(page: str, tmp_path: Path, image: Path):
    code = program(page, "server.py")
    assert len(code.splitlines()) < 30
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "server.py").write_text(code.replace("8000", str(port)))
    server = subprocess.Popen([sys.executable, tmp_path / "server.py"], stderr=subprocess.DEVNULL)
    try:
        params = {"url": f"http://127.0.0.1:{port}/", "retries": "9", "backoff": "0.1"}
        predictor = PREDICTORS["http"].load(params, "cpu")
        asked = [query(image)] * 3
        given = list(predictor.predict(asked))
    finally:
        server.terminate()
        server.wait()
    red = np.asarray(Image.open(image))[..., 0] > 128
    for mask in given:
        np.testing.assert_array_equal(mask, red)
    assert 0 < red.sum() < red.size


@pytest.fixture
def elsewhere(page: str, tmp_path: Path) -> Path:
    """A folder with the worked example, installed as a package of its own is."""
    return install_example(page, tmp_path / "site")


def install_example(page: str, site: Path) -> Path:
    """Writes the page's module, its lines for a package, and its entry point into a folder."""
    (joining,) = re.findall(
        r"```python\n(from pairlens.fiftyone_plugin.predictors import.*?)```", page, re.S
    )
    (entry,) = re.findall(r"```toml\n\[project\.entry-points\.\"(.*?)\"\]\n(.*?) = \"(.*?)\"", page)
    info = site / "bright-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bright\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{entry[0]}]\n{entry[1]} = {entry[2]}\n")
    (site / "bright.py").write_text(program(page, "bright.py") + joining)
    return site


def run_there(site: Path, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the folder among its packages."""
    path = os.pathsep.join(map(str, (site, root / "fiftyone_plugin" / "names", root)))
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, cwd=site,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


@pytest.mark.slow
def test_the_worked_example_passes_its_own_test(page: str, elsewhere: Path, repo_root: Path):
    assert len(program(page, "bright.py").splitlines()) < 50
    (elsewhere / "test_bright.py").write_text(program(page, "test_bright.py"))
    done = run_there(elsewhere, repo_root, "-m", "pytest", "-q", "test_bright.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_the_worked_example_is_listed_beside_the_others(elsewhere: Path, repo_root: Path):
    done = run_there(
        elsewhere, repo_root, "-m", "pairlens.fiftyone_plugin.cli", "predictors", "--json"
    )
    listed = {p["name"]: p for p in json.loads(done.stdout)["predictors"]}
    assert set(listed) == {*PREDICTORS, "bright"}
    assert "default 200" in listed["bright"]["params"]["threshold"]


def test_the_worked_example_is_found_in_pairlens_itself(
    page: str, elsewhere: Path, repo_root: Path
):
    """A copy of the packages, with the module where the page says that it goes."""
    for name in ("fiftyone_plugin", "importers"):
        shutil.copytree(repo_root / name, elsewhere / name, ignore=shutil.ignore_patterns("*.js"))
    shutil.rmtree(elsewhere / "bright-1.0.dist-info")
    there = elsewhere / "fiftyone_plugin" / "predictors" / "builtin" / "bright.py"
    there.write_text(program(page, "bright.py"))
    code = "from pairlens.fiftyone_plugin.predictors import PREDICTORS; print(*PREDICTORS)"
    done = run_there(elsewhere, elsewhere, "-c", code)
    assert set(done.stdout.split()) == {*PREDICTORS, "bright"}, done.stderr
