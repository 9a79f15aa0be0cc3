"""Flagging again: what the last run told, told again where nothing differs, and never else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from bson import ObjectId

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Issue, check, findings_store
from pairlens.fiftyone_plugin.checks.runner import FlagSummary, flag
from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import fields, store
from pairlens.importers.ingest import import_dataset

OF_THE_RUN = {"written", "images_read", "unchanged", "seconds"}
"""What a summary tells of the run, not of the samples."""

Documents = Any


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory, shared_name: str) -> fo.Dataset:
    """Images with captions of which one is broken, flagged."""
    root = make_rsteller(tmp_path_factory.mktemp("captions") / "published", 12, size=64).root
    name = f"{shared_name}-captions"
    import_dataset("rsteller", root, name)
    dataset = fo.load_dataset(name)
    broken = {"$set": {"captions.0.text": "A road, highway=residential, runs north of the"}}
    dataset._sample_collection.update_one({}, broken)
    flag(dataset)
    return dataset


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, shared_name: str) -> fo.Dataset:
    """Pairs with scored predictions, flagged."""
    root = make_gres(tmp_path_factory.mktemp("pairs") / "published", 4, size=64).root
    name = f"{shared_name}-pairs"
    import_dataset("gres", root, name)
    dataset = fo.load_dataset(name)
    predict(dataset, predictor="cues", field_name="cues")
    score(dataset, pred="cues", key="cues")
    flag(dataset, predictions=["cues"])
    return dataset


@pytest.fixture
def captions(captioned: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return captioned.clone(dataset_name)


def told(summary: FlagSummary) -> dict[str, Any]:
    return {name: value for name, value in vars(summary).items() if name not in OF_THE_RUN}


def stored(dataset: fo.Dataset) -> list[dict[str, Any]]:
    return list(dataset._sample_collection.find())


def labels(dataset: fo.Dataset) -> dict[str, list[str]]:
    path = f"{fields.FINDINGS}.classifications.label"
    values = zip(dataset.values(fields.KEY), dataset.values(path), strict=True)
    return {key: sorted(found or []) for key, found in values}


# --------------------------------------------------------------------------- must not run


def test_nothing_runs_where_nothing_differs(captions: fo.Dataset, tmp_path: Path) -> None:
    before = stored(captions)
    out, again = tmp_path / "fresh.jsonl", tmp_path / "again.jsonl"
    fresh, done = flag(captions, fresh=True, out=out), flag(captions, out=again)
    assert (fresh.unchanged, done.unchanged, done.written) == (False, True, 0)
    assert told(done) == told(fresh) and {"prompt_leak"} <= set(done.findings)
    assert out.read_bytes() == again.read_bytes() != b""
    counted = flag(captions, dry_run=True)
    assert counted.unchanged and told(counted) == told(fresh)
    assert stored(captions) == before
    assert flag(captions, workers=2).unchanged


def test_what_the_checks_say_of_the_dataset_is_told_again(captions: fo.Dataset) -> None:
    twice = {"$set": {"captions": [{"text": "a road", "task": 1}, {"text": "A road", "task": 3}]}}
    captions._sample_collection.update_many({}, twice)
    params = {"duplicate_caption": {"usual_share": 0.1}, "length_outlier": {"deviations": 0.1}}
    for number in range(50):
        sample = captions._sample_collection.find_one({})
        new = {"_id": ObjectId(), fields.KEY: f"rsteller/train/new{number}"}
        captions._sample_collection.insert_one({**sample, **new})
    first = flag(captions, params=params)
    assert any("duplicate_caption" in note for note in first.notes)
    again = flag(captions, params=params)
    assert again.unchanged and again.notes == first.notes


def test_a_change_that_was_undone_is_none(captions: fo.Dataset) -> None:
    key = captions.first()[fields.KEY]
    verdicts.judge(captions, key, "drop")
    assert not flag(captions).unchanged
    captions._sample_collection.update_one(
        {fields.KEY: key},
        {"$unset": dict.fromkeys(("verdict", "reviewer", "reviewed_at", "review_note"), "")},
    )
    flag(captions)
    assert flag(captions).unchanged


def test_the_command_says_that_nothing_has_changed(
    captions: fo.Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    for more, said in (((), True), (("--fresh",), False)):
        assert cli.main(["flag", captions.name, *more]) == 0
        assert ("--fresh runs them anyway" in capsys.readouterr().out) == said


# ------------------------------------------------------------------------------- must run


def _changed(path: str, value: Any) -> Callable[[fo.Dataset], None]:
    """Sets something in the database, past FiftyOne."""
    return lambda dataset: dataset._sample_collection.update_one(
        {f"{fields.FINDINGS}.classifications.0": {"$exists": True}}, {"$set": {path: value}}
    )


def _saved(dataset: fo.Dataset) -> None:
    sample = dataset.first()
    sample[fields.CAPTIONS][0].text = "A lake of the"
    sample.save()


def _finding_deleted(dataset: fo.Dataset) -> None:
    sample = dataset.exists(fields.FINDINGS).first()
    sample[fields.FINDINGS].classifications.pop()
    sample.save()


def _all_deleted(dataset: fo.Dataset) -> None:
    dataset.set_values(fields.FINDINGS, [None] * len(dataset))


def _finding_added(dataset: fo.Dataset) -> None:
    sample = dataset.match(fo.ViewField(fields.QUALITY) == 1).first()
    sample[fields.FINDINGS] = fo.Classifications(classifications=[fo.Classification(label="x")])
    sample.save()


def _sample_added(dataset: fo.Dataset) -> None:
    sample = dataset._sample_collection.find_one({})
    dataset._sample_collection.insert_one({**sample, "_id": ObjectId(), fields.KEY: "r/train/new"})


def _sample_deleted(dataset: fo.Dataset) -> None:
    dataset.delete_samples(dataset.first())


def _judged(dataset: fo.Dataset) -> None:
    verdicts.judge(dataset, dataset.first()[fields.KEY], "keep")


def _answered(dataset: fo.Dataset) -> None:
    answer = {"judgements.clip": {"shows": "no", "confidence": 0.9}}
    dataset._sample_collection.update_one({}, {"$set": answer})


LABEL = f"{fields.FINDINGS}.classifications.0"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_changed("captions.1.text", "A lake of the"), id="caption"),
        pytest.param(_changed("captions.1.task", 7), id="task"),
        pytest.param(_saved, id="caption-saved"),
        pytest.param(_changed(f"{fields.IMAGE_STATS}.brightness", 0.01), id="image measured"),
        pytest.param(_changed(fields.IMAGE_MISSING, True), id="image missing"),
        pytest.param(_changed("source.image_digest", "ab" * 32), id="image file"),
        pytest.param(_changed(fields.SPLIT, "test"), id="split"),
        pytest.param(_changed(fields.KEY, "rsteller/train/other"), id="key"),
        pytest.param(_judged, id="verdict"),
        pytest.param(_answered, id="judge"),
        pytest.param(_sample_added, id="added"),
        pytest.param(_sample_deleted, id="deleted"),
        pytest.param(_finding_deleted, id="finding deleted"),
        pytest.param(_finding_added, id="finding added"),
        pytest.param(_all_deleted, id="findings deleted"),
        pytest.param(_changed(f"{LABEL}.note", "other"), id="note"),
        pytest.param(_changed(f"{LABEL}.score", 0.99), id="score"),
        pytest.param(_changed(f"{LABEL}.severity", "info"), id="severity"),
        pytest.param(_changed(f"{LABEL}.group", "other"), id="group"),
        pytest.param(_changed(f"{LABEL}.label", "other"), id="check"),
        pytest.param(_changed(fields.QUALITY, 0.99), id="quality"),
        pytest.param(_changed(fields.QUALITY, None), id="no quality"),
    ],
)
def test_checks_run_when_something_changed(
    captions: fo.Dataset, change: Callable[[fo.Dataset], None]
) -> None:
    assert flag(captions).unchanged
    change(captions)
    captions.reload()
    done = flag(captions)
    fresh = flag(captions, fresh=True)
    assert not done.unchanged and told(done) == told(fresh) and fresh.written == 0
    assert flag(captions).unchanged


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"checks": ["prompt_leak", "duplicate_caption"]}, id="checks"),
        pytest.param({"params": {"repetitive_caption": {"min_share": 0.9}}}, id="parameters"),
        pytest.param({"params": {"truncated_caption": {"usual": 0.5}}}, id="of the dataset"),
    ],
)
def test_checks_run_with_other_options(captions: fo.Dataset, options: dict[str, Any]) -> None:
    assert not flag(captions, **options).unchanged
    assert flag(captions, **options).unchanged
    assert not flag(captions).unchanged


def test_a_view_is_not_the_dataset(captions: fo.Dataset) -> None:
    view = captions.limit(5)
    assert not flag(view).unchanged
    assert flag(view).unchanged
    assert not flag(captions.limit(6)).unchanged
    assert not flag(captions).unchanged


def test_checks_run_by_another_version(
    captions: fo.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_store, "_code", lambda: "another")
    assert not flag(captions).unchanged
    assert flag(captions).unchanged


def test_what_code_found_that_was_updated_since_it_was_loaded_is_not_told_again(
    captions: fo.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert flag(captions).unchanged
    findings_store._code.cache_clear()
    monkeypatch.setattr(findings_store, "_LOADED", 0.0)
    assert not flag(captions).unchanged
    findings_store._code.cache_clear()
    monkeypatch.undo()
    assert flag(captions).unchanged, "what was kept before is still true"


@pytest.fixture
def registered() -> Iterator[list[str]]:
    """A check of another package, which finds what a list has."""
    found: list[str] = []

    @check("by_a_list", severity="info", about="...", needs=("image_missing",),
           kinds=("captions",))  # fmt: skip
    def by_a_list(batch: Batch) -> Iterator[Issue]:
        return (Issue(key, 0.5, "listed") for key in batch.keys if key in found)

    yield found
    del CHECKS._things["by_a_list"]


def test_checks_of_other_packages_run_always(captions: fo.Dataset, registered: list[str]) -> None:
    assert [flag(captions).unchanged for _ in range(2)] == [False, False]
    key = captions.first()[fields.KEY]
    registered.append(key)
    assert flag(captions).findings["by_a_list"] == 1
    assert "by_a_list" in labels(captions)[key]


def test_a_run_of_single_checks_of_samples_is_not_kept(captions: fo.Dataset) -> None:
    for _ in range(2):
        assert not flag(captions, checks=["prompt_leak"]).unchanged
    assert flag(captions).unchanged


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "is undone"])
def test_what_changes_while_the_checks_run_is_seen_by_the_next(
    captions: fo.Dataset, monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    sample = captions.match(fo.ViewField(fields.QUALITY) == 1).first()
    before = {fields.CAPTIONS: captions._sample_collection.find_one(sample._id)["captions"]}
    documents = findings_store._documents_digest

    def and_edit(samples: Any) -> str:
        digest = documents(samples)
        edited = [(sample._id, {"captions.0.text": "A road, highway=residential, runs north."})]
        store.update(captions, edited)
        return digest

    monkeypatch.setattr(findings_store, "_documents_digest", and_edit)
    flag(captions, fresh=True)
    monkeypatch.undo()
    key = sample[fields.KEY]
    assert "prompt_leak" in labels(captions)[key]
    if not stays:
        captions._sample_collection.update_one({"_id": sample._id}, {"$set": before})
    done = flag(captions)
    assert not done.unchanged and ("prompt_leak" in labels(captions)[key]) == stays
    assert flag(captions).unchanged


def _mask_changed(dataset: fo.Dataset) -> None:
    sample = dataset.first()
    sample[fields.SEGMENTATION].mask = dataset.last()[fields.SEGMENTATION].mask
    paths = dataset.values(f"{fields.SEGMENTATION}.mask_path")
    dataset._sample_collection.update_one(
        {"_id": sample._id},
        {
            "$set": {f"{fields.SEGMENTATION}.mask_path": paths[-1]},
            "$unset": {f"{fields.MASK_STATS}.area": ""},
        },
    )


def _findings_undeclared(dataset: fo.Dataset) -> None:
    """As a dataset of an earlier version, whose labels had no severity, and no findings."""
    dataset.delete_sample_field(fields.FINDINGS)
    dataset.add_sample_field(
        fields.FINDINGS, fo.EmbeddedDocumentField, embedded_doc_type=fo.Classifications
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_changed("cues_iou", 0.01), id="score"),
        pytest.param(lambda one: score(one, pred="cues", key="other"), id="scored again"),
        pytest.param(_mask_changed, id="mask"),
        pytest.param(
            lambda one: one._sample_collection.update_one({}, {"$set": {"phrase": "[1, 2, 3, 4]"}}),
            id="query",
        ),
        pytest.param(_findings_undeclared, id="schema"),
    ],
)
def test_checks_of_pairs_run_when_something_changed(
    pairs: fo.Dataset, dataset_name: str, change: Callable[[fo.Dataset], None]
) -> None:
    dataset = pairs.clone(dataset_name)
    assert flag(dataset, predictions=["cues"]).unchanged
    change(dataset)
    dataset.reload()
    done = flag(dataset, predictions=["cues"])
    fresh = flag(dataset, predictions=["cues"], fresh=True)
    assert not done.unchanged and told(done)["findings"] == told(fresh)["findings"]
    assert flag(dataset, predictions=["cues"]).unchanged
    assert not flag(dataset).unchanged
