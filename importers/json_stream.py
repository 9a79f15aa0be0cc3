"""Reads the records of a JSON file one by one, in constant memory.

Training data are published as one list of up to a million records (read by :mod:`.json_list`), as
lists under keys of an object (:mod:`.keyed_lists`), or with a record on each line.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import BinaryIO, Literal

from pairlens.importers.errors import OnNote, ignore_note
from pairlens.importers.files import MAX_SKIPPED
from pairlens.importers.json_items import MAX_RECORD, Item, too_long
from pairlens.importers.json_list import ListReader
from pairlens.importers.json_members import DECODER
from pairlens.importers.json_named import named_items
from pairlens.importers.json_window import CHUNK, Window
from pairlens.importers.keyed_lists import SPACE, KeyedList, begins_with_object, record_lists

Form = Literal["list", "lines", "values", "named"]
"""The layout of a file. ``list``: a list, or lists under keys of an object. ``lines``: a record on
each line. ``values``: records one after the other without brackets, on any number of lines.
``named``: records under names of their own in an object."""


_TWO = re.compile(rb"\}[ \t]*+,?+[ \t]*+\{")
"""Text between two records on a line; it can also occur within lists of a record."""

_AFTER = re.compile(r"[ \t\n\r]*+,?+[ \t\n\r]*+")


def form_of(head: bytes) -> Form | None:
    """Guesses the form of a file from its first bytes; ``None`` if it is not JSON of a form."""
    start = head.removeprefix(BOM_UTF8).lstrip(SPACE)[:1]
    return {b"[": "list", b"{": "lines"}.get(start)  # type: ignore[return-value]


def read_items(
    stream: BinaryIO,
    form: Form,
    *,
    limit: int = MAX_RECORD,
    chunk: int = CHUNK,
    on_note: OnNote = ignore_note,
    several: bool = True,
) -> Iterator[Item]:
    """Splits a file into its records.

    Args:
        stream: the file, at its beginning
        form: the layout of the file
        limit: maximum size of a record in bytes; a longer one is a fault. Memory use is less than
            three times that
        chunk: bytes to read at a time
        on_note: receives notes on text between records, without the name of the file
        several: whether to read all lists of an object that have records, which takes a further
            pass over the file; otherwise the first list is read
    """
    if form == "lines":
        return _lines(stream, limit)
    if form == "named":
        return named_items(Window(stream, chunk), limit)
    if form == "list" and several and begins_with_object(stream):
        lists, fault = record_lists(stream, limit, on_note)
        stream.seek(0)
        if lists:
            return _of_lists(stream, lists, limit, chunk, on_note, fault)
    return ListReader(Window(stream, chunk), limit, form == "list", on_note).items()


def _of_lists(
    stream: BinaryIO,
    lists: list[KeyedList],
    limit: int,
    chunk: int,
    on_note: OnNote,
    fault: str,
) -> Iterator[Item]:
    """Yields the items of several lists, each with the key of its list.

    If the file is broken after these lists, a last item has that fault, since further lists may
    have been lost.
    """
    number = line = end = 0
    counted = 0
    for at, one in enumerate(lists):
        stream.seek(counted)
        line, counted = line + _line_ends(stream, one.start - counted), one.start
        # Of thousands of short lists no more is read than they have.
        size = lists[at + 1].start - one.start if at + 1 < len(lists) else chunk
        window = Window(stream, min(chunk, size), base=one.start, line=line + 1)
        for item in ListReader(window, limit, True, on_note, number).listed():
            yield item._replace(key=one.key)
            number, end = item.number + 1, item.end
            if item.last:
                return
    if fault:
        yield Item(number, end, end, b"", f"the file {fault}", last=True, line=line + 1)


def _line_ends(stream: BinaryIO, size: int) -> int:
    """Counts the line ends in the next ``size`` bytes of a stream."""
    ends = 0
    while size > 0 and (piece := stream.read(min(CHUNK, size))):
        ends += piece.count(b"\n")
        size -= len(piece)
    return ends


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
                yield Item(index, begin, position, b"", too_long(limit), last=True, line=number)
                return
        if cut:
            end = position - line.endswith(b"\n")
            yield Item(index, begin, end, b"", too_long(limit), line=number)
            index += 1
            continue
        text = line if begin else line.removeprefix(BOM_UTF8)
        data = text.strip(SPACE)
        if data.endswith(b"},"):  # the lines of a list without its brackets
            data = data[:-1]
        if data:
            start = begin + len(line) - len(text.lstrip(SPACE))
            for at, end in _objects(data):
                yield Item(index, start + at, start + end, data[at:end], line=number)
                index += 1


def _objects(data: bytes) -> list[tuple[int, int]]:
    """Returns the begin and end of each record of a line, which can have several objects."""
    if not _TWO.search(data):
        return [(0, len(data))]
    text, at, found = data.decode("latin-1"), 0, []
    while at < len(text):
        try:
            value, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return [*found, (at, len(text))]  # the rest of the line is one broken record
        if not isinstance(value, dict):
            return [(0, len(text))]
        found.append((at, end))
        at = _AFTER.match(text, end).end()  # type: ignore[union-attr]
    return found
