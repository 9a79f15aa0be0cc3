"""A table of pairs, which ``pairlens import table`` and any program that reads CSV take.

::

    pairs.csv    key, image, mask, phrase, split, no_target
    images/      as published
    masks/       8-bit gray PNGs of 0, 1 (target) and 255 (ignore)

A dataset that was a table is written back as it was, by the exporter of that format.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.exporters.converters import (
    CONVERTERS,
    ConvertFormat,
    Example,
    held_mask,
)
from pairlens.importers.errors import RecordError, UsageError
from pairlens.importers.files import safe_name
from pairlens.importers.formats.native_export import Tally, cannot
from pairlens.importers.formats.table_texts import text_cell
from pairlens.importers.masks import encode_png
from pairlens.importers.records import Kind
from pairlens.importers.source_files import open_source

FILE = "pairs.csv"
COLUMNS = ("key", "image", "mask", "phrase", "split", "no_target")


class TableConverter:
    """Writes a CSV; see :class:`pairlens.fiftyone_plugin.exporters.converters.Converter`.

    Args:
        out: an empty folder
        kind: of the records

    Raises:
        UsageError: if the records are not pairs
    """

    def __init__(self, out: Path, kind: Kind) -> None:
        if kind != "pairs":
            raise UsageError(f"a table is written of pairs, and this dataset holds {kind}; take hf")
        self.tally = Tally()
        self._out = out
        self._images: dict[Path, str] = {}
        self._stream = open(out / FILE, "w", encoding="utf-8", newline="")  # noqa: SIM115
        self._rows: Any = csv.writer(self._stream, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def add(self, example: Example) -> None:
        """Writes a row with its mask, and its image if it is the first to show it."""
        self.tally.records += 1
        try:
            phrase = text_cell(example.phrase)
        except ValueError as error:
            raise RecordError(example.key, str(error)) from error
        pixels = held_mask(example).pixels  # an empty cell would be read as an error
        mask = f"masks/{safe_name(example.key)}.png"
        self._write(mask, encode_png(pixels))
        cells = (example.key, self._image(example), mask, phrase, example.split)
        self._rows.writerow((*cells, "true" if example.no_target else "false"))

    def _image(self, example: Example) -> str:
        if example.image is None:
            self.tally.images_missing += 1
            return f"images/{example.image_name}"
        if example.image not in self._images:
            stem = safe_name(f"{example.split}/{example.image_id}")
            name = self._images[example.image] = f"images/{stem}{example.image.suffix}"
            try:
                target = self._out / name
                target.parent.mkdir(exist_ok=True)
                with open_source(example.image) as stream, open(target, "wb") as written:
                    shutil.copyfileobj(stream, written, 1 << 20)
            except OSError as error:
                raise cannot("copied", example.image.name, error) from error
            self.tally.images += 1
        return self._images[example.image]

    def _write(self, name: str, data: bytes) -> None:
        try:
            (self._out / name).parent.mkdir(exist_ok=True)
            (self._out / name).write_bytes(data)
        except OSError as error:
            raise cannot("written", name, error) from error

    def finish(self) -> dict[str, Any]:
        """Closes the table."""
        self._stream.close()
        self.tally.files["copied"] += 1
        return {}


CONVERTERS.add(
    "table",
    ConvertFormat(
        "table",
        "A CSV of pairs, with images and masks beside it",
        lambda dataset, out, kind: TableConverter(out, kind),
    ),
)
