"""The page on predictors against the code: its programs run, its names and commands are real."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from fiftyone_plugin.cli import build_parser
from fiftyone_plugin.predictors import PREDICTORS
from fiftyone_plugin.predictors.base import PredictorSpec, Query
from fiftyone_plugin.predictors.secrets import NAMES


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


def test_every_predictor_is_in_the_table(page: str):
    named = re.findall(r"^\| `([\w+-]+)` \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    assert set(named) >= set(PREDICTORS)
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


def test_the_worked_example_is_a_predictor(page: str, image: Path, tmp_path: Path):
    code = program(page, "fiftyone_plugin/predictors/bright.py")
    assert len(code.splitlines()) < 40
    module = ModuleType("bright")
    sys.modules["bright"] = module
    try:
        exec(compile(code, "bright.py", "exec"), module.__dict__)
        spec: PredictorSpec = module.SPEC
        assert "default 200" in spec.params["threshold"]
        predictor = spec.load({"threshold": "150"}, "cpu")
        gone = query(tmp_path / "gone.png")
        bright, nothing = predictor.predict([query(image), gone])
    finally:
        del sys.modules["bright"]
    expected = np.asarray(Image.open(image)).mean(axis=2) >= 150
    np.testing.assert_array_equal(bright, expected)
    assert isinstance(nothing, Exception) and "gone.png" in str(nothing)
