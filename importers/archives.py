"""Extracts single images from archives, and writes images that a record contains."""

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
"""Maximum size in bytes of the buffer that a thread keeps."""

_memory = threading.local()


def extract(packed: Packed | Inline, folder: Path | str) -> tuple[str, ImageFacts]:
    """Writes an image to a folder, completely or not at all, unless it exists.

    Args:
        packed: the image in an archive or in memory
        folder: the folder of extracted images

    Returns:
        path and facts of the image

    Raises:
        ImageError: if the archive ends before the image does, or it is too large or not an image;
            nothing is written then
        OSError: if it cannot be written
    """
    # A string, since making a Path takes nearly as long as reading and writing a small image.
    target, name = f"{folder}/{packed.name}", packed.name.rpartition("/")[2]
    if isinstance(packed, Inline):
        if len(packed.content) > MAX_BYTES:
            raise ImageError(f"{packed.name} has {len(packed.content):,} bytes, too many")
        facts = inspect_bytes(memoryview(packed.content), name)
        return str(write_once(Path(target), packed.content)), facts
    try:
        existing_size = os.stat(target).st_size  # noqa: PTH116
    except FileNotFoundError:
        existing_size = None
    if existing_size == packed.size:
        return target, inspect_image(Path(target))
    data = _read(packed)
    facts = inspect_bytes(data, name)
    if existing_size is not None:
        return str(write_once(Path(target), data)), facts
    write_atomic(target, data)
    return target, facts


def _read(packed: Packed) -> memoryview:
    """Reads an image's bytes, which are valid until this thread reads the next one."""
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
    """Returns a buffer that this thread reuses, since a new one would be cleared each time."""
    if size > _MAX_KEPT:
        return memoryview(bytearray(size))
    kept: bytearray | None = getattr(_memory, "kept", None)
    if kept is None or len(kept) < size:
        kept = _memory.kept = bytearray(max(size, 1 << 17))
    return memoryview(kept)[:size]
