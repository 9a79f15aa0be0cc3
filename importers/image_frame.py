"""Reads and applies the orientation that an image file declares.

EXIF (in JPEG, PNG and WebP) and TIFF define eight orientations, numbered 1 to 8, that say how the
stored rows and columns must be turned for display. In PairLens sizes, pixels, polygons and masks
are *upright*: after turning, as in ``cv2.imread`` and FiftyOne's metadata. Coordinates before
turning are in the *raw* frame.

CIPA DC-008 (Exif 2.32), 4.6.4 A; TIFF 6.0, page 36.
"""

from __future__ import annotations

import logging
from typing import Any, BinaryIO, TypeVar

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pairlens.importers.arrays import MAX_BYTES
from pairlens.importers.errors import check_memory

ORIENTATION = 274
"""Number of the tag, in EXIF and in TIFF."""

UPRIGHT = 1
"""The orientation of images that are stored upright."""

NO_DATA = 42113
"""GDAL's TIFF tag with the no-data value, https://gdal.org/en/stable/drivers/raster/gtiff.html"""

COMPRESSION = 259
"""Number of the TIFF tag Compression."""

TIFFFILE_READS = frozenset({1, 8, 32946})
"""Compressions that tifffile reads without further packages: none, and deflate (two numbers)."""

BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""The inverse of each orientation: :func:`turn` by it undoes :func:`turn` by the key."""

_AT_ONCE = 1 << 22
"""Pixels that are copied at a time."""

_BYTES = {"F": 4, "I": 4, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Bytes of a pixel in Pillow's modes of more than one byte a band."""

_TURNED = 5
"""Orientations from 5 on swap rows and columns."""

# tifffile warns on the terminal of every tag that it cannot read; errors are raised.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

Value = TypeVar("Value", bound=np.generic)


def orientation_of(image: Image.Image) -> int:
    """Returns the orientation that an open image declares, 1 to 8; 1 if it declares none.

    XMP and text chunks of PNG are ignored, as browsers and OpenCV do.
    """
    tags: Any = getattr(image, "tag_v2", None)
    try:
        value = tags.get(ORIENTATION) if tags is not None else _of_exif(image)
    except Exception as error:  # on hostile bytes, decoders raise any exception
        check_memory(error)
        return UPRIGHT
    return _valid(value)


def _of_exif(image: Image.Image) -> Any:
    if image.getexif().get(ORIENTATION) is None:  # in a PNG, this also loads chunks after pixels
        return None
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return exif.get(ORIENTATION)


def _valid(value: Any) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def tiff_orientation(page: tifffile.TiffPage) -> int:
    """Returns the orientation that a page of a TIFF declares, 1 to 8; 1 if it declares none."""
    tag = page.tags.get(ORIENTATION)
    return _valid(tag.value) if tag is not None else UPRIGHT


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Returns width and height of an image after it is turned upright.

    Args:
        width: as stored, in pixels
        height: as stored, in pixels
        orientation: EXIF orientation, 1 to 8
    """
    return (height, width) if orientation >= _TURNED else (width, height)


def upright(image: Image.Image) -> Image.Image:
    """Turns an open image upright. A TIFF must not be one that :func:`is_scrambled`."""
    # Pillow turns TIFFs itself when it decodes them.
    if is_tiff(image) or orientation_of(image) == UPRIGHT:
        return image
    return ImageOps.exif_transpose(image)


def is_tiff(image: Image.Image) -> bool:
    """Whether an open image is a TIFF, for which Pillow reports the upright size."""
    return getattr(image, "tag_v2", None) is not None


def is_scrambled(image: Image.Image) -> bool:
    """Whether an open image is a TIFF that Pillow would decode wrongly; use :func:`read_tiff`.

    If an uncompressed TIFF is stored on its side, Pillow confuses width and height (observed in
    version 13.0).
    """
    if not is_tiff(image) or orientation_of(image) < _TURNED:
        return False
    return image.tag_v2.get(COMPRESSION, 1) in TIFFFILE_READS  # type: ignore[attr-defined]


def pixels_of(image: Image.Image) -> NDArray[Any]:
    """Decodes the pixels of an open image.

    A large image is copied in strips, since Pillow makes two further copies of what it converts.

    Returns:
        (height, width) or (height, width, bands), of the file's sample type

    Raises:
        ValueError: if the pixels take more than :data:`MAX_BYTES`
    """
    size = image.width * image.height * _BYTES.get(image.mode, len(image.getbands()))
    if size > MAX_BYTES:
        raise ValueError(f"{size:,} bytes are too many for an image")
    rows = _AT_ONCE // image.width
    if rows >= image.height:
        return np.asarray(image)
    image.load()
    strips = (
        np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        for top in range(0, image.height, max(1, rows))
    )
    first = next(strips)
    pixels = np.empty((image.height, *first.shape[1:]), first.dtype)
    pixels[: len(first)] = first
    for number, strip in enumerate(strips, 1):
        pixels[number * len(first) : number * len(first) + len(strip)] = strip
    return pixels


def read_tiff(stream: BinaryIO, most_bytes: int) -> tuple[NDArray[Any], float | None]:
    """Decodes the first page of a TIFF, upright, in its own sample type.

    Args:
        stream: the file, at any position
        most_bytes: maximum size of the decoded pixels

    Returns:
        (height, width) or (height, width, bands), and the no-data value that the file declares;
        ``None`` if it declares none

    Raises:
        ValueError: if it is too large or not an image
        Exception: any that the decoder raises on a broken file
    """
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        page = tiff.pages.first
        if page.nbytes > most_bytes:
            raise ValueError(f"{page.nbytes:,} bytes are too many for an image")
        pixels, axes = page.asarray(), page.axes
        orientation = tiff_orientation(page)
        absent = page.tags[NO_DATA].value if NO_DATA in page.tags else None
    if axes == "SYX":  # planar configuration
        pixels, axes = np.moveaxis(pixels, 0, -1), "YXS"
    if axes not in ("YX", "YXS"):
        raise ValueError(f"it holds {axes} of shape {pixels.shape}, which is no image")
    return turn(pixels, orientation), as_number(absent)


def as_number(text: Any) -> float | None:
    """Converts the text of GDAL's no-data tag to a number; ``None`` if it is not one."""
    try:
        return float(str(text).strip().strip("\0"))
    except ValueError:
        return None


def turn_point(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Converts a point from the raw to the upright frame.

    Args:
        x, y: shares of width and height of the image as stored
        orientation: EXIF orientation of the image, 1 to 8

    Returns:
        x and y as shares of width and height of the upright image
    """
    if orientation >= _TURNED:
        x, y = y, x
    if orientation in (3, 4, 7, 8):
        y = 1 - y
    return (1 - x if orientation in (2, 3, 6, 7) else x), y


def turn(array: NDArray[Value], orientation: int) -> NDArray[Value]:
    """Turns an array from the raw to the upright frame.

    Args:
        array: (height, width) or (height, width, bands)
        orientation: EXIF orientation, 1 to 8
    """
    if orientation >= _TURNED:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
