"""Edited, removed and added captions and turns, written in every layout that has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import undoing
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_pregres, make_rsgpt4v
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.layouts import LAYOUTS
from tests.mongo.exporting import data_files
from tests.mongo.reviewing import documents
from tests.mongo.text_editing import edited, texts_in, with_texts
from tests.unit.instructions import put, put_image, trained


def tabled(column: str, told: Any) -> Callable[[Path], Path]:
    """A table with one column of texts."""

    def make(root: Path) -> Path:
        records = [{"image": f"{name}.jpg", column: told} for name in "ab"]
        for name in "ab":
            put_image(root, f"{name}.jpg", (8, 6 + ord(name)))
        return put(root, "texts.jsonl", records)

    return make


TALK = trained("a.jpg", "How many ships?", "Two.", "Where?", "Left.")["conversations"]
TEXTS = {layout.id: layout.make for layout in LAYOUTS if FORMATS[layout.format].kind != "pairs"} | {
    "rsgpt4v": lambda root: make_rsgpt4v(root, images=4, size=64).root,
    "pregres": lambda root: make_pregres(root, images=2, size=64).root,
    "vrsbench": next(layout.make for layout in LAYOUTS if layout.format == "vrsbench"),
    "table-captions": tabled("captions", ["A lake.", "A pond."]),
    "table-talk": tabled("conversations", TALK),
    "table-talk-text": tabled("conversations", json.dumps(TALK)),
    "table-talk-literal": tabled("conversations", str(TALK)),
}


@pytest.mark.parametrize("layout", TEXTS)
def test_an_export_writes_each_edit_and_nothing_else(
    layout: str, dataset_name: str, tmp_path: Path
) -> None:
    root, out = TEXTS[layout](tmp_path / "published"), tmp_path / "out"
    params = {"records": "images"} if layout == "vrsbench" else {}
    form = layout.partition("-")[0]
    import_dataset(form, root, dataset_name, ImportOptions(params=params))
    dataset = fo.load_dataset(dataset_name)
    key = with_texts(dataset)
    published = {k: texts_in(dataset, k) for k in documents(dataset)}
    wanted = published | {key: edited(dataset, key)}
    report = export_dataset(dataset, form, out, select="all")
    listed = json.loads((out / "manifest.json").read_bytes())["edited"]
    assert {one["key"] for one in listed} == {key} and report["edited"] == len(listed)
    assert {one["text"] is None for one in listed} == {True, False}
    source = out if root.is_dir() else out / root.name
    import_dataset(form, source, f"{dataset_name}-again", ImportOptions(params=params))
    again = fo.load_dataset(f"{dataset_name}-again")
    found = {k: sorted(texts_in(again, k)) for k in documents(again)}
    assert found == {k: sorted(texts) for k, texts in wanted.items()}
    undoing.undo(dataset, force=True)
    export_dataset(dataset, form, tmp_path / "whole", select="all")
    folder = root if root.is_dir() else root.parent
    assert data_files(tmp_path / "whole") == data_files(folder)
