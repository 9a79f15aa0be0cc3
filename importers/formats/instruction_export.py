"""Questions and answers, written back into the files they came in.

A record is kept whole or cut out with the comma or line end before it; an edited question or
answer is put in the place of the published one. Every other byte stays. Files are read and
written record by record: memory does not grow with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.instruction_files import HEAD, form_in
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.formats.llava import JsonPath, Parsed, TurnText, parse
from pairlens.importers.formats.native_export import Edit, ExportTurn, SourceExporter
from pairlens.importers.json_stream import CHUNK, MAX_RECORD, Item, read_items
from pairlens.importers.source_files import open_source


class InstructionExporter(SourceExporter):
    """Writes RS-GPT4V or PreGRES; see
    :class:`pairlens.importers.formats.native_export.Exporter`."""

    def write_file(self, name: str, turns: Iterator[ExportTurn]) -> None:
        """Writes one file of records and the images that they name."""
        source, target = (
            native_export.inside(self._root, name),
            native_export.inside(self._out, name),
        )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                open_source(source) as stream,
                open_source(source) as copied,
                open(target, "wb") as out,
            ):
                changed, written = self._write_records(name, stream, turns, copied, out)
        except OSError as error:
            raise native_export.cannot("copied", name, error) from error
        if not written:
            target.unlink()
        self.count_file(written, changed)

    def _write_records(
        self,
        name: str,
        stream: BinaryIO,
        turns: Iterator[ExportTurn],
        copied: BinaryIO,
        out: BinaryIO,
    ) -> tuple[bool, int]:
        """Returns whether what is written differs from the source, and how many records it is."""
        changed, cut = False, False
        form = form_in(name, stream.read(HEAD)) or "lines"
        pieces = _Pieces(copied, out, b"," if form == "list" else b"")
        stream.seek(0)
        held = groupby(turns, key=lambda turn: turn.source.index)
        index, group = next(held, (None, iter(())))
        for item in read_items(stream, form):
            if item.last:
                cut = True
                break
            self.tally.records += 1
            kept = None
            if index == item.number:
                kept = self._record(name, item, list(group))
                index, group = next(held, (None, iter(())))
            else:
                self.tally.not_imported += 1
            changed |= kept != item.data
            pieces.take(item, kept)
        if index is not None:
            raise native_export.changed_source(name, index, next(group).key)
        pieces.end(b"]\n" if cut and form == "list" else None)
        return changed or cut, pieces.written

    def _record(self, name: str, item: Item, turns: list[ExportTurn]) -> bytes | None:
        """The record to write, ``None`` if its image is not selected."""
        try:
            parsed = parse(item.load())
        except ValueError:
            raise native_export.changed_source(name, item.number, turns[0].key) from None
        _check_imported(parsed, turns)
        first = turns[0]
        if not first.selected:
            return None
        self.copy_image(first.image, first.key)
        return self._edited(item.data, parsed, turns)

    def _edited(self, data: bytes, parsed: Parsed, turns: list[ExportTurn]) -> bytes:
        text = data.decode()
        values: dict[JsonPath, str] = {}
        for published, turn in zip(parsed.turns, turns, strict=True):
            for place, before, after in _changes(published, turn):
                values[place] = json.dumps(after, ensure_ascii=text.isascii())
                self.tally.on_edit(Edit(turn.key, turn.source, before, after))
        written = replace_values(text, values).encode() if values else data
        if len(written) > MAX_RECORD:
            raise UsageError(f"{turns[0].key}: the edited text is too long to be read back")
        return written


class _Pieces:
    """Writes the records to keep, with what stands between them as it is.

    Attributes:
        written: the number of records written

    Args:
        source: the file, for what stands between records
        out: to write to
        separator: what stands between two records among other things
    """

    def __init__(self, source: BinaryIO, out: BinaryIO, separator: bytes) -> None:
        self.written = 0
        self._source = source
        self._out = out
        self._separator = separator
        self._left_out = False  # whether the last record was
        self._head = -1  # where the first record begins
        self._end = 0  # where the last one ended

    def take(self, item: Item, data: bytes | None) -> None:
        """Takes the next record, and what to write for it; ``None`` for nothing."""
        if self._head < 0:
            self._head = item.start
        if data is not None:
            # Of what is left out, the comma or line end in front goes with it.
            if self.written:
                self._separate(item.start)
            else:
                self._copy(0, self._head)
            self._out.write(data)
            self.written += 1
        self._end = item.end
        self._left_out = data is None

    def end(self, tail: bytes | None) -> None:
        """Writes the end, by default all that stands behind the last record."""
        if tail is None:
            self._copy(self._end, None)
        else:
            self._out.write(tail)

    def _separate(self, end: int) -> None:
        """Writes what stands between records; behind a broken one the comma may be missing."""
        self._source.seek(self._end)
        between = self._source.read(min(end - self._end, CHUNK))
        if self._left_out and self._separator not in between:
            self._out.write(self._separator)
        self._copy(self._end, end)

    def _copy(self, begin: int, end: int | None) -> None:
        self._source.seek(begin)
        left = end - begin if end is not None else None
        while left is None or left:
            piece = self._source.read(CHUNK if left is None else min(CHUNK, left))
            if not piece:
                return
            self._out.write(piece)
            left = None if left is None else left - len(piece)


def _check_imported(parsed: Parsed, turns: list[ExportTurn]) -> None:
    """Validates that a record is the one that was imported, and that no turn was added or removed.

    Raises:
        StateError: if it is not, or one was
    """
    key, (file, index) = turns[0].key, (turns[0].source.file, turns[0].source.index)
    by_number = dict(enumerate(parsed.turns))
    known = [(turn, by_number[turn.position]) for turn in turns if turn.position in by_number]
    same = all(turn.came_from([text.question, *text.answers]) for turn, text in known)
    if parsed.image != key.split("/", 2)[-1] or not same:
        raise native_export.changed_source(file, index, key)
    if [turn.position for turn in turns] != list(by_number):
        raise StateError(
            f"{key}: {turns[0].source} has {len(by_number)} turns, and the dataset has "
            f"{len(turns)}, or has them twice; edit texts, and add or remove none: nothing was "
            "exported"
        )


def _changes(published: TurnText, turn: ExportTurn) -> Iterator[tuple[JsonPath, str, str]]:
    """Where a turn differs from the published one: place, text before, text after."""
    answers = turn.written(published.answers)
    if turn.question != published.question:
        if published.question_at is None:
            raise UsageError(f"{turn.key}: {turn.source} has no question that could be edited")
        yield published.question_at, published.question, turn.question
    for place, before, after in zip(published.answers_at, published.answers, answers, strict=True):
        if before != after:
            yield place, before, after
