"""Masks that are mended: into the dataset, back out of it, and along with decisions."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
import tifffile

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import (
    decisions,
    editable_masks,
    review_fields,
    sessions,
    undoing,
    verdicts,
)
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.mask_stats import digest
from pairlens.importers.masks import encode_png, load_stored
from tests.mongo.curating import load, mask_of, moved, predict
from tests.mongo.exporting import data_files, root_of
from tests.mongo.reviewing import documents, history, keys


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("published")
    make_gres(folder / "gres", images=5, size=256)
    make_refsegrs(folder / "refsegrs", pairs=5, size=256)
    return {name: folder / name for name in ("gres", "refsegrs")}


@pytest.fixture
def dataset(dataset_name: str, sources: dict[str, Path], tmp_path: Path) -> Any:
    dataset = load("gres", sources["gres"], dataset_name)
    predict(dataset, tmp_path / "model")
    return dataset


@pytest.fixture
def rasters(dataset_name: str, sources: dict[str, Path], tmp_path: Path) -> Any:
    dataset = load("refsegrs", sources["refsegrs"], dataset_name)
    predict(dataset, tmp_path / "model")
    return dataset


def sharing(dataset: Any) -> list[str]:
    """Keys of an image that is asked for several times, with one shape."""
    found: dict[str, list[str]] = {}
    for key, document in sorted(documents(dataset).items()):
        found.setdefault((document.get("segmentation") or {}).get("mask_path", ""), []).append(key)
    return next(names for path, names in found.items() if path and len(names) > 1)


def unlike(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


def view_of(dataset: Any, key: str) -> Any:
    """The pair as FiftyOne loads it."""
    return fo.load_dataset(dataset.name)[str(documents(dataset)[key]["_id"])]


def with_ignore(dataset: Any, key: str) -> np.ndarray:
    """Makes the first rows of a pair's published mask *ignore*, as if it came so."""
    path = documents(dataset)[key]["segmentation"]["mask_path"]
    pixels = load_stored(path)
    pixels[:4] = 255
    Path(path).write_bytes(encode_png(pixels))
    return pixels


# ------------------------------------------------------------------------------ must not


def test_the_published_mask_is_never_written_to(dataset: Any) -> None:
    masks = Path(documents(dataset)[keys(dataset)[0]]["segmentation"]["mask_path"]).parent
    before = {path.name: path.read_bytes() for path in masks.iterdir()}
    for key in keys(dataset)[:3]:
        judge(dataset, key, "fix", mask_from="model")
    after = {path.name: path.read_bytes() for path in masks.iterdir()}
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)


def test_a_mask_that_is_empty_or_of_a_pair_without_target_is_refused(
    dataset: Any, tmp_path: Path
) -> None:
    key, other = keys(dataset)[:2]
    path = documents(dataset)[key]["model"]["mask_path"]
    Path(path).write_bytes(encode_png(np.zeros((256, 256), np.uint8)))
    dataset._sample_collection.update_one({"key": other}, {"$set": {"no_target": True}})
    before = documents(dataset)
    with pytest.raises(UsageError, match="is empty; to remove the pair"):
        judge(dataset, key, "fix", mask_from="model")
    with pytest.raises(UsageError, match="declared to have no target"):
        judge(dataset, other, "fix", mask_from="model")
    Path(path).unlink()
    with pytest.raises(StateError, match="cannot be read"):
        judge(dataset, key, "fix", mask_from="model")
    assert documents(dataset) == before
    assert history(dataset) == []


def test_too_many_pairs_are_not_made_editable(dataset: Any) -> None:
    with pytest.raises(UsageError, match="1,001 pairs are too many"):
        editable_masks.make_editable(dataset, [keys(dataset)[0]] * 1001)
    assert not dataset.has_field("segmentation_edit")


# ------------------------------------------------------------------------------- mending


def test_a_prediction_becomes_the_mask_and_undo_brings_the_published_one_back(
    dataset: Any,
) -> None:
    family = sharing(dataset)
    key = family[0]
    before = documents(dataset)
    published = mask_of(dataset, key)
    judge(dataset, key, "fix", mask_from="model", reviewer="ann", note="moved")
    after = documents(dataset)
    assert np.array_equal(mask_of(dataset, key), moved(published))
    assert after[key]["verdict"] == "fix"
    assert after[key]["mask_stats"]["digest"] == digest(moved(published))
    kept = after[key]["original_mask"]
    assert kept["mask_path"] == before[key]["segmentation"]["mask_path"]
    assert kept["digest"] == digest(published) == review_fields.find(dataset, key).published_digest
    # One shape in the published file: all its queries have the new mask, one has the verdict.
    for other in family[1:]:
        assert np.array_equal(mask_of(dataset, other), moved(published))
        assert "verdict" not in after[other]
        assert after[other]["segmentation"]["_id"] == before[other]["segmentation"]["_id"]
    for stranger in set(before) - set(family):
        assert after[stranger] == before[stranger]
    # FiftyOne can read what was written.
    assert view_of(dataset, key).original_mask.digest == digest(published)
    done = undoing.undo(dataset)
    assert (done["pairs"], done["keys"][0]) == (len(family), key)
    restored = documents(dataset)
    for other in family:
        assert unlike(before[other], restored[other]) == {"last_modified_at"}
    assert undoing.redo(dataset)["pairs"] == len(family)
    assert np.array_equal(mask_of(dataset, family[-1]), moved(published))


