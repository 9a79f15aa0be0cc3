"""Rasterizes polygons as LISAt does its ground truth, and finds faults in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.importers.box_scale import FULL, WORDS
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.masks import Mask, Pixels
from pairlens.importers.reading import PolygonScale
from pairlens.importers.records import Shape

MAX_COORDINATE = 1 << 15
"""Largest absolute coordinate in pixels; beyond it OpenCV's fixed-point fill overflows."""

MAX_LISTED_FAULTS = 20

MAX_SHAPES = 50_000
"""Maximum number of polygons of one annotation."""

MAX_POINTS = 500_000
"""Maximum number of points of one annotation; the largest published ones have thousands."""

MAX_DRAWN = 3_000_000_000
"""Maximum total area in pixels of the bounding boxes of a mask's polygons, which bounds the time
that drawing takes."""

RULES: dict[PolygonScale, str] = {unit: f"polygons are read as {WORDS[unit]}" for unit in FULL}
"""The rules of decisions of kind ``polygon_scale``, by unit."""

WHOLE = {RULES[unit]: full for unit, full in FULL.items()}
"""The coordinate of the image's right and bottom side, by these rules."""

_OVER = 0.05
"""Shares from -0.05 to 1.05 are accepted, since models place points slightly outside."""

_SMALLEST = 2
"""Side in pixels up to which shares and pixels cannot be distinguished."""


def are_shares(rings: Iterable[Sequence[tuple[float, float]]], size: tuple[int, int]) -> bool:
    """Whether polygons are in shares of the image: in pixels they would be a dot in its corner.

    Args:
        rings: the ``(x, y)`` points of each polygon
        size: width and height of the image, in any order
    """
    fractions = False
    for ring in rings:
        for point in ring:
            for value in point:
                if not -_OVER <= value <= 1 + _OVER:
                    return False
                fractions = fractions or 0 < value < 1
    return fractions and min(size) > _SMALLEST


def in_pixels(
    shapes: tuple[Shape, ...], size: tuple[int, int], scale: PolygonScale = "auto"
) -> tuple[tuple[Shape, ...], list[Decision]]:
    """Converts polygons to pixels.

    Args:
        shapes: in any unit
        size: (width, height) of the image in pixels
        scale: the user's setting of the unit

    Returns:
        the polygons in pixels, and the decision about their unit, if it is not pixels
    """
    (across, down), decisions = pixels_each([shape.points for shape in shapes], size, scale)
    return (enlarged(shapes, (across, down)) if decisions else shapes), decisions


def pixels_each(
    rings: Sequence[Sequence[tuple[float, float]]], size: tuple[int, int], scale: PolygonScale
) -> tuple[tuple[float, float], list[Decision]]:
    """Returns the factors that convert polygons to pixels.

    Args:
        rings: the ``(x, y)`` points of each polygon
        size: (width, height) of the image in pixels
        scale: the user's setting of the unit

    Returns:
        the factors of x and y, and the decision about the unit, if it is not pixels
    """
    if scale == "auto":
        scale = "unit" if are_shares(rings, size) else "pixels"
    if scale == "pixels":
        return (1.0, 1.0), []
    decision = Decision(RULES[scale], "polygon_scale", override="polygons=pixels")
    return (size[0] / FULL[scale], size[1] / FULL[scale]), [decision]


def enlarged(shapes: tuple[Shape, ...], size: tuple[float, float]) -> tuple[Shape, ...]:
    """Multiplies the coordinates of polygons by a (width, height)."""
    width, height = size
    drawn = (tuple((x * width, y * height) for x, y in shape.points) for shape in shapes)
    return tuple(replace(s, points=points) for s, points in zip(shapes, drawn, strict=True))


def pixel_span(low: float, high: float) -> tuple[int, int]:
    """Returns the range of pixels between two coordinates, at least one.

    Coordinates are rounded, halves up, so that there are ``high - low`` pixels between integers.

    Returns:
        the first pixel, and the first one after the range
    """
    first, beyond = math.floor(low + 0.5), math.floor(high + 0.5)
    if first < beyond:
        return first, beyond
    middle = math.floor((low + high) / 2)
    return middle, middle + 1


def half_open(shape: Shape) -> Shape:
    """Converts an upright box that excludes its right and bottom side to its outermost pixels."""
    xs, ys = zip(*shape.points, strict=True)
    left, beyond = pixel_span(min(xs), max(xs))
    top, below = pixel_span(min(ys), max(ys))
    right, low = beyond - 1, below - 1
    points = ((left, top), (right, top), (right, low), (left, low))
    return replace(shape, points=points, box=True)


