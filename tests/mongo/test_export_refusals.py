"""What an export selects, what it refuses, and that a failure leaves nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import store
from pairlens.importers.errors import StateError, UnknownName, UsageError
from tests.mongo.exporting import (
    Load,
    files,
    loader,
    manifest_of,
    read_refsegrs,
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


def finding(severity: str) -> dict[str, Any]:
    label = {"_cls": "Classification", "label": "tiny_mask", "severity": severity, "score": 0.2}
    return {"_cls": "Classifications", "classifications": [label | {"note": "3 pixels"}]}


def test_selections(load: Load, tmp_path: Path) -> None:
    dataset = load("refsegrs")
    kept, fixed, dropped, unsure, doubted, plain = keys(dataset)
    verdicts.set_verdicts(
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
        "kept": ({kept}, {
            fixed: "verdict fix, and nothing was mended yet",
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
        ("kept", StateError, r"nothing to export.*--select.*: clean 6, quiet \d, all 6"),
    ],
)
def test_selections_that_cannot_be_are_refused(
    load: Load, tmp_path: Path, select: str, error: type[Exception], message: str
) -> None:
    dataset = load("refsegrs")
    with pytest.raises(error, match=message):
        export_dataset(dataset, "refsegrs", tmp_path / "deep" / "out", select=select)
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


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
    with pytest.raises(UnknownName, match="export format 'yolo'"):
        export_dataset(dataset, "yolo", tmp_path / "out", select="all")
    store.update_info(dataset, complete=False)
    with pytest.raises(StateError, match="--resume"):
        export_dataset(dataset, "refsegrs", tmp_path / "out", select="all")
    assert [path.name for path in tmp_path.iterdir()] == ["published"]


def last_file(root: Path, pattern: str) -> Path:
    return max(root.glob(pattern))


@pytest.mark.parametrize(
    ("kind", "spoil", "message"),
    [
        ("gres", lambda r: last_file(r, "gres_images/val/*").unlink(), r"val/\S+\.jpg is gone"),
        ("gres", lambda r: last_file(r, "gres_annotations/val/*.json").unlink(), r"\.json"),
        ("gres", lambda r: last_file(r, "gres_annotations/val/*.json").write_text("{"), "JSON"),
        ("gres", lambda r: last_file(r, "gres_annotations/val/*.json").write_text(
            '{"text": ["another"], "shapes": []}'), "val/.*not what was imported"),
        ("refsegrs", lambda r: last_file(r, "images/*").unlink(), r"images/\d+\.tif is gone"),
        ("refsegrs", lambda r: last_file(r, "masks/*").unlink(), r"masks/\d+\.tif is gone"),
        ("refsegrs", lambda r: (r / "output_phrase_val.txt").write_text("1 another\n"),
         "output_phrase_val.*not what was imported"),
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
        verdicts.judge(dataset, key, "fix", phrase="a\n99 b")
    # The same past the review, as a field edited in the App would be.
    original = documents(dataset)[key]["phrase"]
    dataset._sample_collection.update_one(
        {"key": key},
        {"$set": {"verdict": "fix", "phrase": "a\n99 b", "original_phrase": original}},
    )
    with pytest.raises(UsageError, match=f"{key}: .* not one line"):
        export_dataset(dataset, "refsegrs", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["published"]
