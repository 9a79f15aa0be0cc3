"""What every format keeps to, in every layout it comes in: in, reviewed, out and in again."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import decisions, undoing
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge, set_verdicts
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import fields, schema, store
from pairlens.importers.errors import LayoutError
from pairlens.importers.formats import FORMATS, SPLITS, find_format
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.records import Packed
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate
from tests.layouts import EXPORTS, LAYOUTS, PUBLISHED, Layout
from tests.mongo.comparing import (
    OWN,
    essences,
    in_part,
    is_cut_from,
    is_renumbered,
    only_case_changed,
    parts,
    replaced_once,
    said,
    without,
)  # fmt: skip
from tests.mongo.exporting import data_files, files, manifest_of
from tests.mongo.reviewing import documents

EDITED = 'Not what it was: a "quoted" caf\xe9.'


@pytest.fixture(scope="module", params=LAYOUTS, ids=str)
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param


@pytest.fixture(scope="module")
def root(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout on disk; tests that spoil it work on a copy."""
    return layout.make(tmp_path_factory.mktemp(layout.id) / "published")


@pytest.fixture(scope="module")
def whole(layout: Layout, root: Path, mongo: str) -> Iterator[Any]:
    """All of it imported."""
    name = f"test-{layout.id}-{uuid4().hex[:8]}"
    summary = import_dataset(layout.format, root, name)
    assert summary.skipped_total == 0
    dataset = fo.load_dataset(name)
    yield dataset
    dataset.delete()


def copied(root: Path, folder: Path) -> Path:
    """A copy of a layout, to be spoilt."""
    if root.is_dir():
        return shutil.copytree(root, folder / "published")
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(root, folder))


def published_files(root: Path) -> dict[str, bytes]:
    return files(root) if root.is_dir() else {root.name: root.read_bytes()}


def imported(layout: Layout, root: Path, name: str, **options: Any) -> dict[str, dict[str, Any]]:
    import_dataset(layout.format, root, name, ImportOptions(**options))
    return documents(fo.load_dataset(name))


# ---------------------------------------------------------------------------- recognition


def test_other_formats_refuse_it_by_name(layout: Layout, root: Path) -> None:
    for name in FORMATS:
        if name != layout.format:
            with pytest.raises(LayoutError) as refusal:
                find_format(name, root)
            assert str(refusal.value) == (
                f"{root} does not hold {name}: expected {FORMATS[name].layout}. "
                f"It looks like {layout.format}."
            )


def test_auto_recognises_it(layout: Layout, root: Path) -> None:
    assert find_format("auto", root).name == layout.format
    assert find_format(layout.format, root).name == layout.format


def test_every_format_is_in_the_table() -> None:
    assert PUBLISHED.keys() | {one.id for one in EXPORTS} == set(FORMATS)


# ---------------------------------------------------------------------------------- in


def test_keys_are_of_the_format_and_unique(layout: Layout, root: Path) -> None:
    records = list(FORMATS[layout.format].read(root))
    keys = [record.key for record in records]
    assert len(set(keys)) == len(keys) > 2
    assert all(record.key.startswith(f"{layout.format}/{record.split}/") for record in records)
    assert {record.split for record in records} <= set(SPLITS)
    assert FORMATS[layout.format].count(root, SPLITS) in (0, len({r.image_id for r in records}))


def test_a_split_is_that_part_of_the_whole(layout: Layout, root: Path) -> None:
    read = FORMATS[layout.format].read
    records = list(read(root))
    for split in SPLITS:
        expected = [record for record in records if record.split == split]
        assert list(read(root, splits=(split,))) == expected


def test_documents_are_those_that_fiftyone_writes(layout: Layout, whole: Any) -> None:
    theirs = fo.Dataset(f"{whole.name}-theirs")
    schema.declare(theirs, FORMATS[layout.format].kind)
    theirs.add_samples([sample.copy() for sample in whole], progress=False)
    stored = documents(theirs)
    for key, document in documents(whole).items():
        assert without(document, OWN) == without(stored[key], OWN)
        assert document.keys() == stored[key].keys()
    assert whole.get_field_schema(flat=True).keys() == theirs.get_field_schema(flat=True).keys()
    theirs.delete()


