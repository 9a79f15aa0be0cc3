"""Finds the folder that the paths of a dataset's images begin in, where nothing names it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pairlens.importers.errors import UsageError
from pairlens.importers.files import is_leftover
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.reading import ReadParam
from pairlens.importers.source_files import leads_back

IMAGE_ROOT = ReadParam(
    "image_root",
    "folder that paths of images begin in; without it that of the files that name them, images/, "
    "or the one folder that holds the first of them",
)

_LOOKED_FOR = 20
"""Images by which a folder is known."""

_LEVELS = 4
_FOLDERS = 256
_ENTRIES = 10_000
"""Of a folder, in which others are looked for."""

_OTHERS = re.compile(r"mask|label|gt\b|seg|annot|pred|result|thumb|depth", re.IGNORECASE)
"""In names of folders whose pictures are no images of the dataset."""


class Named(NamedTuple):
    """An image as a file names it.

    Attributes:
        paths: from :func:`.clean_path`, equally many for all images; the likeliest first
        beside: the file, relative to the dataset's folder
    """

    paths: tuple[str, ...]
    beside: str


def find_image_folder(root: Path, images: ImageLookup, named: Iterable[Named]) -> str:
    """The folder in a dataset that holds its images, where none of the first is found without.

    Args:
        root: the dataset's folder
        images: finds them without
        named: the images, in order

    Returns:
        its path from the root, ``""`` where one is found, or not just one folder holds any
    """
    first = [*dict.fromkeys(islice(named, _LOOKED_FOR))]
    if not first or any(images.find(path, one.beside) for one in first for path in one.paths):
        return ""
    for number in range(len(first[0].paths)):
        paths = [one.paths[number] for one in first]
        held = {folder: sum((folder / one).is_file() for one in paths) for folder in _folders(root)}
        holding = [folder for folder, found in held.items() if found]
        if len(holding) == 1 and 2 * held[holding[0]] >= len(first):
            return holding[0].relative_to(root).as_posix()
    return ""


def _folders(root: Path) -> Iterator[Path]:
    level = [root]
    for _ in range(_LEVELS):
        level = [*islice((each for folder in level for each in _within(folder)), _FOLDERS)]
        yield from level


def _within(folder: Path) -> list[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        found = [entry.name for entry in islice(entries, _ENTRIES) if _may_hold(entry)]
        return [folder / name for name in sorted(found, key=os.fsencode)]
    return []


def _may_hold(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith(".") or is_leftover(entry.name)
    if hidden or _OTHERS.search(entry.name):
        return False
    return entry.is_dir() and not leads_back(entry.path)


def named_folder(name: str, text: str, here: Path) -> str:
    """The stored form of a folder: relative to the dataset's folder if it is inside.

    Args:
        name: of the parameter
        text: what was given
        here: the dataset's folder

    Raises:
        UsageError: if there is no such folder
    """
    given = Path(text).expanduser()
    for folder in (here / given, given.absolute()):
        if folder.is_dir():
            inside = folder.is_relative_to(here)
            return str(folder.relative_to(here)) if inside else str(folder)
    raise UsageError(f"{name}={text!r}: there is no such folder in {here}, and none here")
