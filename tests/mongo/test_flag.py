"""Findings on the samples: written, replaced, kept, filtered by, ranked."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
from collections import Counter
from functools import partial
from itertools import chain
from pathlib import Path

import fiftyone as fo
import pytest
from bson import ObjectId
from pymongo import IndexModel

from pairlens.fiftyone_plugin.bench.loading import load_units
from pairlens.fiftyone_plugin.checks import CHECKS, engine, finding, rows
from pairlens.fiftyone_plugin.checks.catalogue import duplicates
from pairlens.fiftyone_plugin.checks.engine import choose, find_all
from pairlens.fiftyone_plugin.checks.rows import Columns, image_of
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.fiftyone_plugin.demo.planting import Plan, plant
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import fields, spools, store
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset

LABEL = f"{fields.FINDINGS}.classifications.label"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    root = make_refsegrs(tmp_path_factory.mktemp("flag") / "published", pairs=48, size=256).root
    return root, plant(root, "refsegrs")


@pytest.fixture(scope="module")
def imported(planted: tuple[Path, Plan], shared_name: str) -> fo.Dataset:
    """Imported once: nothing changes it."""
    import_dataset("auto", planted[0], shared_name, ImportOptions(placeholders=True))
    return fo.load_dataset(shared_name)


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


def labels(samples: fo.DatasetView | fo.Dataset) -> dict[str, list[str]]:
    values = zip(samples.values(fields.KEY), samples.values(LABEL), strict=True)
    return {key: found or [] for key, found in values}


# ----------------------------------------------------------------------------- must not


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        pytest.param({"checks": ["nope"]}, UsageError, "no check 'nope'", id="check"),
        pytest.param({"params": {"nope": {}}}, UsageError, "no check 'nope'", id="params"),
        pytest.param(
            {"params": {"tiny_mask": {"x": 1}}}, UsageError, "it has min_area", id="param"
        ),
        pytest.param(
            {"params": {"tiny_mask": {"min_area": "a"}}}, UsageError, "takes a int", id="value"
        ),
        pytest.param({"checks": ["low_iou"]}, StateError, "needs predictions", id="needs"),
        pytest.param({"predictions": ["cues"]}, StateError, "was not scored", id="unscored"),
    ],
)
def test_a_wrong_call_changes_nothing(
    dataset: fo.Dataset, arguments: dict, kind: type[Exception], words: str
) -> None:
    before = list(dataset._sample_collection.find())
    with pytest.raises(kind, match=words):
        flag(dataset, **arguments)
    assert list(dataset._sample_collection.find()) == before


def test_clean_pairs_have_no_finding(dataset: fo.Dataset, planted: tuple[Path, Plan]) -> None:
    flag(dataset)
    found = labels(dataset)
    assert len(planted[1].clean) > 20
    assert {key: found[key] for key in planted[1].clean if found[key]} == {}
    clean = dataset.match(fo.ViewField(fields.KEY).is_in(planted[1].clean))
    assert set(clean.values(fields.QUALITY)) == {1.0}
    assert set(clean.values(fields.FINDINGS)) == {None}


# ---------------------------------------------------------------------------------- must


def test_every_planted_fault_is_found(dataset: fo.Dataset, planted: tuple[Path, Plan]) -> None:
    summary = flag(dataset)
    found = labels(dataset)
    plan = planted[1].planted
    assert len({fault.fault for fault in plan}) == 14
    assert [fault for fault in plan if fault.check not in found[fault.key]] == []
    assert summary.pairs == len(dataset)
    assert summary.findings == dataset.count_values(LABEL)
    assert summary.flagged == sum(1 for names in found.values() if names)


def test_a_finding_is_a_chip_with_its_evidence(dataset: fo.Dataset) -> None:
    flag(dataset)
    sample = dataset.match_labels(filter=fo.ViewField("label") == "empty_mask").first()
    finding = sample[fields.FINDINGS].classifications[0]
    assert (finding.label, finding.severity) == ("empty_mask", "error")
    assert finding.confidence == 1 - finding.score == 1.0
    assert finding.note == "no pixel of the mask is target"
    assert sample[fields.QUALITY] == 0.0
    schema = dataset.get_field_schema(flat=True)
    assert schema[f"{fields.FINDINGS}.classifications.severity"].__class__ is fo.StringField


def test_running_again_replaces_and_keeps(dataset: fo.Dataset) -> None:
    flag(dataset)
    first = labels(dataset)
    flag(dataset, fresh=True)
    assert labels(dataset) == first
    flag(dataset, checks=["tiny_mask"], params={"tiny_mask": {"min_area": "100000000"}})
    after = labels(dataset)
    readable = dataset.match(fo.ViewField(f"{fields.MASK_STATS}.area") > 0)
    assert all("tiny_mask" in after[key] for key in readable.values(fields.KEY))
    for key, names in first.items():
        assert sorted(n for n in after[key] if n != "tiny_mask") == sorted(
            n for n in names if n != "tiny_mask"
        )


def test_what_findings_are_filtered_by_is_indexed_with_the_quality(dataset: fo.Dataset) -> None:
    wanted = {f"{name}_1_{fields.QUALITY}_1" for name in fields.FILTERED} | {fields.QUALITY}
    flag(dataset, dry_run=True)
    assert not wanted & dataset.get_index_information().keys()
    flag(dataset)
    assert wanted <= dataset.get_index_information().keys()


def test_a_first_flagging_that_was_killed_leaves_no_index_out(dataset: fo.Dataset) -> None:
    class Killed(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        if done:
            raise Killed

    flag(dataset, dry_run=True)  # which measures the images, and tells how far it is
    assert (by_change := "last_modified_at") in dataset.get_index_information()
    with pytest.raises(Killed):
        flag(dataset, progress=stop)
    assert by_change not in dataset.get_index_information()  # each write would change it
    flag(dataset)
    assert by_change in dataset.get_index_information()
    # Where findings are stored already, few change.
    with pytest.raises(Killed):
        flag(dataset, fresh=True, progress=stop)
    assert by_change in dataset.get_index_information()


def test_progress_is_told_to_its_end(dataset: fo.Dataset) -> None:
    told: list[tuple[int, int | None]] = []
    flag(dataset, progress=lambda done, total: told.append((done, total)))
    count = len(dataset)
    done = [one for one, _ in told[len(told) - 1 - told[::-1].index((0, count)) :]]
    assert done[0] == 0 and done[-1] == count and done == sorted(done)
    assert dataset.values(fields.QUALITY).count(None) == 0


def test_an_index_that_the_database_refuses_costs_nothing_else(
    dataset: fo.Dataset, tmp_path: Path
) -> None:
    collection = dataset._sample_collection
    free = 64 - len(collection.index_information())
    collection.create_indexes([IndexModel([(f"other{n}", 1)]) for n in range(free - 1)])
    done = flag(dataset, out=tmp_path / "findings.jsonl")
    told = [note for note in done.notes if "makes no index of" in note]
    assert len(told) == 1 and "too many indexes" in told[0] and "caused by" not in told[0]
    assert (tmp_path / "findings.jsonl").is_file() and store.info(dataset)[fields.CHECKS_RUN]
    assert fields.QUALITY in dataset.get_index_information()


def gravest(dataset: fo.Dataset) -> dict[str, str | None]:
    paths = [fields.KEY, f"{fields.FINDINGS}.classifications.severity"]
    return {
        key: min(severities or (), key=("error", "warning", "info").index, default=None)
        for key, severities in zip(*dataset.values(paths), strict=True)
    }


def worst(dataset: fo.Dataset) -> dict[str, str | None]:
    return dict(zip(*dataset.values([fields.KEY, fields.WORST_SEVERITY]), strict=True))


def test_the_worst_severity_is_that_of_the_findings(dataset: fo.Dataset) -> None:
    flag(dataset)
    assert worst(dataset) == gravest(dataset)
    assert {"error", "warning", None} <= set(worst(dataset).values())
    before = worst(dataset)
    flag(dataset, checks=["tiny_mask"], params={"tiny_mask": {"min_area": "100000000"}})
    assert worst(dataset) == gravest(dataset) != before
    # Those that lose their findings lose it, too.
    flag(dataset)
    assert worst(dataset) == gravest(dataset) == before


def test_findings_of_an_earlier_version_get_their_worst_severity(dataset: fo.Dataset) -> None:
    flag(dataset)
    wanted = gravest(dataset)
    dataset.delete_sample_field(fields.WORST_SEVERITY)
    dataset.drop_index(f"{fields.WORST_SEVERITY}_1_{fields.QUALITY}_1")
    assert flag(dataset).written == 0
    dataset.reload()
    assert worst(dataset) == wanted
    # What is complete is not written to.
    dataset._sample_collection.update_many({}, {"$set": {fields.WORST_SEVERITY: "info"}})
    flag(dataset)
    assert set(worst(dataset).values()) == {"info"}


def test_a_view_is_checked_alone(dataset: fo.Dataset) -> None:
    view = dataset.match_tags("val")
    summary = flag(view, checks=["tiny_mask"], params={"tiny_mask": {"min_area": 10**8}})
    assert summary.pairs == len(view) > 0
    found = labels(dataset)
    inside = set(view.values(fields.KEY))
    assert {key for key, names in found.items() if names} <= inside


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({}, id="usual"),
        pytest.param(
            {
                "tiny_mask": {"min_area": 900},
                "position_conflict": {"tolerance": 0.01},
                "size_conflict": {"min_members": 2, "tail": 0.4},
                "length_outlier": {"deviations": 1.0},
            },
            id="strict",
        ),
    ],
)
def test_it_finds_what_looking_at_each_pair_does(dataset: fo.Dataset, params: dict) -> None:
    checks = choose(None, params, with_predictions=False)
    flag(dataset, params=params)
    units = load_units(dataset, checks, len(dataset), seed=0)
    order = {key: number for number, key in enumerate(dataset.values(fields.KEY))}
    subjects = sorted((r.sample for unit in units for r in unit), key=lambda s: order[s.key])
    plain = {
        key: sorted((f.check, f.severity, f.score, f.note) for f in found)
        for key, found in find_all(subjects, checks).items()
    }
    stored = {
        key: sorted((label.label, label.severity, label.score, label.note) for label in found)
        for key, found in zip(
            dataset.values(fields.KEY),
            dataset.values(f"{fields.FINDINGS}.classifications"),
            strict=True,
        )
        if found
    }
    assert len(stored) > 10
    assert stored == {key: found for key, found in plain.items() if found}


def test_queries_that_changed_are_read_again(dataset: fo.Dataset) -> None:
    flag(dataset)
    sound = dataset.match(fo.ViewField(fields.QUALITY) == 1.0).first()
    sound[fields.PHRASE] = "the red car at [1, 2, 3, 4], the coordinates [900, 900, 5, 5]"
    sound.save()
    flag(dataset)
    assert {"coordinate_leak", "coordinate_conflict"} <= set(labels(dataset)[sound[fields.KEY]])


def test_what_earlier_versions_read_in_queries_is_removed(dataset: fo.Dataset) -> None:
    flag(dataset)
    before = labels(dataset)
    dataset.add_sample_field(
        fields.READING, fo.EmbeddedDocumentField, embedded_doc_type=fo.DynamicEmbeddedDocument
    )
    read = {"_cls": "DynamicEmbeddedDocument", "of": "0", "ran": " ".join(CHECKS), "fires": ""}
    dataset._sample_collection.update_many({}, {"$set": {fields.READING: read}})
    assert flag(dataset).unchanged and not dataset.has_field(fields.READING)
    assert dataset._sample_collection.find_one({fields.READING: {"$exists": True}}) is None
    assert flag(dataset, fresh=True).written == 0 and labels(dataset) == before


def test_somebody_s_own_field_of_that_name_stays(dataset: fo.Dataset) -> None:
    dataset.set_values(fields.READING, ["mine"] * len(dataset))
    flag(dataset)
    assert dataset.values(fields.READING) == ["mine"] * len(dataset)


def test_processes_find_the_same(dataset: fo.Dataset) -> None:
    flag(dataset)
    alone = labels(dataset)
    dataset._sample_collection.update_many({}, {"$unset": {"quality": ""}})
    flag(dataset, workers=2)
    assert labels(dataset) == alone


def test_scored_predictions_are_used(dataset: fo.Dataset) -> None:
    predict(dataset, predictor="cues", field_name="cues")
    score(dataset, pred="cues", key="first")
    flag(dataset, predictions=["cues"])
    low = {k for k, names in labels(dataset).items() if "low_iou" in names}
    # One image is missing: its pair has no prediction, an IoU of 0, and no finding.
    assert dataset.exists("cues", False).exists("first_iou").values("first_iou") == [0.0]
    below = dataset.exists("cues").exists("first_iou").match(fo.ViewField("first_iou") <= 0.1)
    assert low == set(below.values(fields.KEY)) and low
    sample = dataset.match(fo.ViewField(fields.KEY).is_in(low)).first()
    notes = [f.note for f in sample[fields.FINDINGS].classifications if f.label == "low_iou"]
    assert notes == [f"IoU with cues is {sample['first_iou']:.3f}"]


def test_the_file_holds_all_findings_worst_first(dataset: fo.Dataset, tmp_path: Path) -> None:
    out = tmp_path / "new" / "findings.jsonl"
    summary = flag(dataset, out=out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == sum(summary.findings.values())
    order = ["error", "warning", "info"]
    ranks = [(line["score"], order.index(line["severity"])) for line in lines]
    groups = len({line["group"] for line in lines})
    assert ranks[:groups] == sorted(ranks[:groups]) and len(set(ranks)) > 3
    assert ranks[groups:] == sorted(ranks[groups:])
    assert len({line["group"] for line in lines[:groups]}) == groups
    phrases = dict(zip(dataset.values(fields.KEY), dataset.values(fields.PHRASE), strict=True))
    assert all(line["phrase"] == phrases[line["key"]] for line in lines)


def test_a_file_that_cannot_be_written_is_said(dataset: fo.Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="findings cannot be written"):
        flag(dataset, out=tmp_path / "file" / "findings.jsonl")


@pytest.mark.parametrize(("size", "most"), [(1, 1000), (7, 1000), (1000, 1000)])
def test_samples_of_one_image_are_compared_whatever_the_batches(
    dataset: fo.Dataset, size: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag(dataset)
    before = labels(dataset)
    monkeypatch.setattr(rows, "BATCH", size)
    monkeypatch.setattr(rows, "MAX_IMAGE", most)
    assert flag(dataset, fresh=True).written == 0
    assert labels(dataset) == before


@pytest.mark.parametrize("waiting", [1, 7, 20])
def test_findings_are_the_same_where_samples_wait_in_a_file(
    dataset: fo.Dataset, waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag(dataset)
    before = labels(dataset)
    across = {name for name in CHECKS if CHECKS[name].scope == "dataset"}
    assert across.intersection(chain.from_iterable(before.values()))
    monkeypatch.setattr(rows, "BATCH", 5)
    monkeypatch.setattr(finding, "WAITING", waiting)
    assert flag(dataset, fresh=True).written == 0
    assert labels(dataset) == before


def judged(samples: fo.Dataset) -> dict[str, list[tuple[str, str, float]]]:
    """What is found, without the notes, which name the sample that comes first."""
    documents = samples._sample_collection.find({}, {fields.KEY: 1, fields.FINDINGS: 1})
    return {
        one[fields.KEY]: sorted(
            (each["label"], each["severity"], round(each["score"], 9))
            for each in (one.get(fields.FINDINGS) or {}).get("classifications", ())
        )
        for one in documents
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_findings_are_the_same_in_any_order_and_in_windows_of_any_size(
    dataset: fo.Dataset, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that checks of the whole dataset find much.
    params = {"duplicate_image": {"max_distance": 8}, "length_outlier": {"deviations": 0.5}}
    found = flag(dataset, params=params)
    before, rng = judged(dataset), random.Random(seed)
    samples = dataset._sample_collection
    documents = [*samples.find()]
    rng.shuffle(documents)
    samples.delete_many({})
    for one in documents:  # ids are the order of the import
        one["_id"] = ObjectId()
    samples.insert_many(documents)
    for module, name in (
        (rows, "BATCH"), (engine, "BLOCK"), (engine, "PART"), (spools, "PART"),
        (finding, "WAITING"), (duplicates, "AT_ONCE"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, rng.randint(1, 7))
    again = flag(dataset, params=params)
    assert judged(dataset) == before
    assert (again.findings, again.notes) == (found.findings, found.notes)
    across = {one for one in found.findings if CHECKS[one].scope == "dataset"}
    assert len(across) > 1


def test_an_image_of_very_many_samples_comes_in_pieces(
    dataset: fo.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any("by themselves" in note for note in flag(dataset).notes)
    monkeypatch.setattr(rows, "BATCH", 1)
    monkeypatch.setattr(rows, "MAX_IMAGE", 2)
    pieces = list(finding.batches(dataset, Columns.of([], {}, "_id")))
    assert max(map(len, pieces)) == 2 and sum(map(len, pieces)) == len(dataset)
    sizes = Counter(image_of(row) for piece in pieces for row in piece)
    larger = sum(size > 2 for size in sizes.values())
    [note] = [note for note in flag(dataset, fresh=True).notes if "by themselves" in note]
    assert larger > 1 and note.startswith(f"{larger} images have more than 2 samples")


@pytest.mark.parametrize("where", ["spool", "findings"])
def test_a_full_disk_of_temporary_files_is_told_in_a_sentence(
    where: str,
    dataset: fo.Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/full-of")
    monkeypatch.setattr(finding, "WAITING", 1)
    if where == "spool":
        full = partial(open, "/dev/full", "w+b", buffering=0)
        monkeypatch.setattr(spools, "SpooledTemporaryFile", lambda **_: full())
    else:
        connect = sqlite3.connect

        def limited(name: str) -> sqlite3.Connection:
            made = connect(name)
            made.execute("PRAGMA max_page_count = 2")
            return made

        monkeypatch.setattr(spools.sqlite3, "connect", limited)
    assert main(["flag", dataset.name]) == 1
    said = capsys.readouterr().err
    assert "pairlens: a temporary file cannot be written to /dev/full-of (" in said
    assert "free space there, or name another folder in TMPDIR" in said
