"""Reads arrays of ``.npy`` and ``.npz`` files, never a pickle, in bounded memory."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.errors import MaskError
from pairlens.importers.png import MAX_PIXELS
from pairlens.importers.source_files import open_source
from pairlens.importers.zips import BROKEN_ZIP, ENCRYPTED, TooManyMembers, open_zip

MAX_BYTES = 3 << 26
"""Maximum size in bytes of a file, of the arrays taken from an ``.npz``, and of a decoded image or
mask, so that all arrays made from one together take less than 1 GB."""


@contextmanager
def open_npz(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens an ``.npz`` file within the context.

    Raises:
        MaskError: if it is not an npz file, is encrypted, or turns out to be damaged within the
            context
        OSError: if it cannot be opened
    """
    try:
        with open_zip(path) as archive:
            if any(member.flag_bits & ENCRYPTED for member in archive.infolist()):
                raise MaskError("it is encrypted")
            yield archive
    except TooManyMembers as error:
        raise MaskError(str(error)) from error
    except BROKEN_ZIP as error:
        raise MaskError("it is not a whole npz file") from error


def read_array(path: Path, names: Sequence[str]) -> NDArray[Any]:
    """Reads the array of a ``.npy`` file, or one array of an ``.npz`` file.

    Args:
        path: the file
        names: names of the array in an ``.npz`` in order of preference; if there is only one array,
            its name does not matter

    Returns:
        an array of any shape and type

    Raises:
        MaskError: as :func:`read_arrays`, or if there are several arrays and none has such a name
        OSError, ValueError, ...: from the decoders, for a broken file
    """
    if path.suffix.lower() == ".npy":
        return read_arrays(path)[""]
    with open_npz(path) as archive:
        held = [n[:-4] for n in archive.namelist() if n.endswith(".npy")]
    named = [name for name in names if name in held] or (held if len(held) == 1 else [])
    if not named:
        raise MaskError(f"it holds {len(held)} arrays and none is called {names[0]!r}")
    return read_arrays(path, named[:1])[named[0]]


def read_arrays(path: Path, only: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """Reads the arrays of a ``.npy`` or ``.npz`` file, never a pickle.

    Args:
        path: the file
        only: names of the arrays of an ``.npz`` to read; all by default

    Returns:
        arrays of any shape and type by name; the array of a ``.npy`` has the name ``""``

    Raises:
        MaskError: if the arrays would be larger than :data:`MAX_BYTES`, one is pickled, or the
            archive is damaged or encrypted
        OSError, ValueError, ...: from the decoders, for a broken file
    """
    if path.suffix.lower() == ".npy":
        with open_source(path) as stream:
            data = stream.read(MAX_BYTES + 1)
        _check_bytes(len(data))
        return {"": load_npy(data)}
    with open_npz(path) as archive:
        members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
        members = [m for m in members if only is None or m.filename[:-4] in only]
        # zipfile decompresses no more than the declared sizes.
        _check_bytes(sum(m.file_size for m in members))
        return {m.filename[:-4]: load_npy(archive.read(m)) for m in members}


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise MaskError(f"{size:,} bytes are too many for a mask")


def load_npy(data: bytes) -> NDArray[Any]:
    """Reads the bytes of a ``.npy`` file, never a pickle.

    Returns:
        an array of any shape and type

    Raises:
        MaskError: if it is pickled, or larger than :data:`MAX_BYTES`
        ValueError: if it is broken
    """
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
