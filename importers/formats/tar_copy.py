"""Members of a tar archive, copied to another with all their headers as they are."""

from __future__ import annotations

from types import TracebackType
from typing import BinaryIO

from pairlens.importers.errors import StateError
from pairlens.importers.tar_index import BLOCK, Member

RECORD = 20 * BLOCK
"""Archives are filled up to a multiple of this, as tar and WebDataset do."""

_AT_ONCE = 1 << 20
_SIZE, _CHECKSUM = slice(124, 136), slice(148, 156)


class TarCopy:
    """Writes an archive of another's members; members that follow each other go in one piece.

    Args:
        source: the archive to copy from
        out: the archive to write
    """

    def __init__(self, source: BinaryIO, out: BinaryIO) -> None:
        self._source = source
        self._out = out
        self._begin = self._end = 0

    def keep(self, member: Member) -> None:
        """Copies a member, byte for byte; members come in the order of the source."""
        if member.start != self._end:
            self._flush()
            self._begin = member.start
        self._end = member.end

    def replace(self, member: Member, data: bytes) -> None:
        """Copies a member's headers, with other content.

        Raises:
            StateError: if its size stands elsewhere than in its header
        """
        self._flush()
        self._copy(member.start, member.offset - BLOCK)
        self._source.seek(member.offset - BLOCK)
        header = bytearray(self._source.read(BLOCK))
        if int(header[_SIZE].strip(b" \0") or b"0", 8) != member.size:
            raise StateError(f"{member.name} has its size in a pax header and cannot be edited")
        header[_SIZE] = b"%011o\0" % len(data)
        header[_CHECKSUM] = b" " * 8
        header[_CHECKSUM] = b"%06o\0 " % sum(header)
        self._out.write(header)
        self._out.write(data)
        self._out.write(bytes(-len(data) % BLOCK))
        self._begin = self._end = member.end

    def _flush(self) -> None:
        self._copy(self._begin, self._end)
        self._begin = self._end

    def _copy(self, begin: int, end: int) -> None:
        self._source.seek(begin)
        while begin < end:
            data = self._source.read(min(_AT_ONCE, end - begin))
            if not data:  # the last member of a cut archive may lack its filling
                self._out.write(bytes(end - begin))
                return
            self._out.write(data)
            begin += len(data)

    def __enter__(self) -> TarCopy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Writes the end mark, unless something went wrong."""
        if kind is None:
            self._flush()
            self._out.write(bytes(2 * BLOCK))
            self._out.write(bytes(-self._out.tell() % RECORD))
