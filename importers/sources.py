"""Locates a source: a folder, ``.tar``, ``.zip``, dataset on the hub or address in an object store.

Remote sources are fetched into a cache, and ``.zip`` archives are unpacked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pairlens.importers import hub, object_cache, object_stores
from pairlens.importers.errors import OnNote, StateError, UsageError, ignore_note, shown
from pairlens.importers.files import MARKER, add_owner, is_leftover, is_text, write_stream
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.named_files import files_in
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.source_files import (
    Boundary,
    Root,
    boundary_of,
    open_source,
    reading_within,
    reason_of,
)
from pairlens.importers.unzip import unzip

MOST_LEVELS = 4
"""Maximum number of nested folders that each contain nothing but the next one."""

UNPACKED = ".unpacked"
"""Name of the file that marks a completely unpacked archive, next to the folder :data:`CONTENT`."""

CONTENT = "content"
"""Name of the folder with the members of an unpacked archive; markers are outside of it."""

_OF_RECORDS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""Endings of files that hold many records, each of which may name its own split."""

_UNPACKED_NAME = re.compile(r"(?:.*-)?source-[0-9a-f]{12}(?:-all)?")


@dataclass(frozen=True)
class Located:
    """A located source.

    Attributes:
        root: the user's path or address, made absolute; the same whenever it is located
        path: the local folder or archive to read, and to export from
    """

    root: str
    path: Path

    @property
    def boundary(self) -> Root:
        """The folder or file that links in the source must not lead out of.

        For a dataset on the hub, this is its whole folder in the cache, since the files of a
        revision are links to others in it.
        """
        if hub.is_address(self.root):
            return boundary_of(hub.cached_folder(self.path))
        given = Path(self.root)
        inner = given if self.path.is_relative_to(given) else self.path
        # The rows of a table refer to files in its folder.
        return boundary_of(inner if inner.is_dir() or inner.suffix == ".tar" else inner.parent)


@dataclass(frozen=True)
class SourceRequest:
    """The parts of a source that are needed.

    Attributes:
        format_name: name of a format, or ``auto``
        splits: which of ``train``, ``val``, ``test``
        limit: maximum number of records; ``None`` for all
        leftovers: whether files of file managers are unpacked from archives too
        follow_links: whether links in the source may lead out of it
    """

    format_name: str
    splits: Collection[str]
    limit: int | None
    leftovers: bool = False
    follow_links: bool = False

    @property
    def may_name_splits(self) -> bool:
        """Whether records of the format can name their own split."""
        named = self.format_name != "auto" and FORMATS[self.format_name].params
        return any(param.name in ("split", "split_from") for param in named or ())

    def wanted(self, names: Sequence[str]) -> list[str]:
        """Selects the needed files from all names of a source; all if the format is not known."""
        chosen = FORMATS[self.format_name] if self.format_name != "auto" else None
        if chosen is None or chosen.wanted is None:
            return list(names)
        return chosen.wanted(names, self.splits, self.limit)


def absolute_root(root: Path | str) -> str:
    """Converts a root to the form that is stored with a dataset: an address or absolute path."""
    if hub.is_address(str(root)):
        return hub.plain_address(str(root))
    if object_stores.is_address(str(root)):
        return object_stores.plain_address(str(root))
    return str(Path(object_stores.local_path(str(root))).expanduser().absolute())


@dataclass(frozen=True)
class UnpackedPlace:
    """The place where archives are unpacked, each once for all datasets that are read from it.

    Attributes:
        folder: the folder that contains a folder for each archive
        owner: line for the markers of these folders
        already: the folder of the unpacked archive that the dataset was read from before, if any
    """

    folder: Path
    owner: str
    already: Path | None = None

    def of(self, archives: Sequence[Path], leftovers: bool) -> Path:
        """Returns the folder for archives that are unpacked together.

        Its name depends on their paths, sizes and times of change.
        """
        identity = "\n".join(map(_identity, archives))
        digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        name = f"source-{digest}" + "-all" * leftovers
        if self.already and self.already.name.endswith(name):
            return self.already
        return self.folder / name


def _identity(archive: Path) -> str:
    facts = archive.stat()
    return f"{archive.resolve()} {facts.st_size} {facts.st_mtime_ns}"


def is_unpacked_name(name: str) -> bool:
    """Whether a name is one that :meth:`UnpackedPlace.of`, or version 0.1, gives to a folder."""
    return _UNPACKED_NAME.fullmatch(name) is not None


def locate(
    root: Path | str,
    request: SourceRequest,
    place: UnpackedPlace,
    *,
    on_note: OnNote = ignore_note,
    progress: Progress = no_progress,
) -> Located:
    """Locates a source, fetching and unpacking it if necessary.

    Args:
        root: a folder, a ``.tar``, a ``.zip``, ``hf://datasets/OWNER/NAME[@revision]``, or an
            address in an object store
        request: the parts that are needed
        place: where archives are unpacked
        on_note: receives notes on the files
        progress: called with files unpacked and files in all

    Raises:
        UsageError: if it does not exist, or is not a valid address
        StateError: if it cannot be fetched or unpacked
    """
    given = absolute_root(root)
    for path in (given, str(place.folder)):
        if not is_text(path):
            raise UsageError(f"{path} is no name in UTF-8, which the database needs; rename it")
    if hub.is_address(given):
        path = hub.fetch(hub.parse_address(given), partial(_wanted, request, on_note))
    elif object_stores.is_address(given):
        wanted = partial(_wanted, request, on_note)
        path = object_cache.fetch(given, wanted, place.owner, on_note, progress)
    else:
        path = Path(given)
        if not path.exists():
            raise UsageError(f"{path} is not a folder or archive; give what the dataset lies in")
    # The boundary also holds for an archive in a folder: if it is a link to outside of the folder,
    # its members must not be unpacked.
    free = request.follow_links or not path.is_dir()
    boundary = None if free else Located(given, path).boundary
    path = _unpacked(path, request, place, boundary, on_note=on_note, progress=progress)
    return Located(given, _inner(path, request.format_name) if path.is_dir() else path)


