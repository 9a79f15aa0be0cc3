"""The overlap kernel against counting pixel by pixel."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pairlens.fiftyone_plugin.metrics.overlap import overlap, resize
from tests.unit.scoring_reference import count

SIDE = st.integers(1, 12)
SHAPE = st.tuples(SIDE, SIDE)


def targets(shape: tuple[int, int]) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 255]))


def predictions(shape: tuple[int, int]) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.uint8, shape, elements=st.sampled_from([0, 1]))


@given(st.data())
def test_counts_what_a_loop_over_pixels_counts(data: st.DataObject) -> None:
    shape = data.draw(SHAPE)
    target, prediction = data.draw(targets(shape)), data.draw(predictions(shape))
    assert overlap(target, prediction)._asdict() == vars(count(target, prediction))


@given(st.data())
def test_resizes_by_nearest_neighbour(data: st.DataObject) -> None:
    target, prediction = (
        data.draw(targets(data.draw(SHAPE))),
        data.draw(predictions(data.draw(SHAPE))),
    )
    assert overlap(target, prediction)._asdict() == vars(count(target, prediction))


@given(st.data())
def test_a_missing_prediction_is_an_empty_one_that_is_marked(data: st.DataObject) -> None:
    target = data.draw(targets(data.draw(SHAPE)))
    assert overlap(target, None)._asdict() == vars(count(target, None))


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 300))
def test_sizes_of_real_masks(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    target = random.choice(np.array([0, 1, 255], np.uint8), (height, width), p=[0.6, 0.3, 0.1])
    prediction = (random.random((64, 48)) > 0.5).astype(np.uint8)
    assert overlap(target, prediction)._asdict() == vars(count(target, prediction))


CORNERS = [
    pytest.param([[0, 0]], [[0, 0]], (0, 0, 0, 0, 2), id="both-empty"),
    pytest.param([[255, 255]], [[1, 1]], (0, 0, 0, 0, 0), id="all-ignored"),
    pytest.param([[1, 255]], [[0, 1]], (0, 1, 1, 0, 1), id="predicted-on-ignored-only"),
    pytest.param([[1, 255, 0]], [[1, 1, 1]], (1, 2, 1, 2, 2), id="full-prediction"),
    pytest.param([[0, 0]], [[1, 0]], (0, 1, 0, 1, 2), id="no-target-predicted"),
    pytest.param([[1, 1]], [[0, 0]], (0, 2, 2, 0, 2), id="target-missed"),
]


@pytest.mark.parametrize(("target", "prediction", "expected"), CORNERS)
def test_corners(
    target: list[list[int]], prediction: list[list[int]], expected: tuple[int, ...]
) -> None:
    counted = overlap(np.array(target, np.uint8), np.array(prediction, np.uint8))
    assert counted[:5] == expected
    assert not counted.resized and not counted.missing


def test_inputs_are_not_changed() -> None:
    target = np.array([[0, 1, 255]], np.uint8)
    prediction = np.array([[1, 1, 1]], np.uint8)
    overlap(target, prediction)
    assert target.tolist() == [[0, 1, 255]] and prediction.tolist() == [[1, 1, 1]]


def test_views_and_columns_are_counted_too() -> None:
    target = np.zeros((9, 7), np.uint8, order="F")
    target[2:6, 1:5] = 1
    assert overlap(target, target[:, ::-1]).intersection == 12
    assert overlap(target.T, target.T).intersection == 16


def test_resize_takes_the_nearest() -> None:
    assert resize(np.array([[0, 1]], np.uint8), (2, 4)).tolist() == [[0, 0, 1, 1]] * 2


@pytest.mark.parametrize("shape", [(1, 9_000_000), (9_000_000, 1)], ids=str)
def test_resizing_makes_room_for_no_more_than_the_larger_mask(shape: tuple[int, int]) -> None:
    long = np.zeros(shape, np.uint8)
    long.ravel()[-9_000_000 // 512 :] = 1  # the last column, or row, of the result
    tracemalloc.start()
    resized = resize(long, (512, 512))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < long.size
    assert resized.sum() == 512
    assert resized[-1, -1] == 1
