"""Rasterizes COCO's segmentations as pycocotools does: polygons and RLEs of one or several objects.

A polygon is drawn like ``rleFrPoly`` in cocoapi ``common/maskApi.c``: its outline is traced at five
times the resolution, and a pixel belongs to it if its centre is inside. LISAt draws polygons
differently (:mod:`pairlens.importers.polygons`); the masks differ along the outline.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.mask_frame import decode_in_frame, in_upright_frame
from pairlens.importers.masks import Mask, Pixels
from pairlens.importers.media import ImageFacts
from pairlens.importers.png import MAX_PIXELS
from pairlens.importers.polygons import MAX_COORDINATE, MAX_DRAWN, in_pixels, polygon_faults
from pairlens.importers.reading import Reading
from pairlens.importers.records import Encoded, Instances, Shape

_SCALE = 5
"""Factor of the resolution at which outlines are traced."""

_MOST_STEPS = 50_000_000
"""Maximum number of points along the outline of a polygon."""

Drawn = tuple[Mask, tuple[str, ...], list[Decision]]
"""A mask, faults of its polygons, and the decisions that were taken."""


def draw_instances(target: Instances, facts: ImageFacts, reading: Reading) -> Drawn:
    """Draws all parts of a target into one mask.

    Args:
        target: the parts
        facts: of the image; its size as stored is used if the annotations have none
        reading: the user's settings, of which ``polygons``, ``rle_size`` and ``mask_frame`` apply

    Returns:
        the mask, faults of its polygons, and the decisions that were taken

    Raises:
        MaskError: if a part cannot be drawn, or the parts have several sizes
    """
    height, width = target.size or (facts.raw_size[1], facts.raw_size[0])
    shapes = tuple(part for part in target.parts if isinstance(part, Shape))
    if height * width > MAX_PIXELS or height * width * len(shapes) > MAX_DRAWN:
        raise MaskError(f"{len(shapes):,} polygons of {width}x{height} pixels are not drawn")
    shapes, decisions = in_pixels(shapes, (width, height), reading.unit)
    drawn = [fill_polygon(shape.points, height, width) for shape in shapes]
    for part in target.parts:
        if isinstance(part, Encoded):
            mask, decided = _decoded(part, facts, reading)
            drawn.append(mask)
            decisions += decided
    pixels = drawn[0]
    for other in drawn[1:]:
        if other.shape != pixels.shape:
            raise MaskError(
                f"its parts have {_size(pixels)} and {_size(other)} pixels, and must have the same"
            )
        pixels = pixels | other
    pixels, turned = in_upright_frame(pixels, facts, reading.mask_frame)
    return Mask(pixels), polygon_faults(shapes, height, width), decisions + turned


def _decoded(part: Encoded, facts: ImageFacts, reading: Reading) -> tuple[Pixels, list[Decision]]:
    counts = list(part.counts) if isinstance(part.counts, tuple) else part.counts
    rle = {"size": list(part.size), "counts": counts}
    on_side = facts.raw_size != (facts.width, facts.height)
    size = facts.height, facts.width
    return decode_in_frame(rle, size, stored_on_side=on_side, order=reading.rle_size)


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"


def fill_polygon(points: tuple[tuple[float, float], ...], height: int, width: int) -> Pixels:
    """Draws a polygon.

    Args:
        points: ``(x, y)`` in pixels
        height: of the mask in pixels
        width: of the mask in pixels

    Returns:
        (height, width) uint8 of 0 and 1

    Raises:
        MaskError: if a coordinate is not finite or too large, or the outline is too long
    """
    corners = np.asarray(points, np.float64).reshape(-1, 2)
    if not np.isfinite(corners).all() or np.abs(corners).max(initial=0) > MAX_COORDINATE:
        raise MaskError("a polygon has coordinates that no image has")
    x, y = _outline(np.trunc(_SCALE * corners + 0.5).astype(np.int64))
    # A column is inside below one crossing of the outline, outside below the next, and so on.
    step = np.flatnonzero(x[1:] != x[:-1])
    left = (np.minimum(x[step], x[step + 1]) + 0.5) / _SCALE - 0.5
    top = (np.minimum(y[step], y[step + 1]) + 0.5) / _SCALE - 0.5
    inside = (np.floor(left) == left) & (left >= 0) & (left <= width - 1)
    rows = np.ceil(np.clip(top[inside], 0, height)).astype(np.int64)
    flips = np.zeros(height * width + 1, np.uint8)
    np.bitwise_xor.at(flips, left[inside].astype(np.int64) * height + rows, 1)
    columns = np.bitwise_xor.accumulate(flips[:-1]).reshape(width, height)
    return np.ascontiguousarray(columns.T)


def _outline(corners: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns x and y of all points along a closed outline, edge by edge."""
    ends = np.roll(corners, -1, axis=0)
    spans = np.abs(ends - corners)
    lengths = spans.max(axis=1, initial=0)
    if (lengths + 1).sum() > _MOST_STEPS:
        raise MaskError("a polygon has an outline too long to be drawn")
    flat = spans[:, 0] >= spans[:, 1]
    main = np.where(flat, 0, 1)
    rows = np.arange(len(corners))
    flip = corners[rows, main] > ends[rows, main]
    first = np.where(flip[:, None], ends, corners)
    last = np.where(flip[:, None], corners, ends)
    rise = (last - first)[rows, 1 - main] / np.maximum(lengths, 1)
    edge = np.repeat(rows, lengths + 1)
    along = np.arange(len(edge)) - np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths + 1)
    along = np.where(flip[edge], lengths[edge] - along, along)
    ahead = first[edge, main[edge]] + along
    aside = np.trunc(first[edge, 1 - main[edge]] + rise[edge] * along + 0.5).astype(np.int64)
    return np.where(flat[edge], ahead, aside), np.where(flat[edge], aside, ahead)