def _wanted(request: SourceRequest, on_note: OnNote, names: Sequence[str]) -> list[str]:
    """The files of a repository that are needed, with a note on records that may be in others."""
    chosen = request.wanted(names)
    there = {*chosen}
    left = [name for name in names if name not in there and name.lower().endswith(_OF_RECORDS)]
    if left and request.may_name_splits and len(request.splits) < len(SPLITS):
        on_note(
            f"{len(left):,} files named for other splits are not fetched, {shown(left[0], 80)!r} "
            "the first; records in them that name their own split are missing"
        )
    return chosen


def _unpacked(
    path: Path, request: SourceRequest, place: UnpackedPlace, boundary: Boundary, **callbacks: Any
) -> Path:
    """Returns a path, or the folder into which its archives were unpacked."""
    options = {"leftovers": request.leftovers, **callbacks}
    if archive := _only_archive(path, request.format_name):
        folder = place.of([archive], request.leftovers)
        unpack = partial(unzip, archive, folder / CONTENT, **options)
        with reading_within(boundary):
            return _unpack_once(archive.name, folder, place.owner, unpack)
    if parts := _parts(path, request.format_name):
        folder = place.of(parts, request.leftovers)
        unpack = partial(_unzip_parts, path, parts, folder / CONTENT, **options)
        with reading_within(boundary):
            return _unpack_once(path.name, folder, place.owner, unpack)
    return path


def _only_archive(path: Path, format_name: str) -> Path | None:
    """Returns the ``.zip`` at a path, or the only one in a folder that has no known format."""
    if path.is_file():
        return path if path.suffix.lower() == ".zip" else None
    archives = sorted(files_in(path, "*.zip"))
    return archives[0] if len(archives) == 1 and not _holds(path, format_name) else None


def _holds(path: Path, format_name: str) -> bool:
    """Whether a folder has a known format; the one of the name is tried first."""
    formats = sorted(FORMATS.values(), key=lambda candidate: candidate.name != format_name)
    return any(candidate.detect(path) for candidate in formats)


def _parts(path: Path, format_name: str) -> list[Path]:
    """Returns the archives in a folder that together are a dataset of a format."""
    chosen = FORMATS.values() if format_name == "auto" else (FORMATS[format_name],)
    found = (f.parts(path) for f in chosen if f.parts is not None and path.is_dir())
    return next(filter(None, found), [])


def _unzip_parts(
    path: Path, parts: list[Path], folder: Path, *, on_note: OnNote, **options: Any
) -> None:
    """Unpacks archives, each into a folder of its name, and copies the other files next to them."""
    for part in parts:
        unzip(part, folder / part.stem, on_note=on_note, **options)
    for file in sorted(path.iterdir()):
        if file.suffix.lower() != ".zip" and file.is_file() and not _is_hidden(file.name):
            try:
                stream = open_source(file)
            except OSError as error:
                on_note(f"{file.name} is left out: it cannot be read ({reason_of(error)})")
                continue
            with stream:
                write_stream(folder / file.name, stream)


def _unpack_once(name: str, folder: Path, owner: str, unpack: Callable[[], None]) -> Path:
    """Unpacks an archive unless it was unpacked before; returns the folder with its content."""
    if (folder / UNPACKED).is_file():
        add_owner(folder, owner)
        # Version 0.1 unpacked into the folder with the markers.
        return folder / CONTENT if (folder / CONTENT).is_dir() else folder
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise StateError(f"{folder} is not empty, so {name} cannot be unpacked into it")
    add_owner(folder, owner)
    unpack()
    (folder / CONTENT).mkdir(exist_ok=True)
    (folder / UNPACKED).touch()
    return folder / CONTENT


def _inner(folder: Path, format_name: str) -> Path:
    """Returns the folder with the format: itself, or one that is alone in nested folders."""
    nested = [*_nested(folder)]
    for inner in nested:
        if _holds(inner, format_name):
            return inner
    # Else a folder that some format reads if it is named; messages name the original folder.
    named = FORMATS.values() if format_name == "auto" else (FORMATS[format_name],)
    takes = [one.takes for one in named if one.takes is not None]
    return next((inner for inner in nested if any(take(inner) for take in takes)), folder)


def _nested(folder: Path) -> Iterator[Path]:
    """Yields a folder, and the nested folders that are each the only entry of the one before."""
    yield folder
    for _ in range(MOST_LEVELS):
        shown = (entry for entry in files_in(folder) if not _is_hidden(entry.name))
        entries = [*islice(shown, 2)]
        if len(entries) != 1 or not entries[0].is_dir():
            return
        folder = entries[0]
        yield folder


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or is_leftover(name)
