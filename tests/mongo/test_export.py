"""Exports, read back by the importer and by small readers of their own."""

from __future__ import annotations

import json
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import decisions, verdicts
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.exporting import (
    BESIDE,
    READERS,
    Load,
    data_files,
    expected,
    files,
    imported,
    loader,
    manifest_of,
    read_gres,
    root_of,
    write_sources,
)
from tests.mongo.reviewing import documents, keys


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def load(sources: dict[str, Path], tmp_path: Path, dataset_name: str) -> Load:
    return loader(sources, tmp_path, dataset_name)


# ---------------------------------------------------------------------------- nothing changes


@pytest.mark.parametrize("kind", ["gres", "refsegrs"])
def test_an_export_of_all_is_the_source_byte_for_byte(
    load: Load, kind: str, tmp_path: Path
) -> None:
    dataset = load(kind)
    before, stored = files(root_of(dataset)), documents(dataset)
    seen: list[tuple[int, int]] = []
    report = export_dataset(
        dataset, kind, tmp_path / "out", select="all", progress=lambda *at: seen.append(at)
    )
    count = len(stored)
    assert data_files(tmp_path / "out") == before
    assert set(files(tmp_path / "out")) - set(before) == BESIDE
    assert report == {
        "format": kind,
        "kind": "pairs",
        "out": str(tmp_path / "out"),
        "exported": count,
        "dropped": 0,
        "edited": 0,
        "no_place": 0,
        "unwritten": [],
        "unwritten_total": 0,
        "manifest": str(tmp_path / "out" / "manifest.json"),
        "left": [],
    }
    assert manifest_of(report)["counts"]["not_imported"] == 0
    assert seen == [(n, count) for n in range(1, count + 1)]
    assert files(root_of(dataset)) == before
    assert documents(dataset) == stored


