"""Files that lie in archives, brought out one by one."""

from __future__ import annotations

from pathlib import Path

from importers.files import write_atomic
from importers.masks import MAX_BYTES
from importers.media import ImageError
from importers.records import Packed


def extract(packed: Packed, folder: Path) -> Path:
    """Writes a packed file to a folder, whole or not at all; one that is there is kept.

    Returns:
        where it lies

    Raises:
        ImageError: if the archive ends before the file does, or the file is too large
    """
    target = folder / packed.name
    if target.is_file() and target.stat().st_size == packed.size:
        return target
    if packed.size > MAX_BYTES:
        raise ImageError(f"{packed.name} has {packed.size:,} bytes, too many for an image")
    with open(packed.archive, "rb") as stream:
        stream.seek(packed.offset)
        data = stream.read(packed.size)
    if len(data) != packed.size:
        raise ImageError(f"{packed.archive.name} ends in the middle of {packed.name}")
    write_atomic(target, data)
    return target
