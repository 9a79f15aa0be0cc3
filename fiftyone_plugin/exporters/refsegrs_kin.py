"""RISBench's records and FiftyOne's copy of RefSegRS, written back as they came.

Lines of records and samples of ``samples.json`` are copied as they are, left out, or get
another phrase in their place; every other byte stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from fiftyone_plugin.exporters import base
from fiftyone_plugin.exporters.base import SourceExporter
from fiftyone_plugin.exporters.export_items import ExportPair
from fiftyone_plugin.exporters.json_edit import (
    edit_list,
    item_spans,
    member_starts,
    replace_values,
)
from fiftyone_plugin.exporters.line_files import LineExporter
from fiftyone_plugin.exporters.mended import MaskFiles
from importers.errors import LayoutError, StateError
from importers.formats import refsegrs_hub
from importers.formats.refsegrs_records import MAX_RECORD_BYTES, parse_record


class RecordsExporter(LineExporter):
    """Writes RISBench's records; see :class:`fiftyone_plugin.exporters.base.Exporter`."""

    longest = MAX_RECORD_BYTES

    def line(self, name: str, line: bytes, pair: ExportPair) -> bytes:
        """The record, or one with another sentence."""
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


class HubExporter(SourceExporter):
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
            sample = samples[index] if index < len(samples) else None
            if not isinstance(sample, dict) or sample.get("phrase") != pair.published:
                raise base.changed_source(name, index)
        chosen = {pair.source.index: pair for pair in held if pair.selected}
        for index, pair in chosen.items():
            self._copy_media(samples[index], pair)
        changed = len(chosen) < len(samples) or any(pair.edited for pair in held)
        base.write(self._out, name, (_samples(text, chosen) if changed else text).encode())
        self.count_file(len(chosen), changed)

    def _copy_media(self, sample: dict[str, object], pair: ExportPair) -> None:
        self.copy_image(pair.image)
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
