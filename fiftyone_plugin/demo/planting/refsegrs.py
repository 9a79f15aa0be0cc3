"""Faults in RefSegRS; a unit is a line of a phrase list, named by its key."""

from __future__ import annotations

import hashlib
import shutil
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.demo.layouts import write_tiff
from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Attempt, FileDamage, Layout
from pairlens.fiftyone_plugin.faults import Damage, Drawing, Unit
from pairlens.importers.errors import UsageError
from pairlens.importers.files import lines
from pairlens.importers.formats.refsegrs import phrase_list
from pairlens.importers.records import Pair, Record, Source, make_key


class RefSegRSLayout(Layout):
    """Damages phrase lists, images and masks under a root."""

    format = "refsegrs"
    carried = (
        "empty_mask",
        "full_mask",
        "tiny_mask",
        "box_mask",
        "mask_size_mismatch",
        "mask_values",
        "image_missing",
        "empty_query",
        "coordinate_leak",
        "exchanged_place",
        "mirrored_mask",
        "duplicate_pair",
        "ambiguous_query",
        "split_leak",
    )

    def own(self) -> dict[str, Attempt]:
        """Faults of mask files."""
        return {"mask_unreadable": self._mask_unreadable}

    def units(self) -> dict[str, tuple[Record, ...]]:
        """The lines; each must have files of its own."""
        found = super().units()
        if len({_pair(records).image_id for records in found.values()}) < len(found):
            raise UsageError("an id stands twice; faults need ids that are unique")
        return found

    def sharing(self, unit: str) -> tuple[str, ...]:
        """Other lines with an equal copy of the image."""
        mine = self._digests.get(unit)
        return tuple(u for u, digest in self._digests.items() if digest == mine and u != unit)

    @cached_property
    def _digests(self) -> dict[str, str]:
        """SHA-256 of the images, by line, as they were at the first call."""
        images = {unit: _pair(records).image for unit, records in self.units().items()}
        return {
            unit: hashlib.sha256(image.read_bytes()).hexdigest()
            for unit, image in images.items() if isinstance(image, Path)
        }  # fmt: skip

    def _mask_file(self, image_id: str) -> Path:
        return self._root / "masks" / f"{image_id}.tif"

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes the phrase and the mask of a line and copies of it, and removes its image."""
        (one,), (after, *added) = before, damage.samples
        source, image_id = self.units()[unit][0].source, one.sample.image_id
        if after.phrase != one.sample.phrase:
            others = (_pair(self.units()[u]).phrase for u in self.sharing(unit))
            if after.phrase in others:  # a second fault
                return None
            self._reword(source, image_id, after.phrase)
        if after.image_missing and not one.sample.image_missing:
            Path(one.image_path).unlink()
        if unit in damage.masks:
            self._draw(image_id, image_id, damage.masks[unit])
        return {new.key: self._add(new, image_id, damage.masks.get(new.key)) for new in added}

    def _reword(self, source: Source, image_id: str, phrase: str) -> None:
        path = self._root / source.file
        rows = list(lines(path))
        end = rows[source.index][len(rows[source.index].rstrip(b"\r\n")) :]
        rows[source.index] = f"{image_id} {phrase}".encode() + end
        path.write_bytes(b"".join(rows))

    def _draw(self, image_id: str, like: str, drawing: Drawing) -> None:
        """Writes a mask with the values of another."""
        pixels = np.asarray(drawing)
        if pixels.max() <= 1:  # gray values are written as they are
            with Image.open(self._mask_file(like)) as published:
                pixels = pixels * np.uint8(np.asarray(published).max())
        write_tiff(self._mask_file(image_id), pixels)

    def _add(self, new: Sample, like: str, drawing: Drawing | None) -> str:
        """Adds a line with a copy of an image, and a mask of its own or a copy of the mask.

        Returns:
            its key
        """
        image_id = self._new_id(like)
        for folder in ("images", "masks"):
            file = self._root / folder / f"{like}.tif"
            if file.is_file():
                shutil.copyfile(file, file.with_stem(image_id))
        if drawing is not None:
            self._draw(image_id, like, drawing)
        path = phrase_list(self._root, new.split)
        rows = path.read_bytes() if path.is_file() else b""
        if rows and not rows.endswith(b"\n"):
            rows += b"\n"
        path.write_bytes(rows + f"{image_id} {new.phrase}\n".encode())
        return make_key(self.format, new.split, image_id, 0)

    def _new_id(self, like: str) -> str:
        """A number above all others that comes after the copied one as a text as well.

        So everyone who takes the first for the original takes the same one.
        """
        number = max(int(_pair(records).image_id) for records in self.units().values()) + 1
        while str(number) < like:
            number += 1
        return str(number)

    def _mask_unreadable(self, unit: str, rng: Generator) -> FileDamage:
        file = self._mask_file(_pair(self.units()[unit]).image_id)
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * rng.uniform(0.2, 0.8))])
        return FileDamage((unit,), "the mask file is cut short", "mask_unreadable")


def _pair(records: tuple[Record, ...]) -> Pair:
    (pair,) = records
    if not isinstance(pair, Pair):
        raise TypeError(f"RefSegRS has pairs, not {pair}")
    return pair


LAYOUTS.add(RefSegRSLayout.format, RefSegRSLayout)
