"""Common code of the readers of PairLens' exports, whose records have keys and any order.

The exports ``coco``, ``hf`` and ``fiftyone`` contain the key of every sample, so imported samples
keep their keys, and findings and decisions apply to them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from pairlens.importers.bounded_json import is_number, load_json
from pairlens.importers.errors import OnError, OnNote, RecordError, shown
from pairlens.importers.fields import TARGET_BOX
from pairlens.importers.files import is_line, is_text
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.table_rows import TableRow
from pairlens.importers.image_index import Entry, open_index
from pairlens.importers.json_window import CHUNK
from pairlens.importers.list_items import REST, read_list_items
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.records import MAX_KEY, Box, Caption, Record, Source, phrase_fault
from pairlens.importers.source_files import open_source, reason_of

_ROUNDED = 1e-6

MAX_TEXTS = 2000
"""Captions, turns or boxes of one image."""

WRITTEN = MaskValues(ignore=255)
"""Mask files that PairLens writes hold 0, 1 on the target, 255 where pixels do not count."""

Members = Mapping[str, Any]


class Rows(Protocol):
    """A file of records.

    Attributes:
        name: relative to the root, with ``/``
    """

    name: str

    def rows(self) -> Iterator[TableRow]:
        """Yields all records in order; they may contain only the members for their place.

        Raises:
            OSError, ValueError: if the file, or the rest of it, cannot be read
        """
        ...

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A complete record, at a position that :meth:`rows` has yielded."""
        ...


