"""Faults in a table of paths; a unit is an image, named by its split and path."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Attempt, FileDamage, Layout
from pairlens.fiftyone_plugin.demo.table_layouts import (
    FIRST_ROW,
    TABLE,
    RowValues,
    row_key,
    write_rows,
)
from pairlens.fiftyone_plugin.faults import Damage, Drawing, LoadedSample, Unit
from pairlens.importers.formats.example_files import image_bytes, put
from pairlens.importers.records import Record


class TableLayout(Layout):
    """Damages the cells of a table, and the images and masks that they name."""

    format = "table"
    carried = (
        "empty_mask",
        "full_mask",
        "tiny_mask",
        "box_mask",
        "mask_size_mismatch",
        "mask_values",
        "image_missing",
        "coordinate_leak",
        "exchanged_place",
        "mirrored_mask",
        "duplicate_pair",
        "ambiguous_query",
        "duplicate_image",
        "split_leak",
    )

    def own(self) -> dict[str, Attempt]:
        """Faults of mask files."""
        return {"mask_unreadable": self._mask_unreadable}

    def unit_of(self, record: Record) -> str:
        """The image, by split and path."""
        return f"{record.split}/{record.image_id}"

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes the queries and masks of an image's rows, adds rows, and removes the image."""
        rows = self._rows()
        added = damage.samples[len(before) :]
        if set(damage.faulty) <= {new.key for new in added} and not self._comes_last(unit, rows):
            return None
        for one, after in zip(before, damage.samples, strict=False):
            row = rows[self._number(unit, one.sample.key)]
            row["phrase"] = after.phrase
            if after.key in damage.masks:
                _draw(self._root / row["mask"], damage.masks[after.key])
        if damage.samples[0].image_missing and not before[0].sample.image_missing:
            Path(before[0].image_path).unlink()
        copy = self._new_image(before[0].sample.image_id)
        names: dict[str, str] = {}
        for new in added:
            like = next(one for one in before if one.sample.phrase == new.phrase)
            row = dict(rows[self._number(unit, like.sample.key)])
            if new.image_id != like.sample.image_id:
                row |= {"image": copy, "split": new.split}
                self._copy_image(like, copy)
            if new.key in damage.masks:
                row["mask"] = f"masks/row_{len(rows) + FIRST_ROW}.png"
                _draw(self._root / row["mask"], damage.masks[new.key])
            rows.append(row)
            names[new.key] = row_key(new.split, row["image"], len(rows) - 1)
        write_rows(self._root, rows)
        return names

    def _rows(self) -> list[RowValues]:
        with open(self._root / TABLE, encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def _number(self, unit: str, key: str) -> int:
        """The number of a sample's row, from 0."""
        (record,) = (record for record in self.units()[unit] if record.key == key)
        return record.source.index - FIRST_ROW

    def _comes_last(self, unit: str, rows: list[RowValues]) -> bool:
        """Whether a new row's number comes after those of an image's rows as a text as well.

        So everyone who takes the first of two keys for the original, and the other for the fault,
        takes the same one.
        """
        numbers = [str(record.source.index) for record in self.units()[unit]]
        return str(len(rows) + FIRST_ROW) > max(numbers)

    def _new_image(self, like: str) -> str:
        """A path beside another image's that comes after those of all images."""
        numbers = (int(PurePosixPath(unit).stem) for unit in self.units())
        path = PurePosixPath(like)
        return str(path.with_stem(f"{max(numbers) + 1:05}"))

    def _copy_image(self, like: LoadedSample, to: str) -> None:
        if not like.sample.image_missing:
            shutil.copyfile(like.image_path, self._root / to)

    def _mask_unreadable(self, unit: str, rng: Generator) -> FileDamage:
        records = self.units()[unit]
        record = records[int(rng.integers(len(records)))]
        file = self._root / self._rows()[record.source.index - FIRST_ROW]["mask"]
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * rng.uniform(0.2, 0.8))])
        return FileDamage((record.key,), "the mask file is cut short", "mask_unreadable")


def _draw(file: Path, drawing: Drawing) -> None:
    """Writes a mask of 0 and 255, or gray values as they are."""
    pixels = np.asarray(drawing)
    gray = pixels * np.uint8(255) if pixels.max() <= 1 else pixels
    put(file, image_bytes(gray, "PNG"))


LAYOUTS.add(TableLayout.format, TableLayout)
