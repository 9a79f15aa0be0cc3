"""Writes the plainest of PNGs: 8-bit gray, not interlaced, no row filters, as masks are stored.

A mask is runs of equal pixels. Looking for anything but runs is where a compressor spends its
time on one, and saves nothing.
"""

from __future__ import annotations

import zlib
from struct import pack

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WINDOW_BITS = 15
_MEMORY_LEVEL = 9


def encode_gray(pixels: NDArray[np.uint8]) -> bytes:
    """A (height, width) uint8 array as PNG.

    Raises:
        ValueError: if it is not of two dimensions, or is empty
    """
    if pixels.ndim != 2 or not pixels.size:
        raise ValueError(f"an array of shape {pixels.shape} is no gray picture")
    height, width = pixels.shape
    header = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    image = _chunk(b"IDAT", _zipped(pixels))
    return _SIGNATURE + _chunk(b"IHDR", header) + image + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))


def _zipped(pixels: NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape
    rows = np.empty((height, width + 1), np.uint8)
    rows[:, 0] = 0  # not filtered
    rows[:, 1:] = pixels
    deflate = zlib_ng.compressobj(1, zlib_ng.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib_ng.Z_RLE)
    return deflate.compress(rows.data) + deflate.flush()
