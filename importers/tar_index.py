"""Indexes the members of an uncompressed tar archive without reading their contents.

Python's ``tarfile`` takes three times as long, and tries to repair broken archives. Here a header
with a wrong checksum ends the walk with an error. The formats are ustar, pax (``path`` and
``size``) and GNU long names, with sizes in octal and base 256, after POSIX.1-2017 ``pax`` and the
GNU tar manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple
from zlib import adler32

from pairlens.importers.errors import PairLensError

BLOCK = 512
MAX_EXTENDED = 1 << 20
"""Maximum size in bytes of a pax header or long name; the longest path of any system has 32 KB."""

MemberKind = Literal["file", "folder", "link", "device", "sparse", "global", "unknown"]

_KINDS: dict[bytes, MemberKind] = {
    b"0": "file", b"\0": "file", b"7": "file",
    b"1": "link", b"2": "link",
    b"3": "device", b"4": "device", b"6": "device",
    b"5": "folder", b"S": "sparse", b"g": "global",
}  # fmt: skip
_WITH_CONTENT = frozenset({"file", "sparse", "global", "unknown"})
_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_NO_BLOCK = bytes(BLOCK)
_BLANK = b" " * 8
"""The value of the checksum field while the checksum is computed."""

_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}


class ArchiveError(PairLensError):
    """An archive that cannot be read further; the caller adds its name to the message."""


class NoEndMark(ArchiveError):
    """An archive that ends after a whole member but lacks the end-of-archive blocks."""


class Member(NamedTuple):
    """A member of an archive.

    Attributes:
        name: path as stored, without a ``/`` at the end; bytes that are not UTF-8 are surrogates
        kind: its type; ``global`` is a pax header that applies to all later members
        start: byte offset of its first header
        offset: byte offset of its content
        size: size of its content in bytes
    """

    name: str
    kind: MemberKind
    start: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Byte offset of the next member."""
        return self.offset + _padded(self.size)


def walk(stream: BinaryIO) -> Iterator[Member]:
    """Yields the members in order, reading headers and seeking over contents.

    Args:
        stream: the archive; the caller may read and seek in it between two members

    Raises:
        ArchiveError: at a header that is truncated or invalid; the members before it are complete
        NoEndMark: at the end of an archive that lacks its end mark
    """
    total = stream.seek(0, 2)
    start = position = 0
    extended = _Extended()
    while header := _header_at(stream, position, total, begun=position > start):
        type_, size = header[156:157], _size(header, position, extended)
        offset = position + BLOCK
        if type_ in (b"x", b"L", b"K"):
            extended.add(type_, _content(stream, offset, size, total))
            position = offset + _padded(size)
            continue
        name, kind = extended.name or _name(header), extended.kind or _kind(header)
        if kind == "sparse" and type_ == b"S":
            offset = _past_sparse_maps(stream, header, offset, total)
        if kind not in _WITH_CONTENT:
            size = 0
        if offset + size > total:
            raise ArchiveError(
                f"ends in the middle of {printable(name)}, which claims {size:,} bytes from "
                f"byte {offset:,} of {total:,}"
            )
        yield Member(name.rstrip("/"), kind, start, offset, size)
        start = position = offset + _padded(size)
        extended = _Extended()


def printable(name: str) -> str:
    """Returns a name from an archive for messages: its end, with invalid bytes escaped."""
    return name[-80:].encode("utf-8", "backslashreplace").decode()


class _Extended:
    """The values that extended headers set for the next member."""

    def __init__(self) -> None:
        self.name = ""
        self.size: int | None = None
        self.kind: MemberKind | None = None

    def add(self, type_: bytes, data: bytes) -> None:
        if type_ == b"L":
            self.name = _text(data.partition(b"\0")[0])
        elif type_ == b"x":
            for keyword, value in _pax_records(data):
                self._set(keyword, value)

    def _set(self, keyword: bytes, value: bytes) -> None:
        if keyword == b"path":
            self.name = _text(value)
        elif keyword.startswith(b"GNU.sparse."):
            self.kind = "sparse"
        elif keyword == b"size":
            if not value.isdigit() or len(value) > 19:
                raise ArchiveError(f"holds a pax size that is no number: {value[:20]!r}")
            self.size = int(value)


