"""The records of a JSON file one by one, in memory that does not grow with the file.

Training data comes as one list of a million records, or with a record on each line. A list is
decoded value by value over a window that slides along the file. After a record that is not
valid JSON the reader looks for the next place where a record begins, as the ones before it
began, and goes on from there: a stray quote costs one record, not the rest of the file.

The window is text with one character a byte (Latin-1). In UTF-8 no byte of a longer character
looks like a bracket, a quote or a comma, so the decoder finds the same structure, and places in
the text are places in the file.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO, Literal, NamedTuple

from pairlens.importers.errors import OnNote, ignore_note
from pairlens.importers.files import MAX_SKIPPED

MAX_RECORD = 1 << 20
"""Bytes; the longest conversations published have some thousands."""

CHUNK = 1 << 16
SPACE = b" \t\n\r"

Form = Literal["list", "lines", "values"]
"""A list, alone in the file or under a key of an object; a record a line; or records that
follow each other without brackets, each over as many lines as it likes."""

_MARK = BOM_UTF8.decode("latin-1")
_DECODER = json.JSONDecoder()
_SPACES = re.compile(r"[ \t\n\r]*+")
_AROUND = " \t\n\r,"
_STRING = r'"(?:[^"\\]|\\.)*+"'
_FIRST_KEY = re.compile(rf"\{{[ \t\n\r]*+({_STRING})[ \t\n\r]*+:")
_MEMBER = re.compile(rf"[ \t\n\r]*+,?+[ \t\n\r]*+{_STRING}[ \t\n\r]*+:[ \t\n\r]*+")
_ENDS = re.compile(r"[ \t\n\r,\]}]|\Z")
_PART_OF_TOKEN = re.compile(r"[\w.+\\\"-]*+[ \t\n\r]*+\Z", re.ASCII)
_SEPARATOR = re.compile(r"[ \t\n\r]*+,[ \t\n\r]*+(?=\{)")
_OF_OBJECTS = re.compile(r"\[[ \t\n\r]*+\{")
_BEHIND_COMMA = re.compile(r",[ \t\n\r]*+(?=[^ \t\n\r,\]])")
"""Where values begin whose kind is not known yet."""

_TWO = re.compile(rb"\}[ \t]*+,?+[ \t]*+\{")
"""Between objects; of most records this stands in their own lists as well."""

_AFTER = re.compile(r"[ \t\n\r]*+,?+[ \t\n\r]*+")
_TOKEN = 16
"""Characters that a number, an escape or a literal can lack at the end of a window."""

_MAX_KEYS = 8
"""First keys by which the beginning of a record is known."""

_LONGEST_KEY = 256
_FEWEST_KEYS = 2
_MOST_TRIED = 1000
"""Places behind a broken record that look like the next and are not, until none is expected."""

_MOST_BROKEN = 20_000
"""Broken records in a row after which no more are expected."""

_HELD = 2
"""Times the length of the longest record that are held, to see whether a record ends."""

_NOTHING = "nothing stands where a record should"
_BRACES = "{:,} closing braces too many are passed over"
_NO_COMMAS = "{:,} records without a comma in front are read"
_LISTS = "{:,} more lists stand behind the first, and are read as part of it"
_CLOSED = "the list is closed {:,} times before its last record"
_BEHIND = "text stands behind the end of the list"
_CUT_OFF = "the file ends in the middle of its list"

Keys = tuple[str, ...]


class Item(NamedTuple):
    """A record's bytes, or what is wrong with them.

    Attributes:
        number: of the record in the file, from 0
        start: where it begins in the file, in bytes
        end: where it ends
        data: the bytes, without white space around them
        fault: why there is no telling what the bytes mean; ``""`` where there is
        last: whether the fault is one of the file from here on, not of one record
        line: the line it begins in, from 1
        values: the decoded value where it was decoded already, else nothing
    """

    number: int
    start: int
    end: int
    data: bytes
    fault: str = ""
    last: bool = False
    line: int = 1
    values: tuple[Any, ...] = ()

    def load(self) -> Any:
        """The decoded value.

        Raises:
            ValueError: with the reason and the line, if there is none
        """
        if self.fault:
            raise ValueError(self.fault)
        return self.values[0] if self.values else load(self.data, self.line)


def load(data: bytes, line: int = 1) -> Any:
    """Parses a record's bytes.

    Args:
        data: the bytes
        line: the line of the file that they begin in

    Raises:
        ValueError: with the reason, if they are not one JSON value
    """
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError as error:
        utf16 = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        what = "UTF-16, not UTF-8 text" if utf16 else f"not UTF-8 text (byte {error.start})"
        raise ValueError(f"the record is {what}") from error
    except RecursionError as error:
        raise ValueError("the record is nested too deeply") from error
    except json.JSONDecodeError as error:
        where = f"line {line + error.lineno - 1} column {error.colno}"
        raise ValueError(f"the record is not valid JSON ({error.msg}: {where})") from error
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"the record is not valid JSON ({error})") from error


def form_of(head: bytes) -> Form | None:
    """The form of a file by its first bytes; ``None`` if it begins with neither."""
    start = head.removeprefix(BOM_UTF8).lstrip(SPACE)[:1]
    return {b"[": "list", b"{": "lines"}.get(start)  # type: ignore[return-value]


def read_items(
    stream: BinaryIO,
    form: Form,
    *,
    limit: int = MAX_RECORD,
    chunk: int = CHUNK,
    on_note: OnNote = ignore_note,
) -> Iterator[Item]:
    """Cuts a file into its records.

    Args:
        stream: at its beginning
        form: how the file holds them
        limit: the length in bytes at which a record is a fault; never three times as much is held
        chunk: how much to read at a time, in bytes
        on_note: takes what was odd between records, without the name of the file
    """
    if form == "lines":
        return _lines(stream, limit)
    return _Reader(Window(stream, chunk), limit, form == "list", on_note).items()


def _lines(stream: BinaryIO, limit: int) -> Iterator[Item]:
    position = index = number = 0
    while line := stream.readline(limit + 1):
        begin = position
        number += 1
        position += len(line)
        cut = len(line) > limit and not line.endswith(b"\n")
        while cut and line and not line.endswith(b"\n"):
            line = stream.readline(limit + 1)
            position += len(line)
            if position - begin > MAX_SKIPPED:
                yield Item(index, begin, position, b"", _too_long(limit), last=True, line=number)
                return
        if cut:
            end = position - line.endswith(b"\n")
            yield Item(index, begin, end, b"", _too_long(limit), line=number)
            index += 1
            continue
        text = line if begin else line.removeprefix(BOM_UTF8)
        data = text.strip(SPACE)
        if data.endswith(b"},"):  # a list without its brackets, a record a line
            data = data[:-1]
        if data:
            start = begin + len(line) - len(text.lstrip(SPACE))
            for at, end in _objects(data):
                yield Item(index, start + at, start + end, data[at:end], line=number)
                index += 1


def _objects(data: bytes) -> list[tuple[int, int]]:
    """Where the records of a line begin and end: one, or objects that share a line."""
    if not _TWO.search(data):
        return [(0, len(data))]
    text, at, found = data.decode("latin-1"), 0, []
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return [*found, (at, len(text))]  # what is left is one broken record
        if not isinstance(value, dict):
            return [(0, len(text))]
        found.append((at, end))
        at = _AFTER.match(text, end).end()  # type: ignore[union-attr]
    return found


def _too_long(limit: int) -> str:
    return f"the record is longer than {limit:,} bytes"


class Window:
    """A piece of a file that slides along it.

    Attributes:
        text: the piece, a character a byte
        base: where it begins in the file, in bytes

    Args:
        stream: at its beginning
        chunk: how much to read at a time, in bytes
    """

    def __init__(self, stream: BinaryIO, chunk: int) -> None:
        self.text = ""
        self.base = 0
        self._stream = stream
        self._chunk = chunk
        self._counted = (0, 1)  # a place, and its line

    def more(self) -> bool:
        """Reads on; ``False`` at the end of the file."""
        piece = self._stream.read(self._chunk)
        self.text += piece.decode("latin-1")
        return bool(piece)

    def double(self, at: int) -> bool:
        """Reads on until twice as much lies behind a place; ``False`` at the end of the file.

        Whoever begins anew after each reading takes time in proportion to the file.
        """
        wanted = 2 * len(self.text) - at
        read = False
        while len(self.text) < wanted and self.more():
            read = True
        return read

    def forget(self, at: int) -> int:
        """Lets go of what lies before a place, if that is much; gives the place as it is then."""
        if at <= self._chunk:
            return at
        self._counted = (0, self.line(at))
        self.base += at
        self.text = self.text[at:]
        return 0

    def line(self, at: int) -> int:
        """The line of a place, from 1."""
        begin, lines = self._counted
        if at < begin:
            return lines - self.text.count("\n", at, begin)
        # Records come in order: each line end is counted once.
        self._counted = (at, lines + self.text.count("\n", begin, at))
        return self._counted[1]

    def skip(self, at: int) -> int:
        """The next place that holds no white space, or the end of the file."""
        at = _skipped(self.text, at)
        while at == len(self.text):
            at = self.forget(at)
            if not self.more():
                break
            at = _skipped(self.text, at)
        return at


class _BrokenError(Exception):
    """A value that cannot be decoded.

    Args:
        fault: why
        sound: whether it is sound as far as it was read
        cut_off: whether the file ends in it
    """

    def __init__(self, fault: str, *, sound: bool = False, cut_off: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.sound = sound
        self.cut_off = cut_off


class _Reader:
    """Reads values between separators, and finds the next record behind what is broken.

    Args:
        window: at the beginning of the file
        limit: the length in bytes at which a value is a fault
        bracketed: whether the values stand in a list
        on_note: takes what was odd between values
    """

    def __init__(self, window: Window, limit: int, bracketed: bool, on_note: OnNote) -> None:
        self._window = window
        self._limit = limit
        self._bracketed = bracketed
        self._on_note = on_note
        self._odd: Counter[str] = Counter()
        self._number = self._broken = 0
        self._keys: Keys = ()  # of the last sound record
        self._first_keys: list[str] = []
        self._begins: re.Pattern[str] | None = None

    def items(self) -> Iterator[Item]:
        """The items, and at the end what is wrong with the end."""
        while len(self._window.text) < len(_MARK) and self._window.more():
            pass
        at = self._window.skip(len(_MARK) * self._window.text.startswith(_MARK))
        alone = not self._bracketed or self._window.text.startswith("[", at)
        if self._bracketed:
            while (found := list_within(self._window.text[at:])) < 0:
                if len(self._window.text) > _HELD * self._limit or not self._window.double(at):
                    return
            at += found + 1
        while at >= 0:
            at = yield from self._values(at)
            if at >= 0:
                at = (yield from self._behind(at)) if alone else -1
        for what, count in self._odd.items():
            if count:
                self._on_note(what.format(count))

    def _values(self, at: int) -> Generator[Item, None, int]:
        """The values up to the end of a list; gives the place behind it, -1 at the file's end."""
        separated, empty = True, True  # whether a value may stand here; whether none did so far
        while True:
            if not separated and (separator := _SEPARATOR.match(self._window.text, at)):
                at, separated = separator.end(), True  # the usual case, in one go
            at = self._window.forget(self._window.skip(at))
            mark = self._window.text[at : at + 1]
            if mark == ",":
                if separated:
                    yield self._fault(at, at, _NOTHING)
                separated, empty = True, False
                at += 1
            elif mark == "}" and not separated:
                self._odd[_BRACES] += 1
                at += 1
            elif mark == "]" and self._bracketed:
                if separated and not empty:
                    yield self._fault(at, at, _NOTHING)
                return at + 1
            elif mark:
                self._odd[_NO_COMMAS] += self._bracketed and not separated
                item, at = self._value(at)
                yield item
                # Behind a loss the comma is past as well.
                separated, empty = item.end < self._window.base + at, False
                if item.last:
                    return -1
            else:
                if self._bracketed:
                    yield self._fault(at, at, _CUT_OFF, last=True)
                return -1

    def _behind(self, at: int) -> Generator[Item, None, int]:
        """Where another list begins behind a list, or records that were closed out; else -1."""
        at = self._window.forget(self._window.skip(at))
        if self._window.text.startswith(",", at):
            at = self._window.skip(at + 1)
        text = self._window.text
        if at == len(text):
            return -1
        if _OF_OBJECTS.match(text, at):
            self._odd[_LISTS] += 1
            return at + 1
        if self._begins is not None and self._begins.match(text, at):
            self._odd[_CLOSED] += 1
            return at
        yield self._fault(at, len(text), _BEHIND, last=True)
        return -1

    def _value(self, at: int) -> tuple[Item, int]:
        """The value at a place, and where to go on."""
        try:
            value, end = self._decode(at)
        except _BrokenError as error:
            return self._lost(at, error)
        if end - at > self._limit:
            return self._fault(at, end, _too_long(self._limit)), end
        self._broken = 0
        if isinstance(value, dict) and value and self._keys != (keys := tuple(value)):
            self._learn(at)
            self._keys = keys
        data = self._window.text[at:end].encode("latin-1")
        # Of other characters than ASCII's the Latin-1 text holds the bytes.
        values = (value,) if data.isascii() else ()
        start, line = self._window.base + at, self._window.line(at)
        item = Item(self._number, start, start + len(data), data, line=line, values=values)
        self._number += 1
        return item, end

    def _fault(self, at: int, end: int, fault: str, *, last: bool = False) -> Item:
        base, line = self._window.base, self._window.line(at)
        item = Item(self._number, base + at, base + end, b"", fault, last, line)
        self._number += 1
        return item

    def _decode(self, at: int) -> tuple[Any, int]:
        """Decodes the value at a place, reading on as far as a value may reach.

        Raises:
            _BrokenError: if there is none
        """
        window = self._window
        while True:
            try:
                value, end = _DECODER.raw_decode(window.text, at)
                if end + _TOKEN >= len(window.text) and window.more():
                    continue  # a number may go on
                if isinstance(value, dict | list) or _ENDS.match(window.text, end):
                    return value, end
                what, place = "Extra data", end
            except RecursionError:
                fault = "the record is nested too deeply"
                raise _BrokenError(fault, sound=True) from None
            except json.JSONDecodeError as error:  # which holds the window, and is not kept
                what, place = error.msg, error.pos
            except ValueError as error:  # a number of thousands of digits
                raise _BrokenError(f"the record is not valid JSON ({error})") from None
            unclosed = what.startswith("Unterminated string")
            sound = unclosed or place >= len(window.text) - _TOKEN
            if sound and len(window.text) - at > _HELD * self._limit:
                raise _BrokenError(_too_long(self._limit), sound=True)
            if not sound or not window.double(at):
                where = f"line {window.line(place)}, byte {window.base + place}"
                fault = f"the record is not valid JSON ({what}: {where})"
                cut_off = unclosed or _PART_OF_TOKEN.match(window.text, place) is not None
                raise _BrokenError(fault, sound=cut_off, cut_off=cut_off)

    def _lost(self, at: int, error: _BrokenError) -> tuple[Item, int]:
        """The item of a broken value, and the place where the next record begins."""
        window = self._window
        start, line = window.base + at, window.line(at)
        self._learn(at)
        self._broken += 1
        found = self._next_record(at + 1, error) if self._broken < _MOST_BROKEN else self._end()
        text = window.text
        end = len(text) if found < 0 else found
        while end and text[end - 1] in _AROUND:
            end -= 1
        # Of what was sound so far a bracket at the end is the record's own.
        closed = found < 0 and not error.cut_off and text.endswith("]", 0, end)
        end -= closed and self._bracketed
        last = found < 0 and self._bracketed and not closed
        fault = _CUT_OFF if last and error.sound else error.fault
        if not error.sound and window.base <= start:
            fault = _encoding_fault(text[start - window.base : end]) or fault
        end = max(start, window.base + end)
        item = Item(self._number, start, end, b"", fault, last, line)
        self._number += 1
        return item, found if found >= 0 else end - window.base

    def _end(self) -> int:
        """Reads to the end of the file, where no record is; gives -1."""
        while self._window.more():
            self._window.forget(len(self._window.text))
        return -1

    def _learn(self, at: int) -> None:
        """Remembers how the record at a place begins."""
        match = _FIRST_KEY.match(self._window.text, at)
        if not match or match[1] in self._first_keys or len(self._first_keys) == _MAX_KEYS:
            return
        if len(match[1]) <= _LONGEST_KEY:
            self._first_keys.append(match[1])
            known = "|".join(map(re.escape, self._first_keys))
            self._begins = re.compile(rf"(?<!:)(?<!: )\{{[ \t\n\r]*+(?:{known})[ \t\n\r]*+:")

    def _next_record(self, at: int, error: _BrokenError) -> int:
        """The next place where a record begins, -1 if none does.

        Args:
            at: from where to look
            error: of the broken record, which may hold what lies behind
        """
        begins = self._begins
        if begins is None:
            if error.cut_off:
                return -1
            begins = _BEHIND_COMMA
        tried = 0
        while True:
            match = begins.search(self._window.text, at) if tried < _MOST_TRIED else None
            if match is None:
                # A beginning may stand across the end of the window.
                at = self._window.forget(max(at, len(self._window.text) - 2 * _LONGEST_KEY))
                if not self._window.more():
                    return -1
                continue
            length = match.end() - match.start()
            at = self._window.forget(match.start())
            start = at + length if self._begins is None else at
            if self._may_be_record(start, error.sound):
                return start
            at += length
            tried += 1

    def _may_be_record(self, at: int, strict: bool) -> bool:
        """Whether a value is a record rather than part of one.

        Args:
            at: where it begins
            strict: whether it may be part of a record that was sound so far
        """
        try:
            value, end = self._decode(at)
        except _BrokenError:
            return self._begins is not None and not strict
        keys = tuple(value) if isinstance(value, dict) else ()
        if not self._keys:
            return self._is_outermost(end)
        if strict:
            return keys == self._keys and len(keys) >= _FEWEST_KEYS
        return 2 * len(set(keys).intersection(self._keys)) >= len(self._keys)

    def _is_outermost(self, at: int) -> bool:
        """Whether what follows a value, as far as the window goes, ends with the file's list."""
        window = self._window
        try:
            while window.text.startswith(",", at := _skipped(window.text, at)):
                at = _skipped(window.text, at + 1)
                if at < len(window.text):
                    _, at = _DECODER.raw_decode(window.text, at)
        except (ValueError, RecursionError):
            return True  # broken itself, or cut by the window
        if not window.text.startswith("]", at):
            return at == len(window.text)
        at = _skipped(window.text, at + 1)
        return self._bracketed and window.text[at : at + 1] in ("", "[")


def list_within(text: str) -> int:
    """Where a list opens that is all there is, or that stands under a key of an object.

    Args:
        text: a character a byte, from the first that is no white space

    Returns:
        the place of the bracket; -1 if there is none
    """
    if not text.startswith("{"):
        return 0 if text.startswith("[") else -1
    at = 1
    while member := _MEMBER.match(text, at):
        at = member.end()
        if _OF_OBJECTS.match(text, at):
            return at
        try:
            _, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
    return -1


def _encoding_fault(text: str) -> str:
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        return f"the record is not UTF-8 text (byte {error.start})"
    return ""


def _skipped(text: str, at: int) -> int:
    match = _SPACES.match(text, at)
    return at if match is None else match.end()
