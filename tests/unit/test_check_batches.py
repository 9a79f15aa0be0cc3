"""Batches of samples, what is cached of their texts, and what checks of datasets keep."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, DatasetStatistics
from pairlens.fiftyone_plugin.checks.catalogue.positions import outside
from pairlens.fiftyone_plugin.checks.engine import find_all, find_in
from pairlens.fiftyone_plugin.checks.examples import example, mask_at
from pairlens.fiftyone_plugin.checks.rows import Columns, Row
from pairlens.fiftyone_plugin.language.query_features import FeatureIndex, query_features

PHRASES = (
    "the car in the top-left of the image", "the red car on the right", "two large white trucks",
    "the small round tank near the center", "car", "", "...", "Identify the vehicle.",
    "the box at [188, 116, 25, 16]", "As an AI model I am sorry", "several ships at the bottom",
)  # fmt: skip
OF_PAIRS = [one for one in CHECKS.values() if "pairs" in one.kinds]
NEAR = [one for one in OF_PAIRS if one.scope != "dataset"]


def samples(count: int = 60) -> list[Any]:
    rng = random.Random(0)
    return [
        example(
            f"gres/train/{n // 3}#{n % 3}",
            phrase=PHRASES[n % len(PHRASES)],
            stats=mask_at(rng.randrange(40, 470), rng.randrange(40, 470)),
        )
        for n in range(count)
    ]


def rows(columns: Columns, count: int = 60) -> list[Row]:
    """Samples as the database has them, with columns for the cache in which nothing is."""
    width = len(columns.paths)
    known = [columns.row(sample) for sample in samples(count)]
    return [row + [None] * (width - len(row)) for row in known]


def test_a_row_and_its_sample_are_the_same() -> None:
    columns = Columns.of(NEAR, {})
    for sample in samples():
        assert columns.sample(columns.row(sample)) == sample


def test_measurements_that_are_not_there_have_their_defaults() -> None:
    columns = Columns.of([CHECKS["tiny_mask"], CHECKS["image_dark"]], {})
    row = columns.row(example())
    for path in ("mask_stats.solidity", "mask_stats.box", "mask_stats.polygon_faults"):
        row[columns.paths.index(path)] = None
    batch = Batch([row], columns)
    assert batch.stat("solidity").tolist() == [0.0] and batch.box.tolist() == [[0, 0, 0, 0]]
    assert np.isnan(batch.image("brightness")).all()
    with pytest.raises(KeyError, match="target_colors"):
        batch.values("target_colors.shares")


def test_masks_lie_outside_as_far_as_each_of_them_does() -> None:
    batch = Batch.of(samples(), NEAR)
    for row, sample in enumerate(batch):
        alone = outside(batch.query(row).region, sample.stats)
        assert math.isclose(batch.outside[row], alone, abs_tol=1e-12)
    assert (batch.outside > 0.1).sum() > 5


def test_parts_of_a_batch_find_what_the_whole_does() -> None:
    one = [check for check in NEAR if check.scope == "sample"]
    batch = Batch.of(samples(), NEAR)
    whole = find_in(batch, one)
    parts = [find_in(batch.take([row]), one).get(0, []) for row in range(len(batch))]
    assert {row: found for row, found in enumerate(parts) if found} == whole and whole


def test_groups_are_of_one_image_and_in_the_order_of_keys() -> None:
    batch = Batch.of(reversed(samples(6)), [])
    every = np.ones(6, np.bool_)
    keys = [[batch.keys[row] for row in group] for group in batch.groups(where=every)]
    assert sorted(keys) == [[f"gres/train/{i}#{n}" for n in range(3)] for i in range(2)]
    assert list(batch.groups(batch.images, where=~every)) == []


# ----------------------------------------------------------------------- what the queries say


def test_queries_that_say_the_same_have_one_number() -> None:
    same = ["the red car", "a red car", "The red car.", "", None, "the red car on the left"]
    index = FeatureIndex(same)
    assert index.numbers.tolist() == [0, 0, 0, 1, 1, 2]
    assert [one.colors for one in index.distinct] == [("red",), (), ("red",)]
    assert [bool(one.region) for one in index.distinct] == [False, False, True]
    assert (index.normal == 0).tolist() == [False, False, False, True, True, False]
    assert index.normal[0] == index.normal[1] == index.normal[2] != index.normal[5]


def test_a_query_says_the_same_alone_and_among_others() -> None:
    queries = [sample.phrase for sample in samples()]
    index = FeatureIndex(queries)
    among = [index.distinct[number] for number in index.numbers]
    assert list(map(query_features, queries)) == among and len(index.distinct) > 5


# ---------------------------------------------------------------- what checks of datasets keep


def test_statistics_join_batches_and_hold_texts_once() -> None:
    def texts(batch: Batch) -> Any:
        return np.array(batch.phrases, np.object_)

    def lengths(batch: Batch) -> Any:
        return np.array([len(phrase) for phrase in batch.phrases])

    statistics = DatasetStatistics()
    for start in (0, 20, 40):
        batch = Batch.of(samples()[start : start + 20], [])
        statistics.add({texts: texts(batch), lengths: lengths(batch)})
    known = statistics.texts(texts)
    assert sorted(known) == sorted(PHRASES)
    assert [known[n] for n in statistics[texts].tolist()] == [s.phrase for s in samples()]
    assert statistics[lengths].tolist() == [len(s.phrase) for s in samples()]


def test_no_samples_have_no_findings() -> None:
    assert find_all([], OF_PAIRS) == {}
