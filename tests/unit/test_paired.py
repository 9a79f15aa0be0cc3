"""Two predictions of the same pairs against each other."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.fiftyone_plugin.metrics.bootstrap import draws
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.overlap import Overlap
from pairlens.fiftyone_plugin.metrics.paired import compare_tables, differences, most_changed
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, summarize
from tests.unit.scoring_tables import random_table, table

RMSIN = CONVENTIONS["rmsin"]


def test_a_prediction_against_itself() -> None:
    pairs = random_table(2, 40, 10)
    done = compare_tables(pairs, pairs, RMSIN, 50)
    assert done["difference"] == {"gIoU": 0, "cIoU": 0}
    assert done["ci"] == {"gIoU": [0, 0], "cIoU": [0, 0]}
    assert (done["wins"], done["ties"], done["losses"]) == (0, 40, 0)


def test_wins_ties_and_losses_of_the_second() -> None:
    done = compare_tables(table([0.5, 0.5, 0.5, 0.1]), table([0.9, 0.5, 0.2, 0.3]), RMSIN, 0)
    assert (done["wins"], done["ties"], done["losses"]) == (2, 1, 1)
    assert done["difference"]["gIoU"] == pytest.approx(0.075)
    assert done["ci"] == {}


def test_the_interval_is_that_of_draws_of_the_same_images() -> None:
    first, second = (random_table(seed, 60, 12) for seed in (1, 2))
    second = OverlapTable(**{**vars(second), "image": first.image})
    images = np.unique(first.image)
    changes = []
    for drawn in draws(len(images), 30, seed=4):
        rows = [
            np.repeat(np.flatnonzero(first.image == image), int(n))
            for image, n in zip(images, drawn, strict=True)
        ]
        chosen = np.concatenate(rows)
        a, b = (summarize(t.where(chosen), RMSIN)["cIoU"] for t in (first, second))
        changes.append(b - a)
    done = compare_tables(first, second, RMSIN, 30, seed=4)
    assert done["ci"]["cIoU"] == pytest.approx(list(np.percentile(changes, (2.5, 97.5))))


def test_a_steady_small_gain_is_seen_through_large_common_scatter() -> None:
    base = np.random.default_rng(0).uniform(0, 0.9, 100).round(2)
    done = compare_tables(table(base), table(base + 0.05), RMSIN, 200)
    low, high = done["ci"]["gIoU"]
    assert low == pytest.approx(0.05) and high == pytest.approx(0.05)


def test_pairs_without_an_iou_are_neither_won_nor_lost() -> None:
    empty, wrong = Overlap(0, 0, 0, 0, 100), Overlap(0, 5, 0, 5, 100)
    first = OverlapTable.from_overlaps([empty, empty, wrong], range(3))
    second = OverlapTable.from_overlaps([empty, wrong, wrong], range(3))
    done = compare_tables(first, second, CONVENTIONS["rsrefseg"], 0)
    assert (done["wins"], done["ties"], done["losses"], done["undefined"]) == (0, 1, 0, 2)
    assert done["difference"]["gIoU"] == 0.0


def test_no_pairs() -> None:
    done = compare_tables(table([]), table([]), RMSIN, 10)
    assert done["pairs"] == 0 and done["difference"] == {"gIoU": None, "cIoU": None}


def test_the_most_changed_come_first_in_either_direction() -> None:
    change = differences(table([0.5, 0.5, 0.5, 0.5]), table([0.6, 0.1, 0.5, 0.8]), RMSIN)
    assert most_changed(change, 10).tolist() == [1, 3, 0]
    assert most_changed(change, 1).tolist() == [1]
