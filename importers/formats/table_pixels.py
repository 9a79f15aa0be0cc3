"""Cells that spell out a mask pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.png import MAX_PIXELS

_LEAST_ROWS = 8
"""Of an array of pixels; fewer lists of zeros and ones may be polygons."""

_SURELY_ROWS = 32
"""Of an array of pixels of any values; nobody outlines a target by so many polygons of one length,
which have as many coordinates each."""


def is_pixels(value: Any) -> bool:
    """Whether a value is an array of pixels."""
    return isinstance(value, list) and _pixels(value) is not None


def bitmap_of(value: Sequence[Any]) -> NDArray[np.uint8] | None:
    """Rows of pixels as 0 and 1; ``None`` for other lists.

    Raises:
        ValueError: if the pixels have more values than 0 and another one
    """
    array = _pixels(value)
    if array is None:
        return None
    if not _is_mask(array):
        raise ValueError(
            "holds an array of pixels with more values than 0 and another one; write a picture "
            "and name it, for which mask_values tells what they mean"
        )
    return (array != 0).astype(np.uint8)


def _pixels(value: Sequence[Any]) -> NDArray[Any] | None:
    """Rows of pixels: of 0 and one other value, or too many of one length for polygons."""
    first = value[0] if len(value) >= _LEAST_ROWS else None
    if not isinstance(first, Sequence) or isinstance(first, str) or len(first) < _LEAST_ROWS:
        return None
    if any(not isinstance(row, Sequence) or len(row) != len(first) for row in value):
        return None
    if len(value) * len(first) > MAX_PIXELS:
        raise ValueError("holds more pixels than a mask may have")
    # NumPy would make all cells as long as the longest text.
    if any(not isinstance(cell, int | float) for row in value for cell in row):
        return None
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        return None
    if array.ndim != 2 or array.dtype.kind not in "buif":
        return None
    return array if _is_mask(array) or min(array.shape) >= _SURELY_ROWS else None


def _is_mask(array: NDArray[Any]) -> bool:
    greatest = array.max()
    return bool(((array == 0) | (array == greatest)).all()) and bool(greatest >= 0)
