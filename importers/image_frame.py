"""Reads and applies the orientation that an image file declares.

EXIF (JPEG, PNG, WebP) and TIFF number eight ways in which the stored rows and columns are to
be shown. Everything here is *upright*, as ``cv2.imread`` and FiftyOne's own metadata have it:
sizes, pixels, polygons, masks. A mask that was drawn on the rows and columns as they are stored
is in the *raw* frame.

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
"""The tag, in EXIF and in TIFF."""

UPRIGHT = 1
NO_DATA = 42113
"""GDAL's tag, https://gdal.org/en/stable/drivers/raster/gtiff.html"""

COMPRESSION = 259
TIFFFILE_READS = frozenset({1, 8, 32946})
"""Compressions that tifffile reads by itself: none, and deflate under its two numbers."""

BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""By orientation, the one that turns what is upright back to how it is stored."""

_AT_ONCE = 1 << 22
"""Pixels that are copied at once."""

_BYTES = {"F": 4, "I": 4, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Of a pixel, where it has more than one a band."""

_TURNED = 5
"""From this orientation on, rows and columns change places."""

# It warns on the terminal of every tag that it cannot read; what matters here is raised.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

Value = TypeVar("Value", bound=np.generic)


def orientation_of(image: Image.Image) -> int:
    """The orientation an open image declares, 1 to 8; 1 where it declares none that there is.

    What XMP or a text in a PNG say counts for nothing, as for browsers and OpenCV.
    """
    tags: Any = getattr(image, "tag_v2", None)
    try:
        value = tags.get(ORIENTATION) if tags is not None else _of_exif(image)
    except Exception as error:  # on hostile bytes, decoders raise whatever they stumble over
        check_memory(error)
        return UPRIGHT
    return _valid(value)


def _of_exif(image: Image.Image) -> Any:
    if image.getexif().get(ORIENTATION) is None:  # of a PNG, this finds what stands behind pixels
        return None
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return exif.get(ORIENTATION)


def _valid(value: Any) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def tiff_orientation(page: tifffile.TiffPage) -> int:
    """The orientation a page of a TIFF declares, 1 to 8; 1 where it declares none that there is."""
    tag = page.tags.get(ORIENTATION)
    return _valid(tag.value) if tag is not None else UPRIGHT


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height of an image as viewers show it.

    Args:
        width: as stored, in pixels
        height: as stored, in pixels
        orientation: of EXIF, 1 to 8
    """
    return (height, width) if orientation >= _TURNED else (width, height)


def upright(image: Image.Image) -> Image.Image:
    """An open image, turned as it declares; a TIFF but where :func:`is_scrambled`."""
    # Of a TIFF, Pillow turns what it decodes by itself.
    if is_tiff(image) or orientation_of(image) == UPRIGHT:
        return image
    return ImageOps.exif_transpose(image)


def is_tiff(image: Image.Image) -> bool:
    """Whether an open image is a TIFF, whose size Pillow gives upright."""
    return getattr(image, "tag_v2", None) is not None


def is_scrambled(image: Image.Image) -> bool:
    """Whether Pillow would decode a TIFF wrongly, which :func:`read_tiff` does not.

    Of uncompressed ones whose rows and columns change places, Pillow takes the width for the
    height (seen in version 13.0).
    """
    if not is_tiff(image) or orientation_of(image) < _TURNED:
        return False
    return image.tag_v2.get(COMPRESSION, 1) in TIFFFILE_READS  # type: ignore[attr-defined]


def pixels_of(image: Image.Image) -> NDArray[Any]:
    """The pixels of an open image.

    A large one is read in strips, since Pillow makes two copies of what it reads.

    Returns:
        (height, width) or (height, width, bands), of the type of the file

    Raises:
        ValueError: if they take more than :data:`MAX_BYTES`
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
    """Decodes the first page of a TIFF, upright, with its samples as they are stored.

    Args:
        stream: of the file, wherever it stands
        most_bytes: refused is what takes more

    Returns:
        (height, width) or (height, width, bands), and the value it declares for no data

    Raises:
        ValueError: if it is too large or no image
        Exception: whatever the decoder stumbles over in a broken file
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
    """The value of GDAL's tag for no data, which is a text; ``None`` where it is no number."""
    try:
        return float(str(text).strip().strip("\0"))
    except ValueError:
        return None


def turn_point(x: float, y: float, orientation: int) -> tuple[float, float]:
    """A point in shares of an image as it is stored, in shares of the image upright."""
    if orientation >= _TURNED:
        x, y = y, x
    if orientation in (3, 4, 7, 8):
        y = 1 - y
    return (1 - x if orientation in (2, 3, 6, 7) else x), y


def turn(array: NDArray[Value], orientation: int) -> NDArray[Value]:
    """Turns rows and columns as they are stored upright.

    Args:
        array: (height, width) or (height, width, bands)
        orientation: 1 to 8
    """
    if orientation >= _TURNED:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
