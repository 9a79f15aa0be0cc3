"""Referring COCO, in COCO's own layout: instances and captions apart, for each split.

::

    annotations/instances_{train,val,test}.json   masks and boxes, with categories
    annotations/captions_{train,val,test}.json    captions of whole images
    images/<split>/<name>                         the images as published

A pair is an instance with its query as ``caption``: ``segmentation`` is COCO's compressed RLE,
``bbox`` and ``area`` are the mask's, in pixels; pixels to ignore stand in a second RLE,
``ignore``. A declared empty mask has ``no_target``. Boxes of instruction data are instances
without a mask. Questions have no place in COCO and are left out, which is counted.

A name of an image is kept; characters that some file system refuses are percent-encoded, and a
second image of a name has its number before it.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import quote

import numpy as np

from pairlens.fiftyone_plugin.exporters.converters import (
    CONVERTERS,
    ConvertFormat,
    Example,
    held_mask,
)
from pairlens.importers.errors import RecordError
from pairlens.importers.fields import IGNORE, TARGET, TARGET_BOX
from pairlens.importers.formats import native_export
from pairlens.importers.formats.native_export import Tally
from pairlens.importers.records import Kind
from pairlens.importers.rle import encode_rle
from pairlens.importers.source_files import open_source

_TARGET = "target"
_INSTANCES, _CAPTIONS = "instances", "captions"
_LISTS = ("images", "annotations")
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]|%(?=[0-9A-Fa-f]{2})|^\.|[. ]$')
_MAX_NAME = 200
"""Bytes of a file's name without the number that can stand before it."""

Members = dict[str, Any]
"""Members of an annotation, without its numbers."""


class CocoConverter:
    """Writes COCO; see :class:`pairlens.fiftyone_plugin.exporters.converters.Converter`.

    Args:
        out: an empty folder
        kind: of the records
    """

    def __init__(self, out: Path, kind: Kind) -> None:
        self.tally = Tally()
        self._out = out
        self._kind = kind
        self._stack = ExitStack()
        self._spools: dict[tuple[str, str, str], IO[bytes]] = {}
        self._images: dict[tuple[str, str], Members] = {}
        self._listed: set[tuple[str, int]] = set()
        self._names: set[tuple[str, str]] = set()
        self._categories: dict[str, int] = {}
        self._annotations = 0

    def add(self, example: Example) -> None:
        """Writes one sample's annotations, and its image if it is the first to show it."""
        self.tally.records += 1
        annotations = [*self._annotations_of(example)]
        self.tally.no_place += len(example.turns)
        image = self._image(example)
        if not annotations:  # an image without annotations is COCO as well
            self._list_image(example.split, _INSTANCES, image)
        for task, members in annotations:
            self._list_image(example.split, task, image)
            self._annotations += 1
            ids = {"id": self._annotations, "image_id": image["id"]}
            self._put(example.split, task, "annotations", ids | members | {"key": example.key})

    def _annotations_of(self, example: Example) -> Iterator[tuple[str, Members]]:
        """Each annotation's file and members."""
        if self._kind == "pairs":
            category = self._category(_TARGET)
            yield (
                _INSTANCES,
                {"category_id": category, "caption": example.phrase} | _mask(example),
            )
        for caption in example.captions:
            more = {name: caption[name] for name in ("task", "annotator") if caption.get(name)}
            yield _CAPTIONS, {"caption": caption.get("text") or ""} | more
        for box in example.boxes:
            label = box.get("label") or "object"
            yield _INSTANCES, {"category_id": self._category(label)} | _box(example, box)

    def _category(self, name: str) -> int:
        return self._categories.setdefault(name, len(self._categories) + 1)

    def _image(self, example: Example) -> Members:
        """The entry of the sample's image, which is copied on first use."""
        identity = (example.split, str(example.image or f"?{example.image_id}"))
        if identity in self._images:
            return self._images[identity]
        number = len(self._images) + 1
        name = self._file_name(example, number)
        if example.image is None:
            self.tally.images_missing += 1
        else:
            _copy(example.image, self._out / "images" / example.split / name)
            self.tally.images += 1
        size = {"width": example.width, "height": example.height}
        entry = self._images[identity] = {"id": number, "file_name": name} | size
        return entry

    def _file_name(self, example: Example, number: int) -> str:
        """A name that no other image of the split has, on whatever file system."""
        name = Path(example.image_name or example.image_id).name
        if not re.search(r"\.\w{2,4}$", name) and example.image is not None:
            name += example.image.suffix
        name = _REFUSED.sub(lambda found: quote(found[0], safe="", errors="surrogatepass"), name)
        # quote leaves dots alone.
        name = re.sub(r"^\.|\.$", "%2E", name)
        if len(name.encode()) > _MAX_NAME:
            suffix = Path(name).suffix
            name = name.encode()[: _MAX_NAME - len(suffix)].decode("utf-8", "ignore") + suffix
        seen = (example.split, unicodedata.normalize("NFC", name).casefold())
        if seen in self._names:
            return f"{number:08d}-{name}"
        self._names.add(seen)
        return name

    def _list_image(self, split: str, task: str, image: Members) -> None:
        if (task, image["id"]) not in self._listed:
            self._listed.add((task, image["id"]))
            self._put(split, task, "images", image)

    def _put(self, split: str, task: str, name: str, entry: Members) -> None:
        spool = self._spools.get((split, task, name))
        if spool is None:
            made = TemporaryFile()  # noqa: SIM115 - the stack closes it
            spool = self._spools[split, task, name] = self._stack.enter_context(made)
        else:
            spool.write(b",\n")
        spool.write(json.dumps(entry).encode())

    def finish(self) -> dict[str, Any]:
        """Writes a file for each split and task."""
        categories = [{"id": number, "name": name} for name, number in self._categories.items()]
        with self._stack:
            for split, task in sorted({(split, task) for split, task, _ in self._spools}):
                self._write_file(split, task, categories)
        return {}

    def _write_file(self, split: str, task: str, categories: list[Members]) -> None:
        target = self._out / "annotations" / f"{task}_{split}.json"
        target.parent.mkdir(exist_ok=True)
        with open(target, "wb") as stream:
            stream.write(b'{"info": {"description": "written by PairLens"},\n"licenses": []')
            # COCO's own files of captions have none; with some, readers want one of each caption.
            if task == _INSTANCES:
                stream.write(b',\n"categories": ' + json.dumps(categories).encode())
            for name in _LISTS:
                stream.write(f',\n"{name}": [\n'.encode())
                if spool := self._spools.get((split, task, name)):
                    spool.seek(0)
                    shutil.copyfileobj(spool, stream)
                stream.write(b"\n]")
            stream.write(b"}\n")
        self.tally.files["copied"] += 1


