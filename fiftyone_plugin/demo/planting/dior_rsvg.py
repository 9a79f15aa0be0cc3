"""Faults in DIOR-RSVG; a unit is an annotation, named by the split and image of its objects.

Objects are added in files behind all others, as the lists of the splits count objects.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import cv2
import numpy as np

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.demo.grounding_layouts import set_box, voc_bytes
from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Layout
from pairlens.fiftyone_plugin.faults import Damage, Drawing, LoadedSample, Unit
from pairlens.importers.formats.dior_rsvg_files import ANNOTATIONS, IMAGES
from pairlens.importers.records import Record, make_key


class DIORRSVGLayout(Layout):
    """Damages descriptions, boxes and images under a root."""

    format = "dior_rsvg"
    carried = (
        "full_mask",
        "image_missing",
        "coordinate_leak",
        "exchanged_place",
        "mirrored_mask",
        "duplicate_image",
        "split_leak",
    )

    def unit_of(self, record: Record) -> str:
        """The image, by split and name."""
        return f"{record.split}/{record.image_id}"

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes descriptions and boxes, a copy of an annotation, or removes its image."""
        records = {record.key: record for record in self.units()[unit]}
        file = self._root / self.units()[unit][0].source.file
        root = fromstring(file.read_bytes())
        objects = root.findall("object")
        added = damage.samples[len(before) :]
        if added:
            return self._write_copy(added, before[0], root)
        for after in damage.samples:
            one = objects[records[after.key].source.index]
            _child(one, "description").text = after.phrase
            if after.key in damage.masks:
                set_box(_child(one, "bndbox"), _corners(damage.masks[after.key]))
        if damage.samples[0].image_missing and not before[0].sample.image_missing:
            Path(before[0].image_path).unlink()
        file.write_bytes(voc_bytes(root))
        return {}

    def _write_copy(
        self, added: Sequence[Sample], original: LoadedSample, root: Element
    ) -> dict[str, str] | None:
        """Writes an annotation and its image once more, whose objects are in a split."""
        if len(root.findall("object")) != len(added):  # some are broken
            return None
        split, files = added[0].split, sorted((self._root / ANNOTATIONS).glob("*.xml"))
        first = sum(len(fromstring(file.read_bytes()).findall("object")) for file in files)
        name = f"{int(files[-1].stem) + 1:05}"
        _child(root, "filename").text = f"{name}.jpg"
        files[-1].with_stem(name).write_bytes(voc_bytes(root))
        if not original.sample.image_missing:
            shutil.copyfile(original.image_path, self._root / IMAGES / f"{name}.jpg")
        with open(self._root / f"{split}.txt", "a", encoding="utf-8") as listed:
            listed.writelines(f"{first + place}\n" for place in range(len(added)))
        return {new.key: make_key(self.format, split, f"{name}.jpg", place)
                for place, new in enumerate(added)}  # fmt: skip


def _child(parent: Element, name: str) -> Element:
    found = parent.find(name)
    if found is None:
        raise ValueError(f"a generated {parent.tag} has no {name}")
    return found


def _corners(drawing: Drawing) -> list[int]:
    """The corner pixels ``x1, y1, x2, y2`` of a mask."""
    left, top, width, height = cv2.boundingRect((np.asarray(drawing) > 0).astype(np.uint8))
    return [left, top, left + width - 1, top + height - 1]


LAYOUTS.add(DIORRSVGLayout.format, DIORRSVGLayout)
