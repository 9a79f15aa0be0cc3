"""Masks: from TIFF, PNG, NPY and NPZ to one in-memory form and one form on disk.

In memory a mask is an 8-bit array with 0 background, 1 target, 255 ignore; on disk it is
the same array as a gray PNG, which is what FiftyOne's App draws rightly (palette and 1-bit
PNGs show wrong values, TIFFs none at all).
"""

from __future__ import annotations

import io
import math
import os
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from importers.errors import MaskError
from importers.fields import IGNORE, TARGET
from importers.png import MAX_PIXELS, read_gray
from importers.png_write import encode_gray

MAX_BYTES = 8 * MAX_PIXELS
"""Of a ``.npy`` or of what is taken from an ``.npz``: the largest mask, in double precision."""

MAX_LISTED_VALUES = 8

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Mask:
    """A decoded mask.

    Attributes:
        pixels: (height, width) uint8 of 0 background, 1 target, 255 ignore
        values: the distinct pixel values of the file it was read from, at most eight of
            them; empty for masks drawn from polygons
        problem: what is odd about its encoding, or ``""``
    """

    pixels: Pixels
    values: tuple[int, ...] = ()
    problem: str = ""

    @property
    def target(self) -> NDArray[np.bool_]:
        """(height, width) bool, true on the target."""
        return self.pixels == TARGET

    @property
    def ignore(self) -> NDArray[np.bool_]:
        """(height, width) bool, true where pixels do not count."""
        return self.pixels == IGNORE


def from_array(array: NDArray[Any]) -> Mask:
    """Reads a (height, width) array of any integer, bool or float type as a mask.

    The target is ``> 0`` where the maximum is 1 or less, else ``> 127``: RefSegRS' card says
    0/1 and its readers treat 0/255, so both occur. 255 beside 1 is *ignore*.

    Raises:
        MaskError: if the array has not two dimensions or is not finite
    """
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[-1]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        if not (array[..., :1] == array[..., 1:3]).all():
            raise MaskError("the mask is a colour picture; its three bands must be equal")
        array = array[..., 0]
    if array.ndim != 2 or 0 in array.shape:
        raise MaskError(f"the mask has shape {array.shape}; expected (height, width)")
    kind = array.dtype.kind
    if kind not in "biuf" or (kind == "f" and not np.isfinite(array).all()):
        raise MaskError(f"the mask holds {array.dtype} values that are no numbers")
    if kind == "f" and not (array == np.rint(array)).all():
        # A probability map: the half is the usual decision.
        return Mask((array > 0.5).astype(np.uint8), problem="fractional values, cut at 0.5")
    if kind == "b":
        array = array.view(np.uint8)
    values = _distinct_bytes(array) if array.dtype == np.uint8 else np.unique(array)
    listed = tuple(_storable(v) for v in values[:MAX_LISTED_VALUES])
    if set(listed) >= {1, 255} and set(listed) <= {0, 1, 255}:
        return Mask(array.astype(np.uint8), listed)
    problem = ""
    if not (set(listed) <= {0, 1} or set(listed) <= {0, 255}):
        more = " ..." if len(values) > MAX_LISTED_VALUES else ""
        problem = f"{len(values)} values: {', '.join(map(str, listed))}{more}"
    cut = 0 if values[-1] <= 1 else 127
    return Mask((array > cut).view(np.uint8), listed, problem)


def greatest(pixels: NDArray[np.uint8]) -> int:
    """The greatest value of a (height, width) array."""
    # OpenCV's norms make no arrays, and take a quarter of NumPy's time.
    return int(cv2.norm(pixels, cv2.NORM_INF))