def test_an_edit_in_the_app_becomes_the_mask_with_what_is_ignored_around_it(dataset: Any) -> None:
    key = keys(dataset)[0]
    published = with_ignore(dataset, key)
    assert editable_masks.make_editable(dataset, [key]) == {
        "made": 1,
        "field": "segmentation_edit",
    }
    sample = view_of(dataset, key)
    [detection] = sample.segmentation_edit.detections
    assert detection.label == "target"
    # What the reviewer does: a notch is cut out, and a part is added in a corner.
    detection.mask[:2] = False
    corner = fo.Detection(
        label="target", bounding_box=[0, 0, 10 / 256, 10 / 256], mask=np.ones((10, 10), bool)
    )
    sample.segmentation_edit.detections.append(corner)
    sample.save()
    judge(dataset, key, "fix", use_edit=True)
    rows = np.flatnonzero((published == 1).any(1))
    wanted = published.copy()
    wanted[rows[:2]] = np.where(wanted[rows[:2]] == 1, 0, wanted[rows[:2]])
    wanted[:10, :10] = 1
    assert np.array_equal(mask_of(dataset, key), wanted)
    assert (wanted == 255).sum() == 4 * 256 - 40
    assert not documents(dataset)[key].get("segmentation_edit")


def test_an_unchanged_edit_is_the_published_mask(dataset: Any) -> None:
    key = keys(dataset)[0]
    before = documents(dataset)[key]["segmentation"]
    editable_masks.make_editable(dataset, [key])
    judge(dataset, key, "fix", use_edit=True)
    after = documents(dataset)[key]
    assert after["segmentation"] == before
    assert not after.get("original_mask")


def test_mending_twice_keeps_the_published_mask_and_the_way_back(dataset: Any) -> None:
    key = keys(dataset)[0]
    published = documents(dataset)[key]
    judge(dataset, key, "fix", mask_from="model")
    first = documents(dataset)[key]
    editable_masks.make_editable(dataset, [key])
    sample = view_of(dataset, key)
    [detection] = sample.segmentation_edit.detections
    edited = detection.mask.copy()
    edited[:1] = False
    detection.mask = edited
    sample.save()
    judge(dataset, key, "fix", use_edit=True)
    second = documents(dataset)[key]
    assert second["original_mask"] == first["original_mask"]
    assert second["segmentation"]["mask_path"] != first["segmentation"]["mask_path"]
    undoing.undo(dataset)
    assert documents(dataset)[key]["segmentation"] == first["segmentation"]
    undoing.undo(dataset)
    assert documents(dataset)[key]["segmentation"] == published["segmentation"]


def test_who_saw_another_mask_is_told(dataset: Any) -> None:
    first, second = sharing(dataset)[:2]
    seen = review_fields.find(dataset, second).version
    judge(dataset, first, "fix", mask_from="model", reviewer="ann")
    with pytest.raises(Conflict, match="its mask changed"):
        judge(dataset, second, "keep", reviewer="bob", seen=seen)


def test_of_two_who_mend_one_shape_at_once_one_is_told_and_all_agree(dataset: Any) -> None:
    family = sharing(dataset)
    dataset.clone_sample_field("model", "other")
    path = Path(documents(dataset)[family[0]]["model"]["mask_path"]).with_name("other.png")
    path.write_bytes(encode_png(np.roll(moved(mask_of(dataset, family[0])), 9, 1)))
    masks = {"other.mask_path": str(path)}
    dataset._sample_collection.update_many({"key": {"$in": family}}, {"$set": masks})
    seen = {key: review_fields.find(dataset, key).version for key in family}
    together = Barrier(2)

    def mend(given: tuple[str, str]) -> bool:
        key, field = given
        together.wait()
        try:
            judge(dataset, key, "fix", mask_from=field, reviewer=field, seen=seen[key])
        except Conflict:
            return False
        return True

    two = [(family[0], "model"), (family[1], "other")]
    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(mend, two))
    assert sorted(won) == [False, True]
    [(winner, field)] = [one for one, has in zip(two, won, strict=True) if has]
    found = documents(dataset)
    assert len({found[key]["segmentation"]["mask_path"] for key in family}) == 1
    assert [key for key in family if found[key].get("reviewer")] == [winner]
    assert found[winner]["reviewer"] == field
    assert len(history(dataset)) == len(family)
    assert undoing.undo(dataset)["pairs"] == len(family)
    assert not any(d.get("original_mask") for d in documents(dataset).values())


