"""Files on disk: names that cannot leave a folder, writes that are whole or not there."""

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
"""Bytes; a file without line ends is never held whole."""

MAX_SKIPPED = 1 << 28
"""Bytes of one line that are passed over; a file can claim any length."""

MARKER = f".{INFO}"
"""A file that stands in every folder PairLens made, and without which it deletes none."""


def safe_name(key: str) -> str:
    """A file name for a key: ``gres/train/a_1#0`` becomes ``gres_train_a_1_0``.

    Keys of ordinary ids only have ``/`` and ``#`` written as ``_``. Any other character, a
    second ``#``, a third ``/``, a leading dot or great length could make two keys one name
    (or a name that a disk refuses): such a name carries a digest of the key, and so does one
    that looks as if it did.
    """
    if key.isalnum() and key.isascii() and len(key) <= _MAX_NAME:
        return key
    name = _UNSAFE.sub("_", key)
    few = key.count("#") < 2 and key.count("/") < 3
    plain = few and not _ODD.search(key) and not name.startswith(".")
    if plain and len(name) <= _MAX_NAME:
        return name
    told_apart = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{name.lstrip('.')[:_MAX_NAME]}-{told_apart}"


def is_plain_name(name: str) -> bool:
    """Whether a file name from a dataset names a file in its folder and nothing else."""
    return (
        is_text(name)
        and 0 < len(name.encode()) <= 255
        and name not in (".", "..")
        and not set(name) & set("/\\\0")
    )


def is_leftover(name: str) -> bool:
    """Whether a path is of what a file manager left: ``._a.jpg``, ``__MACOSX``, ``.DS_Store``."""
    parts = name.split("/")
    return parts[-1].startswith("._") or "__MACOSX" in parts or parts[-1] in _LEFT


def is_text(text: str) -> bool:
    """Whether a database can store it: JSON and file names can hold halves of characters."""
    return text.isascii() or not _HALF.search(text)


def is_line(text: str) -> bool:
    """Whether a text is free of control characters, as ids are.

    Names of files hold others that do not print: macOS puts a narrow no-break space into those of
    its pictures of the screen.
    """
    return not _CONTROL.search(text)


def mark_folder(folder: Path, owner: str) -> None:
    """Makes a folder and marks it as PairLens' own, made for ``owner``, the only one so far."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(owner, "utf-8")


def add_owner(folder: Path, owner: str) -> None:
    """Makes a folder and adds a line to its marker, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    if owner not in owners_of(folder):
        with open(folder / MARKER, "a", encoding="utf-8") as stream:
            stream.write(f"{owner}\n")


def owners_of(folder: Path) -> list[str]:
    """The lines of a folder's marker; none where it has no marker."""
    marker = folder / MARKER
    return marker.read_text("utf-8").splitlines() if marker.is_file() else []


def lines(file: Path, longest: int = MAX_LINE, *, anywhere: bool = False) -> Iterator[bytes]:
    """The lines of a file with their ends, none longer than the bound.

    A longer line arrives cut, with one byte more than the bound, and is then skipped.

    Raises:
        OSError: as :func:`pairlens.importers.source_files.open_source`, whose ``anywhere`` it is
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
    """Within it, an error of writing is told as the state of the disk that it is.

    Args:
        what: is written: a file, or words that name one

    Raises:
        StateError: if it cannot be written
    """
    try:
        yield
    except OSError as error:
        raise StateError(f"{what} cannot be written ({error.strerror})") from error


def write_atomic(path: Path | str, data: bytes | memoryview) -> None:
    """Writes a file so that a kill at any moment leaves the old one or the new one, whole."""
    _replace(str(path), partial(_write, memoryview(data)))


def _write(data: memoryview, number: int) -> None:
    """Writes all of an open file, and closes it."""
    # Without a stream, which with a small file takes a quarter of the time.
    try:
        while data:  # a disk that is nearly full takes a part, and refuses the rest
            data = data[os.write(number, data) :]
    finally:
        os.close(number)


def write_once(path: Path, data: bytes | memoryview) -> Path:
    """Writes a file that is not written to again.

    Args:
        path: the file
        data: all of it

    Returns:
        the path, or another one in its folder where something else lies there
    """
    for place in _places(path, data):
        if not os.path.exists(place):  # noqa: PTH110
            write_atomic(place, data)
            return place
        if place.read_bytes() == data:
            return place
    raise AssertionError  # the places do not end


def _places(path: Path, data: bytes | memoryview) -> Iterator[Path]:
    yield path
    name = f"{path.stem}-{hashlib.sha256(data).hexdigest()[:12]}"
    yield path.with_name(f"{name}{path.suffix}")
    for number in count(2):  # somebody wrote over a file that is named for its content
        yield path.with_name(f"{name}-{number}{path.suffix}")


def write_stream(path: Path, source: IO[bytes]) -> None:
    """Copies a stream to a file; see :func:`write_atomic`."""
    replace_whole(path, lambda stream: shutil.copyfileobj(source, stream, 1 << 20))


def replace_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Writes a file under another name of the same folder, and then gives it its own.

    Args:
        path: the file, whose folder is made if it is not there
        write: writes all of it
    """

    def through_stream(number: int) -> None:
        # Buffered: unbuffered, a disk that is nearly full takes a part and says nothing.
        with open(number, "wb") as stream:
            write(stream)

    _replace(str(path), through_stream)


def _replace(path: str, write: Callable[[int], object]) -> None:
    """As :func:`replace_whole`; ``write`` is given the number of an open file, which it closes."""
    # Strings, and no look for the folder: of a small file, pathlib and mkdir take half the time.
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    _clear_left(folder)
    begun = f"{folder}/.{process_ids.this_process()}-{next(_numbers)}{_PARTIAL}"
    try:
        write(_create(begun, folder))
        os.replace(begun, path)  # noqa: PTH105
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in FULL:
            error.filename = path  # the system does not say of which file
        with suppress(OSError):
            os.unlink(begun)  # noqa: PTH108
        raise


_PARTIAL = ".partial"
_MODE = 0o666
"""Of a new file, less what the user's mask takes, as ``open`` has it."""

_numbers = count()
_FOLDERS = 10_000
"""Folders of which it is remembered that they were looked through."""

_LEFT_SECONDS = 600
"""A file that nobody wrote to for so long is nobody's any more, on whatever machine that was."""


@lru_cache(_FOLDERS)
def _clear_left(folder: str) -> None:
    """Removes what killed processes had begun to write in a folder; looks there once."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_PARTIAL):
                owner = entry.name[1 : -len(_PARTIAL)].rpartition("-")[0]
                old = time.time() - entry.stat().st_mtime > _LEFT_SECONDS
                if old or process_ids.is_dead(owner):
                    os.unlink(entry.path)  # noqa: PTH108


def _create(file: str, folder: str) -> int:
    """Makes a file, and its folder where that is not there; the number of the open file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(file, flags, _MODE)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        return os.open(file, flags, _MODE)
