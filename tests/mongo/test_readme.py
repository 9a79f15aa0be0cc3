"""The README against the code: its Python runs, its commands parse, its files are there."""

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


@pytest.fixture(scope="module")
def readme(repo_root: Path) -> str:
    return (repo_root / "README.md").read_text()


def test_every_command_parses(readme: str) -> None:
    shown = re.findall(r"^\$ pairlens (.*)$", readme, re.MULTILINE)
    inline = [c for c in re.findall(r"`pairlens ([^`]*)`", readme) if c]
    assert len(shown) == 6 and len(inline) >= 4
    for command in shown + inline:
        assert callable(build_parser().parse_args(shlex.split(command)).run)


def test_every_make_target_is_there(readme: str, repo_root: Path) -> None:
    targets = set(re.findall(r"make ([a-z]+)", readme))
    makefile = (repo_root / "Makefile").read_text()
    assert targets >= {"demo", "app", "test", "check", "bench"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_link_inside_leads_somewhere(readme: str, repo_root: Path) -> None:
    links = [t for t in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in t]
    assert links and all((repo_root / link).exists() for link in links)


def test_the_names_are_the_codes(readme: str) -> None:
    assert all(f"`{operator.step.operator}`" in readme for operator in OPERATORS)
    assert all(f"| `{name}` |" in readme for name in (*FORMATS, *CONVERTERS))
    assert all(kind.__name__ in readme for kind in TYPES.values())
    named = readme.partition("The fields:")[2].partition("\n\n")[0]
    fields_named = set(re.findall(r"`(\w+)`", named))
    dataset = fo.Dataset()
    schema.declare(dataset)
    built_in = {"id", "metadata", "created_at", "last_modified_at"}
    assert fields_named == set(dataset.get_field_schema()) - built_in
    dataset.delete()
    for kind in ("captions", "instructions"):
        dataset = fo.Dataset()
        schema.declare(dataset, kind)
        assert all(f"`{name}`" in readme for name in set(dataset.get_field_schema()) - built_in)
        dataset.delete()


def test_the_python_runs(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mongo: str
) -> None:
    make_gres(tmp_path / "GRES", images=40)
    plant(tmp_path / "GRES", "gres", faults=["box_mask"])
    monkeypatch.chdir(tmp_path)
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) == 1
    names: dict[str, Any] = {}
    exec(blocks[0], names)
    dataset = names["dataset"]
    dropped = dataset.match(fo.ViewField("verdict") == "drop")
    assert len(dropped) == len(names["boxes"]) > 0
    assert (tmp_path / "gres-val-clean" / "manifest.json").is_file()
    fo.delete_dataset("gres-val")
