"""Files of folders that may hold a million of them."""

from __future__ import annotations

import heapq
import marshal
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from pairlens.importers.batches import batched
from pairlens.importers.files import is_leftover

_BLOCK = 512
"""Strings that are packed together."""

_SORTED_AT_ONCE = 1 << 16


def files_in(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """The files and folders in a folder whose names match a pattern, in no order; none where there
    is no such folder.

    They are listed while they are asked for. ``Path.glob`` first holds 300 bytes of each that is
    in the folder, whether it matches or not.
    """
    return (folder / name for name in _names_in(folder) if fnmatchcase(name, pattern))


def _names_in(folder: Path) -> Iterator[str]:
    try:
        entries = os.scandir(folder)
    except OSError:
        return
    with entries:  # what breaks off in the middle is an error: the rest would be lost unsaid
        yield from (entry.name for entry in entries)


class CompactStrings:
    """A series of strings of which each takes the bytes of its characters and two more.

    As an object of Python a file name takes ninety.

    Args:
        strings: of any number
    """

    def __init__(self, strings: Iterable[str]) -> None:
        self._blocks: list[bytes] = []
        self._number = 0
        for block in batched(strings, _BLOCK):
            self._blocks.append(marshal.dumps(block))
            self._number += len(block)

    @classmethod
    def sorted(cls, strings: Iterable[str]) -> CompactStrings:
        """The strings in order, of which few are objects of Python at any time."""
        runs = [cls(sorted(batch)) for batch in batched(strings, _SORTED_AT_ONCE)]
        return runs[0] if len(runs) == 1 else cls(heapq.merge(*runs))

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[str]:
        for block in self._blocks:
            yield from marshal.loads(block)


class NamedFiles:
    """Files below a folder, of which a path is made when it is asked for.

    Names of thirty characters of a million files take 32 MB.

    Args:
        folder: that they are below
        names: of the files, relative to it, in order
    """

    def __init__(self, folder: Path, names: CompactStrings) -> None:
        self._folder = folder
        self.names = names

    @classmethod
    def of(cls, folder: Path, ending: str, below: str = "") -> NamedFiles:
        """The files of a folder with an ending by name, but for what a file manager left; none
        where there is no such folder.

        Args:
            folder: that ``below`` is in
            ending: of the names
            below: the folder of the files, relative to the other; that itself if not given
        """
        before = f"{below}/" if below else ""
        names = (n for n in _names_in(folder / below) if n.endswith(ending) and not is_leftover(n))
        return cls(folder, CompactStrings.sorted(f"{before}{name}" for name in names))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Path]:
        return (self._folder / name for name in self.names)
