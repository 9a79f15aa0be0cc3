"""Faults of the mask alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.faults.base import (
    Damage,
    Tools,
    Unit,
    change,
    drawn,
    fault,
    redraw,
    replace_mask,
)
from pairlens.importers.errors import MaskError
from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask, Pixels, encode_png, from_array, read_mask
from pairlens.importers.polygons import polygon_faults, rasterize
from pairlens.importers.records import Shape


@fault("mask_unreadable", structural=True, about="The mask file is cut short.")
def mask_unreadable(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    data = encode_png(loaded.mask())
    file = tools.scratch / "cut.png"
    file.write_bytes(data[: int(len(data) * tools.rng.uniform(0.2, 0.8))])
    try:
        stats = measure(read_mask(file))
    except MaskError as error:
        stats = MaskStats(error=str(error))
    return change(unit, loaded, stats=stats, colors=None)


@fault("mask_size_mismatch", structural=True, about="The mask is halved in width and height.")
def mask_size_mismatch(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None or loaded.sample.image_missing or loaded.sample.image_size is None:
        return None
    half = np.ascontiguousarray(loaded.mask()[::2, ::2])
    return change(unit, loaded, mask=half, stats=measure(Mask(half)), colors=None)


@fault("mask_values", structural=True, about="The mask's edge is softened to gray values.")
def mask_values(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    sharp = (loaded.mask() == TARGET).astype(np.uint8) * 255
    soft = cv2.GaussianBlur(sharp, (0, 0), 1.5).astype(np.uint8)
    return change(unit, loaded, mask=soft, stats=measure(from_array(soft)))


@fault("empty_mask", structural=True, about="All target pixels are taken out.")
def empty_mask(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    return redraw(unit, loaded, loaded.mask() * 0) if loaded else None


@fault("full_mask", structural=True, about="Every pixel is target.")
def full_mask(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    return redraw(unit, loaded, np.full_like(loaded.mask(), TARGET)) if loaded else None


@fault("tiny_mask", structural=True, about="The mask is shrunk to six pixels.")
def tiny_mask(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    pixels = loaded.mask()
    outline = Shape(tiny_outline(pixels == TARGET))
    return redraw(unit, loaded, rasterize((outline,), *pixels.shape).pixels)


@fault("box_mask", structural=True, about="The mask is replaced by its bounding box.")
def box_mask(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    stats, pixels = loaded.sample.stats, loaded.mask()
    x, y, width, height = stats.box
    large = width * height >= pixels.size / 2
    if large or min(width, height) < 13 or stats.rectangularity >= 0.95:
        return None
    pixels[y : y + height, x : x + width] = TARGET
    return redraw(unit, loaded, pixels)


@fault(
    "degenerate_polygon", structural=True, about="The polygon is cut to two points or moved out."
)
def degenerate_polygon(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    stats = loaded.sample.stats
    x, y, width, height = stats.box
    out = x + 2 * stats.width
    variants = (
        ((x, y), (x + width, y + height)),
        ((x, y), (x + width / 2, y + height / 2), (x + width, y + height)),
        ((out, y), (out + width, y), (out, y + height)),
    )
    shapes = (Shape(variants[int(tools.rng.integers(len(variants)))]),)
    mask = rasterize(shapes, stats.height, stats.width)
    faults = polygon_faults(shapes, stats.height, stats.width)
    return replace_mask(unit, loaded, shapes, measure(mask, faults))


@fault("fragmented_mask", about="The mask is broken into crumbs.")
def fragmented_mask(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools, min_area=1500)
    if loaded is None:
        return None
    pixels = loaded.mask()
    pixels[(pixels == TARGET) & (tools.rng.random(pixels.shape) < 0.85)] = 0
    return redraw(unit, loaded, pixels)


@fault("truncated_target", about="The target is moved over the border until a sliver is left.")
def truncated_target(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools, min_area=400)
    if loaded is None or loaded.sample.stats.border:
        return None
    x, y, width, height = loaded.sample.stats.box
    if min(width, height) < 16:
        return None
    # Moved along its longer side's normal, until a tenth of the longer side is left.
    left = max(2, round(0.1 * max(width, height)))
    dx, dy = (0, -(y + height - left)) if width >= height else (-(x + width - left), 0)
    moved = shift(loaded.mask(), dx, dy)
    stats = measure(Mask(moved))
    along, deep = max(stats.box[2:]), min(stats.box[2:])
    if not stats.area or deep > 0.2 * along or len(stats.border) != 1:
        return None
    # The image moves with it, so the colors are not known.
    return replace_mask(unit, loaded, moved, stats)


def shift(pixels: Pixels, dx: int, dy: int) -> Pixels:
    """A mask moved by whole pixels; what leaves the image is lost."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (pixels.shape[1], pixels.shape[0])
    moved = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_NEAREST)
    return np.where(moved == IGNORE, np.uint8(IGNORE), (moved == TARGET).astype(np.uint8))


def tiny_outline(mask: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """A triangle of six pixels near the centre of a (height, width) mask."""
    rows, columns = np.nonzero(mask)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    x = min(int(columns[nearest]), mask.shape[1] - 3)
    y = min(int(rows[nearest]), mask.shape[0] - 3)
    return ((x, y), (x + 2, y), (x, y + 2))
