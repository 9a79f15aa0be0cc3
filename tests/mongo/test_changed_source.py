"""A source that is another than the one that was imported is told where the import is resumed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bson
import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.importers import fo_internals
from pairlens.importers.errors import raise_error
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.resumable_insert import INSERTION, ResumableInsert
from pairlens.importers.sample_encoding import EncodedSamples
from tests.layouts import LAYOUTS, PUBLISHED, Layout
from tests.mongo.reviewing import keys


def resumed(layout: Layout, root: Path, name: str, **options: Any) -> list[str]:
    """What is said of the source when an import goes on."""
    done = import_dataset(layout.format, root, name, ImportOptions(resume=True, **options))
    return [note for note in done.notes if "stay" in note]


def changed_unseen(file: Path, text: bytes) -> None:
    """Changes the first letter of a text, or digit of a number; size and time stay."""
    data, facts = file.read_bytes(), file.stat()
    at = data.rindex(text)
    file.write_bytes(data[:at] + b"3" + data[at + 1 :])
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_nothing_is_said_of_what_is_the_same(
    layout: Layout, dataset_name: str, tmp_path: Path
) -> None:
    root = layout.make(tmp_path / "published")
    import_dataset(layout.format, root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    assert main(["review", dataset_name, "--set", keys(dataset)[0], "drop"]) == 0
    assert resumed(layout, root, dataset_name) == []
    assert resumed(layout, root, dataset_name, splits=("test",)) == []
    assert resumed(layout, root, dataset_name, limit=1) == []


@pytest.mark.parametrize(
    ("name", "files", "text", "samples"),
    [
        ("gres", "gres_annotations/train/*.json", b"red house", 1),
        ("gres", "gres_annotations/train/*.json", b"44.0", 3),
        ("refsegrs", "output_phrase_train.txt", b"large house", 1),
        ("rsteller", "train-*.tar", b"Plot 704 has a house", 1),
        ("rsgpt4v", "VQA.jsonl", b"a house", 1),
        ("rrsisd", "refs*.p", b"house on plot 5", 1),
        ("table", "*.csv", b"house 3", 1),
    ],
)
def test_records_that_are_others_now_are_told(
    name: str, files: str, text: bytes, samples: int, dataset_name: str, tmp_path: Path
) -> None:
    layout, published = PUBLISHED[name], tmp_path / "published"
    root = layout.make(published)
    import_dataset(layout.format, root, dataset_name)
    changed_unseen(sorted(published.rglob(files))[-1], text)
    [said] = resumed(layout, root, dataset_name)
    assert said.startswith(f"{samples} samples stay as they were imported, ")
    assert f"{keys(fo.load_dataset(dataset_name))[0].partition('/')[0]}/" in said
    assert "the first, though their records are others now; --overwrite imports all anew" in said


def test_they_are_told_by_a_clock_that_was_set_back(dataset_name: str, tmp_path: Path) -> None:
    layout, published = PUBLISHED["gres"], tmp_path / "published"
    root = layout.make(published)
    import_dataset(layout.format, root, dataset_name)
    later = {"$set": {"created_at": datetime.now(UTC) + timedelta(hours=1)}}
    fo_internals.collection(fo.load_dataset(dataset_name)).update_many({}, later)
    assert resumed(layout, root, dataset_name) == []
    changed_unseen(next(published.glob("**/train/*.json")), b"red house")
    [said] = resumed(layout, root, dataset_name)
    assert said.startswith("1 samples stay as they were imported")


def test_a_batch_is_later_than_the_one_before_by_any_clock(
    dataset_name: str, tmp_path: Path
) -> None:
    """Else the batch that was stored when a kill came counts as one with its decisions."""
    layout = PUBLISHED["gres"]
    import_dataset(layout.format, layout.make(tmp_path / "published"), dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    first, second = keys(dataset)[:2]
    samples = fo_internals.collection(dataset)
    later = datetime.now(UTC) + timedelta(hours=1)
    samples.update_many({}, {"$set": {"created_at": later}})
    facts = {"complete": False, INSERTION: {"until": later}}
    rest = samples.find_one_and_delete({"key": second})
    for name in ("_id", "created_at", "last_modified_at"):
        del rest[name]
    ResumableInsert(dataset, facts).insert([EncodedSamples([bson.encode(rest)[4:]])], raise_error)
    assert [*ResumableInsert(dataset, facts).complete([first, second])] == [first]


def test_records_that_are_gone_are_told(dataset_name: str, tmp_path: Path) -> None:
    layout = PUBLISHED["refsegrs"]
    root = layout.make(tmp_path / "published")
    import_dataset(layout.format, root, dataset_name)
    file = root / "output_phrase_train.txt"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:1] + lines[2:]))
    [gone] = resumed(layout, root, dataset_name)
    assert gone.startswith("the source has no record any more of 1 samples, which stay; --over")
