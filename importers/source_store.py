"""Stores source boxes: object boxes of the datasets that images were taken from, with samples."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

from bson import ObjectId

from pairlens.importers import fields, fo_internals, leases, schema, store, working_set
from pairlens.importers.errors import StateError
from pairlens.importers.formats.gres import NAME as GRES
from pairlens.importers.formats.gres import image_folder
from pairlens.importers.gres_chips import Chip
from pairlens.importers.gres_images import PLAN, read_plan
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.source_boxes import Boxes
from pairlens.importers.source_readers import read_source

MAX_BOXES = 10_000
"""Maximum number of boxes of one image, since a document can have 16 MB."""

_CROP = re.compile(r"(.+?)__(\d{1,5}(?:\.\d{1,4})?)__(\d{1,6})___(\d{1,6})")
_LEAST_SIDE = 16
"""Least side of a crop in pixels; a lower number in a crop's name is a scale."""

_READ = (
    fields.IMAGE_ID, fields.SPLIT, f"{fields.SOURCE}.image_name", "filepath", "metadata.width",
    "metadata.height",
)  # fmt: skip


@dataclass
class SourceSummary:
    """The result of storing source boxes.

    Attributes:
        dataset: its name
        source: the file or folder with the boxes
        kind: of the source, as in :class:`pairlens.importers.source_readers.BoxSource`
        samples: number of samples that got boxes
        of: number of samples that were examined
        boxes: number of stored boxes, each counted once for each sample of its image
        unknown: file names of the first five images that the source does not have
        unknown_total: number of such images
        notes: further remarks
        seconds: duration of the step
    """

    dataset: str
    source: str
    kind: str = ""
    samples: int = 0
    of: int = 0
    boxes: int = 0
    unknown: list[str] = field(default_factory=list)
    unknown_total: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


@leases.holding("sources", "source boxes")
def store_source_boxes(
    samples: Any, path: Path, chips: Path | None = None, progress: Progress = no_progress
) -> SourceSummary:
    """Stores the source's boxes of each image as ``source_boxes``, replacing earlier ones.

    An image is found in the source by its file name. Images of GRES are found by their positions in
    xView, which ``pairlens images gres`` writes to ``chips.jsonl`` in the folder of images.

    Args:
        samples: a dataset that PairLens imported, or a view of one
        path: file or folder with the boxes; see :mod:`pairlens.importers.source_readers`
        chips: a ``chips.jsonl``, if it is not in the folder of images
        progress: called with samples done and samples in all

    Raises:
        LayoutError: if there are no boxes in the source
        StateError: if it has none of the images
    """
    started = time.perf_counter()
    dataset = fo_internals.dataset_of(samples)
    done = SourceSummary(dataset.name, str(path))
    source = read_source(path, done.notes.append)
    done.kind = source.kind
    places = _places(dataset, chips) if source.kind == "xview" else {}
    docs = store.stream(samples, _READ, order=(fields.IMAGE_ID, fields.SPLIT))
    total = working_set.count(samples)

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        for _, group in groupby(docs, key=_image):
            same_image = list(group)
            done.of += len(same_image)
            found = _boxes_of(same_image[0], source.images, places)
            if found is None:
                done.unknown_total += 1
                done.unknown += [_name(same_image[0])] * (len(done.unknown) < 5)
            else:
                if not done.samples:
                    schema.declare_source_boxes(dataset)
                boxes, size = _at_most(found[0], done), found[1]
                done.samples += len(same_image)
                done.boxes += len(same_image) * len(boxes.labels)
                for doc in same_image:
                    yield doc["_id"], {fields.SOURCE_BOXES: _detections(boxes, size)}
            progress(done.of, total)

    store.update(dataset, changes())
    if not done.samples:
        raise StateError(_none_of(done, bool(places)))
    store.update_info(dataset, **{fields.SOURCE_BOXES: {"kind": done.kind, "path": str(path)}})
    done.seconds = round(time.perf_counter() - started, 3)
    return done


