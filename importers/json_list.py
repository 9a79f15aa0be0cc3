"""Reads the records of a JSON list one by one, and continues after broken ones.

The list is decoded value by value over a window that slides along the file. After a record that is
not valid JSON the reader searches for the next ``{"KEY":`` with the first key of an earlier record,
and continues there. So a stray quote costs one record, not the rest of the file.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

from pairlens.importers.errors import OnNote
from pairlens.importers.json_items import Item, too_long
from pairlens.importers.json_members import DECODER
from pairlens.importers.json_window import Window, skipped

_MARK = BOM_UTF8.decode("latin-1")

_AROUND = " \t\n\r,"

_STRING = r'"(?:[^"\\]|\\.)*+"'

_FIRST_KEY = re.compile(rf"\{{[ \t\n\r]*+({_STRING})[ \t\n\r]*+:")

_MEMBER = re.compile(rf"[ \t\n\r]*+,?+[ \t\n\r]*+{_STRING}[ \t\n\r]*+:[ \t\n\r]*+")

_ENDS = re.compile(r"[ \t\n\r,\]}]|\Z")

_PART_OF_TOKEN = re.compile(r"[\w.+\\\"-]*+[ \t\n\r]*+\Z", re.ASCII)

_SEPARATOR = re.compile(r"[ \t\n\r]*+,[ \t\n\r]*+(?=\{)")

_OF_OBJECTS = re.compile(r"\[[ \t\n\r]*+\{")

_OPENS = re.compile(rf"{_STRING}[ \t\n\r]*+:[ \t\n\r]*+\[[ \t\n\r]*+\Z")
"""A key and the opening bracket of its list, just before an item."""

_BEHIND_COMMA = re.compile(r",[ \t\n\r]*+(?=[^ \t\n\r,\]])")
"""Where a value begins, used as long as no sound record has shown its first key."""

_TOKEN = 16
"""Characters from the end of a window within which a number, escape or literal may be cut off."""

_MAX_KEYS = 8
"""Maximum number of different first keys that mark the beginning of a record."""

_LONGEST_KEY = 256
"""Maximum length of such a key in characters."""

_FEWEST_KEYS = 2
"""Least number of keys by which an object is recognized as a record."""

_MOST_TRIED = 1000
"""Candidates for the next record that are examined after a broken one."""

_MOST_BROKEN = 20_000
"""Consecutive broken records after which the rest of the file is skipped."""

_HELD = 2
"""Size of the window in which a record must end, as a multiple of the maximum record length."""

_NOTHING = "nothing stands where a record should"

_BRACES = "{:,} closing braces too many are passed over"

_NO_COMMAS = "{:,} records without a comma in front are read"

_LISTS = "{:,} more lists stand behind the first, and are read as part of it"

_CLOSED = "the list is closed {:,} times before its last record"

_BEHIND = "text stands behind the end of the list"

_CUT_OFF = "the file ends in the middle of its list"

Keys = tuple[str, ...]
"""The keys of a record, in order."""


class _BrokenError(Exception):
    """A value that cannot be decoded.

    Args:
        fault: why it cannot be decoded
        sound: whether it is valid as far as it was read, but does not end
        cut_off: whether the file ends within it
    """

    def __init__(self, fault: str, *, sound: bool = False, cut_off: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.sound = sound
        self.cut_off = cut_off


class ListReader:
    """Reads the values of a list, or of a sequence without brackets.

    Args:
        window: at the beginning of the file, or of the first value for :meth:`listed`
        limit: maximum size of a record in bytes; a longer one is a fault
        bracketed: whether the values are in a list
        on_note: receives notes on irregular punctuation between values
        number: number of the first item
    """

    def __init__(
        self, window: Window, limit: int, bracketed: bool, on_note: OnNote, number: int = 0
    ) -> None:
        self._window = window
        self._limit = limit
        self._bracketed = bracketed
        self._on_note = on_note
        self._odd: Counter[str] = Counter()
        self._number, self._broken = number, 0
        self._keys: Keys = ()  # of the last sound record
        self._first_keys: list[str] = []  # as in the file, with quotes
        self._within = False  # whether the list is a member of an object, with others after it
        self._begins: re.Pattern[str] | None = None  # matches the beginning of a record

    def items(self) -> Iterator[Item]:
        """Yields the items, and a last one with a fault if the list does not end properly."""
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
        self._note_oddities()

    def listed(self) -> Iterator[Item]:
        """Yields the items of the list whose opening bracket is just before the window."""
        self._within = True
        yield from self._values(0)
        self._note_oddities()

    def _note_oddities(self) -> None:
        for note, count in self._odd.items():
            if count:
                self._on_note(note.format(count))

    def _values(self, at: int) -> Generator[Item, None, int]:
        """Yields the values up to the end of a list.

        Returns:
            the offset in the window after the closing bracket; -1 if there is nothing more to read
        """
        separated, empty = True, True  # whether a value is allowed here; whether there was none
        while True:
            if not separated and (separator := _SEPARATOR.match(self._window.text, at)):
                at, separated = separator.end(), True  # a shortcut for the usual case
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
                # After a broken record, the comma before the next one is skipped already.
                separated, empty = item.end < self._window.base + at, False
                if item.last:
                    return -1
            else:
                if self._bracketed:
                    yield self._fault(at, at, _CUT_OFF, last=True)
                return -1

    def _behind(self, at: int) -> Generator[Item, None, int]:
        """Finds out how the file continues after the end of a list.

        Yields a fault if other text follows.

        Returns:
            the offset of the first record of a further list, or of a record that follows although
            the list was closed; -1 if there is neither
        """
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
        """Reads the value at an offset; returns its item and the offset to continue from."""
        try:
            value, end = self._decode(at)
        except _BrokenError as error:
            return self._lost(at, error)
        if end - at > self._limit:
            return self._fault(at, end, too_long(self._limit)), end
        self._broken = 0
        if isinstance(value, dict) and value and self._keys != (keys := tuple(value)):
            self._learn(at)
            self._keys = keys
        data = self._window.text[at:end].encode("latin-1")
        # The window decodes UTF-8 as Latin-1, so strings with other characters are wrong in value.
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
        """Decodes the value at an offset, reading more of the file as long as it may be cut off.

        Returns:
            the value, and the offset after it

        Raises:
            _BrokenError: if it cannot be decoded
        """
        window = self._window
        while True:
            try:
                value, end = DECODER.raw_decode(window.text, at)
                if end + _TOKEN >= len(window.text) and window.more():
                    continue  # a number may continue
                if isinstance(value, dict | list) or _ENDS.match(window.text, end):
                    return value, end
                what, place = "Extra data", end
            except RecursionError:
                fault = "the record is nested too deeply"
                raise _BrokenError(fault, sound=True) from None
            except json.JSONDecodeError as error:  # not chained, since it refers to the whole text
                what, place = error.msg, error.pos
            except ValueError as error:  # an integer of more digits than Python converts
                raise _BrokenError(f"the record is not valid JSON ({error})") from None
            unclosed = what.startswith("Unterminated string")
            sound = unclosed or place >= len(window.text) - _TOKEN
            if sound and len(window.text) - at > _HELD * self._limit:
                raise _BrokenError(too_long(self._limit), sound=True)
            if not sound or not window.double(at):
                where = f"line {window.line(place)}, byte {window.base + place}"
                fault = f"the record is not valid JSON ({what}: {where})"
                cut_off = unclosed or _PART_OF_TOKEN.match(window.text, place) is not None
                raise _BrokenError(fault, sound=cut_off, cut_off=cut_off)

    def _lost(self, at: int, error: _BrokenError) -> tuple[Item, int]:
        """Returns the item of a broken value, and the offset where the next record begins."""
        window = self._window
        start, line = window.base + at, window.line(at)
        self._learn(at)
        self._broken += 1
        found = self._next_record(at + 1, error) if self._broken < _MOST_BROKEN else self._end()
        text = window.text
        end = len(text) if found < 0 else found
        while end and text[end - 1] in _AROUND:
            end -= 1
        # A bracket at the end of a record that was valid so far belongs to the record.
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
        """Skips to the end of the file; returns -1, as :meth:`_next_record` without a result."""
        while self._window.more():
            self._window.forget(len(self._window.text))
        return -1

    def _learn(self, at: int) -> None:
        """Remembers the first key of the record at an offset."""
        match = _FIRST_KEY.match(self._window.text, at)
        if not match or match[1] in self._first_keys or len(self._first_keys) == _MAX_KEYS:
            return
        if len(match[1]) <= _LONGEST_KEY:
            self._first_keys.append(match[1])
            known = "|".join(map(re.escape, self._first_keys))
            self._begins = re.compile(rf"(?<!:)(?<!: )\{{[ \t\n\r]*+(?:{known})[ \t\n\r]*+:")

    def _next_record(self, at: int, error: _BrokenError) -> int:
        """Returns the offset of the next record, -1 if there is none.

        Args:
            at: the offset to search from
            error: of the broken record, which may contain what looks like a record
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
                # The beginning of a record may be cut off by the end of the window.
                at = self._window.forget(max(at, len(self._window.text) - 2 * _LONGEST_KEY))
                if not self._window.more():
                    return -1
                continue
            length = match.end() - match.start()
            before = max(0, match.start() - _LONGEST_KEY)
            if self._within and _OPENS.search(self._window.text, before, match.start()):
                return -1  # it is the first record of the next list
            at = self._window.forget(match.start())
            start = at + length if self._begins is None else at
            if self._may_be_record(start, error.sound):
                return start
            at += length
            tried += 1

    def _may_be_record(self, at: int, strict: bool) -> bool:
        """Whether the value at an offset is a record rather than a part of one.

        Args:
            at: the offset
            strict: whether the broken record was valid so far, so that the value may be part of it:
                it must then have the same keys as the last sound record
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
        """Whether values follow up to the end of the list, or of the window.

        After a value within a broken record, the rest of that record would follow instead.
        """
        window = self._window
        try:
            while window.text.startswith(",", at := skipped(window.text, at)):
                at = skipped(window.text, at + 1)
                if at < len(window.text):
                    _, at = DECODER.raw_decode(window.text, at)
        except (ValueError, RecursionError):
            return True  # the next value is broken, or cut off by the window
        if not window.text.startswith("]", at):
            return at == len(window.text)
        at = skipped(window.text, at + 1)
        return self._bracketed and window.text[at : at + 1] in ("", "[")


def list_within(text: str) -> int:
    """Finds the opening bracket of a list that is the whole file, or a member of an object.

    Args:
        text: the beginning of the file, decoded as Latin-1, without leading white space

    Returns:
        the offset of the bracket; -1 if there is none
    """
    if not text.startswith("{"):
        return 0 if text.startswith("[") else -1
    at = 1
    while member := _MEMBER.match(text, at):
        at = member.end()
        if _OF_OBJECTS.match(text, at):
            return at
        try:
            _, at = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
    return -1


def _encoding_fault(text: str) -> str:
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        return f"the record is not UTF-8 text (byte {error.start})"
    return ""
