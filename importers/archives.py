"""Extracts images from archives, one by one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from pairlens.importers.arrays import MAX_BYTES
from pairlens.importers.files import write_atomic, write_once
from pairlens.importers.media import ImageError, ImageFacts, inspect_bytes, inspect_image
from pairlens.importers.records import Inline, Packed
from pairlens.importers.source_files import read_part

_MAX_KEPT = 1 << 22
_memory = threading.local()


def extract(packed: Packed | Inline, folder: Path | str) -> tuple[str, ImageFacts]:
    """Writes a packed image to a folder, whole or not at all; one that is there is kept.

    The image is read once: what is measured of it is measured in memory.

    Returns:
        where it lies, and what is in it

    Raises:
        ImageError: if the archive ends before the image does, or it is too large or no image;
            nothing is then written
        OSError: if it cannot be written
    """
    # A string: to look a small image up, read and write it takes little longer than a Path.
    target, name = f"{folder}/{packed.name}", packed.name.rpartition("/")[2]
    if isinstance(packed, Inline):
        if len(packed.content) > MAX_BYTES:
            raise ImageError(f"{packed.name} has {len(packed.content):,} bytes, too many")
        facts = inspect_bytes(memoryview(packed.content), name)
        return str(write_once(Path(target), packed.content)), facts
    try:
        there = os.stat(target).st_size  # noqa: PTH116
    except FileNotFoundError:
        there = None
    if there == packed.size:
        return target, inspect_image(Path(target))
    data = _read(packed)
    facts = inspect_bytes(data, name)
    if there is not None:
        return str(write_once(Path(target), data)), facts
    write_atomic(target, data)
    return target, facts


def _read(packed: Packed) -> memoryview:
    """The image's bytes, good until this thread reads the next."""
    if packed.size > MAX_BYTES:
        raise ImageError(f"{packed.name} has {packed.size:,} bytes, too many for an image")
    view = _buffer(packed.size)
    try:
        size = read_part(packed.archive, packed.offset, view)
    except OSError as error:
        raise ImageError(f"{packed.archive.name} cannot be read ({error.strerror})") from error
    if size != packed.size:
        raise ImageError(f"{packed.archive.name} ends in the middle of {packed.name}")
    return view


def _buffer(size: int) -> memoryview:
    """Memory that this thread uses again and again, since fresh memory is cleared first."""
    if size > _MAX_KEPT:
        return memoryview(bytearray(size))
    kept: bytearray | None = getattr(_memory, "kept", None)
    if kept is None or len(kept) < size:
        kept = _memory.kept = bytearray(max(size, 1 << 17))
    return memoryview(kept)[:size]
