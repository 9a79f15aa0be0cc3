"""A second way to draw polygons, by integer arithmetic alone, to compare OpenCV's with.

A pixel is on the target if an outline passes through it, or if its centre is inside by the
even-odd rule. Exact where all edges run along an axis or a diagonal; elsewhere which pixels
an outline passes through is a convention, and :func:`near_outline` bounds the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = Sequence[tuple[float, float]]
Cells = NDArray[np.bool_]


def cast(points: Points) -> list[tuple[int, int]]:
    """Towards zero, as C does."""
    return [(int(x), int(y)) for x, y in points]


def edges(points: Points) -> list[tuple[int, int, int, int]]:
    corners = cast(points)
    return [(*a, *b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]


def is_octilinear(points: Points) -> bool:
    return all(x == u or y == v or abs(x - u) == abs(y - v) for x, y, u, v in edges(points))


def draw(points: Points, height: int, width: int) -> Cells:
    return outline(points, height, width) | interior(points, height, width)


def interior(points: Points, height: int, width: int) -> Cells:
    """Even-odd: crossings to the left of each pixel's centre, without a single division."""
    inside = np.zeros((height, width), bool)
    columns = np.arange(width, dtype=np.int64)
    for x, y, u, v in edges(points):
        if y > v:
            x, y, u, v = u, v, x, y
        rows = np.arange(max(y, 0), min(v, height), dtype=np.int64)
        left_of = (columns[None] - x) * (v - y) > ((rows - y) * (u - x))[:, None]
        inside[rows] ^= left_of
    return inside


def outline(points: Points, height: int, width: int) -> Cells:
    """Along an axis or a diagonal exactly; other edges by rounding, which is one convention."""
    cells = np.zeros((height, width), bool)
    for x, y, u, v in edges(points):
        steps = max(abs(u - x), abs(v - y), 1)
        k = np.arange(steps + 1, dtype=np.int64)
        xs = x + (2 * k * (u - x) + steps) // (2 * steps)
        ys = y + (2 * k * (v - y) + steps) // (2 * steps)
        there = (xs >= 0) & (xs < width) & (ys >= 0) & (ys < height)
        cells[ys[there], xs[there]] = True
    return cells


def near_outline(points: Points, height: int, width: int) -> Cells:
    """Pixels beside one that an outline passes through, and those themselves."""
    shifted = [(x + 1, y + 1) for x, y in cast(points)]
    framed = outline(shifted, height + 2, width + 2)
    near = np.zeros((height, width), bool)
    for down in range(3):
        for right in range(3):
            near |= framed[down : down + height, right : right + width]
    return near


def paint(shapes: Sequence[tuple[Points, int]], height: int, width: int) -> NDArray[np.uint8]:
    """Largest first, and of equal areas the later one first."""
    drawn = [(draw(points, height, width), value) for points, value in shapes]
    drawn = drawn[::-1]
    pixels = np.zeros((height, width), np.uint8)
    for cells, value in sorted(drawn, key=lambda one: -int(one[0].sum())):
        pixels[cells] = value
    return pixels
