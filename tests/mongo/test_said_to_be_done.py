"""A step that did nothing of what it was for says so, and exits with 1."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import pytest
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from pairlens.fiftyone_plugin import cli, steps
from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.operators.panel_calls import PanelOperator
from pairlens.fiftyone_plugin.steps.step import Watch
from pairlens.importers import ingest, store
from pairlens.importers.errors import StateError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.layouts import LAYOUTS, PUBLISHED, Layout
from tests.mongo.curating import predict
from tests.mongo.reviewing import documents, keys


@pytest.fixture
def gres(tmp_path: Path) -> Path:
    return make_gres(tmp_path / "published", images=4, size=64).root


@pytest.fixture
def dataset(dataset_name: str, gres: Path) -> Any:
    import_dataset("gres", gres, dataset_name)
    return fo.load_dataset(dataset_name)


def failed(*given: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Runs a command that must exit with 1; gives what it said."""
    assert main(list(given)) == 1
    return "".join(capsys.readouterr())


# ------------------------------------------------------------------------------- imports


@pytest.mark.parametrize("layout", PUBLISHED.values(), ids=str)
def test_a_source_that_goes_away_on_the_way_is_no_finished_import(
    layout: Layout, dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk that is taken away: its folder is there, and empty."""
    root = layout.make(tmp_path / "published")
    aside = tmp_path / "aside"
    monkeypatch.setattr(ingest, "_CHUNK", 1)
    monkeypatch.setattr(store, "BATCH", 1)
    insert, there = store.insert, [root]

    def unmount(*args: Any) -> int:
        if there:
            there.pop().rename(aside)
            root.mkdir()
        return insert(*args)

    monkeypatch.setattr(store, "insert", unmount)
    with pytest.raises(StateError, match=r"went away while it was read.*--resume"):
        import_dataset(layout.format, root, dataset_name, ImportOptions(workers=1))
    assert not store.info(fo.load_dataset(dataset_name))["complete"]
    monkeypatch.setattr(store, "insert", insert)
    root.rmdir()
    aside.rename(root)
    done = import_dataset(layout.format, root, dataset_name, ImportOptions(resume=True))
    whole = import_dataset(layout.format, root, f"{dataset_name}-whole")
    assert (done.samples, done.skipped) == (whole.samples, whole.skipped)
    assert store.info(fo.load_dataset(dataset_name))["complete"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_where_every_record_is_skipped_the_import_failed(
    layout: Layout, dataset_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = layout.make(tmp_path / "published")
    spoiled = 0
    for file in [root] if root.is_file() else sorted(root.rglob("*")):
        if file.suffix in (".jpg", ".tif", ".png", ".tar"):
            file.write_bytes(b"spoiled")
            spoiled += 1
    assert spoiled
    told = failed("import", layout.format, str(root), "--name", dataset_name, capsys=capsys)
    assert ("Nothing was imported" in told and "skipped" in told) or "does not hold" in told


@pytest.mark.parametrize("options", [{"limit": 3}, {"splits": ("val",)}], ids=["limit", "split"])
def test_what_was_skipped_before_is_remembered_when_a_part_is_read(
    gres: Path, dataset_name: str, options: dict[str, Any]
) -> None:
    for split in ("train", "test"):
        sorted(gres.glob(f"gres_annotations/{split}/*.json"))[0].write_text("{")
    first = import_dataset("gres", gres, dataset_name)
    assert first.skipped_total == 2
    again = import_dataset("gres", gres, dataset_name, ImportOptions(resume=True, **options))
    facts = store.info(fo.load_dataset(dataset_name))
    listed = (Path(facts["media_dir"]) / ingest.SKIPPED).read_text().splitlines()
    for found in (again.skipped, facts["skipped"], [json.loads(line) for line in listed]):
        assert sorted(s["source"] for s in found) == sorted(s["source"] for s in first.skipped)
    assert facts["skipped_total"] == again.skipped_total == 2
    assert set(first.notes) <= set(facts["notes"])


def test_what_is_read_again_is_not_skipped_any_more(gres: Path, dataset_name: str) -> None:
    """One image of the split that is read again came back, one of another split is still gone."""
    images = [sorted(gres.glob(f"gres_images/{split}/*.jpg"))[0] for split in ("train", "val")]
    data = [image.read_bytes() for image in images]
    for image in images:
        image.unlink()
    first = import_dataset("gres", gres, dataset_name)
    images[1].write_bytes(data[1])
    options = ImportOptions(resume=True, splits=("val",))
    again = import_dataset("gres", gres, dataset_name, options)
    left = [s for s in first.skipped if "/train/" in s["source"]]
    assert 0 < len(left) < len(first.skipped) and again.skipped == left
    images[0].write_bytes(data[0])
    assert import_dataset("gres", gres, dataset_name, ImportOptions(resume=True)).skipped == []


def test_a_wrong_estimate_of_the_database_counts_for_nothing(
    gres: Path, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an unclean end, the database's own number of documents stays wrong."""
    from pymongo.collection import Collection

    monkeypatch.setattr(Collection, "estimated_document_count", lambda self: 0)
    assert import_dataset("gres", gres, dataset_name, ImportOptions(limit=4)).samples == 4
    again = import_dataset("gres", gres, dataset_name, ImportOptions(limit=4, resume=True))
    assert (again.samples, again.added) == (4, 0)


def _cut(root: Path) -> Path:
    (root / "all.json").write_text('[{"id": "1", "image": "a.jpg", "conversations": [{"fr')
    return root


def _pipe_in(root: Path) -> Path:
    (root / "gres_annotations" / "val").mkdir(parents=True)
    os.mkfifo(root / "gres_annotations" / "val" / "a.json")
    return root


def _pipe(root: Path) -> Path:
    os.mkfifo(root / "gres.zip")
    return root / "gres.zip"


def _broken_zip(root: Path) -> Path:
    with zipfile.ZipFile(root / "gres.zip", "w") as made:
        made.writestr("gres_annotations/val/a.json", "{}" * 500)
    os.truncate(root / "gres.zip", 300)
    return root / "gres.zip"


@pytest.mark.parametrize(
    ("make", "named", "code", "words"),
    [
        (_cut, "pregres", 1, "does not hold pregres"),
        (_pipe_in, "gres", 1, "does not hold gres"),
        (_pipe, "gres", 2, "is not a folder, a .tar file or a table"),
        (lambda root: root / "none", "gres", 2, "is not a folder or archive"),
        (_broken_zip, "auto", 1, "is no whole zip archive"),
        (lambda root: root, "auto", 1, "looks like no known format"),
    ],
    ids=["cut", "pipe in it", "pipe", "missing", "broken zip", "empty"],
)
def test_a_broken_source_is_told_and_leaves_no_dataset(
    make: Callable[[Path], Path],
    named: str,
    code: int,
    words: str,
    dataset_name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "source").mkdir()
    root = make(tmp_path / "source")
    assert main(["import", named, str(root), "--name", dataset_name]) == code
    told = "".join(capsys.readouterr())
    assert words in told and "Traceback" not in told and len(told) < 1000
    assert not fo.dataset_exists(dataset_name)


# --------------------------------------------------------------------------- other steps


def test_where_every_prediction_failed_the_prediction_failed(
    dataset: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "masks"
    shutil.copytree(store.info(dataset)["media_dir"] + "/masks", folder)
    for mask in folder.iterdir():
        mask.write_bytes(b"no mask")
    given = ["predict", dataset.name, "--predictor", "results", "--field", "theirs"]
    assert "failed" in failed(*given, "--param", f"path={folder}", capsys=capsys)


def test_where_every_decision_is_unknown_or_stale_nothing_was_applied(
    dataset: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "decisions.jsonl"
    assert main(["review", dataset.name, "--set", keys(dataset)[0], "drop"]) == 0
    assert main(["review", dataset.name, "--dump", str(file)]) == 0
    line = json.loads(file.read_text())
    for change in ({"key": "gres/val/nothing#0"}, {"phrase_sha256": "0" * 64}):
        file.write_text(json.dumps(line | change))
        before = documents(dataset)
        told = failed("review", dataset.name, "--apply", str(file), capsys=capsys)
        assert "Nothing was applied." in told and documents(dataset) == before
    file.write_text("")
    assert main(["review", dataset.name, "--apply", str(file)]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"key": "gres/tr', "line 1: it is not JSON in utf-8"),
        (b'{"images": [], "annotations": []}', "line 1: it has no 'key'"),
        (b"PK\3\4" + bytes(range(256)), "line 1: it is not JSON in utf-8"),
        (None, "cannot be read"),
    ],
    ids=["cut", "another file", "an archive", "none"],
)
def test_a_wrong_decisions_file_is_one_sentence(
    dataset: Any,
    tmp_path: Path,
    content: bytes | None,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "decisions.jsonl"
    if content is not None:
        file.write_bytes(content)
    before = documents(dataset)
    assert main(["review", dataset.name, "--apply", str(file)]) in (1, 2)
    told = capsys.readouterr().err
    assert words in told and len(told.splitlines()) == 1 and len(told) < 400
    assert documents(dataset) == before


def test_where_no_pair_can_be_combined_the_consensus_failed(
    dataset: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        predict(dataset, tmp_path / name, name)
        for mask in (tmp_path / name).iterdir():
            mask.write_bytes(b"no mask")
    given = ["consensus", dataset.name, "--fields", "a", "b", "--field", "both"]
    assert "Every pair failed." in failed(*given, capsys=capsys)


# ------------------------------------------------------------------- where there is nothing


OF_NONE: dict[str, list[str]] = {
    "flag": [],
    "judge": ["--judge", "vlm", "--param", "url=http://127.0.0.1:9", "--param", "model=m"],
    "estimate": ["--plan"],
    "export": ["--format", "gres", "--out", "OUT"],
    "audit": ["--out", "OUT.md"],
    "check": [],
    "rank": [],
    "predict": ["--predictor", "cues", "--field", "cues"],
    "score": ["--pred", "segmentation", "--key", "k"],
    "sources": ["OUT"],
}
"""Commands on a dataset, with their options."""


def test_a_dataset_without_samples_is_told(
    dataset: Any, gres: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_dataset("gres", gres, f"{dataset.name}-full")
    diff = ["diff", f"{dataset.name}-full", dataset.name]
    assert main(diff) == 0 and main(["flag", dataset.name]) == 0
    dataset.delete_samples(dataset.values("id"))
    capsys.readouterr()
    out = str(tmp_path / "out")
    commands = [[c, dataset.name, *(o.replace("OUT", out) for o in OF_NONE[c])] for c in OF_NONE]
    for command in [*commands, diff, ["diff", dataset.name, f"{dataset.name}-full"]]:
        told = failed(*command, capsys=capsys)
        sentence = f"pairlens: dataset '{dataset.name}' has no samples; import some into it with: "
        assert told == f"{sentence}pairlens import auto ROOT --name {dataset.name} --resume\n"
    assert not [*tmp_path.glob("out*")]
    # Its files can be elsewhere all the same.
    assert main(["relocate", dataset.name, "--source", str(gres)]) == 0
    dataset.add_sample(fo.Sample(filepath=str(tmp_path / "own.jpg")))
    assert "has no samples that PairLens imported;" in failed(*commands[0], capsys=capsys)


def test_a_view_without_samples_is_told(dataset: Any, capsys: pytest.CaptureFixture[str]) -> None:
    dataset.save_view("none", dataset.match({"key": "none"}))
    with pytest.raises(StateError, match=f"the view of dataset '{dataset.name}' has no samples;"):
        steps.flag.run(dataset.load_saved_view("none"), Watch())
    told = failed("judge", dataset.name, *OF_NONE["judge"], "--view", "none", capsys=capsys)
    assert f"the view of dataset '{dataset.name}' has no samples;" in told


# ------------------------------------------------------------------------------ messages


_STEPPED_DOWN = {
    "writeErrors": [],
    "writeConcernErrors": [{"code": 189, "errmsg": "stepping down"}],
}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ServerSelectionTimeoutError("no server"), "the database did not answer in the middle"),
        (NotPrimaryError("not primary, full error: {}"), "in the middle of this (not primary);"),
        (BulkWriteError(_STEPPED_DOWN), "in the middle of this (stepping down);"),
        (WTimeoutError("waiting timed out", 64), "did not confirm this (waiting timed out);"),
        (DuplicateKeyError("E11000"), "the database refused this (E11000"),
        (OperationFailure("disk full"), "the database refused this (disk full"),
    ],
)
def test_what_the_database_says_is_told_for_what_it_is(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "_load", fail)
    assert main(["flag", "any"]) == 1
    assert words in capsys.readouterr().err


def test_a_panel_is_told_of_a_database_that_went_away(dataset: Any) -> None:
    class Fails(PanelOperator):
        operator_name = "fails"
        about = "Fails"

        def answer(self, ctx: Any) -> dict[str, Any]:
            raise NotPrimaryError("not primary, full error: {}")

    answer = Fails().execute(SimpleNamespace(dataset=dataset, user_id=None))
    assert (answer["ok"], answer["kind"]) == (False, "state")
    assert "did not answer in the middle of this (not primary); what was done" in answer["message"]
