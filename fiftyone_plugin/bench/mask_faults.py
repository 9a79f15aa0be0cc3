"""Faults of the mask alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from fiftyone_plugin.bench.faults import Damage, Pixels, Tools, Unit, change, drawn, fault, redraw
from fiftyone_plugin.demo.faults import boxable, tiny_outline
from importers.errors import MaskError
from importers.fields import IGNORE, TARGET
from importers.mask_stats import MaskStats, measure
from importers.masks import Mask, encode_png, read_mask
from importers.polygons import polygon_faults, rasterize
from importers.records import Shape


@fault("mask_unreadable", structural=True, about="The mask file is cut short.")
def mask_unreadable(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None:
        return None
    data = encode_png(record.mask())
    file = tools.scratch / "cut.png"
    file.write_bytes(data[: int(len(data) * tools.rng.uniform(0.2, 0.8))])
    try:
        stats = measure(read_mask(file))
    except MaskError as error:
        stats = MaskStats(error=str(error))
    return change(unit, record, stats=stats, colors=None)


@fault("mask_size_mismatch", structural=True, about="The mask is halved in width and height.")
def mask_size_mismatch(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None or record.pair.image_missing or record.pair.image_size is None:
        return None
    half = np.ascontiguousarray(record.mask()[::2, ::2])
    return change(unit, record, stats=measure(Mask(half)), colors=None)


@fault("mask_values", structural=True, about="The mask's edge is softened to gray values.")
def mask_values(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None:
        return None
    sharp = (record.mask() == TARGET).astype(np.uint8) * 255
    file = tools.scratch / "soft.png"
    file.write_bytes(encode_png(cv2.GaussianBlur(sharp, (0, 0), 1.5).astype(np.uint8)))
    return change(unit, record, stats=measure(read_mask(file)))


@fault("empty_mask", structural=True, about="All target pixels are taken out.")
def empty_mask(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    return redraw(unit, record, record.mask() * 0) if record else None


@fault("full_mask", structural=True, about="Every pixel is target.")
def full_mask(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    return redraw(unit, record, np.full_like(record.mask(), TARGET)) if record else None


@fault("tiny_mask", structural=True, about="The mask is shrunk to six pixels.")
def tiny_mask(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None:
        return None
    pixels = record.mask()
    outline = Shape(tuple(tiny_outline(pixels == TARGET)))
    return redraw(unit, record, rasterize((outline,), *pixels.shape).pixels)


@fault("box_mask", structural=True, about="The mask is replaced by its bounding box.")
def box_mask(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None or min(record.pair.stats.box[2:]) < 9:
        return None
    pixels = record.mask()
    if not boxable(pixels == TARGET):
        return None
    x, y, width, height = record.pair.stats.box
    pixels[y : y + height, x : x + width] = TARGET
    return redraw(unit, record, pixels)


@fault(
    "degenerate_polygon", structural=True, about="The polygon is cut to two points or moved out."
)
def degenerate_polygon(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None:
        return None
    stats = record.pair.stats
    x, y, width, height = stats.box
    out = x + stats.width
    variants = (
        ((x, y), (x + width, y + height)),
        ((x, y), (x + width / 2, y + height / 2), (x + width, y + height)),
        ((out, y), (out + width, y), (out, y + height)),
    )
    shapes = (Shape(variants[int(tools.rng.integers(len(variants)))]),)
    mask = rasterize(shapes, stats.height, stats.width)
    faults = polygon_faults(shapes, stats.height, stats.width)
    return change(unit, record, stats=measure(mask, faults), colors=None)


@fault("fragmented_mask", about="The mask is broken into crumbs.")
def fragmented_mask(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools, min_area=1500)
    if record is None:
        return None
    pixels = record.mask()
    pixels[(pixels == TARGET) & (tools.rng.random(pixels.shape) < 0.85)] = 0
    return redraw(unit, record, pixels)


@fault("truncated_target", about="The target is moved over the border until a sliver is left.")
def truncated_target(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools, min_area=400)
    if record is None or record.pair.stats.border:
        return None
    x, y, width, height = record.pair.stats.box
    if min(width, height) < 16:
        return None
    # Moved along its longer side's normal, until a tenth of the longer side is left.
    left = max(2, round(0.1 * max(width, height)))
    dx, dy = (0, -(y + height - left)) if width >= height else (-(x + width - left), 0)
    moved = shift(record.mask(), dx, dy)
    stats = measure(Mask(moved))
    along, deep = max(stats.box[2:]), min(stats.box[2:])
    if not stats.area or deep > 0.2 * along or len(stats.border) != 1:
        return None
    damage = redraw(unit, record, moved)
    # The image moves with it, so nothing is said here of colors.
    pairs = tuple(replace(p, colors=None) if p.key in damage.faulty else p for p in damage.pairs)
    return Damage(pairs, damage.faulty)


def shift(pixels: Pixels, dx: int, dy: int) -> Pixels:
    """A mask moved by whole pixels; what leaves the image is lost."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (pixels.shape[1], pixels.shape[0])
    moved = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_NEAREST)
    return np.where(moved == IGNORE, np.uint8(IGNORE), (moved == TARGET).astype(np.uint8))