def polygon_faults(shapes: tuple[Shape, ...], height: int, width: int) -> tuple[str, ...]:
    """Lists the reasons why polygons do not enclose a region of an image.

    Args:
        shapes: in pixels
        height: of the image in pixels
        width: of the image in pixels

    Returns:
        a sentence for each fault, at most :data:`MAX_LISTED_FAULTS`, and one that counts the others
    """
    faults = []
    for number, shape in enumerate(shapes):
        points = shape.points
        if any(abs(v) > MAX_COORDINATE or not math.isfinite(v) for p in points for v in p):
            faults.append(f"polygon {number} has coordinates that are not in any image")
            continue
        distinct = {(int(x), int(y)) for x, y in points}
        if len(distinct) < 3 and not shape.box:
            faults.append(f"polygon {number} has {len(distinct)} distinct points")
        elif _lies_outside(distinct, height, width):
            faults.append(f"polygon {number} lies outside the {width}x{height} image")
        elif not shape.box and shoelace_area(points) == 0 and _is_outline(points, height, width):
            faults.append(f"polygon {number} encloses no area")
    if len(faults) > MAX_LISTED_FAULTS:
        faults[MAX_LISTED_FAULTS:] = [f"{len(faults) - MAX_LISTED_FAULTS} polygons more"]
    return tuple(faults)


def _lies_outside(points: set[tuple[int, int]], height: int, width: int) -> bool:
    """Whether the bounding box of points has no pixel in the image.

    That no point is in the image is not enough: the polygon may surround it.
    """
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return max(xs) < 0 or min(xs) >= width or max(ys) < 0 or min(ys) >= height


def _is_outline(points: tuple[tuple[float, float], ...], height: int, width: int) -> bool:
    """Whether filling a polygon adds no pixels to its outline.

    An area of 0 is not enough: the areas of a figure of eight cancel out, but are filled.
    """
    corners = np.asarray(points, dtype=np.float64).astype(np.int32)
    outline, corners = _canvas(corners, height, width)
    cv2.polylines(outline, [corners], True, 1, 1)
    return np.array_equal(cv2.fillPoly(outline.copy(), [corners], 1), outline)


def _canvas(points: NDArray[np.int32], height: int, width: int) -> tuple[Pixels, NDArray[np.int32]]:
    """Returns an empty image of a polygon's box in the image, and the points relative to it."""
    x, y, across, down = _part(points, height, width)
    return np.zeros((down, across), np.uint8), points - np.array((x, y), np.int32)


def _part(points: NDArray[np.int32], height: int, width: int) -> tuple[int, int, int, int]:
    """Returns the box of a polygon within an image: x, y, width and height, which may be 0.

    Since it ends at the polygon or at the image, OpenCV clips lines as in the whole image.
    """
    low, high = points.min(axis=0), points.max(axis=0) + 1
    x, y = (int(v) for v in np.clip(low, 0, (width, height)))
    right, bottom = (int(v) for v in np.clip(high, (x, y), (width, height)))
    return x, y, right - x, bottom - y


def shoelace_area(points: tuple[tuple[float, float], ...]) -> float:
    """Returns the area in square pixels that a polygon encloses, in either direction of points."""
    array = np.asarray(points, dtype=np.float64)
    x, y = array[:, 0], array[:, 1]
    # Without np.roll, which takes longer than all the rest.
    closing = x[-1] * y[0] - y[-1] * x[0]
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(y[:-1], x[1:]) + closing)) / 2


def rasterize(shapes: tuple[Shape, ...], height: int, width: int) -> Mask:
    """Draws polygons as ``get_mask_from_json`` in LISAt's ``utils/data_processing.py`` does.

    Points are cast to int32 (towards zero), outlined with thickness 1 and filled. The polygon of
    the largest drawn area is painted first so that small ones stay on top; of equal areas, the
    later one. Polygons with coordinates beyond :data:`MAX_COORDINATE` are left out;
    :func:`polygon_faults` reports them.

    Args:
        shapes: in pixels
        height: of the mask in pixels
        width: of the mask in pixels

    Raises:
        MaskError: if the polygons cover more than :data:`MAX_DRAWN` pixels
    """
    outlines = []
    for shape in shapes:
        points = np.asarray(shape.points, dtype=np.float64).reshape(-1, 2)
        if len(points) and np.isfinite(points).all() and np.abs(points).max() <= MAX_COORDINATE:
            outlines.append((points.astype(np.int32), IGNORE if shape.ignore else TARGET))
    parts = [_part(points, height, width) for points, _ in outlines]
    work = sum(across * down for _, _, across, down in parts)
    if work > MAX_DRAWN:
        raise MaskError(f"{len(outlines):,} polygons of {work:,} pixels together are not drawn")
    pixels = np.zeros((height, width), np.uint8)
    if len(outlines) > 1:
        areas = []
        for points, _ in outlines:
            alone, moved = _canvas(points, height, width)
            if alone.size:
                _paint(alone, moved, 1)
            areas.append(cv2.countNonZero(alone) if alone.size else 0)
        # Stable: numpy's default sort orders equal areas differently from machine to machine.
        outlines = [outlines[i] for i in np.argsort(areas, kind="stable")[::-1]]
    for points, value in outlines:
        _paint(pixels, points, value)
    return Mask(pixels)


def _paint(pixels: Pixels, points: NDArray[np.int32], value: int) -> None:
    cv2.polylines(pixels, [points], True, value, 1)
    cv2.fillPoly(pixels, [points], value)
