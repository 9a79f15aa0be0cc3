"""Writes a mended mask into a cell, in the notation that the cell has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pairlens.importers.errors import StateError
from pairlens.importers.fields import IGNORE
from pairlens.importers.formats.mask_export import polygons_of, raster_like
from pairlens.importers.formats.table_cells import (
    boxes_in,
    bytes_of,
    is_bare_numbers,
    is_bare_runs,
)
from pairlens.importers.formats.table_literals import numbers_or, structure
from pairlens.importers.formats.table_pixels import is_pixels
from pairlens.importers.formats.table_runs import ORDERS, as_runs
from pairlens.importers.masks import Pixels
from pairlens.importers.rle import encode_rle


def with_mask(cell: Any, pixels: Pixels, order: str | None = None) -> Any:
    """A cell that spells out another mask.

    Args:
        cell: an RLE, polygons, an array of pixels, or the bytes of a picture
        pixels: (height, width) uint8 of 0, 1 target and 255 ignore
        order: of runs, where numbers without brackets are some

    Raises:
        ValueError: if its notation cannot hold the mask
        StateError: if it would be read as another mask
    """
    content = bytes_of(cell)
    if content is not None:
        written = raster_like(content, pixels)
        return {**cell, "bytes": written} if isinstance(cell, Mapping) else written
    if (pixels == IGNORE).any():
        raise ValueError("cannot hold pixels that do not count")
    if is_bare_runs(cell):
        return encode_rle(pixels)["counts"]
    if order in ORDERS and is_bare_numbers(cell):
        return as_runs(pixels, order)
    if boxes_in(cell):
        raise ValueError("holds a box, which no mended mask fits in")
    value = _of_notation(structure(numbers_or(cell, cell)), pixels)
    return _as_text(cell, value) if isinstance(cell, str) else value


def _of_notation(value: Any, pixels: Pixels) -> Any:
    if isinstance(value, Mapping) and "counts" in value:
        compressed = isinstance(value["counts"], str | bytes)
        runs = encode_rle(pixels, compressed=compressed)
        if isinstance(value["counts"], bytes):
            runs["counts"] = runs["counts"].encode()
        return {name: runs.get(name, old) for name, old in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return [_of_notation(value[0], pixels)]  # of several parts, one takes all of the mask
    if not isinstance(value, list) or not value:
        raise ValueError("is in no notation that another mask could be written in")
    if is_pixels(value):
        on = max(map(max, value)) or type(value[0][0])(1)
        return [[on if pixel else type(on)(0) for pixel in row] for row in pixels.tolist()]
    rings = [points for _, points in polygons_of(pixels)]
    if not rings:
        raise ValueError("holds polygons, which cannot say that nothing is meant")
    return [[number for point in ring for number in point] for ring in rings]


def _as_text(cell: str, value: Any) -> str:
    try:
        json.loads(cell)
    except ValueError:
        return repr(value)
    try:
        return json.dumps(value, ensure_ascii=cell.isascii())
    except TypeError as error:
        raise StateError(f"a mended mask cannot be written as text ({error})") from error
