"""Writes mended masks as the published files hold them: as polygons or as rasters.

What is written is read back the way the importer reads it, and must give the same mask.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportPair, HeldMask
from pairlens.importers.masks import Pixels, from_array
from pairlens.importers.polygons import rasterize
from pairlens.importers.records import Raster, Shape
from pairlens.importers.source_files import open_source

Points = list[list[float]]


def polygons_of(pixels: Pixels) -> list[tuple[str, Points]]:
    """Polygons that draw a mask pixel for pixel, outlines included, each with its label.

    A polygon has no holes, so a part that has is cut in two through each of them. A part of
    one or two pixels becomes a polygon that encloses nothing but draws these pixels.

    Args:
        pixels: (height, width) uint8 of 0, 1 target and 255 ignore

    Returns:
        ``("target" or "ignore", [[x, y], ...])``, the largest part first

    Raises:
        StateError: if drawing them does not give the mask
    """
    found: list[tuple[str, Points]] = []
    for value, label in ((TARGET, "target"), (IGNORE, "ignore")):
        drawn = np.ascontiguousarray(pixels == value).view(np.uint8)
        parts = sorted(_parts(drawn, 0, 0), key=len, reverse=True)
        found += [(label, part) for part in parts]
    shapes = tuple(Shape(tuple((x, y) for x, y in p), name == "ignore") for name, p in found)
    if not np.array_equal(rasterize(shapes, *pixels.shape).pixels, pixels):
        raise StateError("a mended mask cannot be drawn with polygons: nothing was exported")
    return found


def _parts(drawn: Pixels, left: int, top: int) -> Iterator[Points]:
    """Outlines of a binary mask whose upper left corner lies at ``left``, ``top``."""
    count, labels, table, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    for number in range(1, count):
        x, y, w, h = (int(v) for v in table[number, :4])
        part = np.ascontiguousarray(labels[y : y + h, x : x + w] == number).view(np.uint8)
        column = _through_hole(part)
        if column is None:
            yield _outline(part, left + x, top + y)
        else:
            yield from _parts(np.ascontiguousarray(part[:, :column]), left + x, top + y)
            yield from _parts(np.ascontiguousarray(part[:, column:]), left + x + column, top + y)


def _through_hole(part: Pixels) -> int | None:
    """A column to cut a part at so that a hole of it is open; ``None`` where it has none."""
    framed = cv2.copyMakeBorder(part ^ 1, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    # 4-connected background is the complement of an 8-connected part; the frame joins all
    # that is outside into the component of the first pixel.
    count, labels, table, _ = cv2.connectedComponentsWithStats(framed, connectivity=4)
    outside = labels[0, 0]
    holes = [n for n in range(1, count) if n != outside]
    if not holes:
        return None
    largest = max(holes, key=lambda n: int(table[n, cv2.CC_STAT_AREA]))
    x, width = int(table[largest, cv2.CC_STAT_LEFT]), int(table[largest, cv2.CC_STAT_WIDTH])
    # The columns are counted with the frame. At least one goes to either side.
    return min(max(1, x - 1 + (width + 1) // 2), part.shape[1] - 1)


def _outline(part: Pixels, left: int, top: int) -> Points:
    """The corners of the outermost pixels of a part without holes, as they lie in the image."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [[float(x + left), float(y + top)] for x, y in contours[0].reshape(-1, 2).tolist()]


def corners_of(target: NDArray[np.bool_]) -> list[int]:
    """The box of a mask: x and y of its first pixels, and of those behind its last; 0 for none."""
    rows, columns = np.flatnonzero(target.any(axis=1)), np.flatnonzero(target.any(axis=0))
    if not len(rows):
        return [0, 0, 0, 0]
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


class MaskFiles:
    """Writes mask files: mended ones like those that were published, others as they are.

    Args:
        root: the source
        out: the folder to write to
    """

    def __init__(self, root: Path, out: Path) -> None:
        self._root = root
        self._out = out
        self._mended: dict[str, HeldMask] = {}

    def put(self, name: str, pair: ExportPair) -> None:
        """Writes the mask of a pair, once.

        Args:
            name: of the file, relative to the source
            pair: a pair that is exported

        Raises:
            UsageError: if another pair is exported with the same file and another mask
            StateError: if the file cannot be read or written
        """
        if pair.has_mask:
            pair.check_target(Raster(native_export.inside(self._root, name)))
        there = (self._out / name).exists()
        if self._mended.get(name) != pair.mask and (there or name in self._mended):
            raise UsageError(
                f"{pair.key} shares {name} with another pair, but their masks differ; mend one "
                "of them again, which mends both"
            )
        if there:
            return
        if pair.mask is not None:
            like = native_export.inside(self._root, name) if pair.has_mask else None
            native_export.write(self._out, name, raster_like(like, pair.mask.pixels))
            self._mended[name] = pair.mask
        # What was broken at import stays as broken as it was; what was whole must be there.
        elif pair.has_mask or native_export.inside(self._root, name).is_file():
            native_export.copy(self._root, self._out, name)


def raster_like(published: Path | bytes | None, pixels: Pixels) -> bytes:
    """A mask in the file format, with the values and of the type of the published one.

    Args:
        published: the published mask, or its bytes; ``None`` for one that could not be read, in
            whose place an 8-bit TIFF of 0 and 255 is written
        pixels: (height, width) uint8 of 0, 1 target and 255 ignore

    Raises:
        StateError: if such a raster would be read as another mask
    """
    before, how = _published(published, pixels.shape)
    ignores = bool((pixels == IGNORE).any())
    target = _target_value(before, ignores)
    values = np.zeros_like(before)
    values[pixels == TARGET] = target
    values[pixels == IGNORE] = IGNORE
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, **how)
    # Of an empty or full mask, the values alone may not say which of them is the target.
    if not np.array_equal(from_array(values, ignore=IGNORE if ignores else None).pixels, pixels):
        raise StateError("a mended mask cannot be written with the values of the published one")
    return stream.getvalue()


def _published(
    published: Path | bytes | None, shape: tuple[int, ...]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """The published raster, and how Pillow is to save another like it."""
    if published is None:
        return np.full(shape, 255, np.uint8), {"format": "TIFF"}
    name = published.name if isinstance(published, Path) else "a mask"
    try:
        opened = open_source(published) if isinstance(published, Path) else io.BytesIO(published)
        with opened as stream, Image.open(stream) as image:
            array, how = np.asarray(image), {"format": image.format}
            if image.format == "TIFF" and image.info.get("compression") != "raw":
                how["compression"] = image.info.get("compression")
    except Exception as error:  # on hostile bytes, decoders raise any exception
        raise StateError(f"{name} cannot be read ({error}): nothing was exported") from error
    if array.shape[:2] != shape:
        raise StateError(f"{name} has another size than its mended mask")
    return array, how


def _target_value(published: NDArray[Any], ignores: bool) -> Any:
    """The value of the target in a published mask; an empty one is taken for one of 0 and 255."""
    values = set(np.unique(published).tolist())
    if ignores or {1, 255} <= values <= {0, 1, 255}:
        return 1
    return max(values) or 255
