"""Columns that are read as one, and members of objects that are read as columns.

::

    image, xmin, ymin, xmax, ymax, text       the column "xmin,ymin,xmax,ymax"
    image, caption_1, caption_2, caption_3    the column "caption_1,caption_2,caption_3"
    image, question, answer                   the column "question,answer", a conversation
    image, objects: [{bbox: ..., text: ...}, ...]     the column "objects.text"
    image, objects: {bbox: [...], text: [...]}    the columns "objects.bbox" and "objects.text"

They stand beside the columns that the file has, and what is written to them goes into these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from pairlens.importers.bounded_json import is_number
from pairlens.importers.errors import UsageError
from pairlens.importers.formats.table_cells import is_empty
from pairlens.importers.formats.table_named_boxes import plain, spread_over
from pairlens.importers.formats.table_rows import Decide, Table, TableRow

_NUMBERED = re.compile(r"(.*[^\W\d_])[ _-]?(\d+)")

_TEXTS = frozenset(
    {"caption", "captions", "sentence", "sent", "raw", "description", "text", "phrase", "title"}
)
"""Names of columns of texts that stand several times, with a number behind."""

_ASKED = ("question", "query", "prompt", "instruction")
_ANSWERED = ("answer", "response", "output")

_UNSURE = (("x", "y", "w", "h"), ("x", "y", "width", "height"))
"""Names that are as well those of a tile's place in its scene."""


@dataclass(frozen=True, slots=True)
class _Joined:
    """Columns that are read as one: a box, texts, or a question and its answer."""

    name: str
    parts: tuple[str, ...]
    kind: Literal["box", "texts", "talk"]

    def cell(self, cells: Mapping[str, Any]) -> Any:
        """What they hold together; ``None`` where they are empty."""
        held = {part: cells.get(part) for part in self.parts}
        filled = [cell for cell in held.values() if not is_empty(cell)]
        if self.kind == "box":
            return held if filled else None
        if self.kind == "texts" or len(filled) < len(self.parts):
            return filled or None
        said = (str(one) if is_number(one) else one for one in filled)
        return [{"from": who, "value": text} for who, text in zip(_ROLES, said, strict=True)]

    def edits(self, cells: Mapping[str, Any], new: Any) -> dict[str, Any]:
        """The cells that hold other texts.

        Raises:
            UsageError: if they cannot
        """
        texts = [one["value"] for one in new] if self.kind == "talk" else list(new)
        if len(texts) > len(self.parts):
            raise UsageError(f"the columns {self.name} hold no more than {len(self.parts)} texts")
        texts += [_nothing(cells, self.parts)] * (len(self.parts) - len(texts))
        made = dict(zip(self.parts, texts, strict=True))
        return {part: text for part, text in made.items() if text != cells[part]}


_ROLES = ("human", "gpt")


def _nothing(cells: Mapping[str, Any], parts: Sequence[str]) -> str | None:
    """An empty cell as the columns have them."""
    return "" if any(isinstance(cells[part], str) for part in parts) else None


class JoinedTable:
    """A table with columns that are joined, and members; see :class:`.table_rows.Table`.

    Args:
        table: as the file has it
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.path, self.name = table.path, table.name
        self._joined = _joined(table.columns)
        self.members: Sequence[tuple[str, str]] = table.members
        parts = [f"{column}.{member}" for column, member in self.members]
        self.columns = (*table.columns, *(one.name for one in self._joined), *parts)

    @property
    def notes(self) -> Sequence[str]:
        """As of the table."""
        return self.table.notes

    def rows(self) -> Iterator[TableRow]:
        """All rows."""
        return map(self._with_more, self.table.rows())

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A row that was met before."""
        return self._with_more(self.table.row(number, start, size))

    def rewrite(self, out: BinaryIO, decide: Decide) -> tuple[int, bool]:
        """Writes the file with some rows left out and some cells changed."""

        def decided(row: TableRow) -> Mapping[str, Any] | None:
            edits = decide(self._with_more(row))
            return self._of_file(row.cells, edits) if edits else edits

        return self.table.rewrite(out, decided)

    def _with_more(self, row: TableRow) -> TableRow:
        if row.fault:
            return row
        more = {one.name: one.cell(row.cells) for one in self._joined}
        for column, member in self.members:
            more[f"{column}.{member}"] = _member(row.cells.get(column), member)
        return row._replace(cells={**row.cells, **more})

    def _of_file(self, cells: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
        """Edits of the file's own columns."""
        made = dict(edits)
        for one in self._joined:
            if one.name in made:
                made |= one.edits(cells, made.pop(one.name))
        for column, member in self.members:
            name = f"{column}.{member}"
            if name in made:
                held = made.get(column, cells[column])
                made[column] = _with_member(held, member, made.pop(name))
        return made


def with_joined(table: Table) -> Table:
    """A table with the columns that are joined, where there are such; else itself."""
    return JoinedTable(table) if table.members or _joined(table.columns) else table


def as_stored(table: Table) -> Table:
    """A table as its file has it."""
    return table.table if isinstance(table, JoinedTable) else table


def members_of(cells: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The members of the objects of a row that hold lists, and those of the objects of lists that
    hold texts, with the names of their columns.
    """
    for column, cell in cells.items():
        if isinstance(cell, Mapping) and "counts" not in cell and "bytes" not in cell:
            yield from ((column, str(name)) for name, held in cell.items() if _is_list(held))
        elif _is_list(cell) and isinstance(first := cell[0], Mapping):
            yield from ((column, str(n)) for n, held in first.items() if isinstance(held, str))


def _member(cell: Any, member: str) -> Any:
    """A member of an object, or of each object of a list."""
    if isinstance(cell, Mapping):
        return cell.get(member)
    objects = isinstance(cell, list) and all(isinstance(one, Mapping) for one in cell)
    return [one.get(member) for one in cell] if objects and cell else None


def _with_member(cell: Any, member: str, new: Any) -> Any:
    """An object with another member, or the objects of a list with one each.

    Raises:
        UsageError: if they are not as many
    """
    if isinstance(cell, Mapping):
        return {**cell, member: new}
    if len(new) != len(cell):
        raise UsageError(
            f"{len(cell)} objects of a list cannot hold {len(new)} texts; with "
            "--param instances=each, an object goes with its text"
        )
    return [{**one, member: text} for one, text in zip(cell, new, strict=True)]


def is_unsure(name: str) -> bool:
    """Whether joined columns may be something else than their names say."""
    return tuple(map(plain, name.split(","))) in _UNSURE


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _joined(names: Sequence[str]) -> list[_Joined]:
    spread = [_Joined(",".join(parts), tuple(parts), "box") for parts in spread_over(names)[:1]]
    groups: dict[str, list[str]] = {}
    for name in names:
        numbered = _NUMBERED.fullmatch(name)
        groups.setdefault(numbered[1] if numbered else name, []).append(name)
    texts = [
        _Joined(",".join(parts), tuple(parts), "texts")
        for base, parts in groups.items()
        if len(parts) > 1 and plain(base) in _TEXTS
    ]
    known = {plain(name): name for name in reversed(names)}
    asked, answered = (
        next((known[one] for one in words if one in known), "") for words in (_ASKED, _ANSWERED)
    )
    both = (asked, answered)
    talk = [_Joined(",".join(both), both, "talk")] if all(both) else []
    return [one for one in (*spread, *texts, *talk) if one.name not in names]
