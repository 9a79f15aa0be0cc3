"""What an exporter is: it writes the selected pairs of one source file after the other.

An exporter works from plain records and the source folder; it imports no FiftyOne.
:mod:`fiftyone_plugin.exporters.runner` feeds it and sees to it that a failure leaves nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path
from typing import Protocol

from importers.errors import StateError
from importers.records import Source
from importers.registry import Registry


@dataclass(frozen=True, slots=True)
class ExportPair:
    """One pair as exporters see it.

    Attributes:
        key: the pair's key
        source: where it stands in the published files
        image: the published image, or ``None`` where it was missing at import
        has_mask: whether the mask could be decoded at import
        published: the phrase as imported
        phrase: the phrase to write
        selected: whether the pair is exported
    """

    key: str
    source: Source
    image: Path | None
    has_mask: bool
    published: str
    phrase: str
    selected: bool

    @property
    def edited(self) -> bool:
        """Whether the pair is exported with another phrase than it came with."""
        return self.selected and self.phrase != self.published


@dataclass(slots=True)
class Tally:
    """What an exporter met and did.

    Attributes:
        records: pairs that stand in the source files that were read
        not_imported: those of them that the dataset does not hold
        files: files by what became of them: ``copied``, ``rewritten``, ``left_out``
        images: images copied
        images_missing: exported files or lines whose image was missing at import
    """

    records: int = 0
    not_imported: int = 0
    files: dict[str, int] = field(
        default_factory=lambda: {"copied": 0, "rewritten": 0, "left_out": 0}
    )
    images: int = 0
    images_missing: int = 0


class Exporter(Protocol):
    """What writes a dataset in its native layout."""

    tally: Tally

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes what is selected of one source file.

        Args:
            name: the file, relative to the source's root, with ``/``
            pairs: all pairs of the file that the dataset holds, by rising index

        Raises:
            StateError: if the source is not what was imported, or cannot be read or written
            UsageError: if an edited phrase cannot be written in this format
        """
        ...

    def finish(self) -> None:
        """Writes what speaks of all files, such as id lists."""
        ...


@dataclass(frozen=True)
class ExportFormat:
    """An exporter as listed.

    Attributes:
        name: for ``--format``; the name of the import format that reads it back
        about: one sentence for people
        make: makes an exporter from the source's root and the folder to write to
    """

    name: str
    about: str
    make: Callable[[Path, Path], Exporter]


EXPORTERS: Registry[ExportFormat] = Registry("export format")


def changed_source(file: str, index: int) -> StateError:
    """What to raise where a source file does not hold the phrase that was imported."""
    return StateError(
        f"{file}: record {index} is not the phrase that was imported; the file has changed "
        "since, or the phrase was edited past the review: nothing was exported"
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
        shutil.copyfile(inside(root, name), target)
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
    """What to raise for a file that cannot be copied, read or written."""
    if isinstance(error, FileNotFoundError):
        return StateError(f"{name} is gone from the source folder: nothing was exported")
    reason = error.strerror or os.strerror(error.errno or 0)
    return StateError(f"{name} cannot be {what} ({reason}): nothing was exported")
