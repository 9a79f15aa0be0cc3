"""Reads masks from TIFF, PNG, NPY and NPZ files, and stores them as PNG.

In memory a mask is an 8-bit array with 0 background, 1 target, 255 ignore. It is stored as the same
array in a gray PNG, since FiftyOne's App shows wrong values for palette and 1-bit PNGs, and no
TIFFs at all.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pairlens.importers.arrays import MAX_BYTES, read_array
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import LockedMask, MaskError
from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.image_frame import (
    NO_DATA,
    UPRIGHT,
    as_number,
    is_scrambled,
    orientation_of,
    pixels_of,
    read_tiff,
    tiff_orientation,
    upright,
)
from pairlens.importers.mask_values import MAX_LISTED, MaskValues, read_values, storable
from pairlens.importers.png import MAX_PIXELS, encode_gray, read_gray
from pairlens.importers.source_files import open_source, reason_of
from pairlens.importers.tiff_pages import has_pages, tiff_has_pages

MASK_ARRAYS = ("mask", "masks", "gt", "segmentation", "label")
"""Names of the array with the ground truth in an ``.npz`` file of several arrays."""

_PASSING = frozenset({
    errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT,
    errno.EMFILE, errno.ENFILE,
})  # fmt: skip
"""Error numbers for which the file itself may be fine, and can perhaps be opened later."""

_NEAR_GRAY = 24
"""Maximum difference between the bands of a gray picture after lossy compression, in levels."""

_PHOTOMETRIC = 262
"""Number of the TIFF tag PhotometricInterpretation."""

_TIFF_MARKS = (b"II", b"MM")
"""First bytes of a TIFF: little-endian and big-endian."""

_VOC_VOID = (224, 224, 192)
"""RGB colour of index 255 in the palette of PASCAL VOC, where 255 means *ignore*."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Mask:
    """A decoded mask.

    Attributes:
        pixels: (height, width) uint8 of 0 background, 1 target, 255 ignore
        values: the first eight distinct pixel values of the mask file, ascending; empty for masks
            drawn from polygons
        problem: a clause on what is unusual about its encoding; ``""`` if nothing
        rule: a clause on how its values were interpreted; ``""`` for masks drawn from polygons
        orientation: EXIF orientation that its file declares, 1 to 8; the pixels are already turned
            by it
    """

    pixels: Pixels
    values: tuple[int, ...] = ()
    problem: str = ""
    rule: str = ""
    orientation: int = UPRIGHT

    @property
    def target(self) -> NDArray[np.bool_]:
        """(height, width) bool, true on the target."""
        return self.pixels == TARGET

    @property
    def ignore(self) -> NDArray[np.bool_]:
        """(height, width) bool, true on pixels that do not count."""
        return self.pixels == IGNORE


def from_array(
    array: NDArray[Any],
    setting: MaskValues | None = None,
    *,
    ignore: int | None = None,
    lossy: bool = False,
) -> Mask:
    """Interprets an array of any integer, bool or float type as a mask.

    Which values are the target is decided by :mod:`pairlens.importers.mask_values`.

    Args:
        array: (height, width), or (height, width, bands) of one band, of gray or one colour on
            black in three bands, each also with alpha
        setting: the user's setting of which values are the target
        ignore: the value that means *ignore* according to the format, if any
        lossy: whether the values come from a file of lossy compression

    Raises:
        MaskError: if the array has another shape, is not finite or has several colours
    """
    array, odd = _one_band(array)
    if array.ndim != 2 or 0 in array.shape:
        raise MaskError(f"the mask has shape {array.shape}; expected (height, width)")
    kind = array.dtype.kind
    if kind not in "biuf" or (kind == "f" and not np.isfinite(array).all()):
        raise MaskError(f"the mask holds {array.dtype} values that are no numbers")
    if kind == "b":
        array = array.view(np.uint8)
    values = _distinct_bytes(array) if array.dtype == np.uint8 else np.unique(array)
    reading = read_values(array, values, setting=setting, ignore=ignore, lossy=lossy)
    fractional = kind == "f" and not (values == np.rint(values)).all()
    listed = () if fractional else tuple(storable(v) for v in values[:MAX_LISTED])
    rule = reading.rule + odd if len(values) > 1 or values[0] else ""  # all 0: nothing to decide
    return Mask(reading.pixels, listed, reading.problem, rule)