def test_scores_and_findings_follow_the_mask(dataset: Any) -> None:
    key = sharing(dataset)[0]
    score(dataset, pred="model", key="model")
    flag(dataset, predictions=["model"], params={"tiny_mask": {"min_area": 100_000}})
    before = documents(dataset)
    names = {one["label"] for one in before[key]["findings"]["classifications"]}
    assert "tiny_mask" in names and before[key]["model_iou"] < 1
    judge(dataset, key, "fix", mask_from="model")
    after = documents(dataset)[key]
    assert after["model_iou"] == 1.0
    assert after["model_union"] == after["model_target_area"] == after["mask_stats"]["area"]
    assert "tiny_mask" in {one["label"] for one in after["findings"]["classifications"]}
    undoing.undo(dataset)
    restored = documents(dataset)[key]
    changed = unlike(before[key], restored)
    assert changed <= {"last_modified_at", "findings"}
    said = [
        [(one["label"], one["score"], one["note"]) for one in d["findings"]["classifications"]]
        for d in (before[key], restored)
    ]
    assert said[0] == said[1]


def test_scores_follow_the_mask_as_their_scoring_reads_masks(dataset: Any) -> None:
    key = sharing(dataset)[0]
    options = {"pred": "model", "key": "inside_out", "pred_values": "inverted", "side": 32}
    score(dataset, **options)
    judge(dataset, key, "fix", mask_from="model")
    at_once = {key: scores_in(d) for key, d in documents(dataset).items()}
    score(dataset, **options)
    assert at_once == {key: scores_in(d) for key, d in documents(dataset).items()}


def scores_in(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name.startswith("inside_out_")}


# ------------------------------------------------------------------------------ decisions


def test_a_mended_mask_travels_with_its_decision(
    dataset: Any, sources: dict[str, Path], tmp_path: Path
) -> None:
    family = sharing(dataset)
    judge(dataset, family[0], "fix", mask_from="model", reviewer="ann")
    judge(dataset, family[1], "keep", reviewer="ann")
    file = tmp_path / "decisions.jsonl"
    assert decisions.dump(dataset, file) == 2
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert [line["mask"]["sha256"] for line in lines] == [digest(mask_of(dataset, family[0]))] * 2
    other = load("gres", sources["gres"], f"{dataset.name}-copy")
    assert decisions.apply(other, file) == {"applied": 2, "edited": 2, "stale": [], "unknown": []}
    for key in family:
        assert np.array_equal(mask_of(other, key), mask_of(dataset, key))
    assert decisions.dump(other, tmp_path / "again.jsonl") == 2
    assert (tmp_path / "again.jsonl").read_bytes() == file.read_bytes()
    # Once more changes nothing, and one undo takes the whole file back.
    before = documents(other)
    decisions.apply(other, file)
    assert documents(other) == before
    undoing.undo(other)
    assert not any(d.get("original_mask") or d.get("verdict") for d in documents(other).values())
    assert {d["mask_stats"]["digest"] for d in documents(other).values()} == {
        review_fields.find(dataset, key).published_digest for key in keys(dataset)
    }


def test_masks_that_do_not_fit_are_stale(dataset: Any, tmp_path: Path) -> None:
    first, second = sharing(dataset)[:2]
    judge(dataset, first, "fix", mask_from="model")
    judge(dataset, second, "keep")
    file = tmp_path / "decisions.jsonl"
    decisions.dump(dataset, file)
    undoing.undo(dataset)
    undoing.undo(dataset)
    before = documents(dataset)
    one, two = (json.loads(line) for line in file.read_bytes().splitlines())
    wrong = one | {"mask": one["mask"] | {"sha256": "0" * 64}}
    small = one | {"mask": one["mask"] | {"size": [2, 2], "counts": "04"}}
    for line, reason in ((wrong, "as it was reviewed"), (small, "published one 256x256")):
        file.write_text(json.dumps(line))
        report = decisions.apply(dataset, file)
        assert report["applied"] == 0 and reason in report["stale"][0]["reason"]
        assert {k: d.get("verdict") for k, d in documents(dataset).items()} == dict.fromkeys(before)
    # Two lines about one shape must agree.
    file.write_text(f"{json.dumps(one)}\n{json.dumps(two | {'mask': None})}\n")
    report = decisions.apply(dataset, file)
    assert report["applied"] == 1
    assert report["stale"] == [
        {"key": two["key"], "line": 2, "reason": "line 1 has another mask for the same shape"}
    ]


