"""Finds archives in a source that were not unpacked, for messages and notes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from pairlens.importers.errors import shown
from pairlens.importers.files import is_leftover

_PACKED = re.compile(
    r"(.+?)\.(?:zip|tar|tgz|tbz2?|txz|7z|rar|(?:tar\.)?(?:gz|bz2|xz|zst))", re.IGNORECASE
)
_MOST_SEEN = 20_000
"""Maximum number of files that are examined."""

_MOST_NAMED = 3


def packed_name(name: str) -> str:
    """Returns the name of an archive without suffix; ``""`` if it is not the name of an archive."""
    match = _PACKED.fullmatch(name)
    return match[1] if match else ""


def packed_in(root: Path) -> list[str]:
    """Returns the archives in a folder and in its subfolders, relative to it, sorted.

    An archive next to a folder of the same name counts as unpacked and is left out.
    """
    found = (name for name in islice(_files(root), _MOST_SEEN) if packed_name(name))
    return sorted(name for name in found if not (root / packed_name(name)).is_dir())


def packed_named(root: Path) -> str:
    """Lists the archives of a folder for a message; ``""`` if there are none."""
    names = packed_in(root)
    few = ", ".join(shown(name, 80) for name in names[:_MOST_NAMED])
    return few + f" and {len(names) - _MOST_NAMED:,} more" * (len(names) > _MOST_NAMED)


def _files(root: Path) -> Iterator[str]:
    """Yields the files in a folder and in its subfolders; links to folders are not followed."""
    folders: list[str] = []
    for name, is_folder in _entries(root):
        if is_folder:
            folders.append(name)
        else:
            yield name
    for folder in folders:
        yield from (f"{folder}/{name}" for name, inner in _entries(root / folder) if not inner)


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yields the names in a folder, each with whether it is a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and not is_leftover(entry.name):
                yield entry.name, entry.is_dir(follow_symlinks=False)
