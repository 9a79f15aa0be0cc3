"""Scores on the samples and in the summary, by every convention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from threading import current_thread
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin.metrics import dataset_overlaps
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.pair_overlaps import ChunkOverlaps, MaskSource, count_chunk
from pairlens.fiftyone_plugin.metrics.runs import evaluation_of, load_score, score, scored_fields
from pairlens.importers import fields
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.masks import encode_png, load_stored
from tests.mongo.scoring import PRED, SIDE, counts, expected, imported, predict
from tests.unit.scoring_reference import RULES, assert_same, iou

KEY = "run"


@pytest.fixture(scope="module")
def predicted(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Imported and predicted once; nothing changes it or its files."""
    folder = tmp_path_factory.mktemp("score")
    made = imported(folder / "published", shared_name)
    predict(made, folder / "predictions")
    return made


@pytest.fixture
def dataset(predicted: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return predicted.clone(dataset_name)


@pytest.fixture
def own_files(dataset_name: str, tmp_path: Path) -> fo.Dataset:
    """For a test that writes to masks."""
    made = imported(tmp_path / "published", dataset_name)
    predict(made, tmp_path / "predictions")
    return made


def documents(dataset: Any) -> dict[str, dict[str, Any]]:
    return {doc["key"]: doc for doc in dataset._sample_collection.find()}


REFUSED = [
    pytest.param({"pred": "nope"}, StateError, "has no field 'nope'", id="no-field"),
    pytest.param({"pred": "phrase"}, StateError, "field 'phrase' holds no masks", id="no-masks"),
    pytest.param({"gt": "findings"}, StateError, "'findings' holds no masks", id="no-gt"),
    pytest.param({"key": "a b"}, UsageError, "'a b' is no evaluation key", id="key"),
    pytest.param({"key": "model.x"}, UsageError, "no evaluation key", id="dotted-key"),
    pytest.param({"convention": "coco"}, UsageError, "no convention 'coco'", id="convention"),
    pytest.param({"rounds": -1}, UsageError, "-1 bootstrap rounds", id="rounds"),
    pytest.param({"scheme": "bayes"}, UsageError, "no bootstrap scheme", id="scheme"),
    pytest.param({"by": ["color"]}, UsageError, "no slicing 'color'", id="slicing"),
    pytest.param({"instances": "all"}, UsageError, "no rule for instances", id="instances"),
]


@pytest.mark.parametrize(("change", "error", "message"), REFUSED)
def test_refuses_and_changes_nothing(
    dataset: fo.Dataset, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    before = documents(dataset)
    with pytest.raises(error, match=message):
        score(dataset, **({"pred": PRED, "key": KEY} | change))
    assert dataset.list_evaluations() == []
    assert documents(dataset) == before


@pytest.mark.parametrize("convention", list(CONVENTIONS))
def test_pairs_and_summary_are_those_of_the_definition(
    dataset: fo.Dataset, convention: str
) -> None:
    done = score(dataset, pred=PRED, key=KEY, convention=convention)
    wanted = expected(dataset, convention)
    assert_same(asdict(done), wanted)
    assert (
        done.missing == 4 and done.resized == done.no_target == 2
    )  # never made, or its file is gone
    for key, pair in counts(dataset).items():
        doc = documents(dataset)[key]
        assert doc.get(f"{KEY}_iou") == pytest.approx(iou(pair, RULES[convention]))
        assert doc[f"{KEY}_intersection"] == pair.intersection
        assert doc[f"{KEY}_union"] == pair.union
        assert doc[f"{KEY}_target_area"] == pair.target_area
        assert doc.get(f"{KEY}_predicted_area") == (None if pair.missing else pair.predicted_area)


def test_the_fields_are_what_fiftyone_thinks_they_are(dataset: fo.Dataset) -> None:
    score(dataset, pred=PRED, key=KEY)
    schema = dataset.get_field_schema()
    assert isinstance(schema[f"{KEY}_iou"], fo.FloatField)
    assert all(isinstance(schema[n], fo.IntField) for n in fields.score_fields(KEY)[1:])
    assert f"{KEY}_iou" in dataset.list_indexes()
    assert dataset.bounds(f"{KEY}_iou") == (0.0, 1.0)


def test_parts_are_the_summaries_of_their_pairs(dataset: fo.Dataset) -> None:
    done = score(dataset, pred=PRED, key=KEY, by=("split", "category"))
    assert sorted(done.by) == ["category", "split"]
    for split, part in done.by["split"].items():
        wanted = expected(dataset.match_tags(split), "rmsin")
        assert_same(part, wanted)
    assert sum(part["pairs"] for part in done.by["category"].values()) == done.pairs == 12


def test_a_view_scores_its_pairs_and_no_others(dataset: fo.Dataset) -> None:
    view = dataset.match_tags("train")
    done = score(view, pred=PRED, key=KEY)
    assert done.pairs == len(view) < len(dataset)
    scored = {key for key, doc in documents(dataset).items() if f"{KEY}_union" in doc}
    assert scored == set(view.values("key"))
    assert dataset.load_evaluation_view(KEY).values("key") == view.values("key")


def test_a_second_scoring_replaces_the_first_whole(dataset: fo.Dataset) -> None:
    score(dataset, pred=PRED, key=KEY)
    view = dataset.match_tags("test")
    score(view, pred=PRED, key=KEY, convention="lisat")
    scored = {key for key, doc in documents(dataset).items() if f"{KEY}_union" in doc}
    assert scored == set(view.values("key"))
    assert load_score(dataset, KEY).convention == "lisat"


def test_a_key_of_another_kind_of_evaluation_is_left_alone(dataset: fo.Dataset) -> None:
    dataset.limit(1).evaluate_segmentations(
        "segmentation", gt_field="segmentation", eval_key="theirs"
    )
    with pytest.raises(StateError, match="evaluation 'theirs' is not a scoring"):
        score(dataset, pred=PRED, key="theirs")
    assert dataset.has_field("theirs_accuracy")


def test_a_field_of_the_same_name_is_left_alone(dataset: fo.Dataset) -> None:
    dataset.add_sample_field(f"{KEY}_iou", fo.StringField)
    with pytest.raises(StateError, match="field 'run_iou' exists and is not of a scoring"):
        score(dataset, pred=PRED, key=KEY)


def test_masks_that_cannot_be_read(own_files: fo.Dataset) -> None:
    dataset = own_files
    docs = list(documents(dataset).values())
    predicted = [d for d in docs if PRED in d]
    broken = [d for d in predicted if Path(d[PRED]["mask_path"]).is_file()][:2]
    gone = [d["key"] for d in predicted if not Path(d[PRED]["mask_path"]).is_file()]
    Path(broken[0][PRED]["mask_path"]).write_bytes(b"no picture")
    Path(broken[1]["segmentation"]["mask_path"]).unlink()
    dataset._sample_collection.update_one({"_id": docs[0]["_id"]}, {"$unset": {"segmentation": ""}})
    before = score(dataset, pred=PRED, key="before")
    assert before.pairs == 10
    assert {e["key"] for e in before.unscored} == {docs[0]["key"], broken[1]["key"]}
    assert before.unscored_total == 2
    assert {e["key"] for e in before.unreadable} == {broken[0]["key"], *gone}
    after = documents(dataset)
    assert after[broken[0]["key"]]["before_iou"] == 0.0
    assert "before_iou" not in after[broken[1]["key"]]


def test_ignore_pixels_count_nowhere(own_files: fo.Dataset) -> None:
    dataset = own_files
    sample = next(s for s in dataset if s[PRED] and Path(s[PRED].mask_path).is_file())
    target = np.zeros((8, 8), np.uint8)
    target[:4], target[:, :2] = 1, 255
    Path(sample["segmentation"].mask_path).write_bytes(encode_png(target))
    Path(sample[PRED].mask_path).write_bytes(encode_png(np.ones((8, 8), np.uint8)))
    score(dataset, pred=PRED, key=KEY)
    doc = documents(dataset)[sample["key"]]
    assert (doc["run_intersection"], doc["run_union"], doc["run_target_area"]) == (24, 48, 24)


def test_pairs_that_share_a_mask_file(dataset: fo.Dataset) -> None:
    """GRES keeps one mask for the three queries of an image."""
    paths = dataset.values("segmentation.mask_path")
    shared = [paths[i // 3 * 3] for i in range(len(paths))]
    dataset.set_values("segmentation.mask_path", shared)
    dataset.reload()
    done = score(dataset, pred=PRED, key=KEY)
    wanted = expected(dataset, "rmsin")
    assert_same(asdict(done), wanted)


def test_the_newest_scoring_of_a_field_is_found(dataset: fo.Dataset) -> None:
    assert scored_fields(dataset) == {}
    with pytest.raises(StateError, match="field 'model' was not scored; run: pairlens score"):
        evaluation_of(dataset, PRED)
    score(dataset, pred=PRED, key="a")
    score(dataset, pred=PRED, key="b")
    score(dataset, pred="segmentation", key="c")
    assert scored_fields(dataset) == {PRED: "b", "segmentation": "c"}
    score(dataset.limit(3), pred=PRED, key="a")
    assert evaluation_of(dataset.limit(2), PRED) == "a"


def test_a_scoring_that_was_interrupted_is_no_scoring(dataset: fo.Dataset) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(dataset, pred=PRED, key=KEY, progress=stop)
    assert scored_fields(dataset) == {}
    done = score(dataset, pred=PRED, key=KEY)
    assert scored_fields(dataset) == {PRED: KEY} and done.pairs == 12


def test_a_scoring_can_be_loaded_in_full(dataset: fo.Dataset) -> None:
    done = score(dataset, pred=PRED, key=KEY, rounds=20, by=("split", "phrase"))
    assert asdict(load_score(dataset, KEY)) == asdict(done)
    assert list(done.ci) == ["gIoU", "cIoU"]
    with pytest.raises(StateError, match="has no scoring 'other'; it has run"):
        load_score(dataset, "other")


def test_lisats_scheme_gives_mean_and_deviation(dataset: fo.Dataset) -> None:
    done = score(dataset, pred=PRED, key=KEY, convention="lisat", scheme="lisat")
    assert done.ci == {} and done.bootstrap["scheme"] == "lisat"
    assert done.bootstrap["rounds"] == 20
    assert done.bootstrap["mean"]["gIoU"] == pytest.approx(done.gIoU, abs=0.3)
    assert done.bootstrap["std"]["gIoU"] > 0


def test_progress_ends_at_the_number_of_pairs(dataset: fo.Dataset) -> None:
    seen: list[tuple[int, int | None]] = []
    score(dataset, pred=PRED, key=KEY, progress=lambda *at: seen.append(at))
    assert seen[-1] == (12, 12)
    assert seen == sorted(seen) and {total for _, total in seen} == {12}


@pytest.mark.parametrize(
    ("quick", "in_threads"), [(1e9, 0), (0.0, 6)], ids=["quick-pairs", "slow-pairs"]
)
def test_pairs_that_take_long_are_counted_in_threads(
    dataset: fo.Dataset, monkeypatch: pytest.MonkeyPatch, quick: float, in_threads: int
) -> None:
    counted_in: list[str] = []

    def count(docs: Sequence[Any], source: MaskSource) -> ChunkOverlaps:
        counted_in.extend(current_thread().name for _ in docs)
        return count_chunk(docs, source)

    monkeypatch.setattr(dataset_overlaps, "count_chunk", count)
    monkeypatch.setattr(dataset_overlaps, "FAST_PAIR", quick)
    monkeypatch.setattr(dataset_overlaps, "FIRST_CHUNK_PAIRS", 2)
    monkeypatch.setattr(dataset_overlaps, "MAX_CHUNK_PAIRS", 2)
    done = score(dataset, pred=PRED, key=KEY)
    assert sum(name != current_thread().name for name in counted_in) == in_threads
    assert_same(asdict(done), expected(dataset, "rmsin"))


def test_masks_can_be_scored_at_the_size_of_a_paper(dataset: fo.Dataset) -> None:
    """Both masks at 480x480, each pixel from the nearest of the old ones."""
    done = score(dataset, pred=PRED, key=KEY, side=480)
    steps = np.arange(480) * SIDE // 480
    for sample in dataset:
        target = load_stored(sample["segmentation"].mask_path)[steps][:, steps]
        assert documents(dataset)[sample["key"]][f"{KEY}_target_area"] == target.sum()
    assert (done.pairs, done.missing, done.resized) == (12, 4, 2)
    assert done.gIoU != score(dataset, pred=PRED, key="native").gIoU
    with pytest.raises(UsageError, match="cannot be scored at -1 pixels"):
        score(dataset, pred=PRED, key=KEY, side=-1)
