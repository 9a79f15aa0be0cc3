"""Exports out of a real database, read back by the importer and by small readers of their own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from fiftyone_plugin.curation import decisions, review
from fiftyone_plugin.curation.review import Verdict
from fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from fiftyone_plugin.exporters.runner import export_dataset
from importers.errors import StateError, UnknownName, UsageError
from importers.ingest import ImportOptions, import_dataset
from tests.mongo.reviewing import documents, keys

BESIDE = {"manifest.json", "decisions.jsonl", "README.md"}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("published")
    make_gres(folder / "gres", images=5, size=256)
    make_refsegrs(folder / "refsegrs", pairs=6, size=256)
    return {name: folder / name for name in ("gres", "refsegrs")}


Load = Callable[..., Any]


@pytest.fixture
def load(dataset_name: str, sources: dict[str, Path], tmp_path: Path) -> Load:
    """Imports a copy of a generated layout, which the test may change."""

    def copy_and_import(kind: str, **options: Any) -> Any:
        root = tmp_path / "published" / kind
        shutil.copytree(sources[kind], root)
        change = options.pop("change", None)
        if change is not None:
            change(root)
        import_dataset(kind, root, dataset_name, ImportOptions(**options))
        return fo.load_dataset(dataset_name)

    return copy_and_import


def root_of(dataset: Any) -> Path:
    return Path(dataset.info["pairlens"]["root"])


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def data_files(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(root).items() if name not in BESIDE}


def manifest_of(report: dict[str, Any]) -> dict[str, Any]:
    manifest = json.loads(Path(report["manifest"]).read_bytes())
    counts = manifest["counts"]
    assert counts["records"] == counts["pairs"] + counts["not_imported"]
    assert counts["pairs"] == counts["exported"] + counts["dropped"]
    assert counts["dropped"] == len(manifest["dropped"]) == report["dropped"]
    assert counts["edited"] == len(manifest["edited"]) == report["edited"]
    assert counts["exported"] == report["exported"]
    for name in ("pairs", "exported", "dropped"):
        assert counts[name] == sum(split[name] for split in manifest["splits"].values())
    return manifest


def read_gres(root: Path) -> list[tuple[str, str, str]]:
    """A reader of its own: split, id and query of every pair, by way of the id lists."""
    found = []
    for listed in sorted(root.glob("gres_annotations/*/*.txt")):
        for image_id in sorted(set(listed.read_text().split())):
            content = json.loads((listed.parent / f"{image_id}.json").read_text())
            assert content["shapes"][0]["points"]
            assert (root / "gres_images" / listed.stem / f"{image_id}.jpg").stat().st_size
            assert content["text"]
            found += [(listed.stem, image_id, query) for query in content["text"]]
    return found


def read_refsegrs(root: Path) -> list[tuple[str, str, str]]:
    """A reader of its own: split, id and phrase of every pair."""
    found = []
    for listed in sorted(root.glob("output_phrase_*.txt")):
        for line in listed.read_text().splitlines():
            image_id, phrase = line.split(" ", 1)
            for kind in ("images", "masks"):
                assert (root / kind / f"{image_id}.tif").read_bytes()[:2] == b"II"
            found.append((listed.stem.removeprefix("output_phrase_"), image_id, phrase))
    return found


READERS = {"gres": read_gres, "refsegrs": read_refsegrs}


def imported(root: Path, kind: str, name: str) -> list[tuple[str, str, str]]:
    summary = import_dataset(kind, root, name)
    assert summary.skipped_total == 0
    found = documents(fo.load_dataset(name)).values()
    return sorted((d["tags"][0], d["image_id"], d["phrase"]) for d in found)


def expected(dataset: Any, dropped: set[str]) -> list[tuple[str, str, str]]:
    found = (d for key, d in documents(dataset).items() if key not in dropped)
    return sorted((d["tags"][0], d["image_id"], d["phrase"]) for d in found)


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
        "out": str(tmp_path / "out"),
        "exported": count,
        "dropped": 0,
        "edited": 0,
        "manifest": str(tmp_path / "out" / "manifest.json"),
    }
    assert manifest_of(report)["counts"]["not_imported"] == 0
    assert seen == [(n, count) for n in range(1, count + 1)]
    assert files(root_of(dataset)) == before
    assert documents(dataset) == stored


def test_dropped_pairs_are_part_of_all(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    review.set_verdicts(dataset, [Verdict(key, "drop") for key in keys(dataset)])
    export_dataset(dataset, "refsegrs", tmp_path / "out", select="all")
    assert data_files(tmp_path / "out") == files(root_of(dataset))


def test_two_exports_are_the_same_bytes(load: Load, tmp_path: Path) -> None:
    dataset = load("gres")
    review.set_verdicts(dataset, [Verdict(key, "keep") for key in keys(dataset)[::2]])
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
    review.set_verdicts(dataset, [Verdict(k, "keep") for k in every])
    review.set_verdicts(
        dataset, [Verdict(k, "drop", note="it points | elsewhere") for k in sorted(dropped)],
        reviewer="ann",
    )  # fmt: skip
    published = documents(dataset)[every[0]]["phrase"]
    review.set_verdict(dataset, every[0], "fix", phrase='the "red" roof, 屋', reviewer="ann")

    report = export_dataset(dataset, kind, tmp_path / "out")

    manifest = manifest_of(report)
    assert {d["key"]: (d["because"], d["note"], d["reviewer"]) for d in manifest["dropped"]} == {
        key: ("verdict drop", "it points | elsewhere", "ann") for key in dropped
    }
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
        first = every[0].split("/")[2].split("#")[0]
        lists = {name for name in after if name.endswith(".txt")}
        assert touched - lists <= {n for n in after if first in n or every[1].split("/")[2] in n}
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
    review.set_verdicts(dataset, [Verdict(k, "keep") for k in every[1:]])
    review.set_verdict(dataset, every[0], "drop")
    export_dataset(dataset, "gres", tmp_path / "out")
    decisions.dump(dataset, tmp_path / "dumped.jsonl")
    written = (tmp_path / "out/decisions.jsonl").read_bytes()
    assert written == (tmp_path / "dumped.jsonl").read_bytes()
    name = f"{dataset.name}-copy"
    import_dataset("gres", root_of(dataset), name)
    report = decisions.apply(fo.load_dataset(name), tmp_path / "out/decisions.jsonl")
    assert report == {"applied": len(every), "stale": [], "unknown": []}


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


# ---------------------------------------------------------------------------- selections


def finding(severity: str) -> dict[str, Any]:
    label = {"_cls": "Classification", "label": "tiny_mask", "severity": severity, "score": 0.2}
    return {"_cls": "Classifications", "classifications": [label | {"note": "3 pixels"}]}


def test_selections(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    kept, fixed, dropped, unsure, doubted, plain = keys(dataset)
    review.set_verdicts(
        dataset,
        [Verdict(k, v) for k, v in
         {kept: "keep", fixed: "fix", dropped: "drop", unsure: "unsure"}.items()],
    )  # fmt: skip
    for key, severity in {kept: "error", doubted: "error", unsure: "warning"}.items():
        dataset._sample_collection.update_one(
            {"key": key}, {"$set": {"findings": finding(severity)}}
        )
    dataset.match({"key": {"$in": [dropped, plain]}}).tag_samples("mine")
    dataset.save_view("two", dataset.match({"key": {"$in": [plain, kept]}}).select_fields("phrase"))

    cases = {
        "kept": ({kept, fixed}, {
            dropped: "verdict drop", unsure: "verdict unsure",
            doubted: "no verdict", plain: "no verdict",
        }),
        "clean": ({kept, fixed, unsure, plain}, {dropped: "verdict drop", doubted: "findings"}),
        "all": ({kept, fixed, dropped, unsure, doubted, plain}, {}),
        "tag:mine": ({dropped, plain},
                     dict.fromkeys((kept, fixed, unsure, doubted), "not selected")),
        "view:two": ({plain, kept},
                     dict.fromkeys((fixed, dropped, unsure, doubted), "not selected")),
    }  # fmt: skip
    for select, (selected, others) in cases.items():
        report = export_dataset(
            dataset, "refsegrs", tmp_path / re.sub(r"\W", "_", select), select=select
        )
        dropped_pairs = manifest_of(report)["dropped"]
        assert {d["key"]: d["because"] for d in dropped_pairs} == others, select
        ids = {key.split("/")[2].split("#")[0] for key in selected}
        assert {i for _, i, _ in read_refsegrs(Path(report["out"]))} == ids, select


@pytest.mark.parametrize(
    ("select", "error", "message"),
    [
        ("best", UnknownName, "kept.*view:V"),
        ("", UnknownName, "kept"),
        ("tag:none", UsageError, "tag 'none'"),
        ("view:none", UnknownName, "saved view 'none'"),
        ("view:groups", UsageError, "parts or groups"),
        ("kept", StateError, "nothing to export"),
    ],
)
def test_selections_that_cannot_be_are_refused(
    load: Load, tmp_path: Path, select: str, error: type[Exception], message: str
) -> None:
    dataset = load("refsegrs")
    dataset.save_view("groups", dataset.group_by("image_id"))
    with pytest.raises(error, match=message):
        export_dataset(dataset, "refsegrs", tmp_path / "deep" / "out", select=select)
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


# ---------------------------------------------------------------------------- refusals


def test_folders_near_the_source_are_refused(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    root = root_of(dataset)
    before = files(tmp_path)
    (tmp_path / "link").symlink_to(root)
    media = Path(dataset.info["pairlens"]["media_dir"])
    for out in (root, root / "out", root.parent, tmp_path / "link" / "out", media / "out"):
        with pytest.raises(UsageError):
            export_dataset(dataset, "refsegrs", out, select="all")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    with pytest.raises(StateError, match="not empty"):
        export_dataset(dataset, "refsegrs", tmp_path / "full", select="all")
    (tmp_path / "full" / "file").unlink()
    (tmp_path / "link").unlink()
    assert files(tmp_path) == before


def test_other_formats_and_unfinished_imports_are_refused(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    with pytest.raises(UsageError, match="came from refsegrs"):
        export_dataset(dataset, "gres", tmp_path / "out", select="all")
    with pytest.raises(UnknownName, match="export format 'coco'"):
        export_dataset(dataset, "coco", tmp_path / "out", select="all")
    dataset.info["pairlens"] |= {"complete": False}
    dataset.save()
    with pytest.raises(StateError, match="--resume"):
        export_dataset(dataset, "refsegrs", tmp_path / "out", select="all")
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


def test_a_sample_of_ones_own_is_named(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    own = fo.Sample(filepath="/nowhere/x.png", key="mine")
    dataset.add_sample(own)
    with pytest.raises(StateError, match=f"sample {own.id} did not come from an import"):
        export_dataset(dataset, "refsegrs", tmp_path / "out", select="all")


def last_file(root: Path, pattern: str) -> Path:
    return max(root.glob(pattern))


@pytest.mark.parametrize(
    ("kind", "spoil", "message"),
    [
        ("gres", lambda r: last_file(r, "gres_images/val/*").unlink(), r"val/\S+\.jpg is gone"),
        ("gres", lambda r: last_file(r, "gres_annotations/val/*.json").unlink(), r"\.json"),
        ("gres", lambda r: last_file(r, "gres_annotations/val/*.json").write_text("{"), "JSON"),
        ("gres", lambda r: last_file(r, "gres_annotations/val/*.json").write_text(
            '{"text": ["another"], "shapes": []}'), "val/.*not the phrase that was imported"),
        ("refsegrs", lambda r: last_file(r, "images/*").unlink(), r"images/\d+\.tif is gone"),
        ("refsegrs", lambda r: last_file(r, "masks/*").unlink(), r"masks/\d+\.tif is gone"),
        ("refsegrs", lambda r: (r / "output_phrase_val.txt").write_text("1 another\n"),
         "output_phrase_val.*not the phrase"),
        ("refsegrs", lambda r: shutil.rmtree(r), "source folder .* is gone"),
    ],
    ids=["image", "annotation", "annotation broken", "annotation changed", "tiff", "mask tiff",
         "list changed", "everything"],
)  # fmt: skip
def test_a_source_that_changed_leaves_nothing(
    load: Load, tmp_path: Path, kind: str, spoil: Callable[[Path], object], message: str
) -> None:
    dataset = load(kind)
    spoil(root_of(dataset))
    with pytest.raises(StateError, match=message):
        export_dataset(dataset, kind, tmp_path / "new" / "out", select="all")
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


def test_an_interrupt_in_the_middle_leaves_nothing(load: Load, tmp_path: Path) -> None:
    dataset = load("gres")
    written: list[int] = []

    def interrupt(done: int, total: int) -> None:
        if done == total - 1:
            written.append(len(files(tmp_path / "new")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_dataset(dataset, "gres", tmp_path / "new" / "out", select="all", progress=interrupt)
    assert written[0] > 2
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


def test_a_phrase_of_two_lines_is_no_line_of_refsegrs(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    key = keys(dataset)[0]
    with pytest.raises(UsageError, match="line break"):
        review.set_verdict(dataset, key, "fix", phrase="a\n99 b")
    # The same past the review, as a field edited in the App would be.
    original = documents(dataset)[key]["phrase"]
    dataset._sample_collection.update_one(
        {"key": key},
        {"$set": {"verdict": "fix", "phrase": "a\n99 b", "original_phrase": original}},
    )
    with pytest.raises(UsageError, match=f"{key}: .* not one line"):
        export_dataset(dataset, "refsegrs", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


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
    review.set_verdicts(dataset, [Verdict(k, "keep") for k in every[50:]])
    report = export_dataset(dataset, "gres", tmp_path / "kept")
    assert (report["exported"], report["dropped"]) == (443, 50)
    for name, data in data_files(tmp_path / "kept").items():
        assert name.endswith("test.txt") or data == source[name]
