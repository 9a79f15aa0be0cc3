"""Reads questions and answers image by image, although their records are spread over files.

A first pass over the files finds what is broken, which image each record speaks of, and what
the numbers of boxes mean; a second reads the records of one image after the other, images by
split and then by the first record that names them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pairlens.importers.box_scale import (
    FULL,
    BoxNumbers,
    Scale,
    ScaleSetting,
    parse_scale,
    scale_of,
)
from pairlens.importers.boxes import BoxText, bounds, fault_of, find_corners, turn_boxes
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from pairlens.importers.formats.base import SPLITS, Format, FormatFault, ReadParam
from pairlens.importers.formats.instruction_export import InstructionExporter
from pairlens.importers.formats.instruction_files import (
    TextFile,
    find_files,
    named_formats,
    split_in_name,
)
from pairlens.importers.formats.llava import Parsed, TurnText, is_caption, parse
from pairlens.importers.image_index import Entry, ImageIndex, open_index
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.json_stream import load, read_items
from pairlens.importers.records import Box, Caption, Instruction, Source, Turn, make_image_key
from pairlens.importers.source_files import open_source

BOXES = ReadParam(
    "boxes",
    "what numbers of boxes mean: unit (0-1), percent, thousand, pixels, none (no boxes); "
    "without it, auto: decided for each file by all its numbers",
    parse_scale,
)

MAX_SAMPLE = 10 << 20
"""Bytes that the texts of an image may take; the database refuses documents over 16 MB."""

MAX_BOXES = 2000
"""Of an image."""

_TURN_BYTES = 400
"""What a turn takes in the database beside its texts."""

_COPIES = 4
"""How often a text can stand there: as one answer and one of several, as caption likewise."""

_OPEN_FILES = 64
_SMALL = 64
_TOO_MANY = f"stands behind the first {MAX_BOXES:,} of its image"


@dataclass
class _File:
    """A file while it is read."""

    text: TextFile
    split: str
    why: str
    records: int = 0
    broken: int = 0
    numbers: dict[str, BoxNumbers] = field(default_factory=dict)  # by the form of the boxes
    scales: dict[str, Scale] = field(default_factory=dict)
    box_faults: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.text.name


def read_instructions(
    dataset: str,
    root: Path,
    *,
    splits: Collection[str],
    on_error: OnError,
    on_note: OnNote,
    boxes: ScaleSetting = None,
) -> Iterator[Instruction]:
    """Yields one record an image and split.

    Args:
        dataset: the format's name, with which keys begin
        root: the folder that the dataset lies in
        splits: which to read
        on_error: takes broken records and files
        on_note: takes what was decided
        boxes: the scale of boxes, ``"none"`` for no boxes, ``None`` to decide file by file
    """
    files = [f for f in _usable(root, on_error, on_note) if f.split in splits]
    reading = _Reading(dataset, files, ImageLookup(root), boxes, on_error, on_note)
    with open_index() as index:
        index.fill(reading.entries())
        reading.note_files(index)
        yield from reading.instructions(index)
    reading.note_boxes()


def instruction_format(
    name: str,
    *,
    title: str,
    about: str,
    layout: str,
    docs: str,
    is_own: Callable[[list[TextFile], set[str]], bool],
    writes: str,
    example: Callable[[Path], Path],
    faults: tuple[FormatFault, ...],
) -> Format:
    """A format of questions and answers in JSON files.

    Args:
        name, title, about, layout, docs, writes, example, faults: as in
            :class:`pairlens.importers.formats.base.Format`
        is_own: whether the JSON files of a folder are of this format, from what is in them and
            from the formats that their names name
    """

    def detect(root: Path) -> bool:
        files = find_files(root)
        return is_own(files, named_formats(files))

    def read(
        root: Path,
        *,
        splits: Collection[str] = SPLITS,
        on_error: OnError = raise_error,
        on_note: OnNote = ignore_note,
        boxes: ScaleSetting = None,
    ) -> Iterator[Instruction]:
        return read_instructions(
            name, root, splits=splits, on_error=on_error, on_note=on_note, boxes=boxes
        )

    return Format(
        name=name,
        title=title,
        about=about,
        layout=layout,
        docs=docs,
        detect=detect,
        count=_unknown_count,
        read=read,
        kind="instructions",
        params=(BOXES,),
        wanted=wanted,
        exporter=InstructionExporter,
        writes=writes,
        example=example,
        faults=faults,
    )


def _unknown_count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """Returns 0: how many images there are is known when all records have been read."""
    return 0


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository but for those named for another split."""
    return [name for name in names if split_in_name(name) in (None, *splits)]


