"""Image files: metadata, pixels as RGB, and placeholders for missing ones."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pairlens.importers.arrays import MAX_BYTES
from pairlens.importers.errors import PairLensError
from pairlens.importers.frozen import frozen
from pairlens.importers.high_bit_depth import to_rgb8
from pairlens.importers.image_frame import (
    COMPRESSION,
    NO_DATA,
    TIFFFILE_READS,
    UPRIGHT,
    as_number,
    is_scrambled,
    is_tiff,
    orientation_of,
    pixels_of,
    read_tiff,
    tiff_orientation,
    upright,
    upright_size,
)
from pairlens.importers.png import MAX_PIXELS
from pairlens.importers.reading import NoData
from pairlens.importers.source_files import open_source, reason_of

CHIP = 512
"""Side in pixels of the images of GRES and RefSegRS, and of a placeholder."""

BROWSER_FORMATS = frozenset({"JPEG", "PNG", "WEBP", "GIF", "BMP"})
"""Formats, by Pillow's names, that every browser shows. The App cannot show TIFFs."""

_TURNED_BY_BROWSERS = "JPEG"
"""The only format whose EXIF orientation every browser applies; Chromium ignores it in WebP."""

_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL = 258, 277

_AT_ONCE = 1 << 20
"""Bytes up to which a file is read into memory once, for both digest and header."""

_last_header = b""
"""Header of the last JPEG, since consecutive ones mostly have equal headers."""

_LONGEST_HEADER = 1 << 14
"""Bytes up to which a JPEG header is cached."""

_SCAN = 0xDA
"""The JPEG marker SOS, which is followed by the pixels."""

_SEGMENTS = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xF0), 0xFE} - {0xC8})
"""JPEG markers that are followed by a length; ITU-T T.81, table B.1."""

_GRID_STEP = 64
"""Distance in pixels between the grid lines of a placeholder."""


class ImageError(PairLensError):
    """An image that cannot be read."""


@frozen
class ImageFacts:
    """The facts in an image's header, and the digest of its file.

    Attributes:
        width, height: size of the upright image in pixels
        bands: number of channels
        mime_type: of the file
        size_bytes: of the file
        digest: SHA-256 of the file
        browsable: whether every browser shows the file upright
        orientation: EXIF orientation of the stored rows and columns, 1 to 8; see
            :mod:`pairlens.importers.image_frame`
    """

    width: int
    height: int
    bands: int
    mime_type: str
    size_bytes: int
    digest: str
    browsable: bool
    orientation: int = UPRIGHT

    @property
    def raw_size(self) -> tuple[int, int]:
        """Width and height as stored, before the image is turned upright."""
        return upright_size(self.width, self.height, self.orientation)

    def as_stored(self) -> ImageFacts:
        """Returns the facts of the image when its orientation is ignored."""
        width, height = self.raw_size
        return replace(self, width=width, height=height, orientation=UPRIGHT)


def inspect_image(path: Path) -> ImageFacts:
    """Reads an image's header and digest without decoding it.

    Raises:
        ImageError: if it is missing, not an image, or larger than the bound
    """
    try:
        with open_source(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > MAX_BYTES:
                raise ImageError(f"{path.name} has {size:,} bytes, too many for an image")
            if size <= _AT_ONCE:
                return inspect_bytes(stream.read(size), path.name)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return _inspect(stream, path.name, stream.tell(), digest)
    except (FileNotFoundError, IsADirectoryError):
        raise ImageError(f"{path.name} does not exist") from None
    except OSError as error:
        raise ImageError(f"{path.name} cannot be read ({reason_of(error)})") from error


def inspect_bytes(data: bytes | memoryview, name: str) -> ImageFacts:
    """Does what :func:`inspect_image` does for an image in memory; ``name`` is for messages."""
    global _last_header
    digest = hashlib.sha256(data).hexdigest()
    header = _last_header
    if not header or data[: len(header)] != header:
        _last_header = header = _jpeg_header(data)
    known = _facts_of(header) if header else None
    if known is None:
        return _inspect(io.BytesIO(data), name, len(data), digest)
    return ImageFacts(
        known.width, known.height, known.bands, known.mime_type, len(data), digest,
        known.browsable, known.orientation,
    )  # fmt: skip


def _jpeg_header(data: bytes | memoryview) -> bytes:
    """Returns the bytes before the pixels of a JPEG, all that Pillow reads to open it.

    Returns:
        the header; ``b""`` for any other file, for an unusual or long header, and for one of a
        file with several pictures (MPF)
    """
    place, most = 2, min(len(data), _LONGEST_HEADER)
    if data[:2] != b"\xff\xd8":
        return b""
    while place + 4 <= most and data[place] == 0xFF and (marker := data[place + 1]) in _SEGMENTS:
        place += 2 + (data[place + 2] << 8) + data[place + 3]
        if marker == _SCAN:
            header = bytes(data[:place])
            return header if place <= most and b"MPF\0" not in header else b""
    return b""


@lru_cache(64)
def _facts_of(header: bytes) -> ImageFacts | None:
    """Returns the facts of images with a JPEG header, except file size and digest.

    The images of a dataset were mostly written by one program in one size, so they share a few
    headers. Pillow takes as long to parse one as an import takes for the rest of a small image.

    Returns:
        the facts; ``None`` if it is not a valid header
    """
    try:
        return _inspect(io.BytesIO(header), "", len(header), "")
    except ImageError:
        return None


def _inspect(stream: BinaryIO, name: str, size: int, digest: str) -> ImageFacts:
    if not size:
        raise ImageError(f"{name} is empty")
    stream.seek(0)
    try:
        with Image.open(stream) as image:
            orientation = orientation_of(image)
            size_shown = image.size if is_tiff(image) else upright_size(*image.size, orientation)
            facts = ImageFacts(
                *size_shown,
                # Pillow leaves out bands that a TIFF does not name, such as near infrared.
                bands=int(_tags(image).get(_SAMPLES_PER_PIXEL, len(image.getbands()))),
                mime_type=Image.MIME.get(image.format or "", "application/octet-stream"),
                size_bytes=size,
                digest=digest,
                browsable=image.format in BROWSER_FORMATS
                and (orientation == UPRIGHT or image.format == _TURNED_BY_BROWSERS),
                orientation=orientation,
            )
    except UnidentifiedImageError:
        facts = _inspect_tiff(stream, name, size, digest)
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} claims more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # on hostile bytes, decoders raise any exception
        raise ImageError(f"{name} cannot be read as an image ({error})") from error
    if not 0 < facts.width * facts.height <= MAX_PIXELS:
        claimed = f"{facts.width}x{facts.height}"
        raise ImageError(f"{name} claims {claimed} pixels, which is out of bounds")
    return facts


