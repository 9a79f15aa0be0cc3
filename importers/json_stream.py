"""The records of a JSON file one by one, in memory that does not grow with the file.

Training data comes as one list of a million records, or with a record on each line. Either is
cut into the bytes of its records, which the caller parses one at a time: a broken record is
then known by its number and place, and those after it are read all the same. The cuts of a
list are found by regular expressions over bytes; in UTF-8 no byte of a longer character looks
like a bracket, a quote or a comma.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple

MAX_RECORD = 1 << 20
"""Bytes; the longest conversations published have some thousands."""

CHUNK = 1 << 18
SPACE = b" \t\n\r"

_QUOTE, _COMMA, _CLOSE = b'",]'
# Possessive, so that what is not there is found out in one go.
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_INSIDE = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+", re.DOTALL)
_OUTSIDE = re.compile(rb'(?:[^"{}\[\],]++|' + _STRING + rb")*+", re.DOTALL)
_SPACES = re.compile(rb"[ \t\n\r]*+")
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


def _shallow(levels: int) -> bytes:
    """Brackets and what they hold, so many levels deep."""
    inner = rb"|" + _shallow(levels - 1) if levels > 1 else b""
    return rb'[{\[](?:[^"{}\[\]]++|' + _STRING + inner + rb")*+[}\]]"


# A whole record in one match, four times as fast as bracket by bracket.
_RECORD = re.compile(_shallow(4) + rb"(?=[ \t\n\r]*+[,\]])", re.DOTALL)

Form = Literal["list", "lines"]


class Item(NamedTuple):
    """A record's bytes, or what is wrong with them.

    Attributes:
        number: of the record in the file, from 0
        start: where it begins in the file, in bytes
        end: where it ends
        data: the bytes, without white space around them
        fault: why there is no telling what the bytes mean; ``""`` where there is
        last: whether the fault is one of the file from here on, not of one record
    """

    number: int
    start: int
    end: int
    data: bytes
    fault: str = ""
    last: bool = False


def form_of(head: bytes) -> Form | None:
    """The form of a file by its first bytes; ``None`` if it begins with neither."""
    start = head.removeprefix(BOM_UTF8).lstrip(SPACE)[:1]
    return {b"[": "list", b"{": "lines"}.get(start)  # type: ignore[return-value]


def read_items(
    stream: BinaryIO, form: Form, *, limit: int = MAX_RECORD, chunk: int = CHUNK
) -> Iterator[Item]:
    """Cuts a file into its records.

    Args:
        stream: at its beginning
        form: as :func:`form_of` says
        limit: the length in bytes at which a record is a fault; never twice as much is held
        chunk: how much to read at a time, in bytes
    """
    if form == "list":
        return _ListCutter(stream, limit, chunk).items()
    return _lines(stream, limit)


def _lines(stream: BinaryIO, limit: int) -> Iterator[Item]:
    position = index = 0
    while line := stream.readline(limit + 1):
        begin = position
        position += len(line)
        cut = len(line) > limit and not line.endswith(b"\n")
        while cut and line and not line.endswith(b"\n"):
            line = stream.readline(limit + 1)
            position += len(line)
        if cut:
            end = position - line.endswith(b"\n")
            yield Item(index, begin, end, b"", _too_long(limit))
            index += 1
            continue
        text = line if begin else line.removeprefix(BOM_UTF8)
        data = text.strip(SPACE)
        if data:
            start = begin + len(line) - len(text.lstrip(SPACE))
            yield Item(index, start, start + len(data), data)
            index += 1


_NOTHING = "nothing stands where a record should"


def _too_long(limit: int) -> str:
    return f"the record is longer than {limit:,} bytes"


class _Window:
    """A piece of a file that slides along it.

    Attributes:
        data: the piece
        base: where it begins in the file
    """

    def __init__(self, stream: BinaryIO, chunk: int) -> None:
        self._stream = stream
        self._chunk = chunk
        self.data = b""
        self.base = 0

    def slide(self, done: int) -> bool:
        """Forgets the first ``done`` bytes and reads on; ``False`` at the end of the file."""
        piece = self._stream.read(self._chunk)
        self.data = self.data[done:] + piece
        self.base += done
        return bool(piece)

    def item(self, number: int, begin: int, end: int) -> Item:
        """What lies between two positions, without the white space around it."""
        raw = self.data[begin:end]
        text = raw.lstrip(SPACE)
        start = self.base + end - len(text)
        text = text.rstrip(SPACE)
        return Item(number, start, start + len(text), text, "" if text else _NOTHING)


class _Scan:
    """How deep in brackets the reading stands, and whether inside a string."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False

    @property
    def between(self) -> bool:
        """Whether an item could end here."""
        return not (self._depth or self._in_string)

    def find_end(self, data: bytes, at: int) -> tuple[int, bool]:
        """Looks for the comma or bracket that ends the item.

        Returns:
            where it is, and ``True``; or where to go on once there are more data
        """
        if self.between and (record := _RECORD.match(data, _end(_SPACES, data, at))):
            at = record.end()
        while True:
            if self._in_string:
                at = _end(_IN_STRING, data, at)
                if data[at : at + 1] != b'"':
                    return at, False
                at += 1
                self._in_string = False
            at = _end(_INSIDE if self._depth else _OUTSIDE, data, at)
            if at == len(data):
                return at, False
            byte = data[at]
            if self._depth == 0 and byte in (_COMMA, _CLOSE):
                return at, True
            self._count(byte)
            at += 1

    def _count(self, byte: int) -> None:
        if byte == _QUOTE:  # no end of the string in these data
            self._in_string = True
        elif byte in b"{[":
            self._depth += 1
        elif self._depth:
            self._depth -= 1


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    match = pattern.match(data, at)
    return at if match is None else match.end()


