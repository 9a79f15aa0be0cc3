"""Exports questions and answers into copies of their files.

A record is kept, or cut out with the comma or line end before it. An edited question or answer
replaces the published one, a removed turn is cut out of its record, and an added one is appended.
Every other byte stays. Files are read and written by record, in bounded memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportTurn
from pairlens.importers.formats.instruction_files import HEAD, form_in
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.formats.llava import Parsed, parse
from pairlens.importers.formats.message_parts import JsonPath, text_edits
from pairlens.importers.formats.messages import TurnText, form_of
from pairlens.importers.formats.native_export import Edit, SourceExporter
from pairlens.importers.formats.record_edit import largest_id, new_record, with_turns
from pairlens.importers.json_items import MAX_RECORD, Item
from pairlens.importers.json_stream import Form, read_items
from pairlens.importers.json_window import CHUNK
from pairlens.importers.keyed_lists import begins_with_object
from pairlens.importers.source_files import open_source


class InstructionExporter(SourceExporter):
    """Writes RS-GPT4V or PreGRES; see
    :class:`pairlens.importers.formats.native_export.Exporter`."""

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._ids: dict[str, int] = {}  # the last new id by file
        self._between = b""  # the bytes between two records

    def write_file(self, name: str, turns: Iterator[ExportTurn], /) -> None:
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
        """Returns whether the written file differs from the source, and the number of records."""
        changed, cut = False, False
        form = form_in(name, stream.read(HEAD)) or "lines"
        commas = form in ("list", "named")
        self._between, self._named = b",\n" if commas else b"\n", form == "named"
        pieces = Pieces(copied, out, b"," if commas else b"")
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
        pieces.end(end_of(form, stream) if cut else None)
        return changed or cut, pieces.written

    def _record(self, name: str, item: Item, turns: list[ExportTurn]) -> bytes | None:
        """The record to write; ``None`` if its image is not selected."""
        try:
            record = item.load()
            parsed = parse(record)
        except ValueError:
            raise native_export.changed_source(name, item.number, turns[0].key) from None
        _check_imported(parsed, turns)
        first = turns[0]
        if not first.selected:
            return None
        texts = self._edited(name, item.data.decode(), record, parsed, turns)
        if not texts:
            return None
        if first.image is None or self.is_beside(first.image):
            self.copy_image(first.image, first.key)
        written = [text.encode() for text in texts]
        if max(map(len, written)) > MAX_RECORD:
            raise UsageError(f"{turns[0].key}: the edited text is too long to be read back")
        return self._between.join(written)

    def _edited(
        self, name: str, text: str, record: Any, parsed: Parsed, turns: list[ExportTurn]
    ) -> list[str]:
        """The records to write for one: the record itself, and those of turns added to it."""
        held = [turn for turn in turns if not turn.added]
        values: dict[JsonPath, str] = {}
        gone: list[TurnText] = []
        for published, turn in zip(parsed.turns, held, strict=True):
            if turn.removed:
                gone.append(published)
            for place, before, after in text_changes(published, turn):
                if place is not None and after is not None:
                    for at, new in text_edits(record, place, after).items():
                        values[at] = json.dumps(new, ensure_ascii=text.isascii())
                self.tally.on_edit(Edit(turn.key, turn.source, before, after))
        added = [(turn.question, turn.answers[0]) for turn in turns if turn.added]
        for turn in (turn for turn in turns if turn.added):
            for added_text in (turn.question, *turn.answers):
                self.tally.on_edit(Edit(turn.key, turn.source, None, added_text))
        trained = form_of(record) is not None
        kept = len(gone) < len(held) or (trained and bool(added))
        written = replace_values(text, values) if values else text
        if trained:
            return [with_turns(written, record, gone, added)] if kept else []
        own: list[str] = []
        for one in added:
            number = self._new_id(name)
            own.append(f'"{number}": ' * self._named + new_record(text, record, one, number))
        return [written] * kept + own

    def _new_id(self, name: str) -> int:
        """A number that no record of the file has as id."""
        if name not in self._ids:
            with open_source(native_export.inside(self._root, name)) as stream:
                form = form_in(name, stream.read(HEAD)) or "lines"
                stream.seek(0)
                self._ids[name] = largest_id(map(_loaded, read_items(stream, form)))
        self._ids[name] += 1
        return self._ids[name]


def end_of(form: Form, stream: BinaryIO) -> bytes | None:
    """The end for a file whose own end is broken; ``None`` if the file's end stays."""
    if form == "named":
        return b"}\n"
    if form != "list":
        return None
    stream.seek(0)
    return b"]}\n" if begins_with_object(stream) else b"]\n"


