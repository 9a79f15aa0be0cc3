"""Reads questions and answers by image, although the records of an image are spread over files.

A first pass over the files finds broken records, the image of each record, and the scale of boxes.
A second pass reads the records of each image, in the order of splits and of first records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from pairlens.importers.box_scale import ScaleSetting
from pairlens.importers.errors import OnError, OnNote, RecordError
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.instruction_boxes import BoxReader, FileBoxes
from pairlens.importers.formats.instruction_files import (
    TextFile,
    find_files,
)
from pairlens.importers.formats.instruction_splits import FileSplits, may_tell_splits
from pairlens.importers.formats.llava import Parsed, is_caption, parse
from pairlens.importers.formats.message_parts import count_decisions
from pairlens.importers.image_index import Entry, ImageIndex, open_index
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.json_items import load
from pairlens.importers.json_stream import read_items
from pairlens.importers.reading import MaskFrame, Orientation
from pairlens.importers.records import Box, Caption, Instruction, Source, Turn, make_image_key
from pairlens.importers.rotated_boxes import Turning
from pairlens.importers.source_files import open_source

MAX_SAMPLE = 10 << 20
"""Bytes that the texts of an image may take; the database refuses documents over 16 MB."""

MAX_BOXES = 2000
"""Of an image."""

_TURN_BYTES = 400
"""What a turn takes in the database beside its texts."""

_COPIES = 4
"""Largest number of copies of a text: an answer, one of several answers, and their captions."""

_OPEN_FILES = 64

_TOO_MANY = f"stands behind the first {MAX_BOXES:,} of its image"


@dataclass
class _File:
    """The state of reading a file."""

    text: TextFile
    splits: FileSplits
    records: int = 0
    broken: int = 0
    odd: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    boxes: FileBoxes = field(init=False)

    def __post_init__(self) -> None:
        self.boxes = FileBoxes(self.text.name)

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
    angles: Turning | None = None,
    orientation: Orientation = "upright",
    mask_frame: MaskFrame = "auto",
    image_folders: Sequence[str] = (),
    split_of: Callable[[TextFile], tuple[str, str]] = TextFile.split,
    split_from: str = "records",
) -> Iterator[Instruction]:
    """Yields one record an image and split.

    Args:
        dataset: the format's name, with which keys begin
        root: the folder that the dataset lies in
        splits: which to read
        on_error: takes broken records and files
        on_note: takes what was decided
        boxes: the scale of boxes, ``"none"`` for no boxes, ``None`` to decide file by file
        angles: what the angle of a box means, ``None`` for clockwise
        orientation, mask_frame: of :class:`pairlens.importers.reading.Reading`
        image_folders: below the root, where images lie besides the usual places
        split_of: the split of a file's records, and the reason
        split_from: ``records`` where a record that names its split, or whose list stands under
            the name of one, is of that; ``file`` where all are of the file's
    """
    own = split_from == "records"
    found = _usable(root, split_of, own, on_error, on_note)
    files = [f for f in found if f.splits.split in splits or (own and _may_tell_splits(f))]
    lookup = ImageLookup(root, ("images", *image_folders), orientation)
    reader = BoxReader(lookup, boxes, angles, mask_frame)
    reading = _Reading(dataset, files, splits, lookup, reader, on_error, on_note)
    with open_index() as index:
        index.fill(reading.entries())
        reading.note_files(index)
        yield from reading.instructions(index)
    for note in reader.notes([file.boxes for file in files]):
        on_note(note)


def _may_tell_splits(file: _File) -> bool:
    try:
        return may_tell_splits(file.text)
    except OSError:
        return True  # as reading it will tell


def _usable(
    root: Path,
    split_of: Callable[[TextFile], tuple[str, str]],
    own_splits: bool,
    on_error: OnError,
    on_note: OnNote,
) -> Iterator[_File]:
    others: dict[str, list[str]] = {}
    for text in find_files(root):
        if text.fault:
            on_error(RecordError(text.name, text.fault))
        elif text.usable:
            yield _File(text, FileSplits(*split_of(text), own_splits))
        else:
            others.setdefault(text.other, []).append(text.name)
    for what, names in others.items():
        more = f" (and {len(names) - 1:,} more JSON files)" if len(names) > 1 else ""
        on_note(f"{names[0]}{more} holds {what} and was left alone")


class _Reading:
    """One pass over a dataset's files."""

    def __init__(
        self,
        dataset: str,
        files: list[_File],
        splits: Collection[str],
        lookup: ImageLookup,
        boxes: BoxReader,
        on_error: OnError,
        on_note: OnNote,
    ) -> None:
        self._dataset = dataset
        self._files = files
        self._splits = splits
        self._lookup = lookup
        self._boxes = boxes
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
        with open_source(file.text.path) as stream:
            for item in read_items(stream, file.text.form, on_note=file.odd.append):
                file.records += not item.last
                try:
                    record = item.load()
                    parsed = parse(record)
                except ValueError as error:
                    self._refuse(file, item.number, str(error))
                    continue
                split = file.splits.take(item.key, record)
                file.rules.update(parsed.rules)
                self._boxes.take_numbers(file.boxes, parsed)
                if split not in self._splits:
                    continue
                part, size = SPLITS.index(split), item.end - item.start
                yield Entry(part, parsed.image, number, item.number, item.start, size, parsed.id)

    def _refuse(self, file: _File, index: int | None, reason: str) -> None:
        file.broken += 1
        place = file.name if index is None else str(Source(file.name, index))
        self._on_error(RecordError(place, reason))

    def note_files(self, index: ImageIndex) -> None:
        """Reports the contents of the files, and the decisions."""
        for file in self._files:
            whole = f"{file.records:,} record" + "s" * (file.records != 1)
            whole += f", {file.broken:,} broken" * bool(file.broken)
            for note in file.splits.notes(file.name, whole):
                self._on_note(note)
            for odd in file.odd:
                self._on_note(f"{file.name}: {odd}")
            for note in count_decisions(file.name, file.rules):
                self._on_note(note)
        for number, ids, first in index.double_ids():
            name = self._files[number].name
            self._on_note(f"{name}: of its ids, {ids:,} name several records, {first} the first")
        for file in self._files:
            for decision in self._boxes.decide(file.boxes):
                self._on_note(decision)

    def instructions(self, index: ImageIndex) -> Iterator[Instruction]:
        """The second pass: the records of one image after the other."""
        try:
            for entries in index.by_image():
                first = next(entries)
                if parts := list(self._parts(chain((first,), entries))):
                    yield self._assembled(SPLITS[first.part], parts)
        finally:
            for stream in self._streams.values():
                stream.close()

    def _parts(self, entries: Iterator[Entry]) -> Iterator[tuple[Source, _File, Parsed]]:
        """Yields the records of an image in parts that fit into a document."""
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

    def _assembled(self, split: str, parts: list[tuple[Source, _File, Parsed]]) -> Instruction:
        source, file, first = parts[0]
        turns: list[Turn] = []
        captions: list[Caption] = []
        boxes: list[Box] = []
        for where, whose, parsed in parts:
            for position, text in enumerate(parsed.turns):
                boxes += self._boxes.boxes(whose.boxes, parsed, position, len(turns))
                if len(boxes) > MAX_BOXES:
                    whose.boxes.faults[_TOO_MANY] += len(boxes) - MAX_BOXES
                    del boxes[MAX_BOXES:]
                turns.append(Turn(text.question, text.answers, parsed.category, where, position))
                if is_caption(text.question, parsed.category, parsed.listed):
                    captions += map(Caption, text.answers)
        return Instruction(
            key=make_image_key(self._dataset, split, first.image),
            image_id=first.image,
            split=split,
            image=self._lookup.find(first.image, file.name),
            image_name=first.image,
            turns=tuple(turns),
            captions=tuple(captions),
            boxes=tuple(boxes),
            source=source,
        )
