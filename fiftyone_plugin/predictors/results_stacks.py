"""Stacks of masks: one (masks, height, width) array, and the names of its rows.

::

    masks.npz    the array "masks" (or "pred", or the only other one) and "keys", a list of texts
    masks.npy    beside it masks.json, a list of names or an object from name to row,
                 or masks.txt, a name a line

A name is a pair's key (or the key as a file name), image id and query index, or the id or file name
of an image, whose mask is then used for all its queries. A row is read when it is used.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.results_files import DEFAULT_READING, MaskReading
from pairlens.fiftyone_plugin.predictors.results_names import (
    ImageTable,
    first_match,
    pair_names,
    ref_names,
)
from pairlens.importers.arrays import open_npz
from pairlens.importers.bounded_json import load_json, read_bounded
from pairlens.importers.errors import LayoutError, MaskError
from pairlens.importers.masks import MAX_PIXELS, from_array
from pairlens.importers.source_files import open_source

KEYS = "keys"
STACKS = ("masks", "pred")
MAX_STACK = 16 << 30
"""Maximum unpacked size in bytes of a compressed stack, which is unpacked to a temporary file."""

MAX_NAMES = 64 << 20
"""Maximum size in bytes of a file of names."""

_CHUNK = 1 << 20


class StackRow(NamedTuple):
    """A mask of a stack."""

    file: Path
    number: int


class Stacks:
    """Masks by name in one or several stacks.

    Args:
        names: the names of the rows of each file, from :func:`read_names`
        reading: settings for reading masks

    Raises:
        LayoutError: if a file is not a stack, or the numbers of rows and names differ
    """

    def __init__(
        self, names: Mapping[Path, Mapping[str, int]], reading: MaskReading = DEFAULT_READING
    ) -> None:
        self._reading = reading
        self._arrays = {file: open_stack(file) for file in names}
        self._names: dict[str, list[StackRow]] = {}
        self._images: ImageTable[StackRow] = ImageTable()
        self._used: set[StackRow] = set()
        for file, rows in names.items():
            count = len(self._arrays[file])
            if rows and not 0 <= min(rows.values()) <= max(rows.values()) < count:
                raise LayoutError(f"{file.name} has {count} masks, fewer than its names")
            for name, number in rows.items():
                self._names.setdefault(name, []).append(StackRow(file, number))
                self._images.add(name, StackRow(file, number))

    def read(self, query: Query) -> Prediction:
        """See :meth:`pairlens.fiftyone_plugin.predictors.builtin.results.Index.read`."""
        names = (*pair_names(query), *ref_names(query)[:2])
        of_pair = first_match(names, self._names)
        rows = of_pair or self._images.find(query)
        if not rows:
            raise NoPrediction("no stack has a mask for the pair or its image")
        self._used.update(rows)
        if not of_pair:
            self._reading.of_image(f"{rows[0].file.name}[{rows[0].number}]", query)
        if len(set(rows)) > 1:
            names_text = ", ".join(f"{row.file.name}[{row.number}]" for row in rows)
            raise MaskError(f"{len(rows)} masks claim {query.key}: {names_text}; keep one")
        file, number = rows[0]
        try:
            mask = from_array(np.array(self._arrays[file][number]), self._reading.values)
        except MaskError as error:
            raise MaskError(f"{file.name}[{number}]: {error}") from error
        return self._reading.target(mask, f"{file.name}[{number}]")

    def unused(self) -> list[str]:
        """Masks that no query has used."""
        every = {row for rows in self._names.values() for row in rows}
        return [f"{file.name}[{number}]" for file, number in sorted(every - self._used)]


def read_names(file: Path, files: Iterable[Path]) -> dict[str, int] | None:
    """Row numbers by name for an array file; ``None`` if it has no names, so is not a stack.

    Args:
        file: a ``.npy`` or ``.npz`` file
        files: all files of the folder

    Raises:
        LayoutError: if the names cannot be read
    """
    file_set = files if isinstance(files, set | frozenset | dict) else set(files)
    for suffix in (".json", ".txt"):
        name_file = file.with_suffix(suffix)
        if name_file in file_set:
            return _names_beside(name_file)
    return _names_within(file) if file.suffix.lower() == ".npz" else None


def _names_beside(file: Path) -> dict[str, int]:
    try:
        data = read_bounded(file, MAX_NAMES)
        content = load_json(data) if file.suffix == ".json" else data.decode().splitlines()
    except (OSError, ValueError) as error:
        raise LayoutError(f"{file.name} cannot be read as a list of names ({error})") from error
    if isinstance(content, list) and all(isinstance(name, str) for name in content):
        return _numbered(content, file)
    if isinstance(content, dict) and all(type(row) is int for row in content.values()):
        return content
    raise LayoutError(f"{file.name} is no list of names and no object from names to rows")


def _names_within(file: Path) -> dict[str, int] | None:
    from pairlens.importers.arrays import read_arrays

    try:
        with open_npz(file) as archive:
            if f"{KEYS}.npy" not in archive.namelist():
                return None
    except (OSError, MaskError):
        return None  # the error is reported for the first pair that uses it
    try:
        names = read_arrays(file, (KEYS,))[KEYS]
    except (OSError, ValueError, MaskError) as error:
        raise LayoutError(f"{file.name}: its {KEYS!r} cannot be read ({error})") from error
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise LayoutError(f"{file.name}: its {KEYS!r} are no list of texts")
    texts = [n.decode("utf-8", "replace") if isinstance(n, bytes) else n for n in names.tolist()]
    return _numbered(texts, file)


def _numbered(names: list[str], file: Path) -> dict[str, int]:
    rows = {name: number for number, name in enumerate(names)}
    if len(rows) < len(names):
        raise LayoutError(f"{file.name} names {len(names) - len(rows)} masks twice")
    return rows


def open_stack(file: Path) -> NDArray[Any]:
    """Opens a stack as an array that is mapped from disk.

    Raises:
        LayoutError: if it is not a (masks, height, width) array of numbers, or is too large
    """
    try:
        if file.suffix.lower() == ".npy":
            with open_source(file) as stream:
                return _mapped(stream, file.stat().st_size)
        return _unpacked(file)
    except (OSError, ValueError, MaskError) as error:
        raise LayoutError(f"{file.name} is no stack of masks ({error})") from error


def _unpacked(file: Path) -> NDArray[Any]:
    with open_npz(file) as archive:
        member = archive.getinfo(f"{_stack_name(archive)}.npy")
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if member.file_size > min(MAX_STACK, free // 2):
            raise MaskError(f"{member.file_size:,} bytes are too many to unpack")
        # The mapping lives as long as the array, without a file name or an open file.
        with tempfile.TemporaryFile() as stream:
            with archive.open(member) as packed:
                shutil.copyfileobj(packed, stream, _CHUNK)
            stream.flush()
            size = stream.tell()
            stream.seek(0)
            return _mapped(stream, size)


def _stack_name(archive: zipfile.ZipFile) -> str:
    names = [n[:-4] for n in archive.namelist() if n.endswith(".npy") and n != f"{KEYS}.npy"]
    preferred = [name for name in STACKS if name in names] or names
    if preferred and (len(names) == 1 or preferred[0] in STACKS):
        return preferred[0]
    raise MaskError(f"it holds {len(names)} arrays and none is called 'masks'")


def _mapped(stream: Any, size: int) -> NDArray[Any]:
    first = np.lib.format.read_magic(stream) == (1, 0)
    read_header = "read_array_header_1_0" if first else "read_array_header_2_0"
    shape, fortran, dtype = getattr(np.lib.format, read_header)(stream)
    if dtype.hasobject or dtype.kind not in "buif":
        raise MaskError(f"it holds {dtype}, which are no numbers")
    if len(shape) != 3 or min(shape) < 0 or shape[1] * shape[2] > MAX_PIXELS:
        raise MaskError(f"it has shape {shape}; expected (masks, height, width)")
    if shape[0] * shape[1] * shape[2] * dtype.itemsize > size - stream.tell():
        raise MaskError("it is cut short")
    if 0 in shape:
        return np.zeros(shape, dtype)
    order = "F" if fortran else "C"
    return np.memmap(stream, dtype, "r", stream.tell(), shape, order)
