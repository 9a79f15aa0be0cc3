"""Opens files of a source: only regular files, and only within the source's folder.

A pipe would block a reader, a device never ends, and a symbolic link can lead to private files.
Each is refused with an ``OSError`` whose ``strerror`` says so. During an import or export,
:func:`reading_within` sets the boundary: the folder that links must not lead out of.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from pairlens.importers.errors import StateError

T = TypeVar("T")

LEADS_OUT = "it is a link that leads out of the dataset's folder; --follow-links follows it"
NOT_REGULAR = "it is no regular file"


class Root(NamedTuple):
    """A folder, or a single file, that links in it must not lead out of.

    Attributes:
        written: its path as given, the prefix of the paths of its files
        real: its path with links resolved
    """

    written: str
    real: str


Boundary = Root | None
"""``None`` if links may lead anywhere."""

_boundary: ContextVar[Boundary] = ContextVar("pairlens_boundary", default=None)


def boundary_of(root: Path) -> Root:
    """Returns the boundary for the files in a folder, or for a single file."""
    # Folders and links may have changed since an earlier import of this process.
    _real_folder.cache_clear()
    _archive_leads_out.cache_clear()
    return Root(str(root.absolute()), os.path.realpath(root))


def within() -> Boundary:
    """Returns the boundary of this thread."""
    return _boundary.get()


class reading_within:
    """Within this context, this thread cannot open files outside the boundary through links."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    def __enter__(self) -> None:
        self._before = _boundary.set(self._boundary)

    def __exit__(self, *_: object) -> None:
        _boundary.reset(self._before)


def read_within(items: Iterator[T], boundary: Boundary) -> Iterator[T]:
    """Yields the items of a reader, which runs :func:`reading_within` a boundary.

    Raises:
        StateError: if the reader cannot read a folder or file that it needs
    """
    try:
        while True:
            # Set only while the reader runs: the consumer of the items has no such boundary.
            before = _boundary.set(boundary)
            try:
                item = next(items)
            finally:
                _boundary.reset(before)
            yield item
    except StopIteration:
        return
    except OSError as error:
        raise StateError(f"{error.filename} cannot be read ({reason_of(error)})") from error


def open_source(path: Path, *, anywhere: bool = False, buffering: int = -1) -> BufferedReader:
    """Opens a file of a source for reading.

    Args:
        path: the file
        anywhere: whether a link may lead out of the boundary, as when a format is detected
        buffering: as in ``open``

    Raises:
        OSError: if it cannot be opened, is not a regular file, or is outside the boundary
    """
    if not anywhere:
        _check_place(path)
    opened = open(path, "rb", buffering, opener=_without_waiting)  # noqa: SIM115 - the caller closes
    stream = cast("BufferedReader", opened)
    try:
        _check_kind(stream.fileno(), path)
    except OSError:
        stream.close()
        raise
    return stream


def read_part(path: Path, offset: int, into: memoryview) -> int:
    """Reads a part of an archive.

    Args:
        path: the file
        offset: byte offset of the part
        into: the buffer to fill; it is filled partly if the file ends before

    Returns:
        the number of bytes read

    Raises:
        OSError: as :func:`open_source`
    """
    boundary = _boundary.get()
    if boundary is not None and _archive_leads_out(str(path), boundary):
        raise OSError(errno.EXDEV, LEADS_OUT, str(path))
    number = _without_waiting(str(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check_kind(number, path)
        done = 0
        while done < len(into) and (read := os.preadv(number, [into[done:]], offset + done)):
            done += read
        return done
    finally:
        os.close(number)


def _check_kind(number: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(number).st_mode):
        raise OSError(errno.EINVAL, NOT_REGULAR, str(path))


def _without_waiting(path: str, flags: int) -> int:
    # Otherwise opening a pipe that nobody writes to would block.
    return os.open(path, flags | os.O_NONBLOCK)


def reason_of(error: OSError) -> str:
    """Returns the message of the operating system, without error number and path."""
    return error.strerror or str(error)


def went_away(source: Path) -> StateError:
    """Returns the error that a source changed or disappeared while it was read."""
    return StateError(
        f"{source} changed or went away while it was read, so that records are missing; bring it "
        "back and go on with --resume"
    )


def check_there(source: Path | None) -> None:
    """Validates that a source exists; does nothing for ``None``.

    Raises:
        StateError: if it does not exist
    """
    if source is not None and not source.exists():
        raise went_away(source)


def why_unread(error: Exception) -> str:
    """Returns the reason why the records of an image are skipped, for the log."""
    if isinstance(error, OSError):
        return f"the image cannot be read ({reason_of(error)})"
    return getattr(error, "reason", None) or repr(error)


def leads_back(folder: str | Path) -> bool:
    """Whether a folder is a link to one of its own parents, so that a walk would never end."""
    path = Path(folder)
    if not path.is_symlink():
        return False
    real = os.path.realpath(path)
    return any(_is_in(os.path.realpath(around), real) for around in path.parents)


def _check_place(path: Path) -> None:
    boundary = _boundary.get()
    if boundary is not None and _leads_out(str(path), boundary):
        raise OSError(errno.EXDEV, LEADS_OUT, str(path))


def _leads_out(path: str, boundary: Root) -> bool:
    if not _is_in(os.path.abspath(path), boundary.written):  # noqa: PTH100
        return False  # not a file of the source, such as a mask that PairLens wrote
    folder, name = os.path.split(path)
    if stat.S_ISLNK(os.lstat(path).st_mode):
        real = os.path.realpath(path)
    else:
        real = os.path.join(_real_folder(folder), name)  # noqa: PTH118 - half of the time
    return not _is_in(real, boundary.real)


_archive_leads_out = lru_cache(64)(_leads_out)
"""Cached, since an archive is opened for each of its members."""


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


@lru_cache(4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)
