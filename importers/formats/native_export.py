"""Native export: the protocol of exporters of formats, and their common functions.

An exporter writes the selected items of each source file into a new folder. It uses items and the
source folder and does not import FiftyOne; the caller,
``pairlens.fiftyone_plugin.exporters.runner``, removes the folder if an error is raised.
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
    """A text that differs from the published one; ``None`` for an added or a removed text."""

    key: str
    source: Source
    published: str | None
    text: str | None


@dataclass(slots=True)
class Tally:
    """Counts of an export.

    Attributes:
        records: number of pairs, or of other records, in the source files
        not_imported: number of records that the dataset does not contain
        files: number of files that were ``copied``, ``rewritten`` and ``left_out``
        images: number of copied images
        images_missing: number of exported files or lines without an image
        no_place: number of questions and answers that the layout cannot hold
        on_edit: called by exporters of captions and conversations for every text that differs from
            the published one; edits of pairs are known before
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
        tally: the counts of the export
        writes_masks: whether it can write masks other than the published ones
    """

    tally: Tally
    writes_masks: bool

    def write_file(self, name: str, items: Iterator[Any], /) -> None:
        """Writes the selected items of one source file.

        Args:
            name: the file, relative to the source's root, with ``/``
            items: all items of the file in the dataset, by rising index: ``ExportPair``,
                ``ExportText`` or ``ExportTurn``, depending on the format's kind

        Raises:
            StateError: if the source differs from the imported one, or a file cannot be read or
                written
            UsageError: if an edited text cannot be written in this format
        """
        ...

    def finish(self) -> None:
        """Writes files about the whole export, such as id lists."""
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
        """Copies an image of the source, if there is one.

        Args:
            image: path of the image
            key: key of the sample, for messages

        Raises:
            StateError: if it is outside the source, or cannot be read or written
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

    def is_beside(self, file: Path) -> bool:
        """Whether a file lies in the source's folder; others stay where they are."""
        return Path(normpath(file)).is_relative_to(normpath(self._root))

    def finish(self) -> None:
        """Does nothing, since most layouts have no file about the whole export."""

    def count_file(self, written: int, changed: bool) -> None:
        """Counts a file as copied, rewritten or left out."""
        became = "left_out" if not written else "rewritten" if changed else "copied"
        self.tally.files[became] += 1


def changed_source(file: str, index: int, key: str = "") -> StateError:
    """The error for a source file without the imported record of a sample."""
    named = f"{key}: " if key else ""
    return StateError(
        f"{named}{file}: record {index} is not what was imported; the file has changed since, or "
        "the sample is another release's: nothing was exported"
    )


def inside(root: Path, name: str) -> Path:
    """The path of a relative name in a folder.

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
        StateError: if it is outside the root
    """
    try:
        # Either path can contain "..".
        return Path(normpath(file)).relative_to(normpath(root)).as_posix()
    except ValueError:
        raise StateError(f"{file} does not lie in the source folder {root}") from None


def exported_as(root: Path) -> str:
    """The format in the manifest of an exported folder; ``""`` without a manifest."""
    try:
        with open_source(root / MANIFEST, anywhere=True) as stream:
            found = _FORMAT.search(stream.read(_MANIFEST_HEAD))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def copy(root: Path, out: Path, name: str) -> bool:
    """Copies one file of the source unchanged.

    Returns:
        whether it was copied by this call; ``False`` if it exists already

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
