"""Reads and writes masks as 8-bit gray PNGs, much faster than general PNG libraries.

Masks are stored as the simplest kind of PNG: 8-bit gray, not interlaced, without row filters. Its
inflated data are the rows of pixels, each after a zero byte. Inflating them directly with zlib-ng
is many times as fast as libpng, which copies each row several times and uses zlib. OpenCV, which
writes many predictions, applies the filter *Sub* to all rows, storing differences from the pixel to
the left; this is undone for many rows at once. All checksums are verified. Files of any other kind
are decoded by OpenCV.

For writing, the deflate strategy RLE is used: masks consist of runs of equal pixels, and searching
for other matches takes most of a compressor's time and saves nothing.

Format: https://www.w3.org/TR/png-3/, chapters 5, 9 and 10.
"""

from __future__ import annotations

import errno
import os
import stat
import zlib
from functools import lru_cache
from io import BytesIO
from struct import Struct, pack
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from zlib_ng import zlib_ng

from pairlens.importers.errors import check_memory
from pairlens.importers.source_files import NOT_REGULAR

Pixels = NDArray[np.uint8]

MAX_PIXELS = 1 << 26
"""Maximum number of pixels of an image or mask, 8192x8192, so that all arrays made from one
together take less than 1 GB."""

AT_ONCE = 1 << 16
"""Bytes that are read at a time; a stored mask of 512x512 has about 2,000."""

MOST_INFLATED = 800_000_000
"""Maximum size in bytes of a file, and of what its data can inflate to."""

_DEFLATE_RATIO = 1032
"""Maximum compression ratio of deflate, https://zlib.net/zlib_tech.html."""

_SMALL = 1 << 14
"""Bytes of inflated data that are processed at a time, or without a preliminary test."""

_SUB = b"\1"
_WIDEST = 1 << 23
"""Columns up to which the sum of a row's values fits into 31 bits."""

_HEAD = Struct(">16sII5sI").unpack_from
_CHUNK = Struct(">I4s").unpack_from
_CHECKSUM = Struct(">I").unpack_from
_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_GRAY = b"\x08\0\0\0\0"
"""Bit depth 8, colour type gray, compression deflate, filter method 0, not interlaced."""

