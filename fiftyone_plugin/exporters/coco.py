"""Referring COCO: one annotation a query, with its mask as RLE and the query as caption.

::

    annotations/{train,val,test}.json    images, annotations, categories
    images/<split>/<name>                the images as published

``segmentation`` is COCO's compressed RLE, ``bbox`` and ``area`` are the mask's, in pixels;
pixels to ignore stand in a second RLE, ``ignore``. A declared empty mask has ``no_target``.
Captions and boxes of caption and instruction data become annotations of their own; questions
have no place in COCO and are left out.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np

from fiftyone_plugin.exporters.converters import CONVERTERS, ConvertFormat, Example
from importers.fields import IGNORE, TARGET
from importers.files import safe_name
from importers.formats import native_export
from importers.formats.native_export import HeldMask, Tally
from importers.rle import encode_rle

_TARGET = "target"
_LISTS = ("images", "annotations")


class CocoConverter:
    """Writes COCO; see :class:`fiftyone_plugin.exporters.converters.Converter`.

    Args:
        out: an empty folder
    """

    def __init__(self, out: Path) -> None:
        self.tally = Tally()
        self._out = out
        self._stack = ExitStack()
        self._spools: dict[tuple[str, str], IO[bytes]] = {}
        self._images: dict[tuple[str, str], int] = {}
        self._categories: dict[str, int] = {}
        self._annotations = 0

    def add(self, example: Example) -> None:
        """Writes one sample's annotations, and its image if it is the first to show it."""
        self.tally.records += 1
        for members in self._annotations_of(example):
            self._annotations += 1
            ids = {"id": self._annotations, "image_id": self._image(example)}
            self._put(example.split, "annotations", ids | members | {"key": example.key})

    def _annotations_of(self, example: Example) -> Iterator[dict[str, Any]]:
        if example.mask is not None:
            category = self._category(_TARGET)
            yield {"category_id": category, "caption": example.phrase} | _mask(
                example, example.mask
            )
        for caption in example.captions:
            more = {name: caption[name] for name in ("task", "annotator") if caption.get(name)}
            yield {"caption": caption.get("text") or ""} | more
        for box in example.boxes:
            x, y, width, height = box["bounding_box"]
            sides = (example.width, example.height, example.width, example.height)
            bounds = [v * s for v, s in zip((x, y, width, height), sides, strict=True)]
            label = box.get("label") or "object"
            area = bounds[2] * bounds[3]
            yield {"category_id": self._category(label), "bbox": bounds, "area": area, "iscrowd": 0}

    def _category(self, name: str) -> int:
        return self._categories.setdefault(name, len(self._categories) + 1)

    def _image(self, example: Example) -> int:
        """The number of the sample's image, which is written on first use."""
        identity = (example.split, str(example.image or f"?{example.image_id}"))
        if identity in self._images:
            return self._images[identity]
        number = self._images[identity] = len(self._images) + 1
        name = f"{number:08d}-{safe_name(Path(example.image_name).name)}"
        if example.image is None:
            self.tally.images_missing += 1
        else:
            _copy(example.image, self._out / "images" / example.split / name)
            self.tally.images += 1
        size = {"width": example.width, "height": example.height}
        self._put(example.split, "images", {"id": number, "file_name": name} | size)
        return number

    def _put(self, split: str, name: str, entry: dict[str, Any]) -> None:
        spool = self._spools.get((split, name))
        if spool is None:
            made = TemporaryFile()  # noqa: SIM115 - the stack closes it
            spool = self._spools[split, name] = self._stack.enter_context(made)
        else:
            spool.write(b",\n")
        spool.write(json.dumps(entry).encode())

    def finish(self) -> str:
        """Writes a file for each split."""
        categories = [{"id": number, "name": name} for name, number in self._categories.items()]
        with self._stack:
            for split in sorted({split for split, _ in self._spools}):
                self._write_split(split, categories)
        return ""

    def _write_split(self, split: str, categories: list[dict[str, Any]]) -> None:
        target = self._out / "annotations" / f"{split}.json"
        target.parent.mkdir(exist_ok=True)
        with open(target, "wb") as stream:
            stream.write(b'{"info": {"description": "written by PairLens"},\n"categories": ')
            stream.write(json.dumps(categories).encode())
            for name in _LISTS:
                stream.write(f',\n"{name}": [\n'.encode())
                if spool := self._spools.get((split, name)):
                    spool.seek(0)
                    shutil.copyfileobj(spool, stream)
                stream.write(b"\n]")
            stream.write(b"}\n")
        self.tally.files["copied"] += 1


def _mask(example: Example, mask: HeldMask) -> dict[str, Any]:
    pixels = mask.pixels
    target = pixels == TARGET
    rows, columns = np.flatnonzero(target.any(1)), np.flatnonzero(target.any(0))
    box = [0, 0, 0, 0]
    if rows.size:
        left, top = int(columns[0]), int(rows[0])
        box = [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
    members = {"segmentation": encode_rle(target), "area": int(target.sum()), "bbox": box}
    if (ignored := pixels == IGNORE).any():
        members["ignore"] = encode_rle(ignored)
    return members | {"iscrowd": 0} | ({"no_target": True} if example.no_target else {})


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise native_export.cannot("copied", source.name, error) from error


CONVERTERS.add(
    "coco",
    ConvertFormat(
        "coco",
        "Referring COCO: masks as RLE with the query as caption",
        lambda dataset, out, kind: CocoConverter(out),
    ),
)
