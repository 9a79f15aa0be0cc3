"""Archives that lie in a source and are not unpacked: they are told, with what to do."""

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
"""Entries of folders that are looked at."""

_MOST_NAMED = 3


def packed_name(name: str) -> str:
    """What an archive is called without its ending, by the archive's name; ``""`` for others."""
    match = _PACKED.fullmatch(name)
    return match[1] if match else ""


def packed_in(root: Path) -> list[str]:
    """The archives of a folder and of the folders in it, relative to it, by name.

    One beside which a folder of its name lies is taken as unpacked there.
    """
    found = (name for name in islice(_files(root), _MOST_SEEN) if packed_name(name))
    return sorted(name for name in found if not (root / packed_name(name)).is_dir())


def packed_named(root: Path) -> str:
    """The archives of a folder in words; ``""`` where there are none."""
    names = packed_in(root)
    few = ", ".join(shown(name, 80) for name in names[:_MOST_NAMED])
    return few + f" and {len(names) - _MOST_NAMED:,} more" * (len(names) > _MOST_NAMED)


def _files(root: Path) -> Iterator[str]:
    """The files of a folder and of those in it; links to folders are not followed."""
    folders: list[str] = []
    for name, is_folder in _entries(root):
        if is_folder:
            folders.append(name)
        else:
            yield name
    for folder in folders:
        yield from (f"{folder}/{name}" for name, inner in _entries(root / folder) if not inner)


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """The names in a folder, and whether they are folders themselves."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and not is_leftover(entry.name):
                yield entry.name, entry.is_dir(follow_symlinks=False)
