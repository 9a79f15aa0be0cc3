"""Native export: what an exporter of a format is given, what it must do, and what exporters share.

An exporter writes the selected items of one source file after the other into a new folder. It
works from plain items and the source folder and imports no FiftyOne; the caller,
``pairlens.fiftyone_plugin.exporters.runner``, removes the folder if anything is raised.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path
from typing import Any, Protocol

from pairlens.importers.errors import StateError
from pairlens.importers.formats.export_items import ExportPair, ExportText, ExportTurn
from pairlens.importers.records import Source
from pairlens.importers.source_files import open_source

MANIFEST = "manifest.json"
"""The file that says what was exported."""

_FORMAT = re.compile(rb'^  "format": "(\w+)"', re.MULTILINE)
_MANIFEST_HEAD = 1 << 14


ExportItem = ExportPair | ExportText | ExportTurn


@dataclass(frozen=True, slots=True)
class Edit:
    """A text whose export differs from the published one; ``None`` where there is no such text."""

    key: str
    source: Source
    published: str | None
    text: str | None


@dataclass(slots=True)
class Tally:
    """Counts of an export.

    Attributes:
        records: pairs, or records of other kinds, that stand in the source files that were read
        not_imported: those of them that the dataset does not hold
        files: files by what became of them: ``copied``, ``rewritten``, ``left_out``
        images: images copied
        images_missing: exported files or lines whose image was missing at import
        no_place: questions and answers that the layout has no place for
        on_edit: called by exporters of captions and conversations for every text they write
            that is not the published one; of pairs it is known before
    """

    records: int = 0
    not_imported: int = 0
    files: dict[str, int] = field(
        default_factory=lambda: {"copied": 0, "rewritten": 0, "left_out": 0}
    )
    images: int = 0
    images_missing: int = 0
    no_place: int = 0
    on_edit: Callable[[Edit], None] = field(default=lambda _: None, repr=False)


class Exporter(Protocol):
    """Writes a dataset in its native layout.

    Attributes:
        tally: what it met and did
        writes_masks: whether it can write another mask than the published one
    """

    tally: Tally
    writes_masks: bool

    def write_file(self, name: str, items: Iterator[Any], /) -> None:
        """Writes what is selected of one source file.

        Args:
            name: the file, relative to the source's root, with ``/``
            items: all that the dataset holds of the file, by rising index: ``ExportPair``,
                ``ExportText`` or ``ExportTurn``, as the format's kind is

        Raises:
            StateError: if the source is not what was imported, or cannot be read or written
            UsageError: if an edited text cannot be written in this format
        """
        ...

    def finish(self) -> None:
        """Writes the files that cover all others, such as id lists."""
        ...


class SourceExporter:
    """Base class of exporters: copies images and counts files.

    Args:
        root: the source
        out: an empty folder
    """

    writes_masks = False

    def __init__(self, root: Path, out: Path) -> None:
        self.tally = Tally()
        self._root = root
        self._out = out

    def copy_image(self, image: Path | None, key: str = "") -> None:
        """Copies an image of the source, where there is one.

        Args:
            image: the file
            key: of the sample, for messages

        Raises:
            StateError: if it lies elsewhere, or cannot be read or written
        """
        if image is None:
            self.tally.images_missing += 1
            return
        try:
            name = relative_name(self._root, image)
        except StateError as error:
            named = f"{key}: " if key else ""
            raise StateError(f"{named}{error}: nothing was exported") from None
        self.tally.images += copy(self._root, self._out, name)

    def finish(self) -> None:
        """Does nothing: most layouts have no file that covers all others."""

    def count_file(self, written: int, changed: bool) -> None:
        """Counts a file as copied, rewritten or left out."""
        became = "left_out" if not written else "rewritten" if changed else "copied"
        self.tally.files[became] += 1


def changed_source(file: str, index: int, key: str = "") -> StateError:
    """The error for a source file that does not hold the imported record of a sample."""
    named = f"{key}: " if key else ""
    return StateError(
        f"{named}{file}: record {index} is not what was imported; the file has changed since, or "
        "the sample is another release's: nothing was exported"
    )


def inside(root: Path, name: str) -> Path:
    """The file of a relative name in a folder.

    Raises:
        StateError: if the name leads out of the folder
    """
    parts = name.split("/")
    if not name or "\0" in name or "\\" in name or any(p in ("", ".", "..") for p in parts):
        raise StateError(f"{name[:200]!r} is no name of a file in the source folder")
    return root.joinpath(*parts)


def relative_name(root: Path, file: Path) -> str:
    """The name of a file relative to the source's root, with ``/``.

    Raises:
        StateError: if it lies elsewhere
    """
    try:
        # Either may have been written down with ".." in it.
        return Path(normpath(file)).relative_to(normpath(root)).as_posix()
    except ValueError:
        raise StateError(f"{file} does not lie in the source folder {root}") from None


def exported_as(root: Path) -> str:
    """The format that a folder was exported in, by its manifest; ``""`` if it has none."""
    try:
        with open_source(root / MANIFEST, anywhere=True) as stream:
            found = _FORMAT.search(stream.read(_MANIFEST_HEAD))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def copy(root: Path, out: Path, name: str) -> bool:
    """Copies one file of the source, bytes as they are.

    Returns:
        whether it was copied now; ``False`` if that was done before

    Raises:
        StateError: if it cannot be read or written
    """
    target = inside(out, name)
    if target.exists():
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_source(inside(root, name)) as source, open(target, "wb") as written:
            shutil.copyfileobj(source, written, 1 << 20)
    except OSError as error:
        raise cannot("copied", name, error) from error
    return True


def write(out: Path, name: str, data: bytes) -> None:
    """Writes one file of the export.

    Raises:
        StateError: if it cannot be written
    """
    target = inside(out, name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        raise cannot("written", name, error) from error


def cannot(what: str, name: str, error: OSError) -> StateError:
    """The error for a file that cannot be copied, read or written."""
    if isinstance(error, FileNotFoundError):
        return StateError(f"{name} is gone from the source folder: nothing was exported")
    reason = error.strerror or os.strerror(error.errno or 0)
    return StateError(f"{name} cannot be {what} ({reason}): nothing was exported")
