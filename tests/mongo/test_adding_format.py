"""The page on adding a format: its module, installed as a package, does all that it says."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests import warm
from tests.conftest import ROOT
from tests.mongo.exporting import data_files, files

MODULE = "outlines_format"
OPERATOR = """
from pathlib import Path
import fiftyone as fo
import fiftyone.operators as foo
from pairlens.fiftyone_plugin.plugin_link import ensure_link
Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
ensure_link()
operator = foo.get_operator("@pairlens/curation/import_dataset")
form = operator.resolve_input(foo.executor.ExecutionContext(
    request_params={"params": {}}, executor=foo.executor.Executor()
)).to_json()["type"]["properties"]
assert "outlines" in [choice["value"] for choice in form["format"]["view"]["choices"]]
params = {"format": "outlines", "root": "OUTLINES", "name": NAME + "-app"}
result = foo.execute_operator("@pairlens/curation/import_dataset", {"params": params}).result
assert (result["samples"], result["skipped"]) == (8, [])
"""


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    page = (ROOT / "docs" / "formats" / "adding.md").read_text("utf-8")
    return re.findall(r"^```(?:python|toml)?\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture
def installed(blocks: list[str], tmp_path: Path) -> Path:
    """A folder of installed packages that holds the module, with its entry point."""
    (module,) = (block for block in blocks if "FORMATS.add(" in block)
    (entry,) = (block for block in blocks if block.startswith("[project.entry-points"))
    (tmp_path / f"{MODULE}.py").write_text(module)
    info = tmp_path / "outlines-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outlines\nVersion: 1.0\n")
    group, points = entry.split("\n", 1)
    head = group.removeprefix('[project.entry-points."').removesuffix('"]')
    (info / "entry_points.txt").write_text(f"[{head}]\n" + points.replace('"', ""))
    run(tmp_path, f"import {MODULE}; from pathlib import Path; {MODULE}.example(Path('OUTLINES'))")
    return tmp_path


def run(folder: Path, *args: str) -> str:
    """Runs Python in a folder whose packages are found, and gives what it printed."""
    command = ("-c", *args) if len(args) == 1 else args
    paths = os.pathsep.join((str(folder), str(ROOT / "fiftyone_plugin" / "names"), str(ROOT)))
    environment = os.environ | {"PYTHONPATH": paths}
    done = warm.run(*command, folder=folder, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_keeps_the_contract(blocks: list[str], installed: Path) -> None:
    (test,) = (block for block in blocks if "def test_" in block)
    (installed / "test_outlines.py").write_text(test)
    run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_outlines.py")


def test_it_is_on_the_command_line(
    blocks: list[str], installed: Path, mongo: str, dataset_name: str
) -> None:
    (shown,) = (block for block in blocks if block.startswith("$ pairlens import"))
    for line in shown.replace("barns", dataset_name).splitlines():
        run(
            installed,
            "-m",
            "pairlens.fiftyone_plugin.cli",
            *shlex.split(line.removeprefix("$ pairlens ")),
        )
    assert data_files(installed / "OUTLINES-copy") == files(installed / "OUTLINES")
    listed = run(installed, "-m", "pairlens.fiftyone_plugin.cli", "formats")
    assert "Outlines: queries with a polygon each" in listed


def test_it_is_a_dataset_type_and_in_the_app(
    blocks: list[str], installed: Path, dataset_name: str
) -> None:
    (python,) = (block for block in blocks if "from_dir" in block)
    run(installed, python.replace('"sheds"', repr(dataset_name)))
    assert data_files(installed / "OUTLINES-again") == files(installed / "OUTLINES")
    run(installed, f"NAME = {dataset_name!r}\n{OPERATOR}")


def test_the_tests_over_all_formats_run_over_its_example(installed: Path) -> None:
    contract = str(ROOT / "tests" / "mongo" / "test_format_contract.py")
    run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "outlines", contract)
