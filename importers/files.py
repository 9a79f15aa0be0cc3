"""File names that stay in their folder, markers of folders, and atomic writes."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import IO

from pairlens.importers import process_ids
from pairlens.importers.errors import StateError
from pairlens.importers.fields import INFO
from pairlens.importers.full_disk import FULL
from pairlens.importers.source_files import open_source

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")
_ODD = re.compile(r"[^A-Za-z0-9._/#-]|-[0-9a-f]{12}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HALF = re.compile(r"[\ud800-\udfff]")
_MAX_NAME = 120
_LEFT = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
MAX_LINE = 1 << 16
"""Default maximum length of a line in bytes, since a file may have no line ends."""

MAX_SKIPPED = 1 << 28
"""Maximum number of bytes of an overlong line that are skipped."""

MARKER = f".{INFO}"
"""Name of the marker file in every folder that PairLens made; it deletes no folder without one."""


def safe_name(key: str) -> str:
    """Returns a unique file name for a key: ``gres/train/a_1#0`` becomes ``gres_train_a_1_0``.

    For ordinary keys, ``/`` and ``#`` are replaced by ``_``. For keys with other special
    characters, a second ``#``, a third ``/``, a leading dot or great length, this could give two
    keys the same name, or a name that a file system refuses. Then a digest of the key is appended,
    as it is for keys that end like such a name.
    """
    if key.isalnum() and key.isascii() and len(key) <= _MAX_NAME:
        return key
    name = _UNSAFE.sub("_", key)
    few = key.count("#") < 2 and key.count("/") < 3
    plain = few and not _ODD.search(key) and not name.startswith(".")
    if plain and len(name) <= _MAX_NAME:
        return name
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{name.lstrip('.')[:_MAX_NAME]}-{digest}"


def is_plain_name(name: str) -> bool:
    """Whether a name from a dataset is that of a file in a folder, not a path or invalid."""
    return (
        is_text(name)
        and 0 < len(name.encode()) <= 255
        and name not in (".", "..")
        and not set(name) & set("/\\\0")
    )


def is_leftover(name: str) -> bool:
    """Whether a file manager made the file of a path: ``._a.jpg``, ``__MACOSX``, ``.DS_Store``."""
    parts = name.split("/")
    return parts[-1].startswith("._") or "__MACOSX" in parts or parts[-1] in _LEFT


def is_text(text: str) -> bool:
    """Whether a string has no lone surrogates, which the database cannot store.

    They can come from JSON escapes, and from file names that are not UTF-8.
    """
    return text.isascii() or not _HALF.search(text)


def is_line(text: str) -> bool:
    """Whether a text has no control characters, as valid ids.

    ``str.isprintable`` would be too strict: macOS puts a narrow no-break space into the file names
    of screenshots.
    """
    return not _CONTROL.search(text)


def mark_folder(folder: Path, owner: str) -> None:
    """Creates a folder and its marker, with one owner."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(owner, "utf-8")


def add_owner(folder: Path, owner: str) -> None:
    """Creates a folder if needed, and adds an owner to its marker unless it is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if owner not in owners_of(folder):
        with open(folder / MARKER, "a", encoding="utf-8") as stream:
            stream.write(f"{owner}\n")


def owners_of(folder: Path) -> list[str]:
    """Returns the lines of a folder's marker; empty if it has no marker."""
    marker = folder / MARKER
    return marker.read_text("utf-8").splitlines() if marker.is_file() else []


def lines(file: Path, longest: int = MAX_LINE, *, anywhere: bool = False) -> Iterator[bytes]:
    """Yields the lines of a file with their ends.

    Args:
        file: a file of a source
        longest: maximum length in bytes. Of a longer line the first ``longest + 1`` bytes are
            yielded, and the rest is skipped
        anywhere: as in :func:`pairlens.importers.source_files.open_source`

    Raises:
        OSError: if the file cannot be opened, or a line is longer than :data:`MAX_SKIPPED`
    """
    with open_source(file, anywhere=anywhere) as stream:
        while line := stream.readline(longest + 1):
            yield line
            begun = stream.tell()
            while len(line) > longest and not line.endswith(b"\n"):
                line = stream.readline(longest + 1)
                if stream.tell() - begun > MAX_SKIPPED:
                    raise OSError(errno.EFBIG, f"it has a line of over {MAX_SKIPPED:,} bytes")


