"""Opens zip archives, which a file of a dataset, a mask or a whole dataset can be.

``zipfile`` reads all of an archive's directory at once and makes an object of each entry before it
can be asked how many there are. Here the directory is bounded before that.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from pairlens.importers.source_files import open_source

MAX_MEMBERS = 1_000_000
"""Of an archive; each takes half a kilobyte of memory."""

MAX_DIRECTORY = 128 << 20
"""Bytes of the directory, which is read whole."""

ENCRYPTED = 1
"""The flag of a member, as the format has it."""

BROKEN_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError,
    NotImplementedError, struct.error, UnicodeError,
)  # fmt: skip
"""What ``zipfile`` raises of damaged archives and of methods that it does not know."""

_ENTRY = b"PK\1\2"


class TooManyMembers(zipfile.LargeZipFile):
    """The directory of an archive has more than is read."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive whose directory is within the bounds.

    Raises:
        TooManyMembers: if it is not
        OSError: if it cannot be opened
        BROKEN_ZIP: if it is damaged, now or while it is read
    """
    with open_source(path) as stream, zipfile.ZipFile(_Bounded(stream)) as opened:
        yield opened


class _Bounded:
    """A file that gives no more at once than a directory may have."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise TooManyMembers(f"its directory has {size:,} bytes; {MAX_DIRECTORY:,} are read")
        data = self._stream.read(size)
        if (count := data.count(_ENTRY)) > MAX_MEMBERS:
            raise TooManyMembers(f"it has {count:,} members; {MAX_MEMBERS:,} are read")
        return data
