"""A check of another package, installed beside PairLens: from the command line and in the App."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from pairlens.fiftyone_plugin import PLUGIN_NAME, cli
from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import fields
from pairlens.importers.ingest import import_dataset


@pytest.fixture
def installed(repo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example of docs/writing-a-check.md as a package that is installed."""
    page = (repo_root / "docs" / "writing-a-check.md").read_text("utf-8")
    module = re.search(r"```python\n(.*?)```", page, re.S)
    assert module is not None
    info = tmp_path / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pairlens.checks]\nholes = elsewhere_holes\n")
    (tmp_path / "elsewhere_holes.py").write_text(module[1])
    monkeypatch.syspath_prepend(str(tmp_path))
    before = dict(CHECKS._things)
    monkeypatch.setattr(CHECKS, "_group", "pairlens.checks")  # as when the program starts
    yield
    sys.modules.pop("elsewhere_holes", None)
    CHECKS._things.clear()
    CHECKS._things.update(before)


@pytest.fixture
def dataset(tmp_path: Path, dataset_name: str) -> fo.Dataset:
    import_dataset("gres", make_gres(tmp_path / "published", images=5).root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    holes = f"{fields.MASK_STATS}.holes"
    dataset._sample_collection.update_many({}, {"$set": {holes: 0}})
    dataset._sample_collection.update_one({}, {"$set": {holes: 60}})
    return dataset


@pytest.mark.usefixtures("installed")
def test_from_the_command_line(dataset: fo.Dataset) -> None:
    assert "holey_mask" in {one["name"] for one in cli.run(["checks"])["checks"]}
    done = cli.run(["flag", dataset.name, "--check", "holey_mask"])
    assert done["findings"] == {"holey_mask": 1}
    done = cli.run(
        ["flag", dataset.name, "--check", "holey_mask", "--param", "holey_mask.min_holes=61"]
    )
    assert done["findings"] == {}


@pytest.mark.usefixtures("installed")
def test_in_the_app(dataset: fo.Dataset) -> None:
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    ctx = {"dataset": dataset, "params": {"checks": ["holey_mask"]}}
    done = foo.execute_operator(f"{PLUGIN_NAME}/flag_pairs", ctx).result
    assert done["findings"] == {"holey_mask": 1}
    label = dataset.exists(fields.FINDINGS).first()[fields.FINDINGS].classifications[0]
    assert (label.label, label.note) == ("holey_mask", "the mask has 60 holes")
