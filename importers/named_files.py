"""Files of folders that may hold a million of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import overload

from pairlens.importers.files import is_leftover


def files_in(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """The files and folders in a folder whose names match a pattern, in no order; none where there
    is no such folder.

    They are listed while they are asked for. ``Path.glob`` first holds 300 bytes of each that is
    in the folder, whether it matches or not.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if fnmatchcase(entry.name, pattern):
                yield folder / entry.name


class NamedFiles(Sequence[Path]):
    """Files below a folder, of which a path is made when it is asked for.

    A name takes a tenth of what a path does: those of a million annotations take 90 MB.

    Args:
        folder: that they are below
        names: of the files, relative to it, in order
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._folder = folder
        self.names = list(names)

    @classmethod
    def of(cls, folder: Path, ending: str) -> NamedFiles:
        """The files of a folder with an ending by name, but for what a file manager left; none
        where there is no such folder.
        """
        names = list[str]()
        with suppress(OSError):
            names = os.listdir(folder)  # noqa: PTH208 - as paths they would take ten times as much
        return cls(folder, sorted(n for n in names if n.endswith(ending) and not is_leftover(n)))

    @overload
    def __getitem__(self, index: int) -> Path: ...

    @overload
    def __getitem__(self, index: slice) -> NamedFiles: ...

    def __getitem__(self, index: int | slice) -> Path | NamedFiles:
        if isinstance(index, slice):
            return NamedFiles(self._folder, self.names[index])
        return self._folder / self.names[index]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Path]:
        return (self._folder / name for name in self.names)
