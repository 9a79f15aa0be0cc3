"""Opens zip archives, with bounds on their number of members.

``zipfile`` reads the whole directory of an archive and makes an object of each entry before one can
ask for their number. Here the size of the directory is checked before that.
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
"""Maximum number of members of an archive; each takes half a kilobyte of memory."""

MAX_DIRECTORY = 128 << 20
"""Maximum size of an archive's directory in bytes."""

ENCRYPTED = 1
"""The bit of ``ZipInfo.flag_bits`` that marks an encrypted member."""

BROKEN_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError,
    NotImplementedError, struct.error, UnicodeError,
)  # fmt: skip
"""Errors that ``zipfile`` raises for damaged archives and unknown compression methods."""

_ENTRY = b"PK\1\2"
"""The signature of an entry in the directory."""


class TooManyMembers(zipfile.LargeZipFile):
    """The directory of an archive exceeds a bound."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens a zip archive within the context.

    Raises:
        TooManyMembers: if its directory exceeds the bounds
        OSError: if it cannot be opened
        BROKEN_ZIP: if it is damaged, on opening or while it is read
    """
    with open_source(path) as stream, zipfile.ZipFile(_Bounded(stream)) as opened:
        yield opened


class _Bounded:
    """A file whose reads fail if they are those of a directory that exceeds the bounds."""

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