class _ListCutter:
    """Cuts a list into its items.

    Args:
        stream: at its beginning
        limit: the length in bytes at which an item is a fault
        chunk: how much to read at a time, in bytes
    """

    def __init__(self, stream: BinaryIO, limit: int, chunk: int) -> None:
        self._window = _Window(stream, chunk)
        self._scan = _Scan()
        self._limit = limit
        self._number = 0
        self._long_from = -1  # where in the file the item begins, if it is too long to hold
        while b"[" not in self._window.data and self._window.slide(len(self._window.data)):
            pass
        self._begin = self._at = self._window.data.find(b"[") + 1

    def items(self) -> Iterator[Item]:
        """The items, and at the end what is wrong with the end."""
        while True:
            self._at, ended = self._scan.find_end(self._window.data, self._at)
            self._shed(ended)
            if ended:
                closing = self._window.data[self._at] == _CLOSE
                yield from self._ended(closing)
                if closing:
                    yield from self._behind()
                    return
            elif self._window.slide(self._begin):
                self._begin, self._at = 0, self._at - self._begin
            else:
                yield from self._cut_off()
                return

    def _shed(self, ended: bool) -> None:
        """Lets go of an item that is too long, all but its place, and of white space."""
        if self._long_from < 0 and self._at - self._begin > self._limit:
            item = self._window.item(self._number, self._begin, self._at)
            self._begin = item.start - self._window.base
            endless = not ended and self._at - self._begin > 2 * self._limit
            if len(item.data) > self._limit or endless:
                self._long_from = item.start
        if self._long_from >= 0:
            self._begin = self._at

    def _ended(self, closing: bool) -> Iterator[Item]:
        item = self._window.item(self._number, self._begin, self._at)
        if self._long_from >= 0:
            end = self._window.base + self._at
            yield Item(self._number, self._long_from, end, b"", _too_long(self._limit))
        elif item.data or self._number or not closing:  # "[]" holds no item
            yield item
        self._number += 1
        self._long_from = -1
        self._at += 1
        self._begin = self._at

    def _behind(self) -> Iterator[Item]:
        """What stands behind the list, where there should be nothing."""
        while True:
            item = self._window.item(self._number, self._at, len(self._window.data))
            if item.data:
                fault = "text stands behind the end of the list"
                yield Item(self._number, item.start, item.end, b"", fault, last=True)
                return
            if not self._window.slide(len(self._window.data)):
                return
            self._at = 0

    def _cut_off(self) -> Iterator[Item]:
        """What is left where a file ends inside its list: perhaps a whole item."""
        item = self._window.item(self._number, 0, len(self._window.data))
        if item.data and self._long_from < 0 and self._scan.between:
            yield item
            self._number += 1
        start = self._long_from if self._long_from >= 0 else item.start
        fault = "the file ends in the middle of its list"
        yield Item(self._number, start, item.end, b"", fault, last=True)
