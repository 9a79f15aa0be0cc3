"""Several predictions made one: agreements, majorities, resumed runs, and what is flagged."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from fiftyone.operators.executor import ExecutionContext, Executor

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.operators.combine_masks import CombineMasks
from pairlens.fiftyone_plugin.predictors.consensus import agree, consensus
from pairlens.importers import fields
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import encode_png, load_stored
from tests import warm

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def imported(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Imported once: nothing changes it or its files."""
    root = make_refsegrs(tmp_path_factory.mktemp("consensus") / "published", pairs=12, seed=3).root
    import_dataset("refsegrs", root, shared_name)
    dataset = fo.load_dataset(shared_name)
    for name in NAMES:
        dataset.add_sample_field(name, fo.EmbeddedDocumentField, embedded_doc_type=fo.Segmentation)
    return dataset


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


def give(sample: fo.Sample, name: str, mask: np.ndarray, folder: Path) -> None:
    path = folder / name / f"{sample.id}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(mask.astype(np.uint8)))
    sample[name] = fo.Segmentation(mask_path=str(path))
    sample.save()


def predict(dataset: fo.Dataset, folder: Path) -> dict[str, list[np.ndarray]]:
    """Random predictions of every pair: three, but two of the first and one of the second."""
    random = np.random.default_rng(7)
    given: dict[str, list[np.ndarray]] = {}
    for number, sample in enumerate(dataset):
        base = load_stored(sample["segmentation"].mask_path) == 1
        masks = []
        for name in NAMES[: {0: 2, 1: 1}.get(number, 3)]:
            mask = np.roll(base, random.integers(0, 30), axis=1)
            if number == 2:
                mask = np.zeros_like(base)
            give(sample, name, mask, folder)
            masks.append(mask)
        given[sample["key"]] = masks
    return given


def slow(masks: list[np.ndarray]) -> tuple[np.ndarray, float]:
    ious = []
    for one, other in combinations(masks, 2):
        union = np.logical_or(one, other).sum()
        ious.append(np.logical_and(one, other).sum() / union if union else 1.0)
    return sum(m.astype(int) for m in masks) > len(masks) / 2, sum(ious) / len(ious)


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("sources", "name", "kind", "words"),
    [
        pytest.param(["a"], "o", UsageError, "two prediction fields or more", id="one"),
        pytest.param(["a", "a"], "o", UsageError, "each named once", id="twice"),
        pytest.param(["a", "segmentation"], "o", UsageError, "ground truth", id="ground truth"),
        pytest.param(["a", "b"], "b", UsageError, "the consensus itself", id="itself"),
        pytest.param(["a", "no"], "o", StateError, "has no field 'no' of masks", id="none"),
        pytest.param(["a", "phrase"], "o", StateError, "field 'phrase' of masks", id="no masks"),
        pytest.param(["a", "b"], "c", UsageError, "was not made by a consensus", id="taken"),
        pytest.param(["a", "b"], "segmentation", UsageError, "uses itself", id="over truth"),
        pytest.param(["a", "b"], "mask_stats.x", UsageError, "no field name", id="embedded"),
    ],
)
def test_a_wrong_call_changes_nothing(
    dataset: fo.Dataset, sources: list[str], name: str, kind: type[Exception], words: str
) -> None:
    before = list(dataset._sample_collection.find())
    for overwrite in (False, True):
        with pytest.raises(kind, match=words):
            consensus(dataset, sources=sources, field_name=name, overwrite=overwrite)
    assert list(dataset._sample_collection.find()) == before
    assert not dataset.has_field("o")


def test_a_second_run_must_say_what_it_wants(dataset: fo.Dataset, tmp_path: Path) -> None:
    predict(dataset, tmp_path)
    consensus(dataset, sources=["a", "b"], field_name="o")
    with pytest.raises(StateError, match="--resume adds what is missing"):
        consensus(dataset, sources=["a", "b"], field_name="o")
    with pytest.raises(StateError, match="was made of a, b"):
        consensus(dataset, sources=["a", "c"], field_name="o", resume=True)
    with pytest.raises(UsageError, match="contradict"):
        consensus(dataset, sources=["a", "b"], field_name="o", resume=True, overwrite=True)


