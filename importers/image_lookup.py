"""Finds image files by the paths in records, which may come from other operating systems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

from pairlens.importers.files import is_text
from pairlens.importers.media import ImageError, ImageFacts, inspect_image
from pairlens.importers.named_files import files_in
from pairlens.importers.reading import Orientation

MAX_PATH = 1024
"""Maximum length of a path in bytes."""

MAX_NAME = 255
"""Maximum length of a file name in bytes on common file systems."""

_PLAIN = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_. -]*+/)*+[A-Za-z0-9_][A-Za-z0-9_. -]*+")
"""Paths that need no further checks if they are short, as most do."""

_DRIVE = re.compile("[A-Za-z]:")
_SAME = {"jpeg": "jpg", "tiff": "tif"}
_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_KNOWN = (*_ENDINGS, ".webp", ".bmp", ".gif", ".jp2", ".npy", ".npz")
"""Suffixes of files. Other text after a dot may be part of a name without suffix."""

_LISTINGS = 16
"""Folders whose listing :func:`find_file` caches."""

_REMEMBERED = 1000
"""Images embedded in a table whose facts are kept."""

_LISTED = 200_000
"""Maximum number of file names that are kept in memory for look-ups without regard to case."""


def clean_path(text: str) -> str:
    r"""Normalizes a path, which identifies an image: ``./a\b//c.tif`` becomes ``a/b/c.tif``.

    Raises:
        ValueError: if it is not a relative path within the folder; the message is the reason
    """
    if len(text) <= MAX_NAME and _PLAIN.fullmatch(text):
        return text
    path = text.replace("\\", "/")
    if not is_text(path) or "\0" in path:
        raise ValueError("holds characters that no path has")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or (parts and _DRIVE.match(parts[0])):
        raise ValueError("is absolute, and leads out of the dataset's folder")
    if ".." in parts:
        raise ValueError("leads out of the dataset's folder")
    if len(path.encode()) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        raise ValueError("is longer than any path")
    if not parts:
        raise ValueError("is empty")
    return "/".join(parts)


def find_file(folder: Path, name: str) -> Path | None:
    """Finds a file in a folder.

    By the exact name, else by its :func:`folded` name if unique, else, where the name has no
    ending, by the name with an ending.
    """
    if _is_file(folder / name):
        return folder / name
    try:
        found = _listing(folder, folder.stat().st_mtime_ns).get(folded(name))
    except OSError:
        return None
    if found is not None and _is_file(folder / found):
        return folder / found
    return _with_ending(folder, name)


def _with_ending(folder: Path, name: str) -> Path | None:
    """The one file of a name that lacks an ending; ``None`` where it has one, or several fit."""
    if name.casefold().endswith(_KNOWN):
        return None
    there = [file for ending in _ENDINGS if _is_file(file := folder / f"{name}{ending}")]
    return there[0] if len(there) == 1 else None


@lru_cache(_LISTINGS)
def _listing(folder: Path, changed: int) -> dict[str, str | None]:
    return _folded_names(folder)


def folded(name: str) -> str:
    """Returns a key that is equal for file names that differ only in unimportant ways.

    These are case, composed or decomposed accents, and ``.jpeg`` or ``.jpg``, ``.tiff`` or
    ``.tif``.
    """
    name = normalize("NFC", name).casefold()
    stem, dot, suffix = name.rpartition(".")
    return stem + dot + _SAME.get(suffix, suffix)


class ImageLookup:
    """Finds images below a dataset's root.

    A path is taken relative to the root, to ``images/``, and to the folder of the annotation file.
    In all of these it is looked for as written, then without regard to case, then with a suffix
    added if it has none, and last with percent-encoding decoded. A match that is not exact counts
    only if it is unique.

    Args:
        root: the dataset's folder
        folders: folders in it that paths can be relative to, besides the root
        orientation: as in :class:`.reading.Reading`; :meth:`size` and :meth:`facts` describe images
            as they are read with it
    """

    def __init__(
        self,
        root: Path,
        folders: Sequence[str] = ("images",),
        orientation: Orientation = "upright",
    ) -> None:
        self._root = root
        self._orientation: Orientation = orientation
        self._places = [root, *(root / folder for folder in folders)]
        self._folded: dict[Path, dict[str, str | None]] = {}
        self._listed = 0
        self._seen: tuple[tuple[str, str], ImageFacts | None] | None = None
        self._held: dict[str, ImageFacts] = {}  # of images without a file of their own

    def find(self, path: str, beside: str, but: Path | None = None) -> Path | None:
        """Finds the image file of a path.

        Args:
            path: as :func:`clean_path` returns it
            beside: the annotation file with the path, relative to the root
            but: a file to exclude, such as the mask of the same name

        Returns:
            the file; ``None`` if there is none
        """
        files = self._candidates(path, [*self._places, (self._root / beside).parent])
        return next((file for file in files if file != but), None)

    def _candidates(self, path: str, places: Sequence[Path]) -> Iterator[Path]:
        yield from (folder / path for folder in places if _is_file(folder / path))
        for folder in places:
            yield from self._folded_match(folder, path)
        for folder in places:
            if (found := _with_ending(folder, path)) is not None:
                yield found
        if "%" in path:  # percent-encoded, as in a URL
            with suppress(ValueError):
                decoded = clean_path(unquote(path))
                yield from (folder / decoded for folder in places if _is_file(folder / decoded))

    def size(self, path: str, beside: str) -> tuple[int, int] | None:
        """Returns width and height of an image; ``None`` if it is missing or cannot be read."""
        facts = self.facts(path, beside)
        return None if facts is None else (facts.width, facts.height)

    def facts(self, path: str, beside: str) -> ImageFacts | None:
        """Reads the header of an image; ``None`` if it is missing or cannot be read."""
        if path in self._held:
            return self._held[path]
        if self._seen is None or self._seen[0] != (path, beside):  # an image can have many boxes
            self._seen = (path, beside), self._inspected(path, beside)
        return self._seen[1]

    def remember(self, path: str, facts: ImageFacts) -> None:
        """Keeps the facts of an image without a file of its own, such as one in a table.

        The first :data:`_REMEMBERED` images are kept, and the last one.
        """
        if path not in self._held and len(self._held) > _REMEMBERED:
            del self._held[next(reversed(self._held))]
        self._held[path] = self.as_read(facts)

    def as_read(self, facts: ImageFacts) -> ImageFacts:
        """Returns the facts of an image as it is read: with orientation ``raw`` not turned."""
        return facts.as_stored() if self._orientation == "raw" else facts

    def _inspected(self, path: str, beside: str) -> ImageFacts | None:
        file = self.find(path, beside)
        try:
            return self.as_read(inspect_image(file)) if file is not None else None
        except ImageError:
            return None

    def _folded_match(self, folder: Path, path: str) -> Iterator[Path]:
        for part in path.split("/"):
            name = self._names(folder).get(folded(part))
            if name is None:
                return
            folder = folder / name
        if _is_file(folder):
            yield folder

    def _names(self, folder: Path) -> dict[str, str | None]:
        """Returns the file names of a folder by their folded form; ``None`` if two share it."""
        if folder not in self._folded:
            if self._listed > _LISTED:
                self._folded.clear()
                self._listed = 0
            self._folded[folder] = _folded_names(folder)
            self._listed += len(self._folded[folder]) + 1
        return self._folded[folder]


def _folded_names(folder: Path) -> dict[str, str | None]:
    names: dict[str, str | None] = {}
    for file in files_in(folder):
        key = folded(file.name)
        names[key] = None if key in names else file.name
        if len(names) > _LISTED:
            return {}
    return names


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for this file system
        return False
