"""RISBench's records and FiftyOne's copy of RefSegRS, written back as they came.

Lines of records and samples of ``samples.json`` are copied as they are, left out, or get
another phrase in their place; every other byte stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fiftyone_plugin.exporters import base
from fiftyone_plugin.exporters.base import Tally
from fiftyone_plugin.exporters.items import ExportPair
from fiftyone_plugin.exporters.json_edit import (
    edit_list,
    item_spans,
    member_starts,
    replace_values,
)
from fiftyone_plugin.exporters.mended import MaskFiles
from importers.errors import LayoutError, StateError
from importers.formats import refsegrs_hub
from importers.formats.refsegrs_lists import lines
from importers.formats.refsegrs_records import MAX_RECORD_BYTES, parse_record


class _KinExporter:
    """What both have in common: images that are copied, and texts that are edited in JSON."""

    def __init__(self, root: Path, out: Path) -> None:
        self.tally = Tally()
        self._root = root
        self._out = out

    def _copy_image(self, pair: ExportPair) -> None:
        if pair.image is None:
            self.tally.images_missing += 1
        else:
            image = base.relative_name(self._root, pair.image)
            self.tally.images += base.copy(self._root, self._out, image)

    def _count_file(self, written: int, changed: bool) -> None:
        became = "left_out" if not written else "rewritten" if changed else "copied"
        self.tally.files[became] += 1


class RecordsExporter(_KinExporter):
    """Writes RISBench's records; see :class:`fiftyone_plugin.exporters.base.Exporter`."""

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes one file of records and their images."""
        target = base.inside(self._out, name)
        try:
            with open(base.inside(self._root, name), "rb"), open(target, "wb") as stream:
                written, changed = self._write_lines(name, pairs, stream)
        except OSError as error:
            raise base.cannot("copied", name, error) from error
        if not written:
            target.unlink()
        self._count_file(written, changed)

    def _write_lines(
        self, name: str, pairs: Iterator[ExportPair], stream: BinaryIO
    ) -> tuple[int, bool]:
        written, changed = 0, False
        pair = next(pairs, None)
        for number, line in enumerate(lines(base.inside(self._root, name), MAX_RECORD_BYTES)):
            blank = not line.strip()
            self.tally.records += not blank
            if pair is None or pair.source.index != number:
                self.tally.not_imported += not blank
                changed |= not blank
                continue
            if pair.selected:
                stream.write(_line(name, line, pair))
                self._copy_image(pair)
                written += 1
            changed |= pair.edited or not pair.selected
            pair = next(pairs, None)
        if pair is not None:
            raise base.changed_source(name, pair.source.index)
        return written, changed

    def finish(self) -> None:
        """Nothing speaks of all files."""


def _line(name: str, line: bytes, pair: ExportPair) -> bytes:
    try:
        record = parse_record(line)
    except ValueError:
        raise base.changed_source(name, pair.source.index) from None
    if record["sent"] != pair.published:
        raise base.changed_source(name, pair.source.index)
    if not pair.edited:
        return line
    text = line.decode()
    return replace_values(text, {("sent",): _json(pair.phrase, text)}).encode()


def _json(phrase: str, text: str) -> str:
    """The phrase as JSON, escaped where the text around it is."""
    return json.dumps(phrase, ensure_ascii=text.isascii())


class HubExporter(_KinExporter):
    """Writes a FiftyOneDataset; see :class:`fiftyone_plugin.exporters.base.Exporter`."""

    writes_masks = True

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._masks = MaskFiles(root, out)

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes ``samples.json`` with images and masks."""
        try:
            samples = refsegrs_hub.load_samples(self._root)
            text = (self._root / name).read_bytes().decode()
        except (LayoutError, ValueError, OSError) as error:
            raise StateError(f"{name} cannot be read again ({error})") from error
        held = list(pairs)
        self.tally.records += len(samples)
        self.tally.not_imported += len(samples) - len(held)
        for pair in held:
            index = pair.source.index
            phrase = samples[index].get("phrase") if index < len(samples) else None
            if phrase != pair.published:
                raise base.changed_source(name, index)
        chosen = {pair.source.index: pair for pair in held if pair.selected}
        for index, pair in chosen.items():
            self._copy_media(samples[index], pair)
        changed = len(chosen) < len(samples) or any(pair.edited for pair in held)
        base.write(self._out, name, (_samples(text, chosen) if changed else text).encode())
        self._count_file(len(chosen), changed)

    def _copy_media(self, sample: dict[str, object], pair: ExportPair) -> None:
        self._copy_image(pair)
        segmentation = sample.get("segmentation")
        mask = segmentation.get("mask_path") if isinstance(segmentation, dict) else None
        if isinstance(mask, str):
            self._masks.put(mask, pair)

    def finish(self) -> None:
        """Copies what describes the dataset."""
        for name in ("metadata.json", "fiftyone.yml"):
            if (self._root / name).is_file():
                base.copy(self._root, self._out, name)
        (self._out / refsegrs_hub.MASKS).mkdir(parents=True, exist_ok=True)


def _samples(text: str, chosen: dict[int, ExportPair]) -> str:
    start = member_starts(text)["samples"]
    spans = item_spans(text, start)
    edits: dict[int, str] = {}
    for index, pair in chosen.items():
        if pair.edited:
            begin, end = spans[index]
            item = text[begin:end]
            edits[index] = replace_values(item, {("phrase",): _json(pair.phrase, item)})
    return edit_list(text, start, set(chosen), edits)
