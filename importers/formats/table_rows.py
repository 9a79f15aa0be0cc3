"""What tables have in common, whatever file they are stored in: columns, and rows one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from pairlens.importers.errors import RecordError
from pairlens.importers.formats.table_cells import CellError
from pairlens.importers.records import Source

MAX_ROW = 48 << 20
"""Bytes; a longer row is refused, and no cell is longer."""

MAX_COLUMNS = 4096


class TableRow(NamedTuple):
    """A row as it stands in a file.

    Attributes:
        number: as people count: lines of a spreadsheet with the column names in line 1; rows of
            JSON and Parquet from 1
        start, size: where it stands, in units that its table understands
        cells: its values by column; texts of CSV and TSV, whatever JSON and Parquet hold
        fault: why its cells cannot be separated; ``""`` if they can
        key: of the list that it stands in, of JSON with lists under keys
    """

    number: int
    start: int
    size: int
    cells: Mapping[str, Any]
    fault: str = ""
    key: str = ""


Decide = Callable[[TableRow], Mapping[str, Any] | None]
"""The new values of a row's cells, none for a row that stays as it is; ``None`` to leave it out."""


class Table(Protocol):
    """A file of rows, read one by one and written back.

    Attributes:
        path: the file
        name: relative to the folder that the dataset lies in, with ``/``
        columns: the names of its columns, in order; of JSON those of its first rows
    """

    path: Path
    name: str
    columns: tuple[str, ...]

    @property
    def members(self) -> Sequence[tuple[str, str]]:
        """The members of objects in cells that hold lists, and of lists of objects that hold
        texts, with the names of their columns.
        """
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Oddities of the file and its unread parts, after all rows were read."""
        ...

    def rows(self) -> Iterator[TableRow]:
        """All rows, in order.

        Raises:
            OSError: if the file cannot be read
        """
        ...

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A row that was met before, again.

        Raises:
            OSError: if the file cannot be read
        """
        ...

    def rewrite(self, out: BinaryIO, decide: Decide) -> tuple[int, bool]:
        """Writes the file with some rows left out and some cells changed; all else stays.

        Returns:
            the number of rows that were written, and whether anything differs

        Raises:
            OSError: if a file cannot be read or written
        """
        ...


def broken(table: Table, number: int, error: ValueError) -> RecordError:
    """The error for a row, with its number."""
    between = "," if isinstance(error, CellError) else ":"
    return RecordError(f"{Source(table.name, number)}", f"row {number}{between} {error}")
