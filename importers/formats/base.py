"""What a format is: a way to recognise a folder and a stream of records out of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from importers.errors import LayoutError, OnError, OnNote, UsageError, raise_error
from importers.errors import ignore_note as _ignore
from importers.records import Pair
from importers.registry import Registry

SPLITS = ("train", "val", "test")


class Read(Protocol):
    """A reader: cheap, streaming, one record at a time, nothing decoded."""

    def __call__(
        self,
        root: Path,
        *,
        splits: Collection[str] = SPLITS,
        on_error: OnError = raise_error,
        on_note: OnNote = _ignore,
    ) -> Iterator[Pair]:
        """Yields the pairs of one image one after the other."""
        ...


@dataclass(frozen=True)
class Format:
    """A published layout.

    Attributes:
        name: for the command line, and the first part of every key
        about: one sentence for people
        layout: the tree on disk that ``detect`` looks for, for error messages
        detect: whether the folder looks like this format, from names and little reading
        count: the number of images that ``read`` would come across, for progress
        read: the reader
    """

    name: str
    about: str
    layout: str
    detect: Callable[[Path], bool]
    count: Callable[[Path, Collection[str]], int]
    read: Read


FORMATS: Registry[Format] = Registry("format")


def find_format(name: str, root: Path) -> Format:
    """The format of that name, or the one that a folder holds where the name is ``auto``.

    Raises:
        UsageError: for an unknown name or a root that is no folder
        LayoutError: if the folder does not hold the format, or ``auto`` finds none or several
    """
    if name != "auto":
        FORMATS[name]  # an unknown name is the first thing to say
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder; give the folder that the dataset lies in")
    found = [f for f in FORMATS.values() if f.detect(root)]
    if name == "auto":
        if len(found) == 1:
            return found[0]
        what = " and ".join(f.name for f in found) if found else "no known format"
        raise LayoutError(f"{root} looks like {what}; name the format: {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    if chosen not in found:
        also = f" It looks like {found[0].name}." if found else ""
        raise LayoutError(f"{root} does not hold {name}: expected {chosen.layout}.{also}")
    return chosen
