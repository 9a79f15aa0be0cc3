"""Referring COCO, as PairLens writes it: instances with a query each, or captions of images.

::

    annotations/instances_{train,val,test}.json   with ``caption``, ``segmentation``, ``key``
    annotations/captions_{train,val,test}.json    with ``caption``, ``key``, of whole images
    images/<split>/<file_name>

COCO's own files have no keys, and are not read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from pairlens.importers.errors import (
    LayoutError,
    MaskError,
    OnError,
    OnNote,
    RecordError,
    ignore_note,
    raise_error,
)
from pairlens.importers.fields import IGNORE
from pairlens.importers.files import is_plain_name
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, Settled
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    SIDE,
    image_bytes,
    picture,
    put,
    target,
)
from pairlens.importers.formats.own_records import (
    MAX_TEXTS,
    WRITTEN,
    Found,
    ListRows,
    Members,
    Place,
    Rows,
    by_image,
    caption_of,
    key_of,
    records_of,
)
from pairlens.importers.formats.refer_files import is_id
from pairlens.importers.formats.refer_targets import parts_of
from pairlens.importers.formats.table_rows import TableRow
from pairlens.importers.image_lookup import find_file
from pairlens.importers.list_items import read_list_items
from pairlens.importers.masks import encode_png
from pairlens.importers.records import (
    CaptionedImage,
    InlineRaster,
    Instances,
    Kind,
    NoTarget,
    Pair,
    Record,
    Target,
    phrase_fault,
)
from pairlens.importers.rle import decode_rle, encode_rle
from pairlens.importers.source_files import open_source

NAME = "coco"
FOLDER = "annotations"
_TASKS: dict[Kind, str] = {"pairs": "instances", "captions": "captions"}


class _File(ListRows):
    """The annotations of a split, with the images that they are of.

    Args:
        root: the dataset's folder
        task: ``instances`` or ``captions``
        split: of the file
        stack: closes the file
    """

    def __init__(self, root: Path, task: str, split: str, stack: ExitStack) -> None:
        name = _file_name(task, split)
        super().__init__(root / name, name, "annotations", stack)
        self.split = split
        self.images: dict[str, Members] = {}
        self._root = root
        self._stems: Counter[str] | None = None

    def take_other(self, listed: str, value: Any) -> None:
        if listed == "images" and isinstance(value, dict) and is_id(value.get("id")):
            kept = ("file_name", "width", "height")
            self.images[str(value["id"])] = {name: value.get(name) for name in kept}

    def forget_other(self, listed: str) -> None:
        if listed == "images":
            self.images.clear()

    def image(self, number: str) -> tuple[str, Path | None]:
        """The name of an image, and its file where it is there.

        Raises:
            ValueError: if there is none of the number, or it has no name
        """
        if number not in self.images:
            raise ValueError(f"image {number[:40]} is not among the 'images'")
        name = self.images[number].get("file_name")
        if not isinstance(name, str) or not is_plain_name(name):
            raise ValueError(f"image {number[:40]} has no 'file_name' in its folder")
        return name, find_file(self._root / "images" / self.split, name)

    def image_id(self, name: str) -> str:
        """The name of an image without its suffix, where no other image has that name.

        Args:
            name: its ``file_name``; all images have been met
        """
        if self._stems is None:
            names = {str(image.get("file_name")) for image in self.images.values()}
            self._stems = Counter(Path(each).stem for each in names)
        stem = Path(name).stem
        return stem if self._stems[stem] == 1 else name

    def size(self, number: str) -> tuple[int, ...]:
        """Height and width of an image; ``()`` where they are not given."""
        sides = [self.images[number].get(name) for name in ("height", "width")]
        whole = [s for s in sides if isinstance(s, int) and not isinstance(s, bool) and s > 0]
        return tuple(whole) if len(whole) == len(sides) else ()


def _file_name(task: str, split: str) -> str:
    return f"{FOLDER}/{task}_{split}.json"


def _splits_of(root: Path, task: str) -> list[str]:
    return [split for split in SPLITS if (root / _file_name(task, split)).is_file()]


def detect(root: Path) -> bool:
    """Whether the first annotation of a file has a key and a text."""
    return any({"key", "caption"} <= {*first} for first in _first(root))


def _first(root: Path) -> Iterator[Members]:
    """The first annotation of each file."""
    for task in _TASKS.values():
        for split in _splits_of(root, task):
            with suppress(OSError, ValueError), open_source(root / _file_name(task, split)) as file:
                items = (item for item in read_list_items(file) if item.name == "annotations")
                first = next(items, None)
                if first and isinstance(first.value, dict):
                    yield first.value


def _kind(root: Path) -> Kind:
    """What the files hold.

    Raises:
        LayoutError: if they hold nothing that can be read
    """
    if any("caption" in first and "segmentation" in first for first in _first(root)):
        return "pairs"
    if _splits_of(root, _TASKS["captions"]):
        return "captions"
    raise LayoutError(
        f"{root}/{FOLDER} has boxes without queries or captions, which make no samples; import "
        "what they were exported from, or an export as hf or fiftyone"
    )


def settle(root: Path, given: Mapping[str, str]) -> Settled:
    """The format with the kind of the records that the files hold."""
    return Settled(replace(FORMATS[NAME], kind=_kind(root)), dict(given))


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
) -> Iterator[Record]:
    """Yields the records, images by split and first annotation.

    Args:
        root: the folder around ``annotations`` and ``images``
        splits: which to read
        on_error: takes broken annotations
        on_note: takes what is left out
    """
    kind = _kind(root)
    task = _TASKS[kind]
    if kind == "captions" and _splits_of(root, _TASKS["pairs"]):
        on_note("boxes of conversations are left out: an export as hf or fiftyone has them whole")
    with ExitStack() as stack:
        there = (split for split in _splits_of(root, task) if split in splits)
        files = [_File(root, task, split, stack) for split in there]
        if kind == "pairs":
            yield from records_of(files, _pair_place, _pair, splits, on_error)
        else:
            yield from _captioned(files, splits, on_error)


def _place(rows: Rows, row: TableRow) -> Place:
    number = row.cells.get("image_id")
    if not is_id(number):
        raise ValueError("it has no 'image_id'")
    return Place(cast(_File, rows).split, str(number), "")


def _pair_place(rows: Rows, row: TableRow) -> Place:
    return _place(rows, row)._replace(key=key_of(row.cells))


def _pair(found: Found) -> Pair:
    members, file = found.row.cells, cast(_File, found.rows)
    phrase = members.get("caption")
    if fault := phrase_fault(phrase):
        raise ValueError(fault)
    name, image = file.image(found.image)
    return Pair(
        key=key_of(members),
        image_id=file.image_id(name),
        split=found.split,
        phrase=str(phrase),
        image=image,
        image_name=name,
        target=_target(members, file.size(found.image), f"{found.source}"),
        source=found.source,
    )


def _target(members: Members, size: tuple[int, ...], name: str) -> Target:
    if members.get("no_target") is True:
        return NoTarget()
    ignored = members.get("ignore")
    segmentation = members.get("segmentation")
    if isinstance(ignored, dict) and isinstance(segmentation, dict):
        return _with_ignored(segmentation, ignored, name)
    return Instances(size, tuple(parts_of(dict(members))))


def _with_ignored(segmentation: Members, ignored: Members, name: str) -> InlineRaster:
    """Two encodings as the mask file that holds both; they are few."""
    try:
        pixels, apart = decode_rle(segmentation), decode_rle(ignored)
    except MaskError as error:
        raise ValueError(str(error)) from error
    if pixels.shape != apart.shape:
        raise ValueError("'segmentation' and 'ignore' differ in size")
    pixels[apart > 0] = IGNORE
    return InlineRaster(encode_png(pixels), name, WRITTEN)


def _captioned(
    files: list[_File], splits: Collection[str], on_error: OnError
) -> Iterator[CaptionedImage]:
    for group in by_image(files, _place, splits, on_error):
        found = [one for _, one in zip(range(MAX_TEXTS), group, strict=False)]
        try:
            if found:
                yield _captions_of(found)
        except ValueError as error:
            on_error(RecordError(str(found[0].source), str(error)))


def _captions_of(found: list[Found]) -> CaptionedImage:
    first, file = found[0], cast(_File, found[0].rows)
    name, image = file.image(first.image)
    return CaptionedImage(
        key=key_of(first.row.cells),
        image_id=file.image_id(name),
        split=first.split,
        image=image,
        image_name=name,
        captions=tuple(caption_of(one.row.cells, "caption") for one in found),
        source=first.source,
    )


def example(root: Path) -> Path:
    """Writes two queries for each of six images."""
    number = 0
    for split in dict.fromkeys(IMAGE_SPLITS):
        images: list[Members] = []
        annotations: list[Members] = []
        for image in (n for n, of in enumerate(IMAGE_SPLITS) if of == split):
            name = f"{image}.png"
            put(root / "images" / split / name, image_bytes(picture(image), "PNG"))
            images.append({"id": image, "file_name": name, "width": SIDE, "height": SIDE})
            for place, phrase in enumerate((f"house {image}", f"the red house on plot {image}")):
                number += 1
                annotations.append(
                    {"id": number, "image_id": image, "category_id": 1, "caption": phrase,
                     "segmentation": encode_rle(target()), "bbox": [8, 12, 32, 32],
                     "area": int(np.count_nonzero(target())), "iscrowd": 0,
                     "key": f"gres/{split}/{image}#{place}"}
                )  # fmt: skip
        content = {"images": images, "annotations": annotations,
                   "categories": [{"id": 1, "name": "target"}]}  # fmt: skip
        put(root / _file_name("instances", split), json.dumps(content))
    return root


def _spoil(root: Path, **members: Any) -> None:
    """Changes the first annotation of the example."""
    file = root / _file_name("instances", "train")
    content = json.loads(file.read_bytes())
    content["annotations"][0] |= members
    put(file, json.dumps(content))


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="Referring COCO",
        about="What PairLens exports as COCO: instances with a query and a key each",
        layout="annotations/instances_SPLIT.json or captions_SPLIT.json whose annotations have "
        "keys, and images/SPLIT/",
        docs="[what PairLens exports as `coco`](docs/formats/own-exports.md): "
        "`annotations/instances_SPLIT.json` with keys, and `images/SPLIT/`",
        detect=detect,
        settle=settle,
        own_keys=True,
        count=lambda root, splits=SPLITS: 0,  # not known without reading
        read=read,
        no_target="`no_target`",
        example=example,
        faults=(
            FormatFault(
                "an image is gone",
                lambda root: (root / "images/train/0.png").unlink(),
                "annotations/instances_train.json[0]: the image 0.png is not there",
            ),
            FormatFault(
                "an annotation is of no image",
                partial(_spoil, image_id=99),
                "annotations/instances_train.json[0]: image 99 is not among the 'images'",
            ),
            FormatFault(
                "an annotation has no mask",
                partial(_spoil, segmentation=None),
                "annotations/instances_train.json[0]: annotation 1 has no 'segmentation'",
            ),
        ),
    ),
)
