"""Batches of samples, what is cached of their texts, and what checks of datasets keep."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Check, DatasetStatistics, Issue
from pairlens.fiftyone_plugin.checks import query_features as features
from pairlens.fiftyone_plugin.checks.catalogue.positions import outside
from pairlens.fiftyone_plugin.checks.engine import examine, find_all, find_in
from pairlens.fiftyone_plugin.checks.examples import example, mask_at
from pairlens.fiftyone_plugin.checks.query_features import CACHE_PATHS
from pairlens.fiftyone_plugin.checks.rows import Columns, Row

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


# ------------------------------------------------------------------- what is cached of texts


def cached(given: list[Row], columns: Columns, read: Mapping[int, dict[str, Any]]) -> None:
    for row, values in read.items():
        for path in CACHE_PATHS:
            given[row][columns.paths.index(path)] = values.get(path.rpartition(".")[2])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """How many samples each check of texts alone is given."""
    calls: list[tuple[str, int]] = []
    run = Check.run

    def counting(one: Check, given: Any) -> Iterator[Issue]:
        if features.on_text_alone(one):
            calls.append((one.name, len(given)))
        return run(one, given)

    monkeypatch.setattr(Check, "run", counting)
    return calls


def test_texts_are_read_once_whatever_the_parameters(counted: list[tuple[str, int]]) -> None:
    columns = Columns.of(NEAR, {}, *CACHE_PATHS)
    given = rows(columns)
    vague = CHECKS["vague_query"].with_params({"max_words": 3})
    for checks in (NEAR, [one for one in NEAR if one.name != "vague_query"] + [vague]):
        first = examine(given, columns, checks)
        cached(given, columns, first.read)
        counted.clear()
        again = examine(given, columns, checks)
        assert (again.read, again.found) == ({}, first.found)
        fired = sum(len(found) for found in again.found.values())
        assert 0 < sum(count for _, count in counted) < fired
    assert all(count < len(given) for _, count in counted)


@pytest.mark.parametrize("what", ["query", "rules"])
def test_what_was_read_of_other_texts_or_by_other_rules_is_read_again(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = Columns.of(NEAR, {}, *CACHE_PATHS)
    given = rows(columns)
    cached(given, columns, examine(given, columns, NEAR).read)
    if what == "rules":
        monkeypatch.setattr(features, "version", lambda: "newrules")
    else:
        given[4][3] = "the ship in the top-right corner"
    again = examine(given, columns, NEAR)
    assert list(again.read) == ([4] if what == "query" else list(range(60)))
    plain = Columns.of(NEAR, {})
    found = find_in(Batch([row[: len(plain.paths)] for row in given], plain), NEAR)
    assert again.found == found


def test_what_version_0_1_0_stored_is_read_again() -> None:
    columns = Columns.of(NEAR, {}, *CACHE_PATHS)
    given, fresh = rows(columns), examine(rows(columns), columns, NEAR)
    old = {"of": "0123abcd00000000", "fires": "boilerplate", "normal": 7, "said": "[null]"}
    cached(given, columns, dict.fromkeys(range(len(given)), old))
    assert examine(given, columns, NEAR) == fresh


def test_a_check_of_another_package_is_known_by_its_file() -> None:
    def elsewhere(batch: Batch) -> Iterator[Issue]:
        yield from ()

    made = Check("elsewhere", "info", "sample", ("phrase",), "About.", elsewhere, {})
    tag = features.check_tag(made)
    assert tag is not None and tag.startswith("elsewhere:")
    assert features.check_tag(CHECKS["boilerplate"]) == "boilerplate"


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
