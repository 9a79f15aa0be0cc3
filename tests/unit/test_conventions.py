"""Every convention against a second implementation written from its definition."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.overlap import Overlap, overlap
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, summarize
from pairlens.importers.errors import UnknownName
from tests.unit.scoring_reference import RULES, Counted, assert_same, count, iou, summary

NAMES = list(RULES)
SMALL = (4, 4)
TARGETS = arrays(np.uint8, SMALL, elements=st.sampled_from([0, 0, 1, 255]))
BLANKS = st.sampled_from([np.zeros(SMALL, np.uint8), np.ones(SMALL, np.uint8)])
PREDICTIONS = st.none() | BLANKS | arrays(np.uint8, SMALL, elements=st.sampled_from([0, 1]))
PAIRS = st.lists(st.tuples(BLANKS | TARGETS, PREDICTIONS), max_size=8)


def table_of(pairs: list[Overlap]) -> OverlapTable:
    return OverlapTable.from_overlaps(pairs, range(len(pairs)))


def row(intersection: int, union: int, target: int, predicted: int, **marks: bool) -> Overlap:
    return Overlap(intersection, union, target, predicted, pixels=100, **marks)


def test_the_conventions_are_those_of_the_specification() -> None:
    assert list(CONVENTIONS) == ["rmsin", "lisat", "rrsis", "segearth", "rsrefseg"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"no convention 'coco'; known: lisat, rmsin, rrsis"):
        CONVENTIONS["coco"]


@pytest.mark.parametrize("name", NAMES)
@given(pairs=PAIRS)
def test_random_masks(name: str, pairs: list[tuple[np.ndarray, np.ndarray | None]]) -> None:
    ours = [overlap(target, prediction) for target, prediction in pairs]
    theirs = [count(target, prediction) for target, prediction in pairs]
    done = summarize(table_of(ours), CONVENTIONS[name])
    assert set(done) == set(summary(theirs, name))
    assert_same(done, summary(theirs, name))


@pytest.mark.parametrize("name", NAMES)
@given(areas=st.lists(st.tuples(*[st.integers(0, 20)] * 3, st.booleans()), max_size=12))
def test_random_counts(name: str, areas: list[tuple[int, int, int, bool]]) -> None:
    """Counts of a few pixels, so that thresholds are met exactly again and again."""
    rows = []
    for shared, more, less, missing in areas:
        shared, less = (0, 0) if missing else (shared, less)
        counts = (shared, shared + more + less, shared + more, shared + less, 100)
        rows.append(Overlap(*counts, resized=False, missing=missing))
    theirs = [Counted(**one._asdict()) for one in rows]
    assert_same(summarize(table_of(rows), CONVENTIONS[name]), summary(theirs, name))


EMPTY = row(0, 0, 0, 0)
MISSED = row(0, 0, 0, 0, missing=True)
CORNERS = [
    pytest.param(EMPTY, dict.fromkeys(("rmsin", "rrsis"), 0.0), id="empty-scores-0"),
    pytest.param(EMPTY, dict.fromkeys(("lisat", "segearth"), 1.0), id="empty-scores-1"),
    pytest.param(EMPTY, {"rsrefseg": math.nan}, id="empty-is-undefined"),
    pytest.param(MISSED, dict.fromkeys(NAMES, 0.0), id="missing-scores-0-always"),
    pytest.param(row(0, 9, 9, 0), dict.fromkeys(NAMES, 0.0), id="nothing-predicted"),
    pytest.param(row(0, 9, 0, 9), dict.fromkeys(NAMES, 0.0), id="predicted-where-none-is"),
    pytest.param(row(1, 1, 1, 1), dict.fromkeys(("rmsin", "rrsis", "rsrefseg"), 1.0), id="whole"),
    pytest.param(
        row(1, 1, 1, 1), dict.fromkeys(("lisat", "segearth"), 1 / (1 + 1e-5)), id="whole-smoothed"
    ),
]


@pytest.mark.parametrize(("pair", "expected"), CORNERS)
def test_iou_in_the_corners(pair: Overlap, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        ours = table_of([pair]).iou(CONVENTIONS[name])[0]
        assert ours == pytest.approx(value, nan_ok=True, abs=1e-15), name
        assert iou(Counted(**pair._asdict()), RULES[name]) == (None if math.isnan(value) else value)


AT_HALF = [
    pytest.param("rmsin", 1.0, id="rmsin"),
    pytest.param("rrsis", 1.0, id="rrsis"),
    pytest.param("segearth", 0.0, id="segearth-is-strict"),
    pytest.param("rsrefseg", 0.0, id="rsrefseg-is-strict"),
    pytest.param("lisat", 0.0, id="lisat-smoothing-falls-short"),
]


@pytest.mark.parametrize(("name", "expected"), AT_HALF)
def test_precision_at_exactly_a_half(name: str, expected: float) -> None:
    half = summarize(table_of([row(50, 100, 75, 75)]), CONVENTIONS[name])
    assert half["precision"]["0.5"] == expected


@pytest.mark.parametrize("name", NAMES)
def test_no_pairs(name: str) -> None:
    assert_same(summarize(table_of([]), CONVENTIONS[name]), summary([], name))


def test_an_undefined_pair_is_left_out_of_the_mean_but_not_of_the_counts() -> None:
    both = summarize(table_of([EMPTY, row(30, 40, 35, 35)]), CONVENTIONS["rsrefseg"])
    assert (both["pairs"], both["undefined"], both["gIoU"]) == (2, 1, 0.75)
    assert both["precision"]["0.7"] == 0.5  # as its code divides: by all pairs
    assert (both["n_acc"], both["t_acc"]) == (1.0, 1.0)


def test_a_missing_prediction_is_no_empty_one() -> None:
    done = summarize(table_of([MISSED, EMPTY]), CONVENTIONS["lisat"])
    assert (done["missing"], done["n_acc"], done["gIoU"]) == (1, 0.5, 0.5)


def gres_masks(root: Path, most: int) -> Iterator[np.ndarray]:
    """Masks of published GRES files, drawn here as LISAt draws them: the target is one polygon."""
    files = sorted((root / "gres" / "gres_annotations").rglob("*.json"))
    for file in files[:: max(1, len(files) // most)][:most]:
        shapes = json.loads(file.read_text("utf-8"))["shapes"]
        mask = np.zeros((512, 512), np.uint8)
        for shape in shapes:
            points = np.array(shape["points"], np.int32)
            cv2.polylines(mask, [points], True, 1, 1)
            cv2.fillPoly(mask, [points], 1)
        yield mask


def perturbed(mask: np.ndarray, random: np.random.Generator) -> np.ndarray | None:
    """A prediction as models make them: shifted, swollen, shrunk, empty, smaller or none."""
    kind = random.integers(7)
    if kind == 0:
        return None
    if kind == 1:
        return np.zeros_like(mask)
    if kind == 2:
        return cv2.resize(mask, (120, 120), interpolation=cv2.INTER_NEAREST)
    if kind == 3:
        return mask.copy()
    if kind == 4:
        return np.roll(mask, random.integers(-9, 10, 2), (0, 1))
    tool = np.ones((int(random.integers(2, 12)),) * 2, np.uint8)
    return cv2.dilate(mask, tool) if kind == 5 else cv2.erode(mask, tool)


@pytest.mark.parametrize("name", NAMES)
def test_real_gres_polygons(name: str, shared_data: Path) -> None:
    """Pixel by pixel, in the window that holds both masks; beyond it both are background."""
    random = np.random.default_rng(7)
    ours, theirs = [], []
    for mask in gres_masks(shared_data, 60):
        prediction = perturbed(mask, random)
        ours.append(overlap(mask, prediction))
        theirs.append(count_around(mask, prediction))
    assert len(ours) == 60 and {o.missing for o in ours} == {True, False}
    assert [o._asdict() for o in ours] == [vars(t) for t in theirs]
    assert_same(summarize(table_of(ours), CONVENTIONS[name]), summary(theirs, name))


def count_around(mask: np.ndarray, prediction: np.ndarray | None) -> Counted:
    """The slow count over the part of the picture where there is something to count."""
    rows = columns = range(512)
    full = prediction
    if prediction is not None and prediction.shape != mask.shape:
        steps = np.arange(512) * prediction.shape[0] // 512
        full = prediction[steps][:, steps]
    there = mask | full if full is not None else mask
    ys, xs = np.nonzero(there)
    if len(ys):
        rows, columns = range(ys.min(), ys.max() + 1), range(xs.min(), xs.max() + 1)
    window = np.ix_(rows, columns)
    counted = count(mask[window], None if full is None else full[window])
    counted.pixels = mask.size
    counted.resized = prediction is not None and prediction.shape != mask.shape
    return counted