class ListRows:
    """The objects of a list in a JSON object; see :class:`Rows`.

    Args:
        path: the file
        name: relative to the root
        listed: the list's name
        stack: closes the file
        on_note: takes that something stands behind the object
    """

    def __init__(
        self, path: Path, name: str, listed: str, stack: ExitStack, on_note: OnNote
    ) -> None:
        self.name = name
        self._on_note = on_note
        self._path, self._listed, self._stack = path, listed, stack
        self._stream: BinaryIO | None = None

    def rows(self) -> Iterator[TableRow]:
        """Yields all records in order; of several lists with the name, only those of the last."""
        with open_source(self._path) as stream:
            passed = self._lists(stream) - 1
            stream.seek(0)
            number = 0

            def again(name: str) -> None:
                nonlocal passed
                passed -= name == self._listed
                self.forget_other(name)

            def rest() -> None:
                self._on_note(f"{self.name}: {REST}")

            for item in read_list_items(stream, again, on_rest=rest):
                if item.name != self._listed:
                    self.take_other(item.name, item.value)
                elif passed <= 0:
                    value = item.value if isinstance(item.value, dict) else {}
                    yield TableRow(number, item.start, item.end - item.start, value)
                    number += 1

    def _lists(self, stream: BinaryIO) -> int:
        """The number of members with the list's name."""
        if _count(stream, json.dumps(self._listed).encode()) < 2:
            return 1  # saves reading the file twice
        stream.seek(0)
        found = [self._listed]
        with suppress(ValueError):  # broken records are reported when they are read
            for _ in read_list_items(stream, found.append):
                pass
        return found.count(self._listed)

    def names_boxes(self) -> bool:
        """Whether targets of its pairs are boxes."""
        with open_source(self._path) as stream:
            return bool(_count(stream, f'"{TARGET_BOX}":'.encode()))

    def take_other(self, listed: str, value: Any) -> None:
        """Receives an item of another list of the file."""

    def forget_other(self, listed: str) -> None:
        """Discards the items of another list, since a later one of the same name counts."""

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A complete record, at a position that :meth:`rows` has yielded."""
        if self._stream is None:
            self._stream = self._stack.enter_context(open_source(self._path))
        self._stream.seek(start)
        value = load_json(self._stream.read(size))
        return TableRow(number, start, size, value if isinstance(value, dict) else {})


def _count(stream: BinaryIO, piece: bytes) -> int:
    """How often a piece stands in a JSON file, which ends where zeros begin: files without end
    that take no place on a disk are made of them.
    """
    count, end, zero = 0, b"", -1
    while zero < 0 and (data := end + stream.read(CHUNK)) != end:
        zero = data.find(0)
        count += data.count(piece, 0, None if zero < 0 else zero)
        end = data[-len(piece) + 1 :]
    return count


class Place(NamedTuple):
    """The place of a record.

    Attributes:
        split: one of :data:`SPLITS`
        image: its image, within the split
        key: key of its sample; ``""`` if several records are one sample
    """

    split: str
    image: str
    key: str


class Found(NamedTuple):
    """A record with its place.

    Attributes:
        rows: its file
        row: its content
        split, image: as in :class:`Place`
    """

    rows: Rows
    row: TableRow
    split: str
    image: str

    @property
    def source(self) -> Source:
        """File and number of the record."""
        return Source(self.rows.name, self.row.number)


PlaceOf = Callable[[Rows, TableRow], Place]
Make = Callable[[Found], Record]


def records_of(
    files: Sequence[Rows],
    place_of: PlaceOf,
    make: Make,
    splits: Collection[str],
    on_error: OnError,
) -> Iterator[Record]:
    """Yields a record for each row, with those of an image in succession.

    Args:
        files: the files
        place_of: returns the place of a row, or raises ``ValueError`` for a broken row
        make: makes the record of a row, or raises ``ValueError`` for a broken row
        splits: the splits to read
        on_error: receives broken rows
    """
    for group in by_image(files, place_of, splits, on_error):
        images: dict[Path | str, int] = {}
        for found in group:
            try:
                record = make(found)
            except ValueError as error:
                on_error(RecordError(str(found.source), str(error)))
            else:
                yield _with_distinct_image_id(record, images)


def _with_distinct_image_id(record: Record, images: dict[Path | str, int]) -> Record:
    """A record with another image id if earlier records use its id for another image.

    This occurs in files that combine several exports.

    Args:
        record: the record
        images: numbers of the images of that id so far; the record's image is added
    """
    image = record.image
    if image is None:
        return record
    number = images.setdefault(image if isinstance(image, Path) else image.name, len(images))
    return replace(record, image_id=f"{record.image_id}~{number + 1}") if number else record


def by_image(
    files: Sequence[Rows], place_of: PlaceOf, splits: Collection[str], on_error: OnError
) -> Iterator[Iterator[Found]]:
    """Yields the rows of each image, images by split and first row; see :func:`records_of`.

    A row whose key is taken is reported and left out.
    """
    with open_index() as index:
        index.fill(_entries(files, place_of, splits, on_error))
        doubled = dict.fromkeys(index.doubled(), False)
        for entries in index.by_image():
            yield _locate(files, entries, doubled, on_error)


def _locate(
    files: Sequence[Rows], entries: Iterator[Entry], doubled: dict[int, bool], on_error: OnError
) -> Iterator[Found]:
    for entry in entries:
        rows, source = files[entry.file], Source(files[entry.file].name, entry.number)
        if entry.id is not None and entry.id in doubled:
            if doubled[entry.id]:
                on_error(RecordError(str(source), "its key is that of another record too"))
                continue
            doubled[entry.id] = True
        try:
            row = rows.row(entry.number, entry.start, entry.size)
        except ValueError as error:
            on_error(RecordError(str(source), str(error)))
        except OSError as error:
            on_error(RecordError(str(source), f"cannot be read ({reason_of(error)})"))
        else:
            yield Found(rows, row, SPLITS[entry.part], entry.image)


def _entries(
    files: Sequence[Rows], place_of: PlaceOf, splits: Collection[str], on_error: OnError
) -> Iterator[Entry]:
    for number, rows in enumerate(files):
        try:
            for row in rows.rows():
                try:
                    place = place_of(rows, row)
                except ValueError as error:
                    on_error(RecordError(str(Source(rows.name, row.number)), str(error)))
                    continue
                if place.split in splits:
                    part, same = SPLITS.index(place.split), _hash(place.key)
                    yield Entry(part, place.image, number, row.number, row.start, row.size, same)
        except OSError as error:
            on_error(RecordError(rows.name, f"cannot be read on ({reason_of(error)})"))
        except ValueError as error:
            on_error(RecordError(rows.name, str(error)))


def _hash(key: str) -> int | None:
    if not key:
        return None
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def key_of(members: Members) -> str:
    """The key that a record brings.

    Raises:
        ValueError: if it has no valid key
    """
    key = members.get("key")
    if not isinstance(key, str) or not key or len(key) > MAX_KEY:
        raise ValueError("it has no 'key' of PairLens")
    if not is_text(key) or not is_line(key):
        raise ValueError(f"its key {shown(key, 80)!r} has characters that no key has")
    return key


def text_of(value: Any) -> str:
    """A text of a record.

    Raises:
        ValueError: if it is none
    """
    if fault := phrase_fault(value):
        raise ValueError(fault.replace("query", "text"))
    return value


def name_in(members: Members, name: str) -> str:
    """A short text of a record that is not a path, such as an image's id.

    Raises:
        ValueError: if the record has none
    """
    value = members.get(name)
    if not isinstance(value, str) or not value or len(value) > MAX_KEY or not is_text(value):
        raise ValueError(f"it has no {name!r}")
    return value


def listed(members: Members, name: str) -> list[Members]:
    """The objects of a list of a record; empty without the list.

    Raises:
        ValueError: if the list contains other values, or too many
    """
    found = members.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise ValueError(f"{name!r} is no list of objects")
    if len(found) > MAX_TEXTS:
        raise ValueError(f"{name!r} has over {MAX_TEXTS:,} entries")
    return found


def caption_of(members: Members, name: str = "text") -> Caption:
    """A caption with its task and annotator, if it has them.

    Raises:
        ValueError: if it has no text
    """
    annotator = members.get("annotator")
    return Caption(
        text_of(members.get(name)),
        whole(members, "task"),
        text_of(annotator) if annotator is not None else None,
    )


def answers_of(turn: Members) -> tuple[str, ...]:
    """The answers of a turn; none where there are none.

    Raises:
        ValueError: if they are no list of texts
    """
    found = turn.get("answers") or []
    if not isinstance(found, list):
        raise ValueError(f"'answers' is {type(found).__name__}, not a list of texts")
    return tuple(map(text_of, found))


def box_of(members: Members) -> Box:
    """A box in shares of the image.

    Raises:
        ValueError: if it is none
    """
    label, bounds = members.get("label"), members.get("bounding_box")
    if not isinstance(bounds, list) or len(bounds) != 4 or not all(map(is_number, bounds)):
        raise ValueError("a box is not four numbers")
    left, top, width, height = map(float, bounds)
    return Box(text_of(label or ""), (left, top, width, height), whole(members, "turn"))


def target_box_of(members: Members) -> tuple[float, float, float, float] | None:
    """The box of a pair whose target is one.

    Raises:
        ValueError: if it is none within the image
    """
    bounds = members.get(TARGET_BOX)
    if bounds is None:
        return None
    found = box_of({"bounding_box": bounds}).bounds
    ends = found[0] + found[2], found[1] + found[3]
    if min(found) < 0 or not (min(found[2:]) and max(ends) <= 1 + _ROUNDED):
        raise ValueError(f"its {TARGET_BOX!r} is no box within the image")
    return found


def whole(members: Members, name: str) -> int | None:
    """A whole number of a record; ``None`` where there is none."""
    value = members.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