_END = b"\0\0\0\0IEND\xaeB`\x82"
_BROKEN = cast("type[Exception]", zlib_ng.error)  # its stubs declare it as an instance
_HEADER = 33
"""Bytes before the first data chunk: signature and IHDR."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WINDOW_BITS = 15
_MEMORY_LEVEL = 9


def read_gray(path: str | os.PathLike[str]) -> Pixels | None:
    """Reads an image of one 8-bit channel.

    Returns:
        (height, width) uint8, which may be read-only and not contiguous; ``None`` for any
        other image, for one of more than :data:`MAX_PIXELS`, and if it cannot be decoded

    Raises:
        OSError: if the file cannot be read
    """
    # os.open takes a third of the time of open(), which matters with small masks.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # otherwise opening a pipe would block
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
        data = os.read(file, AT_ONCE)
        if (pixels := plain_gray(data)) is not None:
            return pixels
        if facts.st_size > MOST_INFLATED:
            return None
        parts = [data]
        while parts[-1]:
            parts.append(os.read(file, AT_ONCE))
    finally:
        os.close(file)
    data = b"".join(parts)
    pixels = plain_gray(data) if len(data) > AT_ONCE else None
    return _by_opencv(data) if pixels is None else pixels


def plain_gray(data: bytes) -> Pixels | None:
    """Decodes a PNG of the kind in which PairLens or OpenCV write masks.

    Args:
        data: the whole file

    Returns:
        (height, width) uint8, which may be read-only; ``None`` if it is of another kind or broken
    """
    height, width = _plain_size(data[:_HEADER])
    if not height or not data.endswith(_END):
        return None
    zipped = _image_data(data)
    size = height * (width + 1)
    if not _may_be_plain(zipped, size):
        return None
    try:
        rows = zlib_ng.decompress(zipped, bufsize=size)
    except _BROKEN:
        return None
    if len(rows) != size:
        return None
    filters = rows[:: width + 1]
    pixels = np.ndarray((height, width), np.uint8, rows, 1, (width + 1, 1))
    if filters == bytes(height):
        return pixels
    return _summed(pixels) if filters == height * _SUB and width < _WIDEST else None


def _summed(differences: Pixels) -> Pixels:
    """Undoes the filter *Sub*: every value is the sum of the row up to it, modulo 256."""
    height, width = differences.shape
    pixels = np.empty((height, width), np.uint8)
    strip = max(1, _SMALL // width)
    for top in range(0, height, strip):
        # Sums over all pixels to the left and above, in a fifth of the time of NumPy's accumulate.
        # They take four bytes each; with more rows at a time they would exceed the CPU's cache.
        sums = cv2.integral(differences[top : top + strip])
        pixels[top : top + strip] = cv2.subtract(sums[1:, 1:], sums[:-1, 1:])
    return pixels


@lru_cache(256)  # the masks of a dataset have few sizes, and so few headers
def _plain_size(header: bytes) -> tuple[int, int]:
    """Returns (height, width) from the first bytes of a plain file; zeros for any other."""
    if len(header) < _HEADER:
        return 0, 0
    start, width, height, form, checksum = _HEAD(header)
    plain = start == _START and form == _GRAY and zlib_ng.crc32(header[12:29]) == checksum
    return (height, width) if plain and 0 < height * width <= MAX_PIXELS else (0, 0)


def _image_data(data: bytes) -> bytes:
    """Joins the data of the IDAT chunks; ``b""`` if there are other chunks, or broken ones."""
    parts = []
    place = _HEADER
    last = len(data) - len(_END)
    while place < last:
        length, kind = _CHUNK(data, place)
        end = place + 8 + length
        if kind != b"IDAT" or end + 4 > last:
            return b""
        if zlib_ng.crc32(data[place + 4 : end]) != _CHECKSUM(data, end)[0]:
            return b""
        parts.append(data[place + 8 : end])
        place = end + 4
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _may_be_plain(zipped: bytes, size: int) -> bool:
    """Whether data can be those of a plain file of a size, and cannot inflate to too much."""
    most = len(zipped) * _DEFLATE_RATIO
    if not size <= most <= MOST_INFLATED:
        return False
    # A higher compression level comes from Pillow and others, which choose a filter for each row.
    if zipped[1] >> 6:
        return False
    # Inflating a small mask is as fast as this test of the first filter byte.
    return size < _SMALL or zlib_ng.decompressobj().decompress(zipped, 1) in (b"\0", _SUB)


def _by_opencv(data: bytes) -> Pixels | None:
    if _claims_too_much(data):
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        check_memory(error)
        return None
    plain = pixels is not None and pixels.ndim == 2 and pixels.dtype == np.uint8
    return pixels if plain else None  # type: ignore[return-value]


def _claims_too_much(data: bytes) -> bool:
    """Whether an image has more than :data:`MAX_PIXELS`; OpenCV would allocate a billion."""
    if data.startswith(_START) and len(data) >= _HEADER:
        _, width, height, *_ = _HEAD(data)
        return width * height > MAX_PIXELS
    try:
        with Image.open(BytesIO(data)) as image:
            return image.width * image.height > MAX_PIXELS
    except Image.DecompressionBombError:
        return True
    except Exception as error:  # on hostile bytes, decoders raise any exception
        check_memory(error)
        return False  # OpenCV may know the format


def encode_gray(pixels: NDArray[np.uint8]) -> bytes:
    """Encodes a (height, width) uint8 array as PNG.

    Raises:
        ValueError: if it does not have two dimensions, or is empty
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
