"""Datasets that an older version stored open, flag, score, review and export as ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import stored_before
from tests.mongo.reviewing import verdicts_in

EDITED = "the corrected query"
MENDED = "gres/train/lisat_gres_000000000001#"
"""Pairs whose mask was replaced by a prediction."""
CAPTION = "A corrected caption."


@pytest.fixture
def root(tmp_path: Path, mongo: str) -> Iterator[Path]:
    """The folder of the old version's files, with its documents in the tests' database."""
    import fiftyone as fo
    import pymongo

    client: Any = pymongo.MongoClient(mongo)
    database = client[fo.config.database_name]
    fo.list_datasets()  # FiftyOne makes its collections
    stored_before.restore(database, tmp_path)
    yield tmp_path
    for name in stored_before.FORMATS:
        if fo.dataset_exists(stored_before.name_of(name)):
            fo.delete_dataset(stored_before.name_of(name))
    stored_before.remove(database)
    client.close()


def run(*args: str) -> dict[str, Any]:
    from pairlens.fiftyone_plugin import cli

    return cli.run(args)


def findings(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", stored_before.FORMATS)
def test_it_opens_with_the_findings_that_it_had(root: Path, name: str):
    import fiftyone as fo

    dataset = fo.load_dataset(stored_before.name_of(name))
    stored = [
        (sample["key"], finding["label"], finding["note"])
        for sample in dataset
        if sample["findings"] is not None
        for finding in sample["findings"]["classifications"]
    ]
    written = findings(root / "findings" / f"{name}.jsonl")
    told = {(f["key"], f["check"], f["note"]) for f in written}
    assert told
    # A mask that was replaced took its finding with it.
    replaced = {one for one in told if one[0].startswith(MENDED) and one[1] == "low_iou"}
    assert sorted(stored) == sorted(told - replaced)


@pytest.mark.parametrize("name", stored_before.FORMATS)
def test_flagging_finds_what_it_finds_in_a_new_import(root: Path, name: str, dataset_name: str):
    run("import", name, str(root / "source" / name), "--name", dataset_name)
    found = {}
    for dataset in (stored_before.name_of(name), dataset_name):
        # The old one has an edited caption and query; both are judged as they were published.
        if dataset != dataset_name:
            for _ in range(6):
                run("review", dataset, "--undo")
        out = root / f"{dataset}.jsonl"
        run("flag", dataset, "--out", str(out))
        found[dataset] = [f for f in findings(out) if f["check"] != "low_iou"]
    old, new = found.values()
    assert new
    assert old == new


def test_its_import_is_resumed_with_the_splits_that_it_has(root: Path):
    name = stored_before.name_of("rsgpt4v")
    (file,) = (root / "source" / "rsgpt4v").glob("*train*.json")
    records = [record | {"split": "test"} for record in json.loads(file.read_text())]
    file.write_text(json.dumps(records))
    command = ("import", "rsgpt4v", str(root / "source" / "rsgpt4v"), "--name", name, "--resume")
    done = run(*command)
    assert done["added"] == 0 and done["splits"] == {"train": 4, "test": 1}
    told = "read as by the earlier version that began the import: --param split_from=file"
    assert any(told in note for note in done["notes"])
    assert run(*command)["added"] == 0


def test_its_verdicts_and_its_session_go_on(root: Path):
    name = stored_before.name_of("gres")
    status = {"pending": 5, "keep": 1, "drop": 1, "fix": 2, "unsure": 0}
    assert verdicts_in(run("review", name, "--status")) == status
    key = findings(root / "findings" / "gres.jsonl")[0]["key"]
    run("review", name, "--set", key, "unsure")
    assert run("review", name, "--status")["unsure"] == status["unsure"] + 1
    run("review", name, "--undo")
    assert verdicts_in(run("review", name, "--status")) == status
    session = run("review", name, "--sessions")["sessions"][0]
    assert (session["name"], session["pairs"], session["verdicts"]["keep"]) == ("old session", 3, 1)


def test_a_phrase_of_an_old_verdict_is_taken_back(root: Path):
    import fiftyone as fo

    name = stored_before.name_of("gres")
    for _ in range(4):
        run("review", name, "--undo")
    dataset = fo.load_dataset(name)
    assert EDITED not in dataset.values("phrase")
    assert run("review", name, "--status")["fix"] == 0


def test_scoring_again_gives_what_is_stored(root: Path):
    import fiftyone as fo

    dataset = fo.load_dataset(stored_before.name_of("gres"))
    run("score", dataset.name, "--pred", "cues", "--key", "again")
    dataset.reload()
    stored, again = (dict(zip(dataset.values("key"), dataset.values(f), strict=True))
                     for f in ("cues_iou", "again_iou"))  # fmt: skip
    assert again == stored
    # Of these the prediction became the ground truth.
    assert [again[f"{MENDED}{n}"] for n in range(3)] == [1.0] * 3
    assert min(again.values()) < 0.5


def test_its_edits_are_exported_and_all_else_is_copied(root: Path):
    for name, edit in (("gres", EDITED), ("rsteller", CAPTION)):
        out = root / f"exported-{name}"
        run("export", stored_before.name_of(name), "--format", name, "--out", str(out),
            "--select", "all")  # fmt: skip
        written = b"".join(p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file())
        assert edit.encode() in written
    source = root / "source" / "gres"
    untouched = [p for p in source.rglob("*.json") if p.stem.endswith(("3", "4", "5", "6"))]
    assert untouched
    for path in untouched:
        assert (root / "exported-gres" / path.relative_to(source)).read_bytes() == path.read_bytes()