def _mask(example: Example) -> Members:
    """The members of a pair's mask.

    Raises:
        RecordError: if there is none, or it is unlike its image
    """
    pixels = held_mask(example).pixels
    height, width = pixels.shape
    if (width, height) != (example.width, example.height):
        raise RecordError(
            example.key,
            f"its mask is {width} x {height} pixels, the image {example.width} x {example.height}",
        )
    target = pixels == TARGET
    rows, columns = np.flatnonzero(target.any(1)), np.flatnonzero(target.any(0))
    box = [0, 0, 0, 0]
    if rows.size:
        left, top = int(columns[0]), int(rows[0])
        box = [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
    members = {"segmentation": encode_rle(target), "area": int(target.sum()), "bbox": box}
    if (ignored := pixels == IGNORE).any():
        members["ignore"] = encode_rle(ignored)
    if example.target_box is not None:
        members[TARGET_BOX] = example.target_box
    return members | {"iscrowd": 0} | ({"no_target": True} if example.no_target else {})


def _box(example: Example, box: Members) -> Members:
    """The members of a box, in pixels."""
    sides = (example.width, example.height, example.width, example.height)
    bounds = [v * s for v, s in zip(box["bounding_box"], sides, strict=True)]
    return {"bbox": bounds, "area": bounds[2] * bounds[3], "segmentation": [], "iscrowd": 0}


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_source(source) as stream, open(target, "wb") as written:
            shutil.copyfileobj(stream, written, 1 << 20)
    except OSError as error:
        raise native_export.cannot("copied", source.name, error) from error


CONVERTERS.add(
    "coco",
    ConvertFormat(
        "coco",
        "Referring COCO: masks as RLE with the query as caption",
        lambda dataset, out, kind: CocoConverter(out, kind),
    ),
)
