"""Outlines drawn into masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors.drawing import draw
from pairlens.importers.errors import MaskError


def box(x1: float, y1: float, x2: float, y2: float) -> list[tuple[float, float]]:
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]


@pytest.mark.parametrize(
    ("outlines", "size"),
    [
        pytest.param([box(0, 0, float("nan"), 2)], (8, 6), id="not a number"),
        pytest.param([box(0, 0, 1e9, 2)], (8, 6), id="far away"),
        pytest.param([box(9, 9, 12, 12)], (8, 6), id="outside"),
        pytest.param([box(0, 0, 1, 1)], (0, 6), id="no image"),
        pytest.param([box(0, 0, 1, 1)], (1 << 20, 1 << 20), id="a planet"),
    ],
)
@pytest.mark.parametrize("boxes", [True, False])
def test_what_cannot_be_drawn(outlines: list, size: tuple[int, int], boxes: bool):
    with pytest.raises(MaskError):
        draw(outlines, size, boxes=boxes)


def test_nothing_is_an_empty_mask():
    assert draw([], (8, 6)).shape == (6, 8) and not draw([], (8, 6)).any()


@pytest.mark.parametrize(
    ("sides", "rows", "columns"),
    [
        pytest.param((2, 1, 5, 4), (1, 4), (2, 5), id="inside"),
        pytest.param((1.6, 0.6, 5.4, 4.4), (1, 4), (2, 5), id="rounded"),
        pytest.param((3, 3, 3, 3), (3, 4), (3, 4), id="a point is a pixel"),
        pytest.param((-5, -5, 3, 2), (0, 2), (0, 3), id="over the upper left"),
        pytest.param((6, 4, 80, 60), (4, 6), (6, 8), id="over the lower right"),
        pytest.param((0, 0, 8, 6), (0, 6), (0, 8), id="all of it"),
    ],
)
def test_boxes_end_before_their_far_sides(sides, rows: tuple[int, int], columns: tuple[int, int]):
    expected = np.zeros((6, 8), np.uint8)
    expected[slice(*rows), slice(*columns)] = 1
    np.testing.assert_array_equal(draw([box(*sides)], (8, 6), boxes=True), expected)


def test_polygons_are_what_contours_are_of():
    mask = np.zeros((60, 80), np.uint8)
    cv2.ellipse(mask, (40, 30), (25, 12), 30, 0, 360, 1, -1)
    mask[5:9, 2:6] = 1
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = [c.reshape(-1, 2).tolist() for c in contours]
    np.testing.assert_array_equal(draw(outlines, (80, 60)), mask)


def test_what_overlaps_is_filled():
    both = draw([box(0, 0, 4, 4), box(2, 2, 6, 5)], (8, 6))
    assert both[3, 3] == 1 and both.sum() > draw([box(0, 0, 4, 4)], (8, 6)).sum()
