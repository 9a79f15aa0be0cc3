"""RefSegRS, written back in the layout that it came in.

Lines of the phrase lists are copied as they are, left out, or get another phrase behind the
same id; TIFFs are copied, and a mended mask is written like the published one. A list with no
lines left is left out. RISBench's records and the samples of FiftyOne's copy are treated likewise:
every byte beside an edited phrase stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.formats import native_export, refsegrs_hub
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.json_edit import (
    edit_list,
    item_spans,
    member_starts,
    replace_values,
)
from pairlens.importers.formats.line_export import LineExporter
from pairlens.importers.formats.mask_export import MaskFiles
from pairlens.importers.formats.native_export import SourceExporter
from pairlens.importers.formats.refsegrs_lists import (
    ENCODINGS,
    MAX_LINE_BYTES,
    PREFIX,
    encoding_of,
    media_file,
    media_folders,
    parse_line,
    separator_of,
)
from pairlens.importers.formats.refsegrs_records import MAX_RECORD_BYTES, parse_record, target_of


class RefSegRSExporter(LineExporter):
    """Writes RefSegRS; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    writes_masks = True
    longest = MAX_LINE_BYTES

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._masks = MaskFiles(root, out)
        self._folders = media_folders(root) or (root / "images", root / "masks")

    def line(self, name: str, line: bytes, pair: ExportPair) -> bytes:
        """The line, or one with another phrase behind the same id."""
        image_id = _checked_id(name, line, pair)
        return _edited(line, image_id, pair) if pair.edited else line

    def copy_media(self, line: bytes, pair: ExportPair) -> None:
        """Copies the image, and writes the mask."""
        self.copy_image(pair.image, pair.key)
        image_id, _ = parse_line(line)
        mask = native_export.relative_name(self._root, media_file(self._folders[1], image_id))
        self._masks.put(mask, pair)

    def finish(self) -> None:
        """Makes the folders that readers look for, should no file have needed them."""
        for folder in self._folders:
            (self._out / folder.name).mkdir(exist_ok=True)


def _checked_id(name: str, line: bytes, pair: ExportPair) -> str:
    # The encoding of the list can have been set at import.
    for encoding in (None, *ENCODINGS):
        with suppress(ValueError):
            image_id, phrase = parse_line(line, encoding)
            # Earlier versions read all behind the first space as phrase.
            spaced = separator_of(line)[1:].decode() + phrase
            if image_id and (pair.came_from(phrase) or pair.came_from(spaced)):
                return image_id
    raise native_export.changed_source(name, pair.source.index, pair.key)


def _edited(line: bytes, image_id: str, pair: ExportPair) -> bytes:
    """The line with another phrase, in its own encoding where that can hold it."""
    if len(pair.phrase.splitlines()) != 1 or pair.phrase.splitlines()[0] != pair.phrase:
        raise UsageError(f"{pair.key}: the edited phrase is not one line, which RefSegRS needs")
    if pair.phrase[0] in " \t\ufeff":
        raise UsageError(
            f"{pair.key}: the edited phrase begins with white space, which RefSegRS reads as part "
            "of what separates it from its id; take it away"
        )
    match = PREFIX.match(line)
    if match is None or match[1] is None:
        raise StateError(f"{pair.source}: the line does not begin with an id")
    prefix = match[0] if match[2] else match[0] + b" "
    end = line[len(line.rstrip(b"\r\n")) :]
    for encoding in (encoding_of(line), "utf-8"):
        try:
            edited = prefix + pair.phrase.encode(encoding) + end
        except UnicodeEncodeError:
            continue
        if len(edited) <= MAX_LINE_BYTES and parse_line(edited) == (image_id, pair.phrase):
            return edited
    raise UsageError(f"{pair.key}: the edited phrase cannot be written as a line of RefSegRS")


class RecordsExporter(LineExporter):
    """Writes RISBench's records; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    longest = MAX_RECORD_BYTES

    def line(self, name: str, line: bytes, pair: ExportPair) -> bytes:
        """The record, or one with another sentence."""
        try:
            record = parse_record(line)
        except ValueError:
            raise native_export.changed_source(name, pair.source.index, pair.key) from None
        if not pair.came_from(record["sent"]):
            raise native_export.changed_source(name, pair.source.index, pair.key)
        pair.check_target(target_of(record["segmentation"]))
        if not pair.edited:
            return line
        text = line.decode()
        return replace_values(text, {("sent",): _json(pair.phrase, text)}).encode()


def _json(phrase: str, text: str) -> str:
    """The phrase as JSON, escaped where the text around it is."""
    return json.dumps(phrase, ensure_ascii=text.isascii())


class HubExporter(SourceExporter):
    """Writes a FiftyOneDataset; see :class:`pairlens.importers.formats.native_export.Exporter`."""

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
            if not isinstance(sample, dict) or not pair.came_from(sample.get("phrase")):
                raise native_export.changed_source(name, index, pair.key)
        chosen = {pair.source.index: pair for pair in held if pair.selected}
        for index, pair in chosen.items():
            self._copy_media(samples[index], pair)
        changed = len(chosen) < len(samples) or any(pair.edited for pair in held)
        native_export.write(self._out, name, (_samples(text, chosen) if changed else text).encode())
        self.count_file(len(chosen), changed)

    def _copy_media(self, sample: dict[str, object], pair: ExportPair) -> None:
        self.copy_image(pair.image, pair.key)
        segmentation = sample.get("segmentation")
        mask = segmentation.get("mask_path") if isinstance(segmentation, dict) else None
        if isinstance(mask, str):
            found = refsegrs_hub.file_of(native_export.inside(self._root, mask))
            self._masks.put(found.relative_to(self._root).as_posix() if found else mask, pair)

    def finish(self) -> None:
        """Copies what describes the dataset."""
        for name in ("metadata.json", "fiftyone.yml"):
            if (self._root / name).is_file():
                native_export.copy(self._root, self._out, name)
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
