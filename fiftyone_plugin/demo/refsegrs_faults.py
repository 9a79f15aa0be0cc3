"""Faults for the RefSegRS layout; a unit is a line of a phrase list, named by its id."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image

from fiftyone_plugin.demo.faults import (
    DAMAGERS,
    Attempt,
    Damage,
    boxable,
    exchange_place,
    leak_coordinates,
    tiny_outline,
)
from fiftyone_plugin.demo.layouts import write_tiff
from fiftyone_plugin.demo.terrain import Canvas
from importers.errors import UsageError
from importers.files import lines
from importers.formats.base import SPLITS
from importers.formats.refsegrs import parse_line, phrase_list
from importers.polygons import rasterize
from importers.records import Shape, make_key


@dataclass
class Line:
    """A line of a phrase list: its split, its place in the list, its phrase."""

    split: str
    number: int
    phrase: str


class RefSegRSDamager:
    """Damages phrase lists, images and masks under a root."""

    def __init__(self, root: Path, used: set[str]) -> None:
        self._root = root
        self._used = used
        self.faults: dict[str, Attempt] = {
            "empty_mask": self._empty_mask,
            "full_mask": self._full_mask,
            "tiny_mask": self._tiny_mask,
            "box_mask": self._box_mask,
            "mask_unreadable": self._mask_unreadable,
            "mask_size_mismatch": self._mask_size_mismatch,
            "mask_values": self._mask_values,
            "image_missing": self._image_missing,
            "empty_query": self._empty_query,
            "coordinate_leak": self._coordinate_leak,
            "position_conflict": self._position_conflict,
            "duplicate_pair": self._duplicate_pair,
            "ambiguous_query": self._ambiguous_query,
            "split_leak": self._split_leak,
        }

    @cached_property
    def _lines(self) -> dict[str, Line]:
        found: dict[str, Line] = {}
        for split in SPLITS:
            path = phrase_list(self._root, split)
            for number, line in enumerate(lines(path) if path.is_file() else ()):
                image_id, phrase = parse_line(line)
                if image_id in found:
                    raise UsageError(f"id {image_id} stands twice; faults need ids that are unique")
                if image_id:
                    found[image_id] = Line(split, number, phrase)
        return found

    @cached_property
    def _scenes(self) -> dict[str, str]:
        """Digest of each id's image: lines of one scene have equal copies of it."""
        paths = {unit: self._image(unit) for unit in self._lines}
        return {
            unit: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else unit
            for unit, path in paths.items()
        }

    def units(self) -> list[str]:
        """The ids, in the order of the lists."""
        return list(self._lines)

    def keys(self, unit: str) -> tuple[str, ...]:
        """The one key of a line."""
        return (make_key("refsegrs", self._lines[unit].split, unit, 0),)

    def _siblings(self, unit: str) -> list[str]:
        """Other lines with the same image."""
        mine = self._scenes[unit]
        return [u for u, scene in self._scenes.items() if scene == mine and u != unit]

    def _image(self, unit: str) -> Path:
        return self._root / "images" / f"{unit}.tif"

    def _mask_file(self, unit: str) -> Path:
        return self._root / "masks" / f"{unit}.tif"

    def _mask(self, unit: str) -> Canvas:
        """The mask's pixels as stored."""
        with Image.open(self._mask_file(unit)) as image:
            return np.array(image)

    def _store(self, unit: str, mask: Canvas, note: str) -> Damage:
        write_tiff(self._mask_file(unit), mask)
        return Damage(self.keys(unit), note)

    def _empty_mask(self, unit: str, rng: Generator) -> Damage:
        return self._store(unit, self._mask(unit) * 0, "the mask was emptied")

    def _full_mask(self, unit: str, rng: Generator) -> Damage:
        mask = self._mask(unit)
        return self._store(unit, np.full_like(mask, mask.max()), "the mask was filled")

    def _tiny_mask(self, unit: str, rng: Generator) -> Damage:
        mask = self._mask(unit)
        outline = Shape(tuple(tiny_outline(mask > 0)))
        tiny = rasterize((outline,), *mask.shape).pixels * mask.max()
        return self._store(unit, tiny, "the mask was shrunk to six pixels")

    def _box_mask(self, unit: str, rng: Generator) -> Damage | None:
        mask = self._mask(unit)
        if not boxable(mask > 0):
            return None
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = np.zeros_like(mask)
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = mask.max()
        return self._store(unit, box, "the mask was replaced by its bounding box")

    def _mask_unreadable(self, unit: str, rng: Generator) -> Damage:
        data = self._mask_file(unit).read_bytes()
        self._mask_file(unit).write_bytes(data[: int(len(data) * rng.uniform(0.2, 0.8))])
        return Damage(self.keys(unit), "the mask file was cut short")

    def _mask_size_mismatch(self, unit: str, rng: Generator) -> Damage:
        mask = self._mask(unit)
        return self._store(
            unit, np.ascontiguousarray(mask[::2, ::2]), "the mask was halved in size"
        )

    def _mask_values(self, unit: str, rng: Generator) -> Damage:
        soft = cv2.GaussianBlur((self._mask(unit) > 0).astype(np.uint8) * 255, (0, 0), 1.0)
        return self._store(unit, soft, "the mask's edge was softened to gray values")  # type: ignore[arg-type]

    def _image_missing(self, unit: str, rng: Generator) -> Damage | None:
        if not self._image(unit).is_file():
            return None
        self._scenes  # noqa: B018 - digests are taken while all images are there
        self._image(unit).unlink()
        return Damage(self.keys(unit), "the image file was removed")

    def _reword(self, unit: str, phrase: str, note: str) -> Damage:
        line = self._lines[unit]
        path = phrase_list(self._root, line.split)
        rows = list(lines(path))
        end = rows[line.number][len(rows[line.number].rstrip(b"\r\n")) :]
        rows[line.number] = f"{unit} {phrase}".encode() + end
        path.write_bytes(b"".join(rows))
        line.phrase = phrase
        return Damage(self.keys(unit), note)

    def _empty_query(self, unit: str, rng: Generator) -> Damage:
        return self._reword(unit, "", "the phrase was removed")

    def _coordinate_leak(self, unit: str, rng: Generator) -> Damage:
        leaked = leak_coordinates(self._lines[unit].phrase, self._mask(unit) > 0)
        return self._reword(unit, leaked, "the mask's box was written into the phrase")

    def _position_conflict(self, unit: str, rng: Generator) -> Damage | None:
        mask = self._mask(unit)
        exchange = exchange_place(self._lines[unit].phrase, mask > 0)
        if exchange is None:
            return None
        taken = {self._lines[other].phrase for other in self._siblings(unit)}
        if rng.random() < 0.5 and exchange.phrase not in taken:
            note = f"{exchange.words} was exchanged for its opposite"
            return self._reword(unit, exchange.phrase, note)
        axes = tuple(a for a, turned in enumerate((exchange.down, exchange.across)) if turned)
        mirrored = np.ascontiguousarray(np.flip(mask, axes))
        return self._store(unit, mirrored, "the mask was mirrored")

    def _duplicate_pair(self, unit: str, rng: Generator) -> Damage:
        new = self._copy(unit, self._lines[unit].split)
        # The first is right as it stands; the second is the one too many.
        return Damage(self.keys(new), f"line {unit} stands again as {new}")

    def _ambiguous_query(self, unit: str, rng: Generator) -> Damage | None:
        mine = self._mask(unit)
        for other in self._siblings(unit):
            if other in self._used or self._lines[other].split != self._lines[unit].split:
                continue
            if self._lines[other].phrase and not np.array_equal(mine, self._mask(other)):
                note = f"lines {unit} and {other} ask the same of one scene"
                self._reword(unit, self._lines[other].phrase, note)
                return Damage(self.keys(unit) + self.keys(other), note, (other,))
        return None

    def _split_leak(self, unit: str, rng: Generator) -> Damage | None:
        split = self._lines[unit].split
        siblings = tuple(self._siblings(unit))
        if self._used.intersection(siblings):
            return None
        new = self._copy(unit, str(rng.choice([s for s in SPLITS if s != split])))
        where = f"{self._lines[new].split}/{new}"
        keys = self.keys(unit) + self.keys(new)
        # Their image now stands in two splits as well, though not their pair.
        return Damage(keys, f"{split}/{unit} stands again as {where}", siblings)

    def _copy(self, unit: str, split: str) -> str:
        """A line in a split with copies of the image and the mask, under an id above all.

        It comes after the copied line as a number and as a text, so that everyone who takes
        the first for the original takes the same one.
        """
        number = max(int(u) for u in self._lines) + 1
        while str(number) < unit:
            number += 1
        new = str(number)
        for folder in (self._image, self._mask_file):
            if folder(unit).is_file():
                shutil.copyfile(folder(unit), folder(new))
        path = phrase_list(self._root, split)
        rows = list(lines(path)) if path.is_file() else []
        if rows and not rows[-1].endswith(b"\n"):
            rows[-1] += b"\n"
        phrase = self._lines[unit].phrase
        path.write_bytes(b"".join([*rows, f"{new} {phrase}\n".encode()]))
        self._scenes[new] = self._scenes[unit]
        self._lines[new] = Line(split, len(rows), phrase)
        return new


DAMAGERS.add("refsegrs", RefSegRSDamager)
