"""Faults in GRES; a unit is an annotation file, ``split/stem``.

All queries of a file share its mask, so a fault of the mask concerns all of them, and a
fault of a query leaves the others as bystanders. Two masks for one image and query
(``ambiguous_query``) have no place in this layout.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.demo.layouts import write_annotation
from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Layout
from pairlens.fiftyone_plugin.faults import Damage, Drawing, LoadedSample, Unit
from pairlens.importers.formats.gres import annotation_folder, image_folder
from pairlens.importers.formats.mask_export import polygons_of
from pairlens.importers.records import Record, make_key


class GRESLayout(Layout):
    """Damages annotation files and images under a root."""

    format = "gres"
    carried = (
        "empty_mask",
        "full_mask",
        "tiny_mask",
        "box_mask",
        "degenerate_polygon",
        "image_missing",
        "empty_query",
        "coordinate_leak",
        "exchanged_place",
        "mirrored_mask",
        "duplicate_pair",
        "split_leak",
    )

    def unit_of(self, record: Record) -> str:
        """The annotation file, by split and name."""
        return f"{record.split}/{record.image_id}"

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes queries, shapes and copies of an annotation file, and removes its image."""
        split, stem = unit.split("/")
        file = self._root / self.units()[unit][0].source.file
        content = json.loads(file.read_text("utf-8"))
        queries = content["text"]
        if len(queries) != len(before):  # some are of another kind, or broken
            return None
        for index, (one, after) in enumerate(zip(before, damage.samples, strict=False)):
            queries[index] = after.phrase
            if after.image_missing and not one.sample.image_missing:
                Path(one.image_path).unlink(missing_ok=True)
        added = damage.samples[len(before) :]
        if any(sample.split != split for sample in added):
            return self._write_copy(added, before[0], content)
        if damage.masks:
            drawing = next(iter(damage.masks.values()))
            content["shapes"] = _shapes(drawing, content["shapes"][0])
        names = {one.key: make_key(self.format, split, stem, n)
                 for n, one in enumerate(added, len(queries))}  # fmt: skip
        queries += [one.phrase for one in added]
        write_annotation(file, content)
        return names

    def _write_copy(
        self, added: Sequence[Sample], original: LoadedSample, content: dict[str, Any]
    ) -> dict[str, str]:
        """Writes queries with the same shapes and image into another split, under a new id."""
        split, stem = added[0].split, self._new_stem(original.sample.image_id)
        image = image_folder(self._root, split) / f"{stem}.jpg"
        content = content | {"text": [one.phrase for one in added]}
        content["shapes"] = [shape | {"image_name": image.name} for shape in content["shapes"]]
        folder = (annotation_folder(self._root) or self._root) / split
        write_annotation(folder / f"{stem}.json", content)
        if not original.sample.image_missing:
            image.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original.image_path, image)
        _add_to_list(folder / f"{split}.txt", stem)
        return {one.key: make_key(self.format, split, stem, n) for n, one in enumerate(added)}

    def _new_stem(self, stem: str) -> str:
        """An id above all others, as long as the given one."""
        head, _, digits = stem.rpartition("_")
        numbers = (unit.rpartition("_")[2] for unit in self.units())
        number = 1 + max((int(n) for n in numbers if n.isdigit()), default=0)
        return f"{head}_{number:0{len(digits)}}"


def _shapes(drawing: Drawing, like: dict[str, Any]) -> list[dict[str, Any]]:
    """Shapes that draw a mask, closed explicitly as most published ones."""
    if isinstance(drawing, tuple):
        outlines = [("target", [[x, y] for x, y in shape.points]) for shape in drawing]
    else:
        outlines = polygons_of(drawing)
    return [
        like | {"label": label, "labels": [label], "points": points + points[:1]}
        for label, points in outlines
    ]


def _add_to_list(path: Path, stem: str) -> None:
    """Adds an id to a split's list, twice as upstream has it."""
    listed = path.read_text("utf-8").split("\n") if path.is_file() else []
    path.write_text("\n".join([*filter(None, listed), stem, stem]), "utf-8")


LAYOUTS.add(GRESLayout.format, GRESLayout)