# -------------------------------------------------------------------------------- exports


def test_a_mended_gres_mask_is_exported_as_polygons_that_read_back(
    dataset: Any, tmp_path: Path
) -> None:
    family = sharing(dataset)
    source = data_files(root_of(dataset))
    verdicts.set_verdicts(dataset, [verdicts.Verdict(key, "keep") for key in keys(dataset)])
    sessions.start(dataset, name="monday", view=dataset.view(), include_judged=True)
    given: dict[str, Any] = {"reviewer": "ann", "note": "moved", "session": "monday"}
    judge(dataset, family[0], "fix", mask_from="model", **given)
    report = export_dataset(dataset, "gres", tmp_path / "out")
    assert report["edited"] == len(family)
    manifest = json.loads(Path(report["manifest"]).read_bytes())
    mended = {entry["key"]: entry for entry in manifest["edited"]}
    assert sorted(mended) == sorted(family)
    told = {name: mended[family[0]][name] for name in ("mask", "note", "reviewer", "session")}
    assert told == {"mask": "mended", "note": "moved", "reviewer": "ann", "session": "monday"}
    assert mended[family[1]]["session"] is None
    [session] = manifest["review"]["sessions"]
    assert (session["name"], session["judged"]) == ("monday", 1)
    assert manifest["review"]["reviewers"]["ann"]["fix"] == 1
    written = data_files(tmp_path / "out")
    [changed] = [name for name in written if written[name] != source[name]]
    assert changed == documents(dataset)[family[0]]["source"]["file"]
    again = load("gres", tmp_path / "out", f"{dataset.name}-again")
    for key in keys(dataset):
        assert np.array_equal(mask_of(again, key), mask_of(dataset, key))
    assert not any(d["mask_stats"]["polygon_faults"] for d in documents(again).values())


@pytest.mark.parametrize("high", [1, 255], ids=["0 and 1", "0 and 255"])
def test_a_mended_refsegrs_mask_is_exported_like_the_published_one(
    dataset_name: str, sources: dict[str, Path], tmp_path: Path, high: int
) -> None:
    root = tmp_path / "root"
    shutil.copytree(sources["refsegrs"], root)
    for file in (root / "masks").iterdir():
        tifffile.imwrite(file, (tifffile.imread(file) > 0).astype(np.uint8) * high)
    dataset = load("refsegrs", root, dataset_name)
    predict(dataset, tmp_path / "model")
    key = keys(dataset)[0]
    judge(dataset, key, "fix", mask_from="model")
    report = export_dataset(dataset, "refsegrs", tmp_path / "out", select="all")
    assert (report["edited"], report["dropped"]) == (1, 0)
    source, written = data_files(root), data_files(tmp_path / "out")
    [changed] = [name for name in written if written[name] != source[name]]
    raster = tifffile.imread(tmp_path / "out" / changed)
    assert raster.dtype == np.uint8
    assert np.array_equal(raster, mask_of(dataset, key) * high)
    again = load("refsegrs", tmp_path / "out", f"{dataset_name}-again")
    for one in keys(dataset):
        assert np.array_equal(mask_of(again, one), mask_of(dataset, one))


def test_queries_of_one_shape_with_different_masks_are_not_exported(
    dataset: Any, tmp_path: Path
) -> None:
    family = sharing(dataset)
    judge(dataset, family[0], "fix", mask_from="model")
    own = documents(dataset)[family[1]]
    back = {"segmentation.mask_path": own["original_mask"]["mask_path"]}
    dataset._sample_collection.update_one(
        {"_id": own["_id"]}, {"$set": back, "$unset": {"original_mask": ""}}
    )
    with pytest.raises(UsageError, match="share one shape but have different masks"):
        export_dataset(dataset, "gres", tmp_path / "out", select="all")
    assert not (tmp_path / "out").exists()


def test_several_threads_offer_the_field_at_once(dataset: Any) -> None:
    begin = Barrier(8)

    def offer(_: int) -> None:
        begin.wait()
        editable_masks.offer(dataset)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(offer, range(8)))
    assert "segmentation_edit" in dataset.label_schemas
    assert dataset.active_label_schemas.count("segmentation_edit") == 1


def test_a_session_offers_the_field_before_it_is_needed(dataset: Any) -> None:
    """An App that is open already would not learn of it in the middle of the session."""
    assert not dataset.has_field("segmentation_edit")
    sessions.start(dataset, name="ahead", view=dataset.limit(2))
    dataset.reload()
    assert dataset.has_field("segmentation_edit")
    assert "segmentation_edit" in dataset.app_config.active_fields.paths
    assert "segmentation_edit" in dataset.label_schemas
    assert dataset.exists("segmentation_edit").count() == 0
