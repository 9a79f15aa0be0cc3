"""RefSegRS, written back in the layout of its original release or of its forks.

Lines of the phrase lists are copied as they are, left out, or get another phrase behind the
same id; TIFFs are copied, and a mended mask is written like the published one. A list with no
lines left is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fiftyone_plugin.exporters import base
from fiftyone_plugin.exporters.base import EXPORTERS, Exporter, ExportFormat, Tally
from fiftyone_plugin.exporters.items import ExportPair
from fiftyone_plugin.exporters.mended import MaskFiles
from fiftyone_plugin.exporters.refsegrs_kin import HubExporter, RecordsExporter
from importers.errors import StateError, UsageError
from importers.formats import refsegrs_hub, refsegrs_records
from importers.formats.refsegrs import MAX_LINE_BYTES, NAME, lines, parse_line, variant
from importers.formats.refsegrs_lists import media_file, media_folders

_PREFIX = re.compile(rb"(?:\xef\xbb\xbf)?\d+[ \t]?")


class RefSegRSExporter:
    """Writes RefSegRS; see :class:`fiftyone_plugin.exporters.base.Exporter`.

    Args:
        root: the source
        out: an empty folder
    """

    writes_masks = True

    def __init__(self, root: Path, out: Path) -> None:
        self.tally = Tally()
        self._root = root
        self._out = out
        self._masks = MaskFiles(root, out)
        self._folders = media_folders(root) or (root / "images", root / "masks")

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes one phrase list and the images and masks of its lines."""
        target = base.inside(self._out, name)
        try:
            with open(base.inside(self._root, name), "rb"), open(target, "wb") as stream:
                written, changed = self._write_lines(name, pairs, stream)
        except OSError as error:
            raise base.cannot("copied", name, error) from error
        if not written:
            target.unlink()
        became = "left_out" if not written else "rewritten" if changed else "copied"
        self.tally.files[became] += 1

    def _write_lines(
        self, name: str, pairs: Iterator[ExportPair], stream: BinaryIO
    ) -> tuple[int, bool]:
        """Gives the number of lines with a pair, and whether the list differs from the source."""
        written, changed = 0, False
        pair = next(pairs, None)
        for number, line in enumerate(lines(base.inside(self._root, name))):
            if pair is None or pair.source.index != number:
                blank = not line.strip()
                self.tally.records += not blank
                self.tally.not_imported += not blank
                changed |= not blank
                if blank:
                    stream.write(line)
                continue
            self.tally.records += 1
            image_id = _checked_id(name, line, pair)
            if pair.selected:
                stream.write(_edited(line, image_id, pair) if pair.edited else line)
                self._copy_media(image_id, pair)
                written += 1
            changed |= pair.edited or not pair.selected
            pair = next(pairs, None)
        if pair is not None:
            raise base.changed_source(name, pair.source.index)
        return written, changed

    def _copy_media(self, image_id: str, pair: ExportPair) -> None:
        if pair.image is None:
            self.tally.images_missing += 1
        else:
            image = base.relative_name(self._root, pair.image)
            self.tally.images += base.copy(self._root, self._out, image)
        mask = base.relative_name(self._root, media_file(self._folders[1], image_id))
        self._masks.put(mask, pair)

    def finish(self) -> None:
        """Makes the folders that readers look for, should no file have needed them."""
        for folder in self._folders:
            (self._out / folder.name).mkdir(exist_ok=True)


def _checked_id(name: str, line: bytes, pair: ExportPair) -> str:
    try:
        image_id, phrase = parse_line(line)
    except ValueError:
        raise base.changed_source(name, pair.source.index) from None
    if not image_id or phrase != pair.published:
        raise base.changed_source(name, pair.source.index)
    return image_id


def _edited(line: bytes, image_id: str, pair: ExportPair) -> bytes:
    """The line with another phrase, in its own encoding where that can hold it."""
    if len(pair.phrase.splitlines()) != 1 or pair.phrase.splitlines()[0] != pair.phrase:
        raise UsageError(f"{pair.key}: the edited phrase is not one line, which RefSegRS needs")
    match = _PREFIX.match(line)
    if match is None:
        raise StateError(f"{pair.source}: the line does not begin with an id")
    prefix = match[0] if match[0].endswith((b" ", b"\t")) else match[0] + b" "
    end = line[len(line.rstrip(b"\r\n")) :]
    for encoding in (_encoding(line), "utf-8"):
        try:
            edited = prefix + pair.phrase.encode(encoding) + end
        except UnicodeEncodeError:
            continue
        if len(edited) <= MAX_LINE_BYTES and parse_line(edited) == (image_id, pair.phrase):
            return edited
    raise UsageError(f"{pair.key}: the edited phrase cannot be written as a line of RefSegRS")


def _encoding(line: bytes) -> str:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def make_exporter(root: Path, out: Path) -> Exporter:
    """The exporter for the layout that the source has."""
    layout = variant(root)
    if layout is refsegrs_hub:
        return HubExporter(root, out)
    return RecordsExporter(root, out) if layout is refsegrs_records else RefSegRSExporter(root, out)


EXPORTERS.add(
    NAME,
    ExportFormat(NAME, "RefSegRS and RISBench: images and masks in the layout they came in",
                 make_exporter),
)  # fmt: skip
