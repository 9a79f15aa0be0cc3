"""Faults in RRSIS-D; a unit is an expression with its own object, named by its key."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Attempt, FileDamage, Layout
from pairlens.fiftyone_plugin.faults import Damage, Drawing, Unit
from pairlens.importers.formats.refer_files import INSTANCES
from pairlens.importers.formats.refer_format import sentence
from pairlens.importers.plain_pickle import load_plain
from pairlens.importers.records import make_key
from pairlens.importers.rle import encode_rle


class RRSISDLayout(Layout):
    """Damages expressions, run-lengths and images under a root; each ref has one sentence."""

    format = "rrsisd"
    carried = (
        "empty_mask",
        "full_mask",
        "tiny_mask",
        "box_mask",
        "mask_size_mismatch",
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
        """Faults of run-lengths."""
        return {"mask_unreadable": self._mask_unreadable}

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes the text and the mask of an expression and copies of it, and removes its image."""
        if len(before) > 1 or any(not isinstance(d, np.ndarray) for d in damage.masks.values()):
            return None
        (one,), (after, *added) = before, damage.samples
        files = _Files(self._root / self.format)
        number = self.units()[unit][0].source.index
        files.reword(number, after.phrase)
        if after.image_missing and not one.sample.image_missing:
            Path(one.image_path).unlink()
        if unit in damage.masks:
            files.draw(number, damage.masks[unit])
        names = {new.key: self._add(files, new, number, damage.masks.get(new.key)) for new in added}
        files.write()
        return names

    def _add(self, files: _Files, new: Sample, like: int, drawing: Drawing | None) -> str:
        """Adds an expression like another, on a copy of the image where the split is another.

        Returns:
            its key
        """
        image = files.image_of(like)
        name = Path(image["file_name"]).stem
        if new.split != files.refs[like]["split"]:
            file = self._root / "images" / self.format / "JPEGImages" / image["file_name"]
            number = max(one["id"] for one in files.content["images"]) + 1
            name = f"{number:05}"
            shutil.copyfile(file, file.with_stem(name))
            image = image | {"id": number, "file_name": f"{name}.jpg"}
            files.content["images"].append(image)
        place = files.add(new, like, image["id"], drawing)
        return make_key(self.format, new.split, name, place)

    def _mask_unreadable(self, unit: str, rng: Generator) -> FileDamage:
        files = _Files(self._root / self.format)
        annotation = files.annotation_of(self.units()[unit][0].source.index)
        rle = annotation["segmentation"][0]
        rle["counts"] = rle["counts"][: int(len(rle["counts"]) * rng.uniform(0.2, 0.8))]
        files.write()
        self.forget()
        return FileDamage((unit,), "the run-lengths are cut short", "mask_unreadable")


class _Files:
    """The expressions and annotations of a folder, read and written whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.refs: list[dict[str, Any]] = load_plain((folder / "refs(unc).p").read_bytes())[0]
        self.content: dict[str, Any] = json.loads((folder / INSTANCES).read_bytes())

    def write(self) -> None:
        (self._folder / "refs(unc).p").write_bytes(pickle.dumps(self.refs, 2))
        (self._folder / INSTANCES).write_text(json.dumps(self.content))

    def annotation_of(self, number: int) -> dict[str, Any]:
        """The annotation of a ref, to be changed in place."""
        wanted = self.refs[number]["ann_id"]
        return next(one for one in self.content["annotations"] if one["id"] == wanted)

    def image_of(self, number: int) -> dict[str, Any]:
        wanted = self.refs[number]["image_id"]
        return next(one for one in self.content["images"] if one["id"] == wanted)

    def reword(self, number: int, phrase: str) -> None:
        ref = self.refs[number]
        ref["sentences"] = [sentence(phrase, ref["sent_ids"][0])]

    def draw(self, number: int, drawing: Drawing) -> None:
        self.annotation_of(number)["segmentation"] = [encode_rle(np.asarray(drawing))]

    def add(self, new: Sample, like: int, image: int, drawing: Drawing | None) -> int:
        """Adds a ref with an annotation of its own.

        Returns:
            its number among the expressions for the image
        """
        annotation = dict(self.annotation_of(like))
        annotation |= {"id": self._next("annotations"), "image_id": image}
        self.content["annotations"].append(annotation)
        place = sum(ref["image_id"] == image for ref in self.refs)
        ref_id = max(ref["ref_id"] for ref in self.refs) + 1
        number = 10 * ref_id
        ref = self.refs[like] | {"ref_id": ref_id, "ann_id": annotation["id"], "image_id": image}
        ref |= {
            "split": new.split,
            "sent_ids": [number],
            "sentences": [sentence(new.phrase, number)],
        }
        self.refs.append(ref)
        if drawing is not None:
            self.draw(len(self.refs) - 1, drawing)
        return place

    def _next(self, name: str) -> int:
        return max(one["id"] for one in self.content[name]) + 1


LAYOUTS.add(RRSISDLayout.format, RRSISDLayout)
