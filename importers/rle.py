"""Reads and writes COCO's run-length encoding of masks (RLE), compressed and uncompressed.

Runs go down the columns, alternating between background and target, background first. Uncompressed,
``counts`` is the list of their lengths. Compressed, it is a string of characters with six bits
each, in which each length from the fourth on is stored as its difference to the length two runs
before. See ``rleToString`` and ``rleFrString`` in cocoapi ``common/maskApi.c``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.errors import MaskError
from pairlens.importers.masks import MAX_PIXELS

MAX_CHARACTERS = 7
"""Maximum number of characters of a run: seven times five bits hold any signed 32-bit number."""

_FIRST, _BITS, _MORE, _SIGN = 48, 5, 0x20, 0x10


def decode_rle(rle: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Decodes ``{"size": [height, width], "counts": string, bytes or list}``.

    Returns:
        (height, width) uint8 of 0 and 1

    Raises:
        MaskError: if it is not an RLE, is too large, or its runs do not fill the size exactly
    """
    height, width, runs = read_runs(rle)
    values = np.zeros(len(runs), np.uint8)
    values[1::2] = 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def read_runs(rle: Mapping[str, Any]) -> tuple[int, int, NDArray[np.int64]]:
    """Decodes an RLE to runs, without making the mask, which can be much larger.

    Args:
        rle: as for :func:`decode_rle`

    Returns:
        height, width, and (n,) lengths of the runs in pixels, background first

    Raises:
        MaskError: as :func:`decode_rle`
    """
    height, width = _size(rle.get("size"))
    counts = rle.get("counts")
    if isinstance(counts, str | bytes):
        runs = _decompress(counts, 2 * height * width + 2)
    else:
        runs = _listed(counts, 2 * height * width + 2)
    # Each run is checked before the sum, so that the sum cannot overflow.
    if runs.size and (runs.min() < 0 or runs.max() > height * width):
        raise MaskError("the RLE has runs of impossible length")
    if int(runs.sum()) != height * width:
        raise MaskError(f"the RLE's runs fill {int(runs.sum())} pixels, not {height}x{width}")
    return height, width, runs


def encode_rle(mask: NDArray[Any], *, compressed: bool = True) -> dict[str, Any]:
    """Encodes a (height, width) mask, every value but 0 as target.

    Returns:
        ``{"size": [height, width], "counts": string or list}``, serializable as JSON

    Raises:
        MaskError: if the array does not have two dimensions
    """
    if mask.ndim != 2:
        raise MaskError(f"the mask has shape {mask.shape}; expected (height, width)")
    flat = (mask != 0).T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate(([0], changes, [flat.size])))
    if flat.size and flat[0]:
        runs = np.concatenate(([0], runs))
    counts = _compress(runs) if compressed else runs.tolist()
    return {"size": [int(side) for side in mask.shape], "counts": counts}


def _size(size: Any) -> tuple[int, int]:
    sides = size if isinstance(size, list | tuple) else ()
    whole = [s for s in sides if isinstance(s, int) and not isinstance(s, bool) and s > 0]
    if len(sides) != 2 or len(whole) != 2:
        raise MaskError("the RLE has no size [height, width]")
    if whole[0] * whole[1] > MAX_PIXELS:
        raise MaskError(f"{whole[1]}x{whole[0]} pixels are too many for a mask")
    return whole[0], whole[1]


def _listed(counts: Any, most: int) -> NDArray[np.int64]:
    if not isinstance(counts, list | tuple) or len(counts) > most:
        raise MaskError("the RLE has no counts, or more than pixels")
    try:
        runs = np.array(counts)
    except (ValueError, OverflowError) as error:
        raise MaskError("the RLE's counts are no list of numbers") from error
    if runs.ndim != 1 or (runs.size and runs.dtype.kind not in "iu"):
        raise MaskError("the RLE's counts are no list of whole numbers")
    return np.minimum(runs, MAX_PIXELS + 1).astype(np.int64)


def _decompress(counts: str | bytes, most: int) -> NDArray[np.int64]:
    if len(counts) > MAX_CHARACTERS * most:
        raise MaskError("the RLE is longer than a mask of its size can need")
    try:
        data = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError as error:
        raise MaskError("the RLE has characters that belong to none") from error
    codes = np.frombuffer(data, np.uint8).astype(np.int64) - _FIRST
    if not codes.size:
        return np.zeros(0, np.int64)
    if codes.min() < 0 or codes.max() >= 64 or codes[-1] & _MORE:
        raise MaskError("the RLE has characters that belong to none, or is cut short")
    ends = np.flatnonzero(codes & _MORE == 0)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > MAX_CHARACTERS or len(ends) > most:
        raise MaskError("the RLE has runs of impossible length")
    shifts = _BITS * (np.arange(codes.size) - np.repeat(starts, lengths))
    stored = np.add.reduceat((codes & 0x1F) << shifts, starts)
    stored -= np.where(codes[ends] & _SIGN, np.int64(1) << (_BITS * lengths), 0)
    runs = stored.copy()
    runs[1::2], runs[2::2] = np.cumsum(stored[1::2]), np.cumsum(stored[2::2])
    return runs


def _compress(runs: NDArray[np.int64]) -> str:
    stored = runs.astype(np.int64)
    stored[3:] -= runs[1:-2]
    # A number takes as many groups of five bits as two's complement needs, lowest group first.
    limits = np.int64(1) << (_BITS * np.arange(1, MAX_CHARACTERS + 1) - 1)
    reach = (stored[:, None] >= -limits) & (stored[:, None] < limits)
    lengths = reach.argmax(axis=1) + 1
    places = np.arange(MAX_CHARACTERS)
    codes = (stored[:, None] >> (_BITS * places)) & 0x1F
    codes |= np.where(places < lengths[:, None] - 1, _MORE, 0)
    kept = codes[places < lengths[:, None]] + _FIRST
    return kept.astype(np.uint8).tobytes().decode("ascii")