def test_a_mask_that_cannot_be_read_fails_its_pair(dataset: fo.Dataset, tmp_path: Path) -> None:
    predict(dataset, tmp_path)
    sample = dataset.skip(4).first()
    Path(sample["b"].mask_path).write_bytes(b"no picture")
    done = consensus(dataset, sources=NAMES, field_name="o")
    assert done.failed == 1 and done.agreed == 10
    (failure,) = done.failures
    assert failure["key"] == sample["key"] and failure["reason"].startswith("b: ")


# -------------------------------------------------------------------------------- must


def test_majorities_and_agreements(dataset: fo.Dataset, tmp_path: Path) -> None:
    given = predict(dataset, tmp_path)
    seen: list[tuple[int, int | None]] = []
    done = consensus(dataset, sources=NAMES, field_name="o", progress=lambda *at: seen.append(at))
    assert (done.agreed, done.failed, done.skips) == (11, 0, {"fewer than two predictions": 1})
    assert seen[-1] == (12, 12)
    agreements = []
    dataset.reload()
    for sample in dataset:
        masks = given[sample["key"]]
        if len(masks) < 2:
            assert sample["o"] is None and sample["o_agreement"] is None
            continue
        majority, agreement = slow(masks)
        np.testing.assert_array_equal(load_stored(sample["o"].mask_path), majority)
        assert sample["o_agreement"] == pytest.approx(agreement, abs=1e-6)
        assert sample["o_area"] == majority.sum()
        agreements.append(sample["o_agreement"])
    assert done.agreement == pytest.approx(np.mean(agreements))
    assert 0 < min(agreements) < max(agreements) == 1.0
    schema = dataset.get_field_schema()
    assert isinstance(schema["o_agreement"], fo.FloatField)
    assert schema["o"].document_type is fo.Segmentation


def test_of_two_the_intersection_remains() -> None:
    one, other = np.array([[1, 1, 0]], np.uint8), np.array([[0, 1, 1]], np.uint8)
    both = agree([one, other])
    assert both.mask.tolist() == [[0, 1, 0]] and both.agreement == pytest.approx(1 / 3)
    assert agree([one, other, other]).mask.tolist() == [[0, 1, 1]]
    assert agree([one * 0, other * 0]).agreement == 1.0


def test_masks_of_other_sizes_are_brought_to_the_images(
    dataset: fo.Dataset, tmp_path: Path
) -> None:
    sample = dataset.first()
    whole = np.zeros((512, 512), np.uint8)
    whole[:256] = 1
    give(sample, "a", whole[::2, ::2], tmp_path)
    give(sample, "b", whole[::4, ::4], tmp_path)
    done = consensus(dataset, sources=["a", "b"], field_name="o")
    assert done.agreed == 1 and done.agreement == 1.0
    sample.reload()
    np.testing.assert_array_equal(load_stored(sample["o"].mask_path), whole)


def test_a_run_goes_on_where_it_was_broken_off(dataset: fo.Dataset, tmp_path: Path) -> None:
    given = predict(dataset, tmp_path)
    some = dataset.limit(5)
    consensus(some, sources=NAMES, field_name="o")
    assert dataset.exists("o").count() == 4
    first = {s["key"]: Path(s["o"].mask_path).stat().st_mtime_ns for s in dataset.exists("o")}
    done = consensus(dataset, sources=NAMES, field_name="o", resume=True)
    assert done.agreed == 7
    assert done.skips == {"fewer than two predictions": 1, "combined already": 4}
    dataset.reload()
    for sample in dataset.exists("o"):
        if sample["key"] in first:
            assert Path(sample["o"].mask_path).stat().st_mtime_ns == first[sample["key"]]
    assert dataset.exists("o").count() == sum(len(masks) > 1 for masks in given.values())


def test_overwrite_starts_anew(dataset: fo.Dataset, tmp_path: Path) -> None:
    predict(dataset, tmp_path)
    consensus(dataset, sources=NAMES, field_name="o")
    old = Path(dataset.exists("o").first()["o"].mask_path)
    done = consensus(dataset.skip(2), sources=["b", "c"], field_name="o", overwrite=True)
    assert done.agreed == 10 and not old.is_file()
    dataset.reload()
    assert dataset.exists("o").count() == dataset.exists("o_agreement").count() == 10


