"""The README and the guides against the code: Python runs, commands parse, files are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import build_parser
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.fiftyone_plugin.exporters import CONVERTERS
from pairlens.fiftyone_plugin.operators import OPERATORS
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import schema
from pairlens.importers.dataset_types import TYPES
from pairlens.importers.formats import FORMATS

MOST_LINES = 120
"""Of the README: two screens."""

GUIDES = ("cleaned-gres", "app", "python", "datasets", "formats/index", "formats/own-exports",
          "your-own-data", "curation")  # fmt: skip


@pytest.fixture(scope="module")
def readme(repo_root: Path) -> str:
    return (repo_root / "README.md").read_text()


def page(name: str, repo_root: Path) -> str:
    return (repo_root / "docs" / f"{name}.md").read_text("utf-8")


def commands_of(text: str) -> tuple[list[str], list[str]]:
    shown = re.findall(r"^\$ pairlens (.*)$", text, re.MULTILINE)
    # A word alone names a command.
    return shown, re.findall(r"`pairlens (\w[\w-]* [^`.]*)`", text)


def test_the_readme_is_short_and_its_commands_parse(readme: str) -> None:
    assert len(readme.splitlines()) <= MOST_LINES
    shown, inline = commands_of(readme)
    assert len(shown) == 6 and inline
    for command in shown + inline:
        parse(command)


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_of_a_guide_parses(name: str, repo_root: Path) -> None:
    shown, inline = commands_of(page(name, repo_root))
    for command in shown + inline:
        parse(command)


def parse(command: str) -> None:
    assert callable(build_parser().parse_args(shlex.split(command)).run)


def test_every_make_target_is_there(readme: str, repo_root: Path) -> None:
    targets = set(re.findall(r"make ([a-z]+)", readme))
    makefile = (repo_root / "Makefile").read_text()
    assert targets >= {"demo", "app", "test", "check", "docs", "bench"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_link_inside_leads_somewhere(readme: str, repo_root: Path) -> None:
    links = [t for t in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in t]
    assert links and all((repo_root / link.partition("#")[0]).exists() for link in links)


def test_the_names_are_the_codes(repo_root: Path) -> None:
    python, formats = page("python", repo_root), page("formats/index", repo_root)
    assert all(f"`{operator.step.operator}`" in python for operator in OPERATORS)
    assert all(f"| `{name}` |" in formats for name in (*FORMATS, *CONVERTERS))
    assert {kind.__name__ for kind in TYPES.values()} <= set(re.findall(r"\w+", python))
    fields = page("datasets", repo_root)
    named = fields.partition("The fields:")[2].partition("\n\n")[0]
    fields_named = set(re.findall(r"`(\w+)`", named))
    dataset = fo.Dataset()
    schema.declare(dataset, boxes=True)
    built_in = {"id", "metadata", "created_at", "last_modified_at"}
    assert fields_named == set(dataset.get_field_schema()) - built_in
    dataset.delete()
    for kind in ("captions", "instructions"):
        dataset = fo.Dataset()
        schema.declare(dataset, kind)
        assert all(f"`{name}`" in fields for name in set(dataset.get_field_schema()) - built_in)
        dataset.delete()


def test_the_python_runs(
    repo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mongo: str
) -> None:
    make_gres(tmp_path / "GRES", images=40)
    plant(tmp_path / "GRES", "gres", faults=["box_mask"])
    monkeypatch.chdir(tmp_path)
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    blocks = re.findall(r"```python\n(.*?)```", page("python", repo_root), re.DOTALL)
    assert len(blocks) == 1
    names: dict[str, Any] = {}
    exec(blocks[0], names)
    dataset = names["dataset"]
    dropped = dataset.match(fo.ViewField("verdict") == "drop")
    assert len(dropped) == len(names["boxes"]) > 0
    assert (tmp_path / "gres-val-clean" / "manifest.json").is_file()
    fo.delete_dataset("gres-val")
