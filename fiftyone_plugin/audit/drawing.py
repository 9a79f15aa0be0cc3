"""Pictures of examples: the mask's outline over the image, or over a grid without an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.importers.errors import MaskError
from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.files import write_atomic
from pairlens.importers.masks import load_stored
from pairlens.importers.media import CHIP, ImageError, read_rgb

SIDE = 320
"""Width and height of an example in pixels; images of another shape are fitted into it."""

_GAP = 6
_TARGET, _IGNORE, _HALO = (255, 196, 0), (120, 190, 255), (20, 20, 20)
_STEPS = 8
_SMALL_TARGET, _INSET = 0.12, 104

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shown:
    """The files of an example to draw.

    Attributes:
        image_path: the image file, or ``None`` for a grid
        mask_path: the stored mask, or ``""`` if there is none
        size: (width, height) in pixels of the image
    """

    image_path: str | None
    mask_path: str
    size: tuple[int, int]


def draw_row(examples: Sequence[Shown], file: Path) -> None:
    """Draws examples side by side, numbered from 1, as a PNG.

    Raises:
        OSError: if the file cannot be written
    """
    done, data = cv2.imencode(".png", cv2.cvtColor(row_of(examples), cv2.COLOR_RGB2BGR))
    if done:
        write_atomic(file, data.tobytes())


def row_of(examples: Sequence[Shown]) -> Picture:
    """Examples side by side, numbered from 1, as (height, width, 3) RGB."""
    cells = [_draw(example, number) for number, example in enumerate(examples, 1)]
    gap = np.full((SIDE, _GAP, 3), 255, np.uint8)
    return np.hstack([part for cell in cells for part in (cell, gap)][:-1])


def _draw(example: Shown, number: int) -> Picture:
    scale = SIDE / max(1, *example.size)
    width, height = (max(1, round(side * scale)) for side in example.size)
    canvas = np.full((SIDE, SIDE, 3), 255, np.uint8)
    cell = canvas[:height, :width]
    cell[:] = _background(example, width, height)
    _outline(cell, example.mask_path)
    _magnify(canvas, example)
    cv2.rectangle(canvas, (0, 0), (18, 18), _HALO, -1)
    cv2.putText(canvas, str(number), (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255,) * 3, 1,
                cv2.LINE_AA)  # fmt: skip
    return canvas


def _magnify(canvas: Picture, example: Shown) -> None:
    """Adds a magnified view of a small target in the corner farthest from it."""
    mask = _read(example.mask_path)
    if mask is None or not (mask == TARGET).any():
        return
    rows, columns = np.nonzero(mask == TARGET)
    reach = int(max(np.ptp(rows), np.ptp(columns)) + 1)
    if reach > _SMALL_TARGET * max(mask.shape):
        return
    x, y = (int(v.min() + v.max()) // 2 for v in (columns, rows))
    window = np.s_[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
    target = (mask[window] == TARGET).astype(np.uint8)
    high, wide = target.shape
    size = (_INSET * wide // max(target.shape), _INSET * high // max(target.shape))
    inset = np.full((size[1], size[0], 3), 74, np.uint8)
    rgb = _rgb(example.image_path) if example.image_path is not None else None
    if rgb is not None and rgb.shape[:2] == mask.shape:
        inset = np.asarray(cv2.resize(rgb[window], size), np.uint8)
    _contour(inset, target, _TARGET)
    cv2.rectangle(inset, (0, 0), (size[0] - 1, size[1] - 1), (255, 255, 255), 1)
    left = x > mask.shape[1] / 2
    top = y > mask.shape[0] / 2
    x0 = 22 if left else SIDE - size[0] - 2
    y0 = 2 if top else SIDE - size[1] - 2
    canvas[y0 : y0 + size[1], x0 : x0 + size[0]] = inset


def _rgb(path: str) -> Picture | None:
    try:
        return read_rgb(Path(path))
    except ImageError:
        return None  # a check reports it; the outline is drawn on a grid


def _read(mask_path: str) -> Picture | None:
    try:
        return load_stored(mask_path) if mask_path else None
    except MaskError:
        return None


def _background(example: Shown, width: int, height: int) -> Picture:
    rgb = _rgb(example.image_path) if example.image_path is not None else None
    if rgb is not None:
        return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    grid = np.full((height, width, 3), 74, np.uint8)
    for step in range(_STEPS + 1):
        tone = 118 if step in (0, _STEPS // 2, _STEPS) else 92
        x, y = (min(side - 1, round(step * side / _STEPS)) for side in (width, height))
        grid[:, x] = tone
        grid[y] = tone
    return grid


def _outline(cell: Picture, mask_path: str) -> None:
    mask = _read(mask_path)
    if mask is not None:
        for value, color in ((IGNORE, _IGNORE), (TARGET, _TARGET)):
            _contour(cell, (mask == value).astype(np.uint8), color)


def _contour(cell: Picture, region: Picture, color: tuple[int, int, int]) -> None:
    """Draws the outline of a region, scaled to the size of the cell."""
    factors = np.array([cell.shape[1] / region.shape[1], cell.shape[0] / region.shape[0]])
    contours, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    fitted = [np.rint((points + 0.5) * factors - 0.5).astype(np.int32) for points in contours]
    cv2.polylines(cell, fitted, True, _HALO, 4, cv2.LINE_AA)
    cv2.polylines(cell, fitted, True, color, 2, cv2.LINE_AA)


def default_size(width: int | None, height: int | None) -> tuple[int, int]:
    """(width, height) of an image; that of a chip if it is unknown."""
    return (width, height) if width and height else (CHIP, CHIP)
