"""An export while others review: what it holds and the decisions beside it are of one moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge, set_verdicts
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.ingest import import_dataset
from tests.layouts import PUBLISHED, Layout
from tests.mongo.reviewing import documents, keys


@pytest.mark.parametrize("layout", PUBLISHED.values(), ids=str)
@pytest.mark.parametrize("form", ["native", "coco"])
def test_kept_pairs_are_kept_by_the_decisions_beside_them(
    layout: Layout, form: str, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset(layout.format, layout.make(tmp_path / "published"), dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    kept = keys(dataset)[:-1]
    set_verdicts(dataset, [Verdict(key, "keep") for key in kept], reviewer="ann")
    changed: list[str] = []

    def change_mind(done: int, total: int | None) -> None:
        if not changed:
            changed.extend(kept)
            for key in kept:
                judge(dataset, key, "drop", reviewer="bob")

    out = tmp_path / "out"
    name = layout.format if form == "native" else form
    done = export_dataset(dataset, name, out, select="kept", progress=change_mind)
    assert done["exported"] == len(kept) and changed
    assert {documents(dataset)[key]["verdict"] for key in kept} == {"drop"}
    lines = [json.loads(line) for line in (out / "decisions.jsonl").read_text().splitlines()]
    assert [(line["key"], line["verdict"], line["reviewer"]) for line in lines] == [
        (key, "keep", "ann") for key in kept
    ]
    review = json.loads((out / "manifest.json").read_text())["review"]
    assert review["reviewers"] == {
        "ann": {"keep": len(kept), "drop": 0, "fix": 0, "unsure": 0}
    }  # fmt: skip
