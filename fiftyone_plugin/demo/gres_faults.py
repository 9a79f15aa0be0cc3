"""Faults for the GRES layout; a unit is an annotation file, ``split/stem``.

All queries of a file share its mask, so a fault of the mask concerns all of them, and a
fault of a query leaves the others as bystanders. Two masks for one image and query
(``ambiguous_query``) have no place in this layout.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

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
from fiftyone_plugin.demo.layouts import write_annotation
from fiftyone_plugin.demo.terrain import Region
from importers.formats.base import SPLITS
from importers.formats.gres import annotation_folder, image_folder
from importers.polygons import rasterize
from importers.records import Shape, make_key

CHIP = 512
"""Width and height of a published chip, for annotations without images."""

BLANK = ("", " ", "   ")


class GresDamager:
    """Damages annotation files and images under a root."""

    def __init__(self, root: Path, used: set[str]) -> None:
        self._root = root
        self.faults: dict[str, Attempt] = {
            "empty_mask": self._empty_mask,
            "full_mask": self._full_mask,
            "tiny_mask": self._tiny_mask,
            "box_mask": self._box_mask,
            "degenerate_polygon": self._degenerate_polygon,
            "image_missing": self._image_missing,
            "empty_query": self._empty_query,
            "coordinate_leak": self._coordinate_leak,
            "position_conflict": self._position_conflict,
            "duplicate_pair": self._duplicate_pair,
            "split_leak": self._split_leak,
        }

    @cached_property
    def _folder(self) -> Path:
        return annotation_folder(self._root) or self._root

    def units(self) -> list[str]:
        """All files, by split and name."""
        return [f"{s}/{f.stem}" for s in SPLITS for f in sorted((self._folder / s).glob("*.json"))]

    def keys(self, unit: str) -> tuple[str, ...]:
        """A key for each query of the file."""
        return self._some_keys(unit, range(len(self._load(unit)["text"])))

    def _some_keys(self, unit: str, indices: Iterable[int]) -> tuple[str, ...]:
        split, stem = unit.split("/")
        return tuple(make_key("gres", split, stem, index) for index in indices)

    def _file(self, unit: str) -> Path:
        return self._folder / f"{unit}.json"

    def _image(self, unit: str) -> Path:
        split, stem = unit.split("/")
        return image_folder(self._root, split) / f"{stem}.jpg"

    def _load(self, unit: str) -> dict[str, Any]:
        return json.loads(self._file(unit).read_text("utf-8"))

    def _size(self, unit: str) -> tuple[int, int]:
        """Width and height."""
        if not self._image(unit).is_file():
            return CHIP, CHIP
        with Image.open(self._image(unit)) as image:
            return image.size

    def _mask(self, unit: str) -> Region:
        width, height = self._size(unit)
        points = self._load(unit)["shapes"][0]["points"]
        return rasterize((Shape(tuple((x, y) for x, y in points)),), height, width).target

    def _redraw(self, unit: str, points: Any, note: str) -> Damage:
        """Puts other points in place of the polygon's, closed as they were."""
        content = self._load(unit)
        shape = content["shapes"][0]
        shape["points"] = [[float(x), float(y)] for x, y in points]
        content["shapes"] = [shape]
        write_annotation(self._file(unit), content)
        return Damage(self.keys(unit), note)

    def _empty_mask(self, unit: str, rng: Generator) -> Damage:
        content = self._load(unit) | {"shapes": []}
        write_annotation(self._file(unit), content)
        return Damage(self.keys(unit), "the polygon was taken out")

    def _full_mask(self, unit: str, rng: Generator) -> Damage:
        width, height = self._size(unit)
        corners = [(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1), (0, 0)]
        return self._redraw(unit, corners, "the polygon was drawn around the whole image")

    def _tiny_mask(self, unit: str, rng: Generator) -> Damage:
        points = tiny_outline(self._mask(unit))
        return self._redraw(unit, [*points, points[0]], "the polygon was shrunk to six pixels")

    def _box_mask(self, unit: str, rng: Generator) -> Damage | None:
        if not boxable(self._mask(unit)):
            return None
        points = self._load(unit)["shapes"][0]["points"]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        x0, y0, x1, y1 = min(xs), min(ys), max(xs), max(ys)
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        return self._redraw(unit, corners, "the polygon was replaced by its bounding box")

    def _degenerate_polygon(self, unit: str, rng: Generator) -> Damage:
        points = self._load(unit)["shapes"][0]["points"]
        width, _ = self._size(unit)
        (x0, y0), (x1, y1) = points[0], points[len(points) // 2]
        variants = (
            ([points[0], points[len(points) // 2]], "the polygon was cut to two points"),
            ([(x0, y0), ((x0 + x1) / 2, (y0 + y1) / 2), (x1, y1), (x0, y0)],
             "the polygon was folded to a line"),
            ([(x + 2 * width, y) for x, y in points], "the polygon was moved out of the image"),
        )  # fmt: skip
        changed, note = variants[int(rng.integers(len(variants)))]
        return self._redraw(unit, changed, note)

    def _image_missing(self, unit: str, rng: Generator) -> Damage | None:
        if not self._image(unit).is_file():
            return None
        self._image(unit).unlink()
        return Damage(self.keys(unit), "the image file was removed")

    def _reword(self, unit: str, index: int, phrase: str, note: str) -> Damage:
        content = self._load(unit)
        content["text"][index] = phrase
        write_annotation(self._file(unit), content)
        return Damage(self._some_keys(unit, [index]), note)

    def _any_query(self, unit: str, rng: Generator) -> tuple[int, str]:
        text = self._load(unit)["text"]
        index = int(rng.integers(len(text)))
        return index, text[index]

    def _empty_query(self, unit: str, rng: Generator) -> Damage:
        index, _ = self._any_query(unit, rng)
        blank = BLANK[int(rng.integers(len(BLANK)))]
        return self._reword(unit, index, blank, f"the query was replaced by {blank!r}")

    def _coordinate_leak(self, unit: str, rng: Generator) -> Damage | None:
        index, phrase = self._any_query(unit, rng)
        leaked = leak_coordinates(phrase, self._mask(unit))
        return self._reword(unit, index, leaked, "the mask's box was written into the query")

    def _position_conflict(self, unit: str, rng: Generator) -> Damage | None:
        mask, text = self._mask(unit), self._load(unit)["text"]
        exchanges = {i: e for i, q in enumerate(text) if (e := exchange_place(q, mask))}
        if not exchanges:
            return None
        index = int(rng.choice(list(exchanges)))
        exchange = exchanges[index]
        if rng.random() < 0.5:
            note = f"{exchange.words} was exchanged for its opposite"
            return self._reword(unit, index, exchange.phrase, note)
        width, height = self._size(unit)
        points = [
            (width - 1 - x if exchange.across else x, height - 1 - y if exchange.down else y)
            for x, y in self._load(unit)["shapes"][0]["points"]
        ]
        self._redraw(unit, points, "")
        return Damage(self._some_keys(unit, exchanges), "the mask was mirrored")

    def _duplicate_pair(self, unit: str, rng: Generator) -> Damage:
        content = self._load(unit)
        text = content["text"]
        if len(text) > 1:
            text[-1] = text[0]
        else:
            text.append(text[0])
        write_annotation(self._file(unit), content)
        # The first is right as it stands; the second is the one too many.
        keys = self._some_keys(unit, [len(text) - 1])
        return Damage(keys, "the file asks its first query twice")

    def _split_leak(self, unit: str, rng: Generator) -> Damage:
        split, stem = unit.split("/")
        other = str(rng.choice([s for s in SPLITS if s != split]))
        new = f"{other}/{self._new_stem(stem)}"
        content = self._load(unit)
        for shape in content["shapes"]:
            shape["image_name"] = self._image(new).name
        self._file(new).parent.mkdir(parents=True, exist_ok=True)
        write_annotation(self._file(new), content)
        if self._image(unit).is_file():
            self._image(new).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._image(unit), self._image(new))
        self._list(new)
        return Damage(self.keys(unit) + self.keys(new), f"{unit} stands again as {new}")

    @cached_property
    def _above(self) -> Iterator[int]:
        """Numbers above those of all ids."""
        numbers = (unit.rpartition("_")[2] for unit in self.units())
        return itertools.count(1 + max((int(n) for n in numbers if n.isdigit()), default=0))

    def _new_stem(self, stem: str) -> str:
        """An id above all others, as long as the given one."""
        head, _, digits = stem.rpartition("_")
        return f"{head}_{next(self._above):0{len(digits)}}"

    def _list(self, unit: str) -> None:
        """Adds an id to the split's list, twice as upstream has it."""
        split, stem = unit.split("/")
        path = self._file(unit).parent / f"{split}.txt"
        listed = path.read_text("utf-8").split("\n") if path.is_file() else []
        path.write_text("\n".join([*filter(None, listed), stem, stem]), "utf-8")


DAMAGERS.add("gres", GresDamager)