def test_predictors_leave_a_consensus_alone(dataset: fo.Dataset, tmp_path: Path) -> None:
    from pairlens.fiftyone_plugin.predictors.runner import predict as run

    predict(dataset, tmp_path)
    consensus(dataset, sources=NAMES, field_name="o")
    with pytest.raises(UsageError, match="was not made by a predictor"):
        run(dataset, predictor="cues", field_name="o", overwrite=True)


def test_where_predictors_agree_against_the_ground_truth_is_flagged(
    dataset: fo.Dataset, tmp_path: Path
) -> None:
    wrong, unsure, nothing = (s["key"] for s in dataset.limit(3))
    for sample in dataset:
        truth = load_stored(sample["segmentation"].mask_path) == 1
        elsewhere = np.zeros_like(truth)
        elsewhere[:40, :40] = ~truth[:40, :40]
        for number, name in enumerate(NAMES):
            mask = truth
            if sample["key"] == wrong:
                mask = elsewhere
            elif sample["key"] == unsure:
                mask = np.roll(elsewhere, 100 * number, axis=1) & ~truth
            elif sample["key"] == nothing:
                mask = truth & False
            give(sample, name, mask, tmp_path)
    consensus(dataset, sources=NAMES, field_name="o")
    score(dataset, pred="a", key="a")
    score(dataset, pred="o", key="o")
    flag(dataset, checks=["consensus_conflict"], predictions=["a"])
    assert not dataset.exists("findings").count()
    flag(dataset, checks=["consensus_conflict"], predictions=["a", "o"])
    dataset.reload()
    found = {s["key"]: s["findings"].classifications for s in dataset.exists("findings")}
    assert set(found) == {wrong, nothing}
    (conflict,), (empty,) = found[wrong], found[nothing]
    assert (conflict.label, conflict.severity) == ("consensus_conflict", "warning")
    assert (
        "agree with each other (mean IoU 1.00) and not with the mask (IoU 0.000)" in conflict.note
    )
    assert empty.severity == "info" and "that nothing is there" in empty.note


# ------------------------------------------------------------------------------ in the App


def context(dataset: fo.Dataset, **params: Any) -> ExecutionContext:
    request = {"dataset_name": dataset.name, "params": params}
    return ExecutionContext(request_params=request, executor=Executor())


def form(dataset: fo.Dataset) -> dict[str, Any]:
    return CombineMasks().resolve_input(context(dataset)).to_json()["type"]["properties"]


def test_the_form_needs_two_predictions(dataset: fo.Dataset) -> None:
    dataset.delete_sample_fields(["b", "c"])
    shown = form(dataset)
    assert list(shown) == ["none"] and shown["none"]["invalid"]


def test_the_operator_combines_all_predictions_unless_told(
    dataset: fo.Dataset, tmp_path: Path
) -> None:
    predict(dataset, tmp_path)
    assert form(dataset)["fields"]["default"] == list(NAMES)
    done = CombineMasks().execute(context(dataset))
    assert (done["fields"], done["field"], done["agreed"]) == (list(NAMES), "agreed", 11)
    dataset.reload()
    assert form(dataset)["fields"]["default"] == list(NAMES)  # not the consensus itself
    with pytest.raises(StateError, match="--resume adds what is missing"):
        CombineMasks().execute(context(dataset))
    done = CombineMasks().execute(context(dataset, fields=["a", "b"], field="two"))
    assert (done["fields"], done["agreed"]) == (["a", "b"], 11)


def test_the_command(dataset: fo.Dataset, tmp_path: Path) -> None:
    predict(dataset, tmp_path)
    done = cli.run(["consensus", dataset.name, "--fields", *NAMES, "--field", "o"])
    assert (done["agreed"], done["fields"], done["skipped"]) == (11, list(NAMES), 1)
    again = warm.run("-m", "pairlens.fiftyone_plugin.cli", "consensus", dataset.name, "--fields",
                     *NAMES, "--field", "o", "--resume", "--json")  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["agreed"] == 0
    dataset.reload()
    assert dataset.exists(fields.agreement_field("o")).count() == 11