def test_dropped_pairs_are_part_of_all(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    verdicts.set_verdicts(dataset, [Verdict(key, "drop") for key in keys(dataset)])
    export_dataset(dataset, "refsegrs", tmp_path / "out", select="all")
    assert data_files(tmp_path / "out") == files(root_of(dataset))


def test_two_exports_are_the_same_bytes(load: Load, tmp_path: Path) -> None:
    dataset = load("gres")
    verdicts.set_verdicts(dataset, [Verdict(key, "keep") for key in keys(dataset)[::2]])
    for name in ("one", "two"):
        export_dataset(dataset, "gres", tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "two")


# ---------------------------------------------------------------------------- cleaned copies


@pytest.mark.parametrize("kind", ["gres", "refsegrs"])
def test_a_cleaned_copy_is_read_back(load: Load, kind: str, tmp_path: Path) -> None:
    dataset = load(kind)
    every = keys(dataset)
    one_image = every[-1].split("#")[0]
    dropped = {every[1], *(k for k in every if k.split("#")[0] == one_image)}
    verdicts.set_verdicts(dataset, [Verdict(k, "keep") for k in every])
    verdicts.set_verdicts(
        dataset, [Verdict(k, "drop", note="it points | elsewhere") for k in sorted(dropped)],
        reviewer="ann",
    )  # fmt: skip
    published = documents(dataset)[every[0]]["phrase"]
    verdicts.judge(dataset, every[0], "fix", phrase='the "red" roof, 屋', reviewer="ann")

    report = export_dataset(dataset, kind, tmp_path / "out")

    manifest = manifest_of(report)
    assert {d["key"] for d in manifest["dropped"]} == dropped
    reasons = {(d["because"], d["note"], d["reviewer"]) for d in manifest["dropped"]}
    assert reasons == {("verdict drop", "it points | elsewhere", "ann")}
    [edited] = manifest["edited"]
    assert (edited["key"], edited["published"]) == (every[0], published)
    assert edited["phrase"] == 'the "red" roof, 屋'
    want = expected(dataset, dropped)
    assert READERS[kind](tmp_path / "out") == want
    assert imported(tmp_path / "out", kind, f"{dataset.name}-back") == want

    # What was neither dropped nor edited is byte for byte what it was.
    before, after = files(root_of(dataset)), data_files(tmp_path / "out")
    touched = {name for name in after if after[name] != before[name]}
    if kind == "gres":
        lists = {name for name in after if name.endswith(".txt")}
        edited_or_cut = {every[n].split("/")[2].split("#")[0] for n in (0, 1)}
        assert {Path(name).stem for name in touched - lists} == edited_or_cut
        gone = one_image.split("/")[2]
        assert not [name for name in after if gone in name]
        assert gone not in b"".join(after[name] for name in lists).decode()
    else:
        assert {name for name in touched if not name.endswith(".txt")} == set()
        ids = {key.split("/")[2].split("#")[0] for key in dropped}
        assert set(before) - set(after) - {n for n in before if n.endswith(".txt")} == {
            f"{folder}/{i}.tif" for folder in ("images", "masks") for i in ids
        }


def test_an_export_carries_the_decisions(load: Load, tmp_path: Path) -> None:
    dataset = load("gres")
    every = keys(dataset)
    verdicts.set_verdicts(dataset, [Verdict(k, "keep") for k in every[1:]])
    verdicts.judge(dataset, every[0], "drop")
    export_dataset(dataset, "gres", tmp_path / "out")
    decisions.dump(dataset, tmp_path / "dumped.jsonl")
    written = (tmp_path / "out/decisions.jsonl").read_bytes()
    assert written == (tmp_path / "dumped.jsonl").read_bytes()
    name = f"{dataset.name}-copy"
    import_dataset("gres", root_of(dataset), name)
    report = decisions.apply(fo.load_dataset(name), tmp_path / "out/decisions.jsonl")
    assert report == {"applied": len(every), "edited": 0, "stale": [], "unknown": []}


def test_nothing_that_is_written_names_the_machine(load: Load, tmp_path: Path) -> None:
    dataset = load("gres")
    note = f"{root_of(dataset)}/gres_annotations is odd"
    error = {"_cls": "Classification", "label": "c", "severity": "error", "score": 0.1}
    dataset._sample_collection.update_one(
        {"key": keys(dataset)[0]},
        {"$set": {"findings": {"classifications": [error | {"note": note}]}}},
    )
    report = export_dataset(dataset, "gres", tmp_path / "out", select="clean")
    [dropped] = manifest_of(report)["dropped"]
    assert dropped["findings"] == [
        {"label": "c", "score": 0.1, "note": "gres_annotations is odd"}
    ]  # fmt: skip
    for name in BESIDE:
        assert str(tmp_path) not in (tmp_path / "out" / name).read_text("utf-8")


def test_placeholders_are_not_exported(load: Load, tmp_path: Path) -> None:
    gone: list[Path] = []

    def lose_an_image(root: Path) -> None:
        gone.append(min((root / "gres_images/train").iterdir()))
        gone[0].unlink()

    dataset = load("gres", placeholders=True, change=lose_an_image)
    report = export_dataset(dataset, "gres", tmp_path / "out", select="all")
    assert data_files(tmp_path / "out") == files(root_of(dataset))
    assert manifest_of(report)["counts"]["images_missing"] == 1
    assert not (tmp_path / "out/gres_images/train" / gone[0].name).exists()


def test_what_was_skipped_at_import_is_left_out_and_counted(load: Load, tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        first, second = sorted((root / "gres_annotations/train").glob("*.json"))[:2]
        content = json.loads(first.read_text())
        first.write_text(json.dumps(content | {"text": [7, *content["text"]]}))
        second.write_text("{")

    dataset = load("gres", change=spoil)
    report = export_dataset(dataset, "gres", tmp_path / "out", select="all")
    manifest = manifest_of(report)
    assert manifest["counts"]["not_imported"] == 1
    assert manifest["counts"]["skipped_at_import"] == 2
    assert len(manifest["skipped_at_import"]) == 2
    assert read_gres(tmp_path / "out") == expected(dataset, set())


def test_the_real_excerpt_comes_out_as_it_came_in(
    dataset_name: str, shared_data: Path, tmp_path: Path
) -> None:
    options = ImportOptions(placeholders=True, splits=("test",))
    import_dataset("gres", shared_data / "gres", dataset_name, options)
    dataset = fo.load_dataset(dataset_name)
    export_dataset(dataset, "gres", tmp_path / "all", select="all")
    source = files(shared_data / "gres")
    assert data_files(tmp_path / "all") == {n: d for n, d in source.items() if "/test/" in n}

    every = keys(dataset)
    verdicts.set_verdicts(dataset, [Verdict(k, "keep") for k in every[50:]])
    report = export_dataset(dataset, "gres", tmp_path / "kept")
    assert (report["exported"], report["dropped"]) == (443, 50)
    for name, data in data_files(tmp_path / "kept").items():
        assert name.endswith("test.txt") or data == source[name]