def of_values(mask: Mask, example: str) -> Iterator[Decision]:
    """Yields the decision about a mask's values, if there is one.

    Args:
        mask: a mask as read from a file
        example: name of the file
    """
    if mask.rule:
        usual = not mask.problem and mask.rule.endswith("the target")
        override = "mask_values=..."
        yield Decision(mask.rule, "mask_values", example=example, override=override, usual=usual)


def _one_band(array: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Selects the band that contains the mask; returns it and a description of the choice."""
    if array.ndim != 3:
        return array, ""
    if 1 in (array.shape[0], array.shape[-1]):
        return (array[0] if array.shape[0] == 1 else array[..., 0]), ""
    if array.shape[-1] not in (2, 3, 4):
        return array, ""
    colors, alpha = (array, None) if array.shape[-1] == 3 else (array[..., :-1], array[..., -1])
    if alpha is not None and (colors == colors[:1, :1]).all() and (alpha != alpha.flat[0]).any():
        return alpha, ", in the alpha band"
    if colors.shape[-1] == 1:
        # An array of two bands is not a picture with alpha: the second may be another mask.
        return array, ""
    if alpha is not None and (alpha == 0).any() and colors.any():
        # The colour of transparent pixels has no meaning.
        colors = np.where(alpha[..., None] == 0, colors.dtype.type(0), colors)
        if not colors.any():
            return alpha, ", in the alpha band"
    if not (colors[..., :1] == colors[..., 1:]).all():
        return _beside_black(colors), ", where 1 is the one colour beside black"
    return colors[..., 0], ""


def _beside_black(colors: NDArray[Any]) -> NDArray[np.uint8]:
    """Converts a picture of black and one colour to 0 and 1.

    Training code converts such a picture to gray and takes nonzero pixels as the target. A colour
    on white is refused: depending on the threshold, the target would be everything or nothing.

    Raises:
        MaskError: if the picture has several colours beside black
    """
    colored = np.any(colors, axis=-1)
    values = colors[colored]
    if not (values == values[:1]).all():
        raise MaskError(
            "the mask is a colour picture, and not of black and one other colour; write the target "
            "as white on black"
        )
    return np.asarray(colored, np.uint8)


def greatest(pixels: NDArray[np.uint8]) -> int:
    """Returns the maximum of a (height, width) array."""
    # OpenCV's norm allocates no array and takes a quarter of NumPy's time.
    return int(cv2.norm(pixels, cv2.NORM_INF))


def _distinct_bytes(array: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Returns the distinct values of an array, ascending."""
    most, nonzero = greatest(array), cv2.countNonZero(array)
    # Most masks have one value beside 0. Then the sum is the maximum times the number of nonzero
    # pixels, which takes a tenth of a histogram's time to find out.
    if cv2.norm(array, cv2.NORM_L1) == most * nonzero:
        return np.array([0] * (nonzero < array.size) + [most] * (nonzero > 0))
    return np.flatnonzero(cv2.calcHist([array], [0], None, [256], [0, 256]))


def read_mask(path: Path, setting: MaskValues | None = None) -> Mask:
    """Reads a mask file: ``.npy``, ``.npz``, TIFF, PNG or another image format of Pillow.

    Args:
        path: the file
        setting: the user's setting of which values are the target

    Raises:
        LockedMask: if the file cannot be opened for a reason that may be temporary
        MaskError: if it is missing, broken, too large or not a mask
    """
    try:
        if not path.is_file():
            raise MaskError(f"{path.name} does not exist")
        if not (size := path.stat().st_size):
            raise MaskError(f"{path.name} is empty")
        if size > MAX_BYTES:
            raise MaskError(f"{path.name} has {size:,} bytes, too many for a mask")
    except OSError as error:  # such as a name that is too long, or a loop of links
        raise _unread(path.name[:80], error) from error
    with _naming_file(path.name):
        if path.suffix.lower() in (".npy", ".npz"):
            return from_array(read_array(path, MASK_ARRAYS), setting)
        with open_source(path) as stream:
            return decode_raster(stream, setting)


def read_mask_bytes(content: bytes, name: str, setting: MaskValues | None = None) -> Mask:
    """Decodes the bytes of an image file as a mask.

    Args:
        content: bytes of the file
        name: of the file, for messages
        setting: the user's setting of which values are the target

    Raises:
        MaskError: if the file is broken, too large or not a mask
    """
    with _naming_file(name):
        return decode_raster(BytesIO(content), setting)


@contextmanager
def _naming_file(name: str) -> Iterator[None]:
    """Turns any error of a decoder into a ``MaskError`` that names the file."""
    try:
        yield
    except MaskError as error:
        raise MaskError(f"{name}: {error}") from error
    except UnidentifiedImageError as error:  # its own message has the whole path
        raise MaskError(f"{name} is no image that can be read") from error
    except Image.DecompressionBombError as error:
        raise MaskError(f"{name} claims more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # on hostile bytes, decoders raise any exception
        if isinstance(error, OSError) and error.errno in _PASSING:
            raise _unread(name, error) from error
        raise MaskError(f"{name} cannot be decoded ({error!r})") from error


def _unread(name: str, error: OSError) -> MaskError:
    kind = LockedMask if error.errno in _PASSING else MaskError
    return kind(f"{name} cannot be read ({reason_of(error)})")


def decode_raster(stream: BinaryIO, setting: MaskValues | None = None) -> Mask:
    """Decodes an image file as a mask, and turns it upright.

    Args:
        stream: the file, at its beginning
        setting: the user's setting of which values are the target

    Raises:
        MaskError: if it is too large or not a mask
        Exception: any that a decoder raises on a broken file
    """
    try:
        opened = Image.open(stream)
    except UnidentifiedImageError:
        stream.seek(0)
        if stream.read(2) not in _TIFF_MARKS:
            raise
        # A TIFF of a sample format that Pillow cannot read, such as double precision.
        return _of_tiff(stream, setting)
    with opened as image:
        if image.width * image.height > MAX_PIXELS:
            raise MaskError(f"{image.width}x{image.height} pixels are too many for a mask")
        if is_scrambled(image):
            return _of_tiff(stream, setting)
        paged, tags = has_pages(image), getattr(image, "tag_v2", {})
        absent, white_is_zero = as_number(tags.get(NO_DATA)), tags.get(_PHOTOMETRIC) == 0
        lossy, orientation = image.format in ("JPEG", "WEBP"), orientation_of(image)
        image = upright(image)
        if image.mode in ("P", "PA"):
            array, ignore, how = _of_palette(image)
        elif image.mode == "LA":
            array, ignore, how = _of_gray_and_alpha(image)
        else:
            array, ignore, how = pixels_of(image), None, ""
            lossy = lossy and not _is_exact(array)
            array = _nearly_gray(array) if lossy else array
    if white_is_zero and array.dtype.kind in "bu":
        # Pillow inverts such a TIFF for display; the mask is what is stored.
        array = ~array
        how += ", as stored (white is zero)"
    array, ignore = (array, ignore) if absent is None else _without(array, absent)
    mask = from_array(array, setting, ignore=ignore, lossy=lossy)
    rule = mask.rule + how * bool(mask.rule)
    mask = replace(mask, rule=rule, orientation=orientation)
    return _of_pages(mask) if paged else mask


def _of_pages(mask: Mask) -> Mask:
    """Notes in a mask that its file has several pages, of which only the first is read."""
    pages = "its file has several pages, of which the first is read"
    rule = f"{mask.rule or 'masks'}, of the first of several pages"
    return replace(mask, rule=rule, problem=f"{mask.problem}; {pages}" if mask.problem else pages)


def _of_tiff(stream: BinaryIO, setting: MaskValues | None) -> Mask:
    """Decodes a TIFF with tifffile as a mask, and turns it upright."""
    array, absent = read_tiff(stream, MAX_BYTES)
    array, ignore = (array, None) if absent is None else _without(array, absent)
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        orientation, paged = tiff_orientation(tiff.pages.first), tiff_has_pages(tiff)
    mask = replace(from_array(array, setting, ignore=ignore), orientation=orientation)
    return _of_pages(mask) if paged else mask


def _without(array: NDArray[Any], absent: float) -> tuple[NDArray[Any], int | None]:
    """Treats the no-data value that a mask's file declares.

    If the other pixels have 0 among several values, pixels without data become *ignore*. If they
    have a single value or no 0, pixels without data are the background.

    Args:
        array: (height, width)
        absent: the no-data value, which may be NaN

    Returns:
        the array, and the value in it that means *ignore*; ``None`` if none does
    """
    no_data = np.isnan(array) if absent != absent else array == absent
    others = np.unique(array[~no_data])
    if not absent or not no_data.any() or not others.size:
        return array, None
    if len(others) == 1 or others[0] != 0:
        return np.where(no_data, array.dtype.type(0), array), None
    if 0 < absent < MAX_PIXELS and absent == int(absent):
        return array, int(absent)
    ignored = np.where(no_data, IGNORE, np.where(array == others[-1], TARGET, 0))
    return (ignored, IGNORE) if len(others) == 2 else (array, None)


def _is_exact(array: NDArray[Any]) -> bool:
    """Whether a picture of a lossy format was stored without loss: at most two values occur."""
    return array.dtype != np.uint8 or len(np.unique(array)) <= 2


def _nearly_gray(array: NDArray[Any]) -> NDArray[Any]:
    """Returns the green band of a picture whose bands differ only by lossy compression."""
    if array.ndim != 3 or array.shape[-1] != 3:
        return array
    spread = array.max(axis=-1) - array.min(axis=-1)
    return array[..., 1] if spread.max() <= _NEAR_GRAY else array


def _of_gray_and_alpha(image: Image.Image) -> tuple[NDArray[Any], None, str]:
    gray, alpha = np.asarray(image.getchannel(0)), np.asarray(image.getchannel(1))
    if (gray == gray.flat[0]).all() and (alpha != alpha.flat[0]).any():
        return alpha, None, ", in the alpha band"
    return gray, None, ""


def _of_palette(image: Image.Image) -> tuple[NDArray[Any], int | None, str]:
    """Reads a picture with a palette by index, as training code does, or by colour.

    It is read by colour if all colours that occur are gray, since class palettes are coloured, and
    if black has another index than 0, since some writers sort the palette by frequency.

    Returns:
        (height, width) of values, the value that means *ignore* if any, and a description of how
        the picture was read
    """
    indices = np.asarray(image.getchannel(0) if image.mode == "PA" else image)
    colors = np.zeros((256, 3), np.uint8)
    palette = np.array(image.getpalette() or (), np.uint8).reshape(-1, 3)
    colors[: len(palette)] = palette[:256]
    used = np.unique(indices)
    clear = _transparent(image)[used]
    if clear.any() and not clear.all():
        if (colors[used] == colors[used][:1]).all():
            visible = np.zeros(256, np.uint8)
            visible[used[~clear]] = IGNORE
            return visible[indices], None, ", in the alpha band"
        colors[used[clear]] = 0
    if (colors[used] == colors[used][:, :1]).all() and len(used) > 1:
        values = colors[:, 0][indices]
        differs = not np.array_equal(values > 0, indices > 0)
        return values, None, ", by the gray of the palette" * differs
    black = used[~colors[used].any(axis=1)]
    if len(black) == 1 and black[0]:
        order = np.arange(256, dtype=np.uint8)
        order[[0, black[0]]] = black[0], 0
        return order[indices], None, ", with the palette's black for the background"
    ignore = IGNORE if tuple(colors[IGNORE]) == _VOC_VOID else None
    return indices, ignore, ""


def _transparent(image: Image.Image) -> NDArray[np.bool_]:
    """Returns (256,) bool, true for transparent entries of a palette."""
    clear = np.zeros(256, np.bool_)
    declared = image.info.get("transparency")
    if isinstance(declared, int) and 0 <= declared < len(clear):
        clear[declared] = True
    elif isinstance(declared, bytes):
        alphas = np.frombuffer(declared[: len(clear)], np.uint8)
        clear[: len(alphas)] = alphas == 0
    return clear


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encodes pixels as a lossless PNG.

    Args:
        pixels: (height, width) gray or (height, width, 3) RGB

    Raises:
        MaskError: for any other shape, or no pixels
    """
    if pixels.ndim == 2 and pixels.size:
        return encode_gray(pixels)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)  # type: ignore[assignment]
    done, data = cv2.imencode(".png", pixels, settings)
    if not done:
        raise MaskError(f"an array of shape {pixels.shape} cannot be written as PNG")
    return data.tobytes()


def load_stored(path: str | os.PathLike[str]) -> Pixels:
    """Reads a mask that PairLens stored, as a (height, width) uint8 array of 0, 1 and 255.

    Raises:
        MaskError: if the file is missing or is not such a mask any more
    """
    try:
        pixels = read_gray(path)
    except (OSError, ValueError) as error:
        raise MaskError(f"{path} cannot be read ({error})") from error
    if pixels is None:
        raise MaskError(f"{path} is not an 8-bit gray PNG")
    return pixels if pixels.flags.writeable else pixels.copy()
