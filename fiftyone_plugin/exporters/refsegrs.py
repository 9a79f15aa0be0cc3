"""RefSegRS, written back in the layout of its original release or of its forks.

Lines of the phrase lists are copied as they are, left out, or get another phrase behind the
same id; TIFFs are copied, and a mended mask is written like the published one. A list with no
lines left is left out.
"""

from __future__ import annotations

import re
from pathlib import Path

from fiftyone_plugin.exporters import base
from fiftyone_plugin.exporters.base import EXPORTERS, Exporter, ExportFormat
from fiftyone_plugin.exporters.export_items import ExportPair
from fiftyone_plugin.exporters.line_files import LineExporter
from fiftyone_plugin.exporters.mended import MaskFiles
from fiftyone_plugin.exporters.refsegrs_kin import HubExporter, RecordsExporter
from importers.errors import StateError, UsageError
from importers.formats import refsegrs_hub, refsegrs_records
from importers.formats.refsegrs import MAX_LINE_BYTES, NAME, parse_line, variant
from importers.formats.refsegrs_lists import ENCODINGS, encoding_of, media_file, media_folders

_PREFIX = re.compile(rb"(?:\xef\xbb\xbf)?\d+[ \t]?")


class RefSegRSExporter(LineExporter):
    """Writes RefSegRS; see :class:`fiftyone_plugin.exporters.base.Exporter`."""

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
        self.copy_image(pair.image)
        image_id, _ = parse_line(line)
        mask = base.relative_name(self._root, media_file(self._folders[1], image_id))
        self._masks.put(mask, pair)

    def finish(self) -> None:
        """Makes the folders that readers look for, should no file have needed them."""
        for folder in self._folders:
            (self._out / folder.name).mkdir(exist_ok=True)


def _checked_id(name: str, line: bytes, pair: ExportPair) -> str:
    try:
        # Whoever imported may have said which encoding the list has.
        read = [parse_line(line, encoding) for encoding in (None, *ENCODINGS)]
    except ValueError:
        raise base.changed_source(name, pair.source.index) from None
    found = next((i for i, phrase in read if i and phrase == pair.published), None)
    if found is None:
        raise base.changed_source(name, pair.source.index)
    return found


def _edited(line: bytes, image_id: str, pair: ExportPair) -> bytes:
    """The line with another phrase, in its own encoding where that can hold it."""
    if len(pair.phrase.splitlines()) != 1 or pair.phrase.splitlines()[0] != pair.phrase:
        raise UsageError(f"{pair.key}: the edited phrase is not one line, which RefSegRS needs")
    match = _PREFIX.match(line)
    if match is None:
        raise StateError(f"{pair.source}: the line does not begin with an id")
    prefix = match[0] if match[0].endswith((b" ", b"\t")) else match[0] + b" "
    end = line[len(line.rstrip(b"\r\n")) :]
    for encoding in (encoding_of(line), "utf-8"):
        try:
            edited = prefix + pair.phrase.encode(encoding) + end
        except UnicodeEncodeError:
            continue
        if len(edited) <= MAX_LINE_BYTES and parse_line(edited) == (image_id, pair.phrase):
            return edited
    raise UsageError(f"{pair.key}: the edited phrase cannot be written as a line of RefSegRS")


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
