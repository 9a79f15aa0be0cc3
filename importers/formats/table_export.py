"""Writes a table back: rows that are left out are gone, edited cells changed, all else stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportPair, ExportText, ExportTurn, HeldMask
from pairlens.importers.formats.instruction_export import text_changes
from pairlens.importers.formats.mask_export import MaskFiles
from pairlens.importers.formats.message_parts import JsonPath, text_edits
from pairlens.importers.formats.native_export import Edit, ExportItem, SourceExporter
from pairlens.importers.formats.table_conversations import TalkEdits, talk_in, with_talk
from pairlens.importers.formats.table_files import folder_of
from pairlens.importers.formats.table_instances import parts_of, with_parts
from pairlens.importers.formats.table_literals import structure
from pairlens.importers.formats.table_masks import with_mask
from pairlens.importers.formats.table_records import RowReader
from pairlens.importers.formats.table_rows import Table, TableRow
from pairlens.importers.formats.table_texts import with_texts
from pairlens.importers.records import CaptionedImage, Pair, Raster

OpenExport = Callable[[Path], tuple[list[Table], RowReader]]
"""Opens the tables of a root again, with what reads their rows."""


class TableExporter(SourceExporter):
    """Writes tables; see :class:`pairlens.importers.formats.native_export.Exporter`.

    Images and masks that lie in the table's folder are copied; others stay where they are, since
    cells name them there.
    """

    writes_masks = True

    def __init__(self, root: Path, out: Path, open_export: OpenExport) -> None:
        super().__init__(folder_of(root), out)
        tables, self._reader = open_export(root)
        self._tables = {table.name: table for table in tables}
        self._masks = MaskFiles(self._root, out)

    def write_file(self, name: str, items: Iterator[Any]) -> None:
        """Writes one table, and the files that its rows name."""
        table = self._tables.get(name)
        if table is None:
            raise native_export.cannot("read", name, FileNotFoundError())
        target = native_export.inside(self._out, name)
        rows = _Rows(items)

        def decide(row: TableRow) -> Mapping[str, Any] | None:
            held = rows.of(row.number)
            # A row can hold several pairs, and a pair of a conversation several items.
            self.tally.records += len({item.key for item in held}) or 1
            if not held:
                self.tally.not_imported += 1
                return None
            edits = self._decided(table, row, held)
            return edits if edits is None else {**self._reader.shortened(row, self._root), **edits}

        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "wb") as out:
                written, changed = table.rewrite(out, decide)
        except OSError as error:
            raise native_export.cannot("copied", name, error) from error
        if (left := rows.left()) is not None:
            raise native_export.changed_source(name, left.source.index, left.key)
        if not written:
            target.unlink()
        self.count_file(written, changed)

    def _decided(
        self, table: Table, row: TableRow, held: list[ExportItem]
    ) -> Mapping[str, Any] | None:
        """The new cells of a row; ``None`` where nothing of it is selected."""
        try:
            records = {record.key: record for record in self._reader.records(table, row)}
        except ValueError:
            raise native_export.changed_source(table.name, row.number, held[0].key) from None
        for item in held:
            if item.key not in records:
                raise native_export.changed_source(table.name, row.number, item.key)
        first = held[0]
        record = records[first.key]
        if isinstance(record, Pair):
            return self._pairs(row, records, {item.key: item for item in held})
        if isinstance(record, CaptionedImage):
            return self._captions(row, record, first)
        return self._turns(row, held)

    def _captions(
        self, row: TableRow, record: CaptionedImage, item: Any
    ) -> Mapping[str, Any] | None:
        published = [caption.text for caption in record.captions]
        if not item.came_from(published):
            raise native_export.changed_source(item.source.file, row.number, item.key)
        if not item.selected:
            return None
        self._copy_image(item)
        written = item.written(published)
        for before, after in zip(published, written, strict=True):
            self._tell(item, before, after)
        added = [caption.text for caption in item.added]
        for text in added:
            self._tell(item, None, text)
        texts = [*written, *added]
        return {} if texts == published else self._with_texts(row, texts, item.key)

    def _turns(self, row: TableRow, held: list[Any]) -> Mapping[str, Any] | None:
        column = self._reader.text_column
        turns = talk_in(row.cells[column], "-").turns
        published: list[ExportTurn] = [item for item in held if not item.added]
        if [item.position for item in published] != list(range(len(turns))):
            raise StateError(
                f"{held[0].key}: {held[0].source} has {len(turns)} turns, and the dataset has "
                f"{len(published)}; add or remove turns in a review: nothing was exported"
            )
        changes: dict[JsonPath, str] = {}
        for item, text in zip(published, turns, strict=True):
            if not item.came_from([text.question, *text.answers]):
                raise native_export.changed_source(item.source.file, row.number, item.key)
            for place, before, after in text_changes(text, item):
                if place is not None and after is not None:
                    changes |= text_edits(structure(row.cells[column]), place, after)
                self._tell(item, before, after)
        added = [item for item in held if item.added]
        for item in added:
            for added_text in (item.question, *item.answers):
                self._tell(item, None, added_text)
        gone = [text for item, text in zip(published, turns, strict=True) if item.removed]
        if not held[0].selected or (len(gone) == len(turns) and not added):
            return None
        self._copy_image(held[0])
        edits = TalkEdits(changes, gone, [(one.question, one.answers[0]) for one in added])
        return {column: with_talk(row.cells[column], edits)} if any(edits) else {}

    def _tell(self, item: ExportText | ExportTurn, before: str | None, after: str | None) -> None:
        if item.selected and before != after:
            self.tally.on_edit(Edit(item.key, item.source, before, after))

    def _with_texts(self, row: TableRow, texts: list[str | None], key: str) -> Mapping[str, Any]:
        column = self._reader.text_column
        try:
            return {column: with_texts(row.cells[column], self._reader.separator, texts)}
        except ValueError as error:
            raise UsageError(f"{key}: {error}") from error

    def _pairs(
        self, row: TableRow, records: Mapping[str, Any], items: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        texts: list[str | None] = []
        masks: list[HeldMask | None] = []
        for key, record in records.items():
            pair: ExportPair | None = items.get(key)
            texts.append(None)
            masks.append(None)
            if pair is None:
                continue  # not imported, so not written
            if not pair.came_from(record.phrase):
                raise native_export.changed_source(record.source.file, row.number, key)
            if pair.has_mask:
                pair.check_target(record.target)
            if pair.selected:
                texts[-1] = pair.phrase
                self._copy_image(pair)
                masks[-1] = self._put_mask(pair, record)
        kept = [number for number, text in enumerate(texts) if text is not None]
        if not kept:
            return None
        key = next(iter(items))
        same = texts == [record.phrase for record in records.values()]
        edits: dict[str, Any] = {} if same else dict(self._with_texts(row, texts, key))
        write = self._with_parts if self._reader.each else self._with_mask
        return edits | dict(write(row, masks, kept, key))

    def _put_mask(self, pair: ExportPair, record: Pair) -> HeldMask | None:
        """Copies or writes the file of a mask; gives a mended one that belongs into the cell."""
        target = record.target
        if not isinstance(target, Raster):
            return pair.mask
        if self.is_beside(target.path):
            self._masks.put(native_export.relative_name(self._root, target.path), pair)
        elif pair.mended:
            raise UsageError(
                f"{pair.key}: its mask was mended, and the table's is {target.path}, outside of "
                "its folder; undo that, or leave the pair out"
            )
        return None

    def _with_mask(
        self, row: TableRow, masks: list[HeldMask | None], kept: list[int], key: str
    ) -> Mapping[str, Any]:
        """The cell of masks, of which all queries have the same."""
        held = {masks[number] for number in kept}
        if len(held) > 1:
            raise UsageError(
                f"{key} shares its mask with other pairs of row {row.number}, but their masks "
                "differ; mend one of them again, which mends all"
            )
        (mask,) = held
        column = self._reader.mask_column
        return {column: self._mended(row.cells[column], mask, key)} if mask else {}

    def _with_parts(
        self, row: TableRow, masks: list[HeldMask | None], kept: list[int], key: str
    ) -> Mapping[str, Any]:
        """The cell of masks, of which each query has its own, and lists beside it in an object."""
        column = self._reader.mask_column
        parts = parts_of(row.cells[column])
        if len(kept) == len(parts) and not any(masks):
            return {}
        made = [self._mended(parts[n], mask, key) if (mask := masks[n]) else parts[n] for n in kept]
        around = column.rpartition(".")[0]
        beside = {
            name: [cell[number] for number in kept]
            for name, cell in row.cells.items()
            if around and name.startswith(f"{around}.") and name != self._reader.text_column
            if isinstance(cell, list) and len(cell) == len(parts)
        }
        return beside | {column: with_parts(row.cells[column], made)}

    def _mended(self, cell: Any, mask: HeldMask, key: str) -> Any:
        try:
            return with_mask(cell, mask.pixels, self._reader.runs)
        except ValueError as error:
            raise UsageError(
                f"{key}: its mask was mended, and the cell {error}; undo that, or leave it out"
            ) from error

    def _copy_image(self, item: ExportItem) -> None:
        if item.image is None or self.is_beside(item.image):
            self.copy_image(item.image, item.key)


class _Rows:
    """What the dataset holds of a table, row by row."""

    def __init__(self, items: Iterator[ExportItem]) -> None:
        self._groups = groupby(items, key=lambda item: item.source.index)
        self._next = next(self._groups, None)

    def of(self, number: int) -> list[ExportItem]:
        """The items of a row; rows are asked for in order."""
        if self._next is None or self._next[0] != number:
            return []
        held = list(self._next[1])
        self._next = next(self._groups, None)
        return held

    def left(self) -> ExportItem | None:
        """An item whose row did not come."""
        return next(self._next[1], None) if self._next else None