def _none_of(done: SourceSummary, placed: bool) -> str:
    text = f"{done.source} names none of the images, such as {done.unknown}"
    if done.kind != "xview" or placed:
        return text
    return f"{text}; for GRES, pairlens images gres writes the {PLAN} that says where they lie"


def _image(doc: Mapping[str, Any]) -> tuple[str, str]:
    return doc.get(fields.IMAGE_ID) or "", doc.get(fields.SPLIT) or ""


def _name(doc: Mapping[str, Any]) -> str:
    named = (doc.get(fields.SOURCE) or {}).get("image_name")
    return PurePath(named or doc["filepath"]).name


def _places(dataset: Any, chips: Path | None) -> dict[str, Chip]:
    """Reads the positions of images in xView by ``SPLIT/NAME``; empty if there is no plan."""
    facts = store.info(dataset)
    if chips is None and facts.get("format") == GRES and facts.get("path"):
        beside = image_folder(Path(facts["path"]), "train").parent / PLAN
        chips = beside if beside.is_file() else None
    return read_plan(chips) if chips is not None else {}


def _boxes_of(
    doc: Mapping[str, Any], images: Mapping[str, Boxes], places: Mapping[str, Chip]
) -> tuple[Boxes, tuple[float, float]] | None:
    """Returns the boxes of an image and the (width, height) that their coordinates refer to.

    ``None`` if the source does not have the image.
    """
    name = _name(doc)
    chip = places.get(f"{doc.get(fields.SPLIT)}/{name}")
    if chip is not None:
        x1, y1, x2, y2 = chip.box
        boxes = images.get(PurePath(chip.tile).stem)
        return None if boxes is None else (boxes.within(chip.box), (x2 - x1, y2 - y1))
    facts = doc.get("metadata") or {}
    size = (facts.get("width") or 0, facts.get("height") or 0)
    stem, box = _crop(PurePath(name).stem, size)
    boxes = images.get(PurePath(name).stem) or images.get(stem)
    if boxes is None or not min(size):
        return None
    if PurePath(name).stem in images:
        return boxes.within((0, 0, *size)), size
    return boxes.within(box), (box[2] - box[0], box[3] - box[1])


def _crop(stem: str, size: tuple[int, int]) -> tuple[str, tuple[float, float, float, float]]:
    """Parses the name of a crop: returns the name of the whole image and the box of the crop in it.

    The tools that cut DOTA name crops ``P0001__SCALE__X___Y``, some with the side of the crop
    instead of the scale. X and Y are in pixels of the scaled image.

    Args:
        stem: file name without suffix; the name of a whole image is returned unchanged
        size: width and height of the crop in pixels
    """
    match = _CROP.fullmatch(stem)
    if match is None:
        return stem, (0, 0, *size)
    scale = float(match[2])
    scale = scale if 0 < scale < _LEAST_SIDE else 1.0
    x, y = int(match[3]), int(match[4])
    return match[1], (x / scale, y / scale, (x + size[0]) / scale, (y + size[1]) / scale)


def _at_most(boxes: Boxes, done: SourceSummary) -> Boxes:
    if len(boxes.labels) <= MAX_BOXES:
        return boxes
    done.notes.append(f"an image has {len(boxes.labels):,} boxes; {MAX_BOXES:,} are stored")
    return Boxes(boxes.labels[:MAX_BOXES], boxes.corners[:MAX_BOXES])


def _detections(boxes: Boxes, size: Sequence[float]) -> dict[str, Any]:
    width, height = size
    listed = [
        {
            "_id": ObjectId(),
            "_cls": "Detection",
            "attributes": {},
            "tags": [],
            "label": label,
            "bounding_box": [x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height],
        }
        for label, (x1, y1, x2, y2) in zip(boxes.labels, boxes.corners.tolist(), strict=True)
    ]
    return {"_cls": "Detections", "detections": listed}