def test_a_zip_of_it_reads_the_same(layout: Layout, root: Path, tmp_path: Path) -> None:
    folder = root if root.is_dir() else root.parent
    made = shutil.make_archive(str(tmp_path / "archive"), "zip", folder.parent, folder.name)
    request = SourceRequest(layout.format, SPLITS, None)
    found = locate(made, request, UnpackedPlace(tmp_path / "media", "nobody")).path
    read = FORMATS[layout.format].read
    assert [r.key for r in read(found)] == [r.key for r in read(root)]


def test_a_limit_takes_the_first_and_a_resumed_import_the_rest(
    layout: Layout, root: Path, whole: Any, dataset_name: str
) -> None:
    half = len(whole) // 2
    keys = [record.key for record in FORMATS[layout.format].read(root)]
    first = imported(layout, root, dataset_name, limit=half)
    everything = in_part(documents(whole))
    assert in_part(first) == {key: everything[key] for key in keys[:half]}
    after = imported(layout, root, dataset_name, resume=True)
    assert said(after) == said(documents(whole))
    assert {d["_id"] for d in first.values()} < {d["_id"] for d in after.values()}


def lose_an_image(layout: Layout, root: Path) -> str:
    """Takes the first image away, and gives the key that its records begin with."""
    record = next(iter(FORMATS[layout.format].read(root)))
    image = record.image
    assert image is not None
    if isinstance(image, Packed):
        with tarfile.open(image.archive) as old, tarfile.open(root.parent / "new", "w") as new:
            for member in old:
                if member.name != Path(image.name).name:
                    new.addfile(member, old.extractfile(member))
        (root.parent / "new").replace(image.archive)
    else:
        image.unlink()
    return record.key.partition("#")[0]


def test_a_missing_image_is_listed_or_replaced(
    layout: Layout, root: Path, whole: Any, dataset_name: str, tmp_path: Path
) -> None:
    everything = documents(whole)
    root = copied(root, tmp_path)
    lost = lose_an_image(layout, root)
    affected = {key for key in everything if key.partition("#")[0] == lost}
    summary = import_dataset(layout.format, root, dataset_name)
    there = documents(fo.load_dataset(dataset_name))
    assert there.keys() == everything.keys() - affected
    assert len(summary.skipped) == summary.skipped_total == len(affected) > 0
    assert all("is not there" in entry["reason"] for entry in summary.skipped)
    options = ImportOptions(placeholders=True, resume=True)
    summary = import_dataset(layout.format, root, dataset_name, options)
    assert (summary.added, summary.skipped_total) == (len(affected), 0)
    there = documents(fo.load_dataset(dataset_name))
    assert {key for key, d in there.items() if d[fields.IMAGE_MISSING]} == affected
    text = text_field(layout)
    assert [there[k].get(text) for k in everything] == [d.get(text) for d in everything.values()]


# --------------------------------------------------------------------------------- out


def text_field(layout: Layout) -> str:
    """What a reviewer edits."""
    return fields.PHRASE if FORMATS[layout.format].kind == "pairs" else fields.CAPTION


def test_all_goes_out_unchanged_and_comes_in_again(
    layout: Layout, root: Path, whole: Any, dataset_name: str, tmp_path: Path
) -> None:
    report = export_dataset(whole, layout.format, tmp_path / "out", select="all")
    assert data_files(tmp_path / "out") == published_files(root)
    manifest = manifest_of(report)
    assert manifest["files"]["rewritten"] == manifest["files"]["left_out"] == 0
    assert manifest["counts"]["exported"] == len(whole)
    assert said(imported(layout, tmp_path / "out", dataset_name)) == said(documents(whole))