def _usable(root: Path, on_error: OnError, on_note: OnNote) -> Iterator[_File]:
    others: dict[str, list[str]] = {}
    for text in find_files(root):
        if text.fault:
            on_error(RecordError(text.name, text.fault))
        elif text.usable:
            yield _File(text, *text.split())
        else:
            others.setdefault(text.other, []).append(text.name)
    for what, names in others.items():
        more = f" (and {len(names) - 1:,} more JSON files)" if len(names) > 1 else ""
        on_note(f"{names[0]}{more} holds {what} and was left alone")


class _Reading:
    """One reading of a dataset's files."""

    def __init__(
        self,
        dataset: str,
        files: list[_File],
        lookup: ImageLookup,
        boxes: ScaleSetting,
        on_error: OnError,
        on_note: OnNote,
    ) -> None:
        self._dataset = dataset
        self._files = files
        self._lookup = lookup
        self._boxes: ScaleSetting = boxes
        self._on_error = on_error
        self._on_note = on_note
        self._streams: dict[int, BinaryIO] = {}

    def entries(self) -> Iterator[Entry]:
        """The first pass: where the records of each image stand."""
        for number, file in enumerate(self._files):
            try:
                yield from self._entries_of(number, file)
            except OSError as error:
                self._refuse(file, None, f"cannot be read ({error.strerror})")

    def _entries_of(self, number: int, file: _File) -> Iterator[Entry]:
        part = SPLITS.index(file.split)
        with open_source(file.text.path) as stream:
            for item in read_items(stream, file.text.form, on_note=file.odd.append):
                file.records += not item.last
                try:
                    parsed = parse(item.load())
                except ValueError as error:
                    self._refuse(file, item.number, str(error))
                    continue
                self._take_numbers(file, parsed)
                size = item.end - item.start
                yield Entry(part, parsed.image, number, item.number, item.start, size, parsed.id)

    def _refuse(self, file: _File, index: int | None, reason: str) -> None:
        file.broken += 1
        place = file.name if index is None else str(Source(file.name, index))
        self._on_error(RecordError(place, reason))

    def _take_numbers(self, file: _File, parsed: Parsed) -> None:
        if self._boxes is not None:
            return
        for turn in parsed.turns:
            for text in (turn.question, *turn.answers):
                for form, corners in find_corners(text):
                    file.numbers.setdefault(form, BoxNumbers()).add(corners, parsed.image)

    def note_files(self, index: ImageIndex) -> None:
        """Notes what was found in the files, and what was decided."""
        for file in self._files:
            whole = f"{file.records:,} record" + "s" * (file.records != 1)
            whole += f", {file.broken:,} broken" * bool(file.broken)
            self._on_note(f"{file.name}: {whole}, taken as {file.split} ({file.why})")
            for odd in file.odd:
                self._on_note(f"{file.name}: {odd}")
        for number, ids, first in index.double_ids():
            name = self._files[number].name
            self._on_note(f"{name}: of its ids, {ids:,} name several records, {first} the first")
        for file in self._files:
            self._decide_scale(file)

    def _decide_scale(self, file: _File) -> None:
        if self._boxes is not None:
            return
        for form, numbers in file.numbers.items():
            scale, why = numbers.decide(lambda image: self._lookup.size(image, file.name))
            file.scales[form] = scale
            of_form = f" ({form})" * (len(file.numbers) > 1)
            rule = f"{file.name}{of_form}: {why}; --param boxes sets it"
            self._on_note(Decision(rule, "boxes", override="boxes=...", usual=True))

    def instructions(self, index: ImageIndex) -> Iterator[Instruction]:
        """The second pass: the records of one image after the other."""
        try:
            for entries in index.by_image():
                parts = list(self._parts(entries))
                if parts:
                    yield self._assembled(parts)
        finally:
            for stream in self._streams.values():
                stream.close()

    def _parts(self, entries: Iterator[Entry]) -> Iterator[tuple[Source, _File, Parsed]]:
        """The records of an image, as many as one document holds."""
        size = 0
        for entry in entries:
            file = self._files[entry.file]
            try:
                parsed = parse(load(self._read(entry)))
                if parsed.image != entry.image:
                    raise ValueError(parsed.image)
            except (ValueError, OSError):
                self._refuse(file, entry.number, "changed while it was read; import again")
                continue
            each = _TURN_BYTES + len(file.name.encode()) + len(parsed.category.encode())
            size += entry.size * _COPIES + len(parsed.turns) * each
            if size > MAX_SAMPLE:
                reason = f"more than one sample holds is said of {parsed.image[:80]!a}"
                self._refuse(file, entry.number, reason)
                continue
            yield Source(file.name, entry.number), file, parsed

    def _read(self, entry: Entry) -> bytes:
        if entry.file not in self._streams:
            if len(self._streams) >= _OPEN_FILES:
                self._streams.pop(next(iter(self._streams))).close()
            path = self._files[entry.file].text.path
            self._streams[entry.file] = open_source(path, buffering=0)  # instructions() closes it
        stream = self._streams[entry.file]
        stream.seek(entry.start)
        return stream.read(entry.size)

    def _assembled(self, parts: list[tuple[Source, _File, Parsed]]) -> Instruction:
        source, file, first = parts[0]
        turns: list[Turn] = []
        captions: list[Caption] = []
        boxes: list[Box] = []
        for where, whose, parsed in parts:
            for position, text in enumerate(parsed.turns):
                boxes += self._boxes_of(text, whose, parsed.image, len(turns))
                if len(boxes) > MAX_BOXES:
                    whose.box_faults[_TOO_MANY] += len(boxes) - MAX_BOXES
                    del boxes[MAX_BOXES:]
                turns.append(Turn(text.question, text.answers, parsed.category, where, position))
                if is_caption(text.question, parsed.category, parsed.listed):
                    captions += map(Caption, text.answers)
        return Instruction(
            key=make_image_key(self._dataset, file.split, first.image),
            image_id=first.image,
            split=file.split,
            image=self._lookup.find(first.image, file.name),
            image_name=first.image,
            turns=tuple(turns),
            captions=tuple(captions),
            boxes=tuple(boxes),
            source=source,
        )

    def _boxes_of(self, text: TurnText, file: _File, image: str, turn: int) -> Iterator[Box]:
        if self._boxes == "none":
            return
        for found in turn_boxes(text.question, text.answers):
            full = self._full(file, image, found)
            fault = fault_of(found.corners, full)
            if found.corners is None or full is None or fault:
                file.box_faults[fault] += 1
            else:
                yield Box(found.label, bounds(found.corners, full), turn)

    def _full(self, file: _File, image: str, box: BoxText) -> tuple[float, float] | None:
        """What counts as the whole width and height for a box."""
        scale = self._boxes or file.scales.get(box.form)
        if scale is None or scale == "none":
            return None
        size = self._lookup.size(image, file.name) if scale == "pixels" else None
        # In an image of few pixels, fractions of them are no specks.
        small = size is not None and min(size) < _SMALL
        if self._boxes is None and box.corners is not None and not small:
            scale = scale_of(box.corners, scale)
        return size if scale == "pixels" else (FULL[scale], FULL[scale])

    def note_boxes(self) -> None:
        """Notes which boxes were left out."""
        for file in self._files:
            for fault, count in sorted(file.box_faults.items()):
                self._on_note(f"{file.name}: boxes left out: {count:,} (each {fault})")
