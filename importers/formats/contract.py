"""The contract that every format keeps, checked on its example without a database.

The tests of a format call :func:`check_format`; what it does not find broken can be imported,
reviewed, exported and imported again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pairlens.importers.errors import PairLensError, RecordError
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, find_format
from pairlens.importers.formats.export_items import ExportPair, ExportText, ExportTurn
from pairlens.importers.formats.native_export import ExportItem
from pairlens.importers.prepare import MediaPlace, PreparedPair, group_by_image, prepare
from pairlens.importers.records import CaptionedImage, Instruction, Pair, Record

EDITED = 'Not what it was: a "quoted" caf\xe9.'


class ContractBroken(AssertionError):
    """Raised when a format breaks the contract."""


def check_format(chosen: Format, folder: Path) -> None:
    """Checks a format on the dataset that its ``example`` writes.

    Args:
        chosen: registered in :data:`pairlens.importers.formats.FORMATS`
        folder: an empty folder to work in

    Raises:
        ContractBroken: with the broken rule
    """
    if chosen.example is None:
        raise ContractBroken(f"{chosen.name} has no example to check it on")
    root = chosen.example(folder / "example")
    _check_detection(chosen, root, folder)
    records = _check_records(chosen, root)
    if problems := reported(chosen, root, folder / "media", notes=False):
        raise ContractBroken(f"the example is not sound: {problems[0]}")
    _check_faults(chosen, folder)
    if chosen.exporter is not None:
        _check_export(chosen, root, records, folder)


def reported(chosen: Format, root: Path, media_dir: Path, *, notes: bool = True) -> list[str]:
    """All that an import reports: notes, skipped records, masks that cannot be decoded.

    Args:
        chosen: the format that the root is to be read as
        root: what an import is given; it stands as ``ROOT`` in an error that ends the import
        media_dir: to write masks to
        notes: whether to include notes
    """
    lines: list[str] = []
    on_note = lines.append if notes else lambda note: None
    try:
        find_format(chosen.name, root)
        records = chosen.read(root, on_error=lambda e: lines.append(str(e)), on_note=on_note)
        for group in group_by_image(records):
            lines += _reported_of(group, media_dir)
    except PairLensError as error:
        lines.append(str(error).replace(f"{root}", "ROOT"))
    return lines


def _reported_of(group: tuple[Record, ...], media_dir: Path) -> Iterator[str]:
    try:
        for prepared in prepare(group, MediaPlace(media_dir, placeholders=False)):
            if isinstance(prepared, PreparedPair) and prepared.stats.error:
                yield f"{prepared.record.key}: {prepared.stats.error}"
    except RecordError as error:
        yield str(error)


def _check_detection(chosen: Format, root: Path, folder: Path) -> None:
    empty = folder / "empty"
    empty.mkdir()
    found = [other.name for other in FORMATS.values() if other.detect(root)]
    _expect(found == [chosen.name], f"detect: the example is taken for {found}")
    _expect(not chosen.detect(empty), "detect: an empty folder is taken for the format")


def _check_records(chosen: Format, root: Path) -> list[Record]:
    records = list(chosen.read(root))
    keys = [record.key for record in records]
    _expect(len(records) > 2, "read: the example has fewer than three records")
    _expect(len(set(keys)) == len(keys), "read: two records have one key")
    for record in records:
        start = f"{chosen.name}/{record.split}/{record.image_id}"
        kept = chosen.own_keys or record.key.partition("#")[0] == start
        _expect(kept, f"read: {record.key} is no key of {start}")
        _expect(record.split in SPLITS, f"read: there is no split {record.split!r}")
    images = [(record.split, record.image_id) for record in records]
    runs = [image for image, _ in groupby(images)]
    _expect(len(runs) == len(set(images)), "read: records of an image do not follow each other")
    for split in SPLITS:
        expected = [record for record in records if record.split == split]
        part = list(chosen.read(root, splits=(split,)))
        _expect(part == expected, f"read: splits=({split!r},) gives other records than all do")
    counted = chosen.count(root, SPLITS)
    _expect(counted in (0, len(runs)), f"count: {counted}, but there are {len(runs)} images")
    return records


def _check_faults(chosen: Format, folder: Path) -> None:
    for number, fault in enumerate(chosen.faults):
        assert chosen.example is not None  # noqa: S101 - check_format has looked
        root = chosen.example(folder / f"fault-{number}")
        fault.spoil(root)
        lines = reported(chosen, root, folder / "media")
        _expect(fault.reported in lines, f"{fault.about}: {fault.reported!r} is not in {lines}")


def _check_export(chosen: Format, root: Path, records: list[Record], folder: Path) -> None:
    out = _exported(chosen, root, records, folder / "whole")
    before = _files(root if root.is_dir() else root.parent)
    _expect(_files(out) == before, "export: the files of an export of all are not the published")
    first = records[0].image_id
    kept = [record for record in records if record.image_id != first]
    out = _exported(chosen, root, records, folder / "part", left_out=first)
    _expect(_texts(chosen, out) == _contents(kept), "export: what is left out is not cut out alone")
    edited = [_edited(record) if record.image_id == first else record for record in records]
    out = _exported(chosen, root, edited, folder / "edited", published=records)
    _expect(_texts(chosen, out) == _contents(edited), "export: an edited text is not read back")


def _exported(
    chosen: Format,
    root: Path,
    records: list[Record],
    out: Path,
    *,
    published: list[Record] | None = None,
    left_out: str | None = None,
) -> Path:
    """Exports records and gives the root to read the export from."""
    assert chosen.exporter is not None  # noqa: S101 - check_format has looked
    out.mkdir()
    exporter = chosen.exporter(root, out)
    items = [
        item
        for record, before in zip(records, published or records, strict=True)
        for item in _items(record, before, record.image_id != left_out)
    ]
    items.sort(key=_position)
    for name, group in groupby(items, lambda item: item.source.file):
        exporter.write_file(name, group)
    exporter.finish()
    return out


def _position(item: ExportItem) -> tuple[str, int, int]:
    position = item.position if isinstance(item, ExportTurn) else 0
    return item.source.file, item.source.index, position


def _items(record: Record, before: Record, selected: bool) -> Iterator[ExportItem]:
    image = record.image if isinstance(record.image, Path) else None
    if isinstance(record, Pair) and isinstance(before, Pair):
        yield ExportPair(
            record.key, record.source, image, True, before.phrase, record.phrase, selected
        )
    elif isinstance(record, CaptionedImage):
        captions = tuple(caption.text for caption in record.captions)
        yield ExportText(record.key, record.source, image, captions, selected)
    elif isinstance(record, Instruction):
        for turn in record.turns:
            yield ExportTurn(
                record.key, turn.source, turn.position, image, turn.question, turn.answers, selected
            )


def _edited(record: Record) -> Record:
    if isinstance(record, Pair):
        return replace(record, phrase=EDITED)
    if isinstance(record, CaptionedImage):
        first, *others = record.captions
        return replace(record, captions=(replace(first, text=EDITED), *others))
    first, *others = record.turns
    # An answer: the question of a caption may stand in no file.
    answers = (EDITED, *first.answers[1:])
    return replace(record, turns=(replace(first, answers=answers), *others))


def _texts(chosen: Format, out: Path) -> Counter[Any]:
    # What is written as one archive lies in the folder.
    return _contents(chosen.read(out)) if chosen.detect(out) else Counter()


def _contents(records: Any) -> Counter[Any]:
    """Contents of records, without the numbers and places that change when others are cut out."""
    return Counter(_text(record) for record in records)


def _text(record: Record) -> tuple[str, str, object]:
    if isinstance(record, Pair):
        return record.split, record.image_id, record.phrase
    if isinstance(record, CaptionedImage):
        return record.split, record.image_id, tuple(c.text for c in record.captions)
    turns = tuple((turn.question, turn.answers) for turn in record.turns)
    return record.split, record.image_id, turns


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _expect(kept: bool, broken: str) -> None:
    if not kept:
        raise ContractBroken(broken)
