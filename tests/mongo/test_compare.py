"""Two scorings of the same pairs against each other."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.metrics.comparison import compare
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.importers.errors import StateError, UsageError
from tests.mongo.scoring import counts, expected, imported, predict
from tests.unit.scoring_reference import RULES, assert_same, iou


@pytest.fixture(scope="module")
def scored(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Two predictors, scored as ``a`` and ``b``; nothing changes it."""
    folder = tmp_path_factory.mktemp("compare")
    made = imported(folder / "published", shared_name)
    for seed, name in enumerate(("a", "b")):
        predict(made, folder / name, name, seed)
        score(made, pred=name, key=name)
    return made


@pytest.fixture
def dataset(scored: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return scored.clone(dataset_name)


def test_refuses_what_cannot_be_compared(dataset: fo.Dataset) -> None:
    score(dataset, pred="b", key="lisat", convention="lisat")
    score(dataset, pred="b", gt="a", key="against_a")
    dataset.save_view("mine", dataset.limit(2))
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"second": "nope"}, StateError, "has no scoring 'nope'; it has a, against_a, b, lisat"),
        ({"second": "lisat"}, StateError, "a is scored as rmsin, lisat as lisat"),
        ({"second": "against_a"}, StateError, "scored against 'segmentation', against_a against"),
        ({"convention": "coco"}, UsageError, "no convention 'coco'"),
        ({"rounds": -1}, UsageError, "0 or more"),
        ({"view": "mine"}, StateError, "view 'mine' exists and is not of a comparison"),
    ]
    for change, error, message in refused:
        with pytest.raises(error, match=message):
            compare(dataset, **({"first": "a", "second": "b"} | change))
    assert dataset.load_saved_view("mine").count() == 2


def test_counts_wins_and_gives_the_difference(dataset: fo.Dataset) -> None:
    done = compare(dataset, "a", "b", rounds=50)
    a, b = (expected(dataset, "rmsin", name) for name in "ab")
    rules = RULES["rmsin"]
    changes = [
        (iou(two, rules) or 0) - (iou(one, rules) or 0)
        for one, two in zip(
            counts(dataset, "a").values(), counts(dataset, "b").values(), strict=True
        )
    ]
    # The pixels that count are not kept by pair, nor whether a mask was resized.
    kept = {k: v for k, v in a.items() if k != "resized"}
    assert_same(done.first, kept)
    assert done.wins == sum(c > 0 for c in changes) > 0
    assert done.losses == sum(c < 0 for c in changes) > 0
    assert done.wins + done.ties + done.losses == done.pairs == 12
    assert done.difference["gIoU"] == pytest.approx(b["gIoU"] - a["gIoU"])  # type: ignore[operator]
    low, high = done.ci["gIoU"]
    assert low <= done.difference["gIoU"] <= high  # type: ignore[operator]
    size = [abs(c["second"] - c["first"]) for c in done.changed]
    assert size == sorted(size, reverse=True) and len(size) == done.wins + done.losses


def test_the_most_changed_are_a_view_in_their_order(dataset: fo.Dataset) -> None:
    done = compare(dataset, "a", "b", rounds=0, most=3, view="changed")
    dataset.reload()
    view = dataset.load_saved_view("changed")
    assert view.values("key") == [c["key"] for c in done.changed]
    assert len(done.changed) == 3 and done.view == "changed"
    compare(dataset, "a", "b", rounds=0, most=1, view="changed")
    dataset.reload()
    assert dataset.load_saved_view("changed").values("key") == [done.changed[0]["key"]]


def test_another_convention_is_computed_from_the_counts(dataset: fo.Dataset) -> None:
    score(dataset, pred="b", key="b_lisat", convention="lisat")
    done = compare(dataset, "a", "b_lisat", convention="segearth", rounds=0)
    wanted = expected(dataset, "segearth", "b")
    assert_same(done.second, {k: v for k, v in wanted.items() if k != "resized"})


def test_only_pairs_that_both_scored_are_compared(dataset: fo.Dataset) -> None:
    score(dataset.match_tags("train"), pred="b", key="part")
    done = compare(dataset, "a", "part", rounds=0)
    assert done.pairs == dataset.match_tags("train").count()
    assert done.only_one == 12 - done.pairs > 0
    inside = compare(dataset.match_tags("train").limit(2), "a", "part", rounds=0)
    assert (inside.pairs, inside.only_one) == (2, 0)


def test_command(dataset: fo.Dataset) -> None:
    from pairlens.fiftyone_plugin.cli import run

    arguments = [dataset.name, "--keys", "a", "b", "--bootstrap", "20", "--view", "changed"]
    done = run(["compare", *arguments])
    assert done["keys"] == ["a", "b"] and done["view"] == "changed"
    assert {"difference", "ci", "wins", "ties", "losses", "changed"} <= set(done)
    assert dataset.name in fo.list_datasets()