def _distinct_bytes(array: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The values that occur, in order."""
    most, some = greatest(array), cv2.countNonZero(array)
    # If all that is not zero is the greatest, the sum says so, in a tenth of a histogram's time.
    if cv2.norm(array, cv2.NORM_L1) == most * some:
        return np.array([0] * (some < array.size) + [most] * (some > 0))
    return np.flatnonzero(cv2.calcHist([array], [0], None, [256], [0, 256]))


def _storable(value: Any) -> int:
    """Within the database's integers: the no-data value of floating-point rasters is not."""
    return max(-(1 << 63), min((1 << 63) - 1, int(value)))


def read_mask(path: Path) -> Mask:
    """Reads a mask file: TIFF, PNG and the other rasters Pillow knows, ``.npy``, ``.npz``.

    Raises:
        MaskError: if the file is missing, broken, too large or no mask
    """
    if not path.is_file():
        raise MaskError(f"{path.name} does not exist")
    if not path.stat().st_size:
        raise MaskError(f"{path.name} is empty")
    try:
        if path.suffix.lower() in (".npy", ".npz"):
            arrays = read_arrays(path)
            if not arrays:
                raise MaskError("it holds no array")
            return from_array(next(iter(arrays.values())))
        with open(path, "rb") as stream:
            return _decode_raster(stream)
    except MaskError as error:
        raise MaskError(f"{path.name}: {error}") from error
    except UnidentifiedImageError as error:  # whose own words quote the whole path
        raise MaskError(f"{path.name} is no image that can be read") from error
    except Image.DecompressionBombError as error:
        raise MaskError(f"{path.name} claims more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # on hostile bytes, decoders raise whatever they stumble over
        raise MaskError(f"{path.name} cannot be decoded ({error!r})") from error


def _decode_raster(stream: BinaryIO) -> Mask:
    with Image.open(stream) as image:
        if image.width * image.height > MAX_PIXELS:
            raise MaskError(f"{image.width}x{image.height} pixels are too many for a mask")
        # Palette images are read by index, as training code does, not by colour.
        return from_array(np.asarray(image.getchannel(0) if image.mode in ("LA", "PA") else image))


def read_arrays(path: Path, only: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """Reads the arrays of a ``.npy`` (under the name ``""``) or ``.npz`` file, never a pickle.

    Args:
        path: the file
        only: names of the arrays of an ``.npz`` that are decompressed; all by default

    Raises:
        MaskError: if the arrays would be larger than the bound, or one is pickled
        OSError, ValueError, ...: what the decoders meet in a broken file
    """
    if path.suffix.lower() == ".npy":
        _check_bytes(path.stat().st_size)
        return {"": load_npy(path.read_bytes())}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            members = [m for m in members if only is None or m.filename[:-4] in only]
            # No more than what is claimed here is decompressed.
            _check_bytes(sum(m.file_size for m in members))
            return {m.filename[:-4]: load_npy(archive.read(m)) for m in members}
    except (zipfile.BadZipFile, zlib.error) as error:
        raise MaskError("it is not a whole npz file") from error


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise MaskError(f"{size:,} bytes are too many for a mask")


def load_npy(data: bytes) -> NDArray[Any]:
    """Reads the bytes of a ``.npy`` file, never a pickle, with :func:`read_arrays`' bounds."""
    stream = io.BytesIO(data)
    first = np.lib.format.read_magic(stream) == (1, 0)
    read_header = "read_array_header_1_0" if first else "read_array_header_2_0"
    shape, fortran, dtype = getattr(np.lib.format, read_header)(stream)
    if dtype.hasobject:
        raise MaskError("pickled arrays are not read")
    count = math.prod(shape)
    if count > MAX_PIXELS or min(shape, default=1) < 0:
        raise MaskError(f"an array of shape {shape} is too large for a mask")
    start = stream.tell()
    if len(data) - start < count * dtype.itemsize:
        raise MaskError("the array is cut short")
    array = np.frombuffer(data, dtype, count, start)
    return array.reshape(shape, order="F" if fortran else "C")


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A lossless PNG; (height, width) gives 8-bit gray, (height, width, 3) is read as RGB."""
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
        MaskError: if the file is gone or was changed to something else
    """
    try:
        pixels = read_gray(path)
    except (OSError, ValueError) as error:
        raise MaskError(f"{path} cannot be read ({error})") from error
    if pixels is None:
        raise MaskError(f"{path} is not an 8-bit gray PNG")
    return pixels if pixels.flags.writeable else pixels.copy()