@contextmanager
def explaining_write_errors(what: object) -> Iterator[None]:
    """Turns errors of writing within the context into :class:`StateError`.

    Args:
        what: the file that is written, for the message

    Raises:
        StateError: if it cannot be written
    """
    try:
        yield
    except OSError as error:
        raise StateError(f"{what} cannot be written ({error.strerror})") from error


def write_atomic(path: Path | str, data: bytes | memoryview) -> None:
    """Writes a file so that a kill at any moment leaves the complete old or new file."""
    _replace(str(path), partial(_write, memoryview(data)))


def _write(data: memoryview, number: int) -> None:
    """Writes data to a file descriptor, and closes it."""
    # Not through a stream, which takes a quarter of the time with small files.
    try:
        while data:  # on a disk that is nearly full, a part is written, and then an error raised
            data = data[os.write(number, data) :]
    finally:
        os.close(number)


def write_once(path: Path, data: bytes | memoryview) -> Path:
    """Writes a file that will not be changed later, never overwriting another one.

    Args:
        path: the file
        data: its content

    Returns:
        the path; another one in the same folder if a file of other content exists there
    """
    for place in _places(path, data):
        if not os.path.exists(place):  # noqa: PTH110
            write_atomic(place, data)
            return place
        if place.read_bytes() == data:
            return place
    raise AssertionError  # unreachable: _places has no end


def _places(path: Path, data: bytes | memoryview) -> Iterator[Path]:
    yield path
    name = f"{path.stem}-{hashlib.sha256(data).hexdigest()[:12]}"
    yield path.with_name(f"{name}{path.suffix}")
    for number in count(2):  # needed only if a file named by its content's digest was changed
        yield path.with_name(f"{name}-{number}{path.suffix}")


def write_stream(path: Path, source: IO[bytes]) -> None:
    """Copies a stream to a file; see :func:`write_atomic`."""
    replace_whole(path, lambda stream: shutil.copyfileobj(source, stream, 1 << 20))


def replace_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Writes a file under a temporary name in the same folder, and then renames it.

    Args:
        path: the file, whose folder is created if needed
        write: writes the content to a stream
    """

    def through_stream(number: int) -> None:
        # Buffered, since an unbuffered write to a nearly full disk can be partial without an error.
        with open(number, "wb") as stream:
            write(stream)

    _replace(str(path), through_stream)


def _replace(path: str, write: Callable[[int], object]) -> None:
    """Does what :func:`replace_whole` does; ``write`` gets a file descriptor, which it closes."""
    # Uses strings and creates the folder only on an error: with small files, pathlib and mkdir take
    # half of the time.
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    _clear_left(folder)
    begun = f"{folder}/.{process_ids.this_process()}-{next(_numbers)}{_PARTIAL}"
    try:
        write(_create(begun, folder))
        os.replace(begun, path)  # noqa: PTH105
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in FULL:
            error.filename = path  # not set by os.write
        with suppress(OSError):
            os.unlink(begun)  # noqa: PTH108
        raise


_PARTIAL = ".partial"
_MODE = 0o666
"""Mode of a new file before the umask is applied, as in ``open``."""

_numbers = count()
_FOLDERS = 10_000
"""Maximum number of folders that are remembered as cleared of temporary files."""

_LEFT_SECONDS = 600
"""Seconds without a write after which a temporary file counts as abandoned, even if its process
was on another machine."""


@lru_cache(_FOLDERS)
def _clear_left(folder: str) -> None:
    """Deletes temporary files that killed processes left in a folder; once for each folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_PARTIAL):
                owner = entry.name[1 : -len(_PARTIAL)].rpartition("-")[0]
                old = time.time() - entry.stat().st_mtime > _LEFT_SECONDS
                if old or process_ids.is_dead(owner):
                    os.unlink(entry.path)  # noqa: PTH108


def _create(file: str, folder: str) -> int:
    """Creates a file, and its folder if needed; returns the file descriptor."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(file, flags, _MODE)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        return os.open(file, flags, _MODE)
