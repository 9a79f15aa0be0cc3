"""Lists folders of up to millions of files in little memory."""

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
"""Strings of a block."""

_SORTED_AT_ONCE = 1 << 16
"""Strings that are sorted in memory at a time."""


def files_in(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """Yields the entries of a folder whose names match a pattern, in any order.

    Nothing is yielded if the folder does not exist. The folder is listed lazily, whereas
    ``Path.glob`` first lists all entries, which takes 300 bytes of memory each.
    """
    return (folder / name for name in _names_in(folder) if fnmatchcase(name, pattern))


def _names_in(folder: Path) -> Iterator[str]:
    try:
        entries = os.scandir(folder)
    except OSError:
        return
    with entries:  # an error while listing is raised, since the rest would be lost silently
        yield from (entry.name for entry in entries)


class CompactStrings:
    """A sequence of strings, each of which takes two bytes more than its characters.

    A file name as a Python object takes about ninety bytes.

    Args:
        strings: any number of strings
    """

    def __init__(self, strings: Iterable[str]) -> None:
        self._blocks: list[bytes] = []
        self._number = 0
        for block in batched(strings, _BLOCK):
            self._blocks.append(marshal.dumps(block))
            self._number += len(block)

    @classmethod
    def sorted(cls, strings: Iterable[str]) -> CompactStrings:
        """Sorts strings, with few of them in memory as Python objects at a time."""
        runs = [cls(sorted(batch)) for batch in batched(strings, _SORTED_AT_ONCE)]
        return runs[0] if len(runs) == 1 else cls(heapq.merge(*runs))

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[str]:
        for block in self._blocks:
            yield from marshal.loads(block)


class NamedFiles:
    """Files below a folder, whose paths are made when they are iterated over.

    A million files with names of thirty characters take 32 MB.

    Args:
        folder: the folder
        names: paths of the files relative to it, sorted
    """

    def __init__(self, folder: Path, names: CompactStrings) -> None:
        self._folder = folder
        self.names = names

    @classmethod
    def of(cls, folder: Path, ending: str, below: str = "") -> NamedFiles:
        """Lists the files of a folder with a suffix, sorted, without those of file managers.

        Args:
            folder: the folder that names are relative to
            ending: suffix of the names
            below: the folder to list, relative to ``folder``; by default ``folder`` itself. It
                need not exist
        """
        before = f"{below}/" if below else ""
        names = (n for n in _names_in(folder / below) if n.endswith(ending) and not is_leftover(n))
        return cls(folder, CompactStrings.sorted(f"{before}{name}" for name in names))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Path]:
        return (self._folder / name for name in self.names)