class Pieces:
    """Writes the records to keep, with the published bytes between them.

    Attributes:
        written: the number of records written

    Args:
        source: the source file, for the bytes between records
        out: the file to write
        separator: the separator in the bytes between two records
    """

    def __init__(self, source: BinaryIO, out: BinaryIO, separator: bytes) -> None:
        self.written = 0
        self._source = source
        self._out = out
        self._separator = separator
        self._left_out = False  # whether the last record was left out
        self._key: str | None = None  # key of the last record's list
        self._is_first = True  # whether no record of the list is written yet
        self._end = 0  # end of the last record

    def take(self, item: Item, data: bytes | None) -> None:
        """Adds the next record with the bytes to write for it, ``None`` to leave it out."""
        begin = item.start - item.lead
        if item.key != self._key:  # the bytes between two lists stay
            self._copy(self._end, begin)
            self._key, self._is_first = item.key, True
        if data is not None:
            # The comma or line end before a left out record is left out too.
            if not self._is_first:
                self._separate(begin)
            self._copy(begin, item.start)
            self._out.write(data)
            self.written += 1
            self._is_first = False
        self._end = item.end
        self._left_out = data is None

    def end(self, tail: bytes | None) -> None:
        """Writes the end, by default the bytes after the last record."""
        if tail is None:
            self._copy(self._end, None)
        else:
            self._out.write(tail)

    def _separate(self, end: int) -> None:
        """Writes the bytes between records; after a broken record the comma can be missing."""
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
    """Validates that a record is the one that was imported, and that turns were added or removed
    in a review alone.

    Raises:
        StateError: if it is not, or one was otherwise
    """
    turns = [turn for turn in turns if not turn.added]
    key, (file, index) = turns[0].key, (turns[0].source.file, turns[0].source.index)
    by_number = dict(enumerate(parsed.turns))
    known = [(turn, by_number[turn.position]) for turn in turns if turn.position in by_number]
    same = all(turn.came_from([text.question, *text.answers]) for turn, text in known)
    if parsed.image != key.split("/", 2)[-1] or not same:
        raise native_export.changed_source(file, index, key)
    if [turn.position for turn in turns] != list(by_number):
        raise StateError(
            f"{key}: {turns[0].source} has {len(by_number)} turns, and the dataset has "
            f"{len(turns)}, or has them twice; add or remove turns in a review: nothing was "
            "exported"
        )


def _loaded(item: Item) -> Any:
    try:
        return item.load()
    except ValueError:
        return None


TextChange = tuple[JsonPath | None, str, str | None]
"""Where a text stands, if that is one place; the text before and after, ``None`` for none."""


def text_changes(published: TurnText, turn: ExportTurn) -> Iterator[TextChange]:
    """The changed texts of a turn, by their place."""
    if turn.removed:
        for text in filter(None, (published.question, *published.answers)):
            yield None, text, None
        return
    answers = turn.written(published.answers)
    if turn.question != published.question:
        if published.question_at is None:
            raise UsageError(f"{turn.key}: {turn.source} has no question that could be edited")
        yield published.question_at, published.question, turn.question
    changed = [n for n, text in enumerate(published.answers) if text != answers[n]]
    if changed and not published.answers_at:
        raise UsageError(
            f"{turn.key}: the answer of {turn.source} is polygons and cannot be edited"
        )
    for number in changed:
        yield published.answers_at[number], published.answers[number], answers[number]