def _pax_records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields keyword and value of records ``LENGTH KEYWORD=VALUE``, each with a line end."""
    position = 0
    while position < len(data):
        digits, _, _ = data[position : position + 8].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = data[position + len(digits) + 1 : position + length]
        keyword, equals, value = record[:-1].partition(b"=")
        if len(data) - position < length or not equals or record[-1:] != b"\n":
            raise ArchiveError("holds a pax header that is not made of records")
        yield keyword, value
        position += length


def _header_at(stream: BinaryIO, position: int, total: int, *, begun: bool) -> bytes:
    """Reads and validates the header block at an offset; returns ``b""`` at the end mark.

    ``begun`` says whether an extended header comes before it, so that the archive cannot end here.
    """
    stream.seek(position)
    header = stream.read(BLOCK)
    if header == _NO_BLOCK:
        return b""
    if not header and position and not begun:
        raise NoEndMark(f"ends at byte {total:,} without an end mark")
    if not total:
        raise ArchiveError("is empty")
    if len(header) < BLOCK:
        raise ArchiveError(f"ends in the middle of a header, at byte {total:,}")
    if not _checksum_fits(header):
        packed = _COMPRESSED.get(header[:2]) if not position else None
        hint = f": it is compressed with {packed}, unpack it first" if packed else ""
        raise ArchiveError(f"holds no tar header at byte {position:,}{hint}")
    return header


def _checksum_fits(header: bytes) -> bool:
    match = _OCTAL.fullmatch(header[148:156])
    if match is None or not match[1]:
        return False
    stored = int(match[1], 8)
    rest = header[:148] + _BLANK + header[156:]
    unsigned = _sum(rest[:256]) + _sum(rest[256:])
    if stored == unsigned:
        return True
    # Some old implementations added signed bytes.
    return stored == unsigned - 256 * sum(byte > 127 for byte in rest)


def _sum(few: bytes) -> int:
    """Returns the sum of at most 256 bytes, in a fifth of the time that ``sum`` takes.

    The lower half of Adler-32 is the start value plus the sum of the bytes, modulo 65,521, which
    256 bytes cannot reach (RFC 1950, 8.2).
    """
    return adler32(few, 0) & 0xFFFF


def _size(header: bytes, position: int, extended: _Extended) -> int:
    if extended.size is not None and header[156:157] not in (b"x", b"L", b"K"):
        return extended.size
    field = header[124:136]
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise ArchiveError(f"holds a header at byte {position:,} whose size is no number")
    return int(match[1] or b"0", 8)


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    if header[257:263] == b"ustar\0" and header[345]:
        name = header[345:500].partition(b"\0")[0] + b"/" + name
    return _text(name)


def _kind(header: bytes) -> MemberKind:
    kind = _KINDS.get(header[156:157], "unknown")
    # Archives from before POSIX have no type for folders.
    is_folder = header[156] == 0 and _name(header).endswith("/")
    return "folder" if is_folder else kind


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _content(stream: BinaryIO, offset: int, size: int, total: int) -> bytes:
    if size > MAX_EXTENDED:
        raise ArchiveError(f"holds a header of {size:,} bytes at byte {offset:,}")
    if offset + size > total:
        raise ArchiveError(f"ends in the middle of a header, at byte {total:,}")
    stream.seek(offset)
    return stream.read(size)


def _past_sparse_maps(stream: BinaryIO, header: bytes, offset: int, total: int) -> int:
    """Returns the offset after the further blocks in which GNU tar lists the holes of a file."""
    more = header[482]
    while more:
        block = _content(stream, offset, BLOCK, total)
        more, offset = block[504], offset + BLOCK
    return offset


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
