"""Tables as JSON: a list of rows, alone or under a key, or a row a line."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from pairlens.importers.errors import LayoutError
from pairlens.importers.formats.instruction_export import Pieces, end_of
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.formats.table_cells import is_image_cell
from pairlens.importers.formats.table_joined import members_of
from pairlens.importers.formats.table_rows import MAX_COLUMNS, MAX_ROW, Decide, TableRow
from pairlens.importers.json_items import Item, load
from pairlens.importers.json_named import is_of_named, name_and_record
from pairlens.importers.json_stream import Form, form_of, read_items
from pairlens.importers.source_files import open_source

ENDINGS = (".json", ".jsonl", ".ndjson")

_HEAD = 8 << 20
"""Bytes in which the first rows have to be."""

_LOOKED_AT = 50

NAME = "key"
"""The column of the names that records have in an object, or of the images that lists are of."""


class JsonTable:
    """A JSON or JSON Lines file; see :class:`pairlens.importers.formats.table_rows.Table`.

    Args:
        path: the file
        name: relative to the folder that the dataset lies in
        anywhere: whether it may be a link that leads out of the dataset's folder

    Raises:
        LayoutError: if it holds no list of objects
        OSError: if it cannot be read
    """

    def __init__(self, path: Path, name: str, *, anywhere: bool = False) -> None:
        self.path, self.name, self._anywhere = path, name, anywhere
        self._odd: list[str] = []
        self.notes: Sequence[str] = self._odd
        self._lists: list[tuple[int, str]] = []  # where those under keys begin
        with self._open() as stream:
            facts = os.fstat(stream.fileno())
            version = facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns
            form, self.columns, self.members = _opening(_Head(name, version, stream.read(_HEAD)))
        if form is None:
            raise LayoutError(f"{name} begins with neither a list nor an object in UTF-8")
        self._form: Form = form
        if not self.columns:
            raise LayoutError(f"{name} holds no list of objects, whose members are the columns")

    def _open(self) -> BinaryIO:
        return open_source(self.path, anywhere=self._anywhere)

    def rows(self) -> Iterator[TableRow]:
        """All rows."""
        self._odd.clear()
        self._lists.clear()
        with self._open() as stream:
            for item in read_items(stream, self._form, limit=MAX_ROW, on_note=self._odd.append):
                if item.key and (not self._lists or self._lists[-1][1] != item.key):
                    self._lists.append((item.start, item.key))
                yield _row(item)

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A row that was met before."""
        with self._open() as stream:
            stream.seek(start)
            data = stream.read(size)
        if self._form == "named":
            name, record = name_and_record(data)
            lead = len(data) - len(record)
            item = Item(number - 1, start + lead, start + size, record, lead=lead, name=name)
            return _row(item)
        at = bisect_right(self._lists, start, key=itemgetter(0))
        key = self._lists[at - 1][1] if at else ""
        return _row(Item(number - 1, start, start + size, data, key=key))

    def rewrite(self, out: BinaryIO, decide: Decide) -> tuple[int, bool]:
        """Writes the file with some rows left out and some cells changed."""
        changed, cut = False, False
        with self._open() as stream, self._open() as copied:
            pieces = Pieces(copied, out, b"," if self._form in ("list", "named") else b"")
            for item in read_items(stream, self._form, limit=MAX_ROW):
                if item.last:
                    changed = cut = True
                    break
                row = _row(item)
                edits = decide(row)
                kept = item.data if edits is not None else None
                if edits:
                    kept = _edited(item.data, row.cells, edits)
                changed |= kept != item.data
                pieces.take(item, kept)
            pieces.end(end_of(self._form, stream) if cut else None)
        return pieces.written, changed


@dataclass(frozen=True)
class _Head:
    """The beginning of a file in one version of it."""

    name: str
    version: tuple[int, ...]
    data: bytes = field(compare=False, repr=False)


@lru_cache(maxsize=4)  # an import opens a table several times, and lists in lists take seconds
def _opening(
    head: _Head,
) -> tuple[Form | None, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The form of a file, the columns of its first rows, of its head alone, and their members.

    A large file may hold no rows at all.
    """
    form = _form(head.name, head.data)
    if form is None:
        return None, (), ()
    items = read_items(BytesIO(head.data), form, limit=MAX_ROW)
    rows = [_row(item).cells for item in islice(items, _LOOKED_AT)]
    names = dict.fromkeys(column for cells in rows for column in cells)
    members = dict.fromkeys(one for cells in rows for one in members_of(cells))
    return form, tuple(names)[:MAX_COLUMNS], tuple(members)[:MAX_COLUMNS]


def _form(name: str, head: bytes) -> Form | None:
    form = form_of(head)
    if form is None or form == "list":  # of lines, rows would be objects
        return form
    if name.lower().endswith((".jsonl", ".ndjson")):
        return "lines"
    if is_of_named(head):
        return "named"
    first, *others = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)
    try:
        row = load(first)
    except ValueError:
        return "list"  # under a key
    listed = isinstance(row, dict) and any(map(_is_list_of_rows, row.values()))
    return "list" if listed and not b"".join(others).strip() else "lines"


def _is_list_of_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _row(item: Item) -> TableRow:
    place = item.number + 1, item.start - item.lead, item.end - item.start + item.lead
    try:
        value = item.load()
    except ValueError as error:
        return TableRow(*place, {}, str(error), item.key)
    if not isinstance(value, dict):
        fault = "it is no object, whose members are the cells"
        return TableRow(*place, {}, fault, item.key)
    name = item.name or (item.key if is_image_cell(item.key) else "")
    named = {NAME: name} if name and NAME not in value else {}
    return TableRow(*place, value | named, key=item.key)


def _edited(data: bytes, cells: Mapping[str, Any], edits: Mapping[str, Any]) -> bytes:
    """A row with other values; within lists and objects, all that is the same stays."""
    text = data.decode()
    changes = dict(
        change
        for column, value in edits.items()
        for change in _changes((column,), cells[column], value)
    )
    dumped = {at: json.dumps(value, ensure_ascii=text.isascii()) for at, value in changes.items()}
    return replace_values(text, dumped).encode()


def _changes(
    at: tuple[str | int, ...], old: Any, new: Any
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for name in old:
            yield from _changes((*at, name), old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes((*at, number), before, after)
    elif old != new or type(old) is not type(new):
        yield at, new