@pytest.fixture
def reviewed(whole: Any) -> Iterator[Any]:
    """The dataset, for a reviewer; what is decided is taken back afterwards."""
    before = said(documents(whole))
    yield whole
    while undoing.undo(whole, force=True)["pairs"]:
        pass
    assert said(documents(whole)) == before


def in_order(dataset: Any) -> list[dict[str, Any]]:
    """The samples in the order of the files that they stand in."""
    place = (f"{fields.SOURCE}.file", f"{fields.SOURCE}.index")
    wanted = (*place, fields.KEY, fields.PHRASE, fields.CAPTION)
    return list(store.stream(dataset, wanted, order=place))


def test_only_an_edited_text_changes(
    layout: Layout, root: Path, reviewed: Any, tmp_path: Path
) -> None:
    document = next(d for d in in_order(reviewed) if d.get(text_field(layout)))
    old = document[text_field(layout)]
    new = old.swapcase()  # of the same length, so that not even a tar header changes
    judge(reviewed, document[fields.KEY], "fix", phrase=new)
    report = export_dataset(reviewed, layout.format, tmp_path / "out", select="all")
    assert [e["key"] for e in manifest_of(report)["edited"]] == [document[fields.KEY]]
    before, after = published_files(root), data_files(tmp_path / "out")
    assert before.keys() == after.keys()
    (changed,) = (name for name in before if before[name] != after[name])
    assert after[changed] in replaced_once(
        before[changed], old.encode(), new.encode()
    ) or only_case_changed(before[changed], after[changed], old, new)


def test_what_is_dropped_is_cut_out_and_nothing_else(
    layout: Layout, root: Path, reviewed: Any, tmp_path: Path
) -> None:
    dropped = in_order(reviewed)[0][fields.KEY]
    judge(reviewed, dropped, "drop", note="not needed")
    report = export_dataset(reviewed, layout.format, tmp_path / "out", select="clean")
    (entry,) = manifest_of(report)["dropped"]
    assert (entry["key"], entry["because"], entry["note"]) == (
        dropped,
        "verdict drop",
        "not needed",
    )
    before, after = published_files(root), data_files(tmp_path / "out")
    assert after.keys() <= before.keys()
    changed = [name for name in after if before[name] != after[name]]
    assert changed or after.keys() < before.keys()
    for name in changed:
        cut = is_cut_from(parts(after[name]), parts(before[name]))
        assert cut or is_renumbered(after[name], before[name]), name


def test_decisions_are_honoured_when_it_is_read_again(
    layout: Layout, reviewed: Any, dataset_name: str, tmp_path: Path
) -> None:
    text = text_field(layout)
    samples = in_order(reviewed)
    dropped = [samples[0][fields.KEY], samples[-1][fields.KEY]]
    edited = next(d[fields.KEY] for d in samples[1:-1] if d.get(text))
    judged = [Verdict(key, "drop") for key in dropped]
    set_verdicts(reviewed, [*judged, Verdict(edited, "fix", EDITED)])
    report = export_dataset(reviewed, layout.format, tmp_path / "out", select="clean")
    manifest = manifest_of(report)
    assert {entry["key"] for entry in manifest["dropped"]} == set(dropped)
    assert [entry["key"] for entry in manifest["edited"]] == [edited]
    lines = (tmp_path / "out" / "decisions.jsonl").read_text().splitlines()
    assert {json.loads(line)["key"] for line in lines} == {*dropped, edited}
    decided = said(documents(reviewed))
    while undoing.undo(reviewed, force=True)["pairs"]:
        pass
    applied = decisions.apply(reviewed, tmp_path / "out" / "decisions.jsonl")
    assert applied == {"applied": 3, "edited": 1, "stale": [], "unknown": []}
    assert said(documents(reviewed)) == decided
    again = imported(layout, tmp_path / "out", dataset_name)
    kept = {key: d for key, d in documents(reviewed).items() if key not in dropped}
    assert kept[edited][text] == EDITED
    assert essences(again) == essences(kept)
