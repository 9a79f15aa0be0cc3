"""Writes generated scenes as a table of anybody's: a CSV with paths of images and masks."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import numpy as np

from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, encode_jpeg
from pairlens.fiftyone_plugin.demo.refer_layouts import drawn
from pairlens.importers.formats.example_files import image_bytes, put
from pairlens.importers.records import make_key

TABLE = "pairs.csv"
COLUMNS: tuple[str, ...] = ("image", "mask", "phrase", "split")
FIRST_ROW = 2
"""The number of the row behind the names of the columns."""

RowValues = dict[str, str]


def make_table(root: Path, images: int = 12, seed: int = 0, size: int = 512) -> GeneratedLayout:
    """Draws and writes a table, with a row for each thing that a query names.

    ::

        pairs.csv   images/00001.jpg   masks/00001_0.png
    """
    rows: list[RowValues] = []
    keys: list[str] = []
    for number, split, scene, targets in drawn(images, seed, size):
        image = f"images/{number:05}.jpg"
        put(root / image, encode_jpeg(scene.image))
        for place, target in enumerate(targets):
            mask = f"masks/{number:05}_{place}.png"
            put(root / mask, image_bytes(target.mask.astype(np.uint8) * np.uint8(255), "PNG"))
            cells = (image, mask, f"the {target.phrase}", split)
            keys.append(row_key(split, image, len(rows)))
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    write_rows(root, rows)
    return GeneratedLayout(root, "table", tuple(keys))


def row_key(split: str, image: str, row: int) -> str:
    """The key of a row, which is counted from 0."""
    return make_key("table", split, image, row + FIRST_ROW)


def write_rows(root: Path, rows: list[RowValues]) -> None:
    """Writes the table."""
    stream = StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    put(root / TABLE, stream.getvalue())
