"""DIOR-RSVG, written back in the layout it came in.

An annotation all of whose objects are exported as they were is copied; otherwise dropped objects
are cut out and edited descriptions put in the place of the published ones, and all else stays.
The lists of the splits number objects over all annotations, so that they are written anew with the
numbers that the objects then have, where one was left out. Lists that the import ignored are not
followed either: they are written as the dataset has the splits.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

from pairlens.importers.errors import RecordError, StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.dior_rsvg_files import (
    SplitLists,
    annotation_files,
    object_counts,
    read_box,
    read_lists,
)
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.native_export import SourceExporter
from pairlens.importers.formats.voc_xml import VOCFile, edited_voc, load_voc
from pairlens.importers.source_files import open_source

_NOT_XML = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""https://www.w3.org/TR/xml/#charsets, without the carriage return, which is read as a line end."""


class DIORRSVGExporter(SourceExporter):
    """Writes DIOR-RSVG; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._kept: dict[str, dict[int, str]] = {}  # splits by annotation and object

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes one annotation and its image."""
        voc = _load(self._root, name)
        held = list(pairs)
        for pair in held:
            _check(name, voc, pair)
        self.tally.records += len(voc.objects)
        self.tally.not_imported += len(voc.objects) - len(held)
        chosen = {pair.source.index: pair for pair in held if pair.selected}
        if not chosen:
            self.tally.files["left_out"] += 1
            return
        texts = {number: pair.phrase for number, pair in chosen.items() if pair.edited}
        if len(chosen) == len(voc.objects) and not texts:
            native_export.copy(self._root, self._out, name)
            self.tally.files["copied"] += 1
        else:
            native_export.write(self._out, name, edited_voc(voc, set(chosen), texts))
            self.tally.files["rewritten"] += 1
        self._kept[name] = {number: _split(chosen[number]) for number in sorted(chosen)}
        first = next(iter(chosen.values()))
        self.copy_image(first.image, first.key)

    def finish(self) -> None:
        """Writes the lists, byte for byte where no number changes."""
        listed = read_lists(self._root, lambda _: None)
        if not listed.lists:
            return
        splits = self._splits(listed)
        numbers = {published: number for number, published in enumerate(splits)}
        agree = all(listed.split_of.get(number) == split for number, split in splits.items())
        for split in SPLITS:
            name = f"{split}.txt"
            if agree:
                written = self._renumbered(name, numbers) if name in listed.lists else b""
            else:
                chosen = (
                    number for published, number in numbers.items() if splits[published] == split
                )
                written = "".join(f"{number}\n" for number in chosen).encode()
            if written.strip():
                native_export.write(self._out, name, written)

    def _splits(self, listed: SplitLists) -> dict[int, str]:
        """The split of each exported object, by its published number."""
        splits: dict[int, str] = {}
        files = annotation_files(self._root)
        first = 0
        for file, count in zip(files, object_counts(files, listed), strict=True):
            kept = self._kept.get(file.relative_to(self._root).as_posix(), {})
            splits |= {first + number: split for number, split in kept.items()}
            first += count
        return splits

    def _renumbered(self, name: str, numbers: dict[int, int]) -> bytes:
        """A list with the numbers that the objects then have, by the published ones."""
        try:
            with open_source(self._root / name) as stream:
                lines = stream.read().splitlines(keepends=True)
        except OSError as error:
            raise native_export.cannot("copied", name, error) from error
        return b"".join(_renumbered(line, numbers) for line in lines)


def _split(pair: ExportPair) -> str:
    return pair.key.split("/")[1]


def _load(root: Path, name: str) -> VOCFile:
    try:
        return load_voc(native_export.inside(root, name), name)
    except RecordError as error:
        raise StateError(f"{error}: nothing was exported") from error


def _check(name: str, voc: VOCFile, pair: ExportPair) -> None:
    """Validates that an object is the one that was imported, and that an edit can be written."""
    index = pair.source.index
    same = index < len(voc.objects)
    same = same and pair.came_from(voc.objects[index].values.get("description"))
    if not same:
        raise native_export.changed_source(name, index, pair.key)
    try:
        pair.check_target(read_box(voc.objects[index], voc.size))
    except ValueError:
        raise native_export.changed_source(name, index, pair.key) from None
    if pair.edited and _NOT_XML.search(pair.phrase):
        raise UsageError(f"{pair.key}: its phrase holds a character that XML cannot hold")
    if pair.edited and voc.objects[index].text_span is None:
        raise UsageError(f"{pair.key}: the description of {name} is empty and cannot be edited")


def _renumbered(line: bytes, numbers: dict[int, int]) -> bytes:
    """A line of a list with the number that its object then has; nothing where it was left out."""
    text = line.removeprefix(BOM_UTF8).strip()
    if not text.isdigit():
        return line if not text else b""
    number = numbers.get(int(text))
    if number is None:
        return b""
    padded = str(number).zfill(len(text) if text.startswith(b"0") else 1)
    return line.replace(text, padded.encode(), 1)