def _inspect_tiff(stream: BinaryIO, name: str, size: int, digest: str) -> ImageFacts:
    """Inspects a TIFF of a sample format that Pillow cannot read."""
    stream.seek(0)
    try:
        with tifffile.TiffFile(stream) as tiff:
            page = tiff.pages.first
            orientation = tiff_orientation(page)
            width, height = upright_size(page.imagewidth, page.imagelength, orientation)
            bands = page.samplesperpixel
    except Exception as error:
        raise ImageError(f"{name} is no image that can be read ({error})") from error
    return ImageFacts(width, height, bands, "image/tiff", size, digest, False, orientation)


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Decodes an image as (height, width, 3) uint8 RGB, upright; see :func:`decode_rgb`."""
    return decode_rgb(path)[0]


def decode_rgb(path: Path, setting: NoData = "auto") -> tuple[NDArray[np.uint8], str]:
    """Decodes an image as RGB, upright.

    A single band is repeated; bands after the third, such as alpha, are dropped. Values of more
    than 8 bits are stretched between the 1st and 99th percentile of the image's valid pixels,
    except 16-bit colour in PNG or LZW-compressed TIFF, of which Pillow reads only the upper 8 bits.
    Pixels without data become black.

    Args:
        path: the file
        setting: the user's setting of which pixels have no data

    Returns:
        (height, width, 3) uint8, and a description of the no-data value; ``""`` if there is none

    Raises:
        ImageError: if the image cannot be decoded
    """
    inspect_image(path)
    try:
        with open_source(path) as stream, Image.open(stream) as image:
            if _is_deep_colour(image) or is_scrambled(image):
                pixels, declared = read_tiff(stream, MAX_BYTES)
            else:
                declared = as_number(_tags(image).get(NO_DATA))
                pixels = _decode(image)
    except UnidentifiedImageError:
        pixels, declared = _read_unknown(path)
    except ImageError:
        raise
    except Exception as error:  # on hostile bytes, decoders raise any exception
        raise ImageError(f"{path.name} cannot be decoded ({error})") from error
    if not pixels.size:
        raise ImageError(f"{path.name} holds no pixels")
    return to_rgb8(pixels, declared, setting)


def _read_unknown(path: Path) -> tuple[NDArray[np.generic], float | None]:
    """Decodes a TIFF that Pillow cannot read, such as one of many bands."""
    try:
        with open_source(path) as stream:
            return read_tiff(stream, MAX_BYTES)
    except Exception as error:
        raise ImageError(f"{path.name} cannot be decoded ({error})") from error


def _tags(image: Image.Image) -> Mapping[int, Any]:
    """Returns the tags of a TIFF; empty for other images."""
    return getattr(image, "tag_v2", {})


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether an image is a TIFF of deep colour that tifffile reads in full depth.

    Pillow would keep only the upper 8 bits, which are nearly black in most remote-sensing data.
    """
    bits = _tags(image).get(_BITS_PER_SAMPLE, (8,))
    readable = _tags(image).get(COMPRESSION, 1) in TIFFFILE_READS
    return max(bits) > 8 and readable and not image.mode.startswith(("I", "F"))


def _decode(image: Image.Image) -> NDArray[np.generic]:
    """Decodes an open image, upright: (height, width) or (height, width, bands) of any depth."""
    image = upright(image)
    # Pillow's conversion to RGB clips deeper samples at 255.
    direct = image.mode.startswith(("I", "F")) or image.mode in ("L", "RGB", "RGBA", "RGBX")
    return pixels_of(image if direct else image.convert("RGB"))


def placeholder(name: str, width: int = CHIP, height: int = CHIP) -> NDArray[np.uint8]:
    """Draws the placeholder of a missing image: gray with a coordinate grid.

    Args:
        name: written on it; characters outside ASCII become ``?``
        width: in pixels
        height: in pixels

    Returns:
        (height, width) uint8
    """
    chip = _grid(width, height).copy()
    _write(chip, f"image not available: {name}", (8, height - 10))
    return chip


@lru_cache(4)
def _grid(width: int, height: int) -> NDArray[np.uint8]:
    chip = np.full((height, width), 74, np.uint8)
    for at in range(0, max(width, height), _GRID_STEP):
        heavy = at % (4 * _GRID_STEP) == 0
        chip[:, at : at + 1] = chip[at : at + 1, :] = 112 if heavy else 90
        if at:
            _write(chip, str(at), (at + 3, 12))
            _write(chip, str(at), (3, at - 4))
    return chip


def _write(chip: NDArray[np.uint8], text: str, origin: tuple[int, int]) -> None:
    text = text.encode("ascii", "replace").decode()
    cv2.putText(chip, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.36, 150, 1, cv2.LINE_AA)
