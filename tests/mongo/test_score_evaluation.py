"""Scoring as a method of FiftyOne's evaluations: through its API, from start to deletion."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin.metrics.evaluation import METHOD, PairLensEvaluationConfig
from pairlens.fiftyone_plugin.metrics.runs import load_score, score, scored_fields
from pairlens.importers import fields
from pairlens.importers.errors import UsageError
from pairlens.importers.masks import encode_png
from tests import warm
from tests.mongo.scoring import PRED, SIDE, expected, imported, predict
from tests.unit.scoring_reference import assert_same

KEY = "run"


@pytest.fixture(scope="module")
def predicted(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Imported and predicted once; nothing changes it or its files."""
    folder = tmp_path_factory.mktemp("score-evaluation")
    made = imported(folder / "published", shared_name)
    predict(made, folder / "predictions")
    return made


@pytest.fixture
def dataset(predicted: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return predicted.clone(dataset_name)


def evaluate(samples: fo.Dataset | fo.DatasetView, key: str | None = KEY, **options: object):
    return samples.evaluate_segmentations(
        PRED, gt_field="segmentation", method=METHOD, eval_key=key, **options
    )


def test_an_unknown_convention_says_which_there_are(dataset: fo.Dataset) -> None:
    with pytest.raises(UsageError, match=r"no convention 'coco'; known: lisat, rmsin"):
        evaluate(dataset, convention="coco")
    assert dataset.list_evaluations() == []


def test_gives_the_same_numbers_as_score(dataset: fo.Dataset) -> None:
    results = evaluate(dataset, convention="lisat", rounds=10, seed=3)
    ours = {k: v for k, v in results.summary.items() if k != "seconds"}
    assert_same(ours, expected(dataset, "lisat"))
    values = dataset.values(f"{KEY}_iou")
    done = asdict(score(dataset, pred=PRED, key="other", convention="lisat", rounds=10, seed=3))
    assert ours == {k: v for k, v in done.items() if k != "seconds"} | {"key": KEY}
    assert dataset.values("other_iou") == values


def test_without_a_key_nothing_is_kept(dataset: fo.Dataset) -> None:
    schema = set(dataset.get_field_schema())
    results = evaluate(dataset, key=None)
    assert_same(results.summary, expected(dataset, "rmsin"))
    assert set(dataset.get_field_schema()) == schema and dataset.list_evaluations() == []


def test_is_listed_and_loaded_like_any_other(dataset: fo.Dataset) -> None:
    evaluate(dataset.match_tags("train"), convention="segearth", by=["split"])
    assert dataset.list_evaluations(type="segmentation", method=METHOD) == [KEY]
    config = dataset.get_evaluation_info(KEY).config
    assert isinstance(config, PairLensEvaluationConfig)
    assert (config.pred_field, config.gt_field) == (PRED, "segmentation")
    assert (config.convention, config.by) == ("segearth", ["split"])
    dataset.clear_cache()
    results = dataset.load_evaluation_results(KEY)
    assert_same(results.summary, expected(dataset.match_tags("train"), "segearth"))
    assert dataset.load_evaluation_view(KEY).count() == dataset.match_tags("train").count()


def test_the_metrics_hold_our_numbers(dataset: fo.Dataset) -> None:
    evaluate(dataset)
    results = dataset.load_evaluation_results(KEY)
    wanted, metrics = expected(dataset, "rmsin"), results.metrics()
    for name, ours in (("gIoU", "gIoU"), ("cIoU", "cIoU"), ("Dice", "dice"), ("N-acc", "n_acc")):
        assert metrics[name] == pytest.approx(wanted[ours])
    assert metrics["Pr@0.7"] == wanted["precision"]["0.7"]
    assert metrics["missing"] == 4


def test_the_confusion_matrix_is_of_all_pixels_of_all_pairs(dataset: fo.Dataset) -> None:
    evaluate(dataset)
    dataset.clear_cache()
    results = dataset.load_evaluation_results(KEY)
    (outside, false), (missed, right) = results.pixel_confusion_matrix
    assert right == dataset.sum(f"{KEY}_intersection")
    assert false == dataset.sum(f"{KEY}_predicted_area") - right
    assert missed == dataset.sum(f"{KEY}_target_area") - right
    assert outside + false + missed + right == 12 * SIDE * SIDE
    assert results.dice_score() == pytest.approx(2 * right / (2 * right + false + missed))
    metrics = results.metrics()
    assert metrics["recall"] == pytest.approx(right / (right + missed))
    assert metrics["precision"] == pytest.approx(right / (right + false))


def test_the_panel_finds_the_pairs_of_a_cell(dataset: fo.Dataset) -> None:
    """The App's panel opens the pairs by the label ids of the matches."""
    evaluate(dataset)
    results = dataset.load_evaluation_results(KEY)
    missed = (results.ytrue == "target") & (results.ypred == "background")
    ids = dict(zip(dataset.values("segmentation.id"), dataset.values("key"), strict=True))
    names = ("key", f"{KEY}_target_area", f"{KEY}_intersection")
    wanted = {
        key for key, area, shared in zip(*dataset.values(list(names)), strict=True) if area > shared
    }
    assert {ids[i] for i in results.ytrue_ids[missed]} == wanted != set()


def test_a_renamed_run_keeps_its_fields_and_its_numbers(dataset: fo.Dataset) -> None:
    evaluate(dataset)
    values = dataset.values(f"{KEY}_iou")
    dataset.rename_evaluation(KEY, "renamed")
    assert dataset.list_evaluations() == ["renamed"]
    assert dataset.values("renamed_iou") == values
    assert not any(dataset.has_field(name) for name in fields.score_fields(KEY))
    assert load_score(dataset, "renamed").key == "renamed"
    assert scored_fields(dataset) == {PRED: "renamed"}
    assert {"renamed_iou"} == {n for n in dataset.list_indexes() if n.endswith("_iou")}


def test_deleting_a_run_deletes_its_fields(dataset: fo.Dataset) -> None:
    before = set(dataset.get_field_schema()), set(dataset.list_indexes())
    evaluate(dataset)
    evaluate(dataset, key="kept")
    dataset.delete_evaluation(KEY)
    assert dataset.list_evaluations() == ["kept"]
    dataset.delete_evaluation("kept")
    assert (set(dataset.get_field_schema()), set(dataset.list_indexes())) == before
    assert not any(n.startswith(KEY) for n in dataset._sample_collection.find_one())


def test_its_fields_stand_in_a_sidebar_group(dataset: fo.Dataset) -> None:
    evaluate(dataset)
    groups = {g.name: g.paths for g in dataset.app_config.sidebar_groups}
    assert set(groups[KEY]) == set(fields.score_fields(KEY))
    dataset.delete_evaluation(KEY)
    assert KEY not in {g.name for g in dataset.app_config.sidebar_groups}


FOREIGN = [
    pytest.param(1, True, id="0-1-in-the-database"),
    pytest.param(255, True, id="0-255-in-the-database"),
    pytest.param(1, False, id="0-1-on-disk"),
    pytest.param(255, False, id="0-255-on-disk"),
]


@pytest.mark.parametrize(("value", "inline"), FOREIGN)
def test_a_dataset_that_pairlens_did_not_import(
    dataset_name: str, tmp_path: Path, value: int, inline: bool
) -> None:
    """Masks of 0 and 255 against masks of 0 and 1, which never meet in FiftyOne's own method."""
    target, prediction = np.zeros((2, 40, 60), np.uint8)
    target[10:30, 10:50], prediction[10:30, 30:60] = value, 1

    def label(mask: np.ndarray, name: str) -> fo.Segmentation:
        if inline:
            return fo.Segmentation(mask=mask)
        (tmp_path / name).write_bytes(encode_png(mask))
        return fo.Segmentation(mask_path=str(tmp_path / name))

    made = fo.Dataset(dataset_name)
    sample = fo.Sample(filepath=str(tmp_path / "image.png"), tags=["test"])
    sample["truth"], sample["pred"] = label(target, "t.png"), label(prediction, "p.png")
    made.add_samples([sample, fo.Sample(filepath=str(tmp_path / "other.png"))])
    results = made.evaluate_segmentations("pred", gt_field="truth", method=METHOD, eval_key="e")
    assert (results.summary["pairs"], results.summary["unscored_total"]) == (1, 1)
    assert results.summary["cIoU"] == 400 / 1000
    assert made.values("e_intersection") == [400, None]


def test_mask_targets_say_what_is_ignored(dataset_name: str, tmp_path: Path) -> None:
    target = np.array([[255, 255, 0, 0]], np.uint8)
    sample = fo.Sample(filepath=str(tmp_path / "image.png"))
    sample["truth"] = fo.Segmentation(mask=target)
    sample["pred"] = fo.Segmentation(mask=(target > 0).astype(np.uint8))
    made = fo.Dataset(dataset_name)
    made.add_sample(sample)
    plain = made.evaluate_segmentations("pred", gt_field="truth", method=METHOD)
    assert plain.summary["cIoU"] == 1.0
    named = made.evaluate_segmentations(
        "pred", gt_field="truth", method=METHOD, mask_targets={1: "target", 255: "ignore"}
    )
    assert (named.summary["no_target"], named.summary["n_acc"]) == (1, 1.0)


KNOWN = "import fiftyone as fo; print(fo.evaluation_config.segmentation_backends)"
WAYS = [
    pytest.param("", {}, False, id="not-by-itself"),
    pytest.param("import pairlens.fiftyone_plugin.metrics.evaluation;", {}, True, id="import"),
    pytest.param(
        "from fiftyone.plugins.context import build_plugin_contexts; build_plugin_contexts();",
        {"link": "yes"},
        True,
        id="the-plugin-is-loaded",
    ),
    pytest.param(
        "",
        {
            "FIFTYONE_SEGMENTATION_BACKENDS": "*,pairlens",
            "FIFTYONE_SEGMENTATION_PAIRLENS_CONFIG_CLS": (
                "pairlens.fiftyone_plugin.metrics.evaluation.PairLensEvaluationConfig"
            ),
        },
        True,
        id="environment",
    ),
]


@pytest.mark.parametrize(("before", "environment", "known"), WAYS)
def test_how_fiftyone_gets_to_know_the_method(
    before: str, environment: dict[str, str], known: bool, tmp_path: Path, repo_root: Path
) -> None:
    own = {n: v for n, v in environment.items() if n != "link"}
    if "link" in environment:
        (tmp_path / "pairlens").symlink_to(repo_root)
    settings = {**os.environ, **own, "FIFTYONE_PLUGINS_DIR": str(tmp_path)}
    done = warm.run("-c", before + KNOWN, environment=settings)
    assert ("pairlens" in done.stdout) is known, done.stderr
