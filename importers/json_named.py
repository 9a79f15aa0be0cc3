"""The records of an object one by one, each under a name of its own.

::

    {"0001": {"image": "a.jpg", ...}, "0002": {"image": "b.jpg", ...}}
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

from pairlens.importers.json_items import Item, too_long
from pairlens.importers.json_members import DECODER
from pairlens.importers.json_window import Window, skipped

_MARK = BOM_UTF8.decode("latin-1")

_NAME = re.compile(r'("(?:[^"\\]|\\.)*+")[ \t\n\r]*+:[ \t\n\r]*+')

_LOOKED_AT = 16
"""Members by which an object of records is known."""

_HELD = 2
"""Times the longest record that are held."""

_CUT_OFF = "the file ends in the middle of its object"

_WRONG = "no comma, name or end of the object stands where one should; nothing behind is read"

_TOKEN = 16
"""Characters that a value can lack at the end of a window."""


def is_of_named(head: bytes) -> bool:
    """Whether an object holds records under names: its first members are objects that are alike.

    Args:
        head: the first bytes of a file
    """
    text = head.decode("latin-1").removeprefix(_MARK)
    at, first, found = skipped(text, 0), None, 0
    if not text.startswith("{", at):
        return False
    at += 1
    while found < _LOOKED_AT and (name := _NAME.match(text, skipped(text, at))):
        try:
            value, at = DECODER.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            break  # cut off, or broken
        if not isinstance(value, dict) or not value:
            return False
        first = first or value
        if 2 * len(value.keys() & first.keys()) < len(first):
            return False
        found, at = found + 1, skipped(text, at)
        if not text.startswith(",", at):
            # An object in a line may be a record with objects in its cells.
            return text.startswith("}", at) and not text[at + 1 :].strip()
        at += 1
    return found > 1


def named_items(window: Window, limit: int) -> Iterator[Item]:
    """The records of an object, and at the end what is wrong with it.

    Behind a record that is no JSON nothing is read.

    Args:
        window: at the beginning of the file
        limit: the length in bytes at which a record is a fault
    """
    while len(window.text) < len(_MARK) and window.more():
        pass
    at = window.skip(len(_MARK) * window.text.startswith(_MARK)) + 1
    number = 0
    while True:
        at = window.forget(window.skip(at))
        if window.text.startswith("}", at):
            return
        place, line = window.base + at, window.line(at)
        try:
            if number:
                at = window.skip(_comma(window, at))
            begin = at
            name, at = _member_name(window, at, limit)
            value, end = _decoded(window, at, limit)
        except ValueError as error:
            yield Item(number, place, place, b"", str(error), last=True, line=line)
            return
        data = window.text[at:end].encode("latin-1")
        start = window.base + at
        fault = too_long(limit) if len(data) > limit else ""
        values = (value,) if data.isascii() and not fault else ()
        yield Item(
            number, start, start + len(data), data, fault, line=line, values=values,
            lead=at - begin, name=name,
        )  # fmt: skip
        number, at = number + 1, end


def name_and_record(data: bytes) -> tuple[str, bytes]:
    """The name of a member and its record, of the bytes of both."""
    text = data.decode("latin-1")
    match = _NAME.match(text)
    if match is None:
        return "", data
    return DECODER.decode(match[1].encode("latin-1").decode()), data[match.end() :]


def _comma(window: Window, at: int) -> int:
    if not window.text.startswith(",", at):
        raise ValueError(_CUT_OFF if at >= len(window.text) else _WRONG)
    return at + 1


def _member_name(window: Window, at: int, limit: int) -> tuple[str, int]:
    """The name at a place, and where its value begins."""
    while (match := _NAME.match(window.text, at)) is None or match.end() == len(window.text):
        if len(window.text) - at > _HELD * limit or not window.double(at):
            raise ValueError(_CUT_OFF if at >= len(window.text) else _WRONG)
    try:
        return DECODER.decode(match[1].encode("latin-1").decode()), match.end()
    except UnicodeDecodeError as error:
        raise ValueError(f"a name is not UTF-8 text (byte {error.start})") from None


def _decoded(window: Window, at: int, limit: int) -> tuple[Any, int]:
    """The value at a place, and where it ends."""
    while True:
        try:
            value, end = DECODER.raw_decode(window.text, at)
            if end + _TOKEN < len(window.text) or not window.more():
                return value, end
        except RecursionError:
            raise ValueError("the record is nested too deeply") from None
        except ValueError as error:
            if len(window.text) - at > _HELD * limit:
                raise ValueError(too_long(limit)) from None
            if not window.double(at):
                line = window.line(at)
                reason = getattr(error, "msg", error)
                raise ValueError(
                    f"the record is not valid JSON ({reason}, in the record of line {line})"
                ) from None
