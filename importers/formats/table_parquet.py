"""Tables as Parquet, with the images and masks in their cells or beside them."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pairlens.importers.errors import LayoutError, StateError
from pairlens.importers.formats.table_rows import Decide, TableRow
from pairlens.importers.source_files import open_source

ENDINGS = (".parquet",)

MAX_GROUP = 4 << 30
"""Bytes of a row group, of which one is held."""

_BATCH = 64

_UNREADABLE = "it is no Parquet that can be read ({})"


class ParquetTable:
    """A Parquet file; see :class:`pairlens.importers.formats.table_rows.Table`.

    A row stands in a row group (its ``start``) under a number (its ``size``).

    Args:
        path: the file
        name: relative to the folder that the dataset lies in
        anywhere: whether it may be a link that leads out of the dataset's folder

    Raises:
        LayoutError: if it is no Parquet
        StateError: if the package that reads it is missing
        OSError: if it cannot be read
    """

    notes: Sequence[str] = ()

    def __init__(self, path: Path, name: str, *, anywhere: bool = False) -> None:
        self.path, self.name, self._anywhere = path, name, anywhere
        self._group: tuple[int, Any] | None = None
        try:
            with self._open() as file:
                self.columns = tuple(map(str, file.schema_arrow.names))
                self.members = _members(file.schema_arrow)
                sizes = [file.metadata.row_group(g).total_byte_size for g in _groups(file)]
        except Exception as error:  # on hostile bytes, it raises any exception
            if isinstance(error, StateError | FileNotFoundError | PermissionError):
                raise
            reason = error.strerror if isinstance(error, OSError) else None
            raise LayoutError(f"{name}: {reason or _UNREADABLE.format(error)}") from error
        if sizes and max(sizes) > MAX_GROUP:
            raise LayoutError(
                f"{name} has a row group of {max(sizes):,} bytes; write it with smaller ones"
            )

    @contextmanager
    def _open(self) -> Iterator[Any]:
        parquet = _package()
        stream = open_source(self.path, anywhere=self._anywhere)
        with closing(stream), _readable(self.path), parquet.ParquetFile(stream) as file:
            yield file

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[TableRow]:
        """All rows, or some columns of them."""
        number = 0
        with self._open() as file:
            for group in _groups(file):
                at = 0
                for batch in file.iter_batches(_BATCH, row_groups=[group], columns=columns):
                    for cells in batch.to_pylist():
                        number += 1
                        yield TableRow(number, group, at, cells)
                        at += 1

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A row that was met before; of one row group, any row is at hand."""
        if self._group is None or self._group[0] != start:
            self._group = None
            with self._open() as file:
                self._group = start, file.read_row_group(start)
        (cells,) = self._group[1].slice(size, 1).to_pylist()
        return TableRow(number, start, size, cells)

    def rewrite(self, out: BinaryIO, decide: Decide) -> tuple[int, bool]:
        """Writes the rows that are kept; a file that stays as it is, byte for byte."""
        written, changed, number = 0, False, 0
        with self._open() as file:
            schema = file.schema_arrow
            with _package().ParquetWriter(out, schema, compression=_compression(file)) as writer:
                for group in _groups(file):
                    table = file.read_row_group(group)
                    edits = [decide(row) for row in _rows_of(table, number, group)]
                    number += len(edits)
                    changed |= any(edit is None or edit for edit in edits)
                    table = _edited(table, edits)
                    written += len(table)
                    if len(table):
                        writer.write_table(table)
        if not changed:
            out.seek(0)
            out.truncate()
            with closing(open_source(self.path, anywhere=self._anywhere)) as source:
                shutil.copyfileobj(source, out, 1 << 20)
        return written, changed


def _members(schema: Any) -> tuple[tuple[str, str], ...]:
    """The lists in structs, and the texts in lists of structs, with the names of their columns."""
    from pyarrow import types

    found: list[tuple[str, str]] = []
    for field in schema:
        listed = types.is_list(field.type) or types.is_large_list(field.type)
        struct = field.type.value_type if listed else field.type
        if types.is_struct(struct):
            parts = [struct.field(number) for number in range(struct.num_fields)]
            wanted = _is_text if listed else types.is_list
            if "counts" not in {part.name for part in parts}:
                found += [(field.name, part.name) for part in parts if wanted(part.type)]
    return tuple(found)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)


def _rows_of(table: Any, before: int, group: int) -> Iterator[TableRow]:
    for begin in range(0, len(table), _BATCH):
        for at, cells in enumerate(table.slice(begin, _BATCH).to_pylist(), begin):
            yield TableRow(before + at + 1, group, at, cells)


def _edited(table: Any, edits: Sequence[Mapping[str, Any] | None]) -> Any:
    """A table with other cells and fewer rows; columns without an edit are not converted."""
    import pyarrow as pa

    for column in {name for edit in edits if edit for name in edit}:
        values = table[column].to_pylist()
        for at, edit in enumerate(edits):
            if edit and column in edit:
                values[at] = edit[column]
        place = table.schema.get_field_index(column)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.array(values, type=field.type))
    return table.filter(pa.array([edit is not None for edit in edits]))


def _groups(file: Any) -> range:
    return range(file.metadata.num_row_groups)


def _compression(file: Any) -> str:
    metadata = file.metadata
    if not metadata.num_row_groups or not metadata.num_columns:
        return "snappy"
    named = metadata.row_group(0).column(0).compression.lower()
    return "none" if named == "uncompressed" else named


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what the decoder raises on hostile bytes into an ``OSError``."""
    from pyarrow.lib import ArrowException

    try:
        yield
    except (ArrowException, ValueError, OverflowError) as error:
        raise OSError(errno.EIO, _UNREADABLE.format(error), str(path)) from error


def _package() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise StateError("Parquet needs pyarrow; run: pip install 'pairlens[hub]'") from error
    return parquet
