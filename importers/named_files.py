"""Many files of a folder in order, held by their names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import overload

from pairlens.importers.files import is_leftover


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
