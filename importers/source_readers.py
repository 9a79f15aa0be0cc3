"""Reads source boxes: the object boxes of the datasets that images were taken from.

==========  =============================================================================
xView       ``xView_train.geojson``; see :mod:`pairlens.importers.xview`
VOC         a folder of ``*.xml`` with ``object``, ``name`` and ``bndbox`` (DIOR), or with
            ``robndbox`` (DIOR-R)
FAIR1M      a folder of ``*.xml`` with ``object``, ``possibleresult`` and ``points``
DOTA        a folder of ``*.txt`` with eight coordinates, a class and a difficulty on each line
COCO        a ``.json`` of ``images``, ``annotations`` and ``categories`` (iSAID)
==========  =============================================================================

Rotated boxes are replaced by the upright boxes around them. Images are identified by their file
names without suffix.
"""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path, PurePath
from typing import Any
from xml.etree import ElementTree

import numpy as np

from pairlens.importers.bounded_json import is_number
from pairlens.importers.errors import LayoutError, OnNote, ignore_note
from pairlens.importers.files import is_leftover
from pairlens.importers.json_stream import read_items
from pairlens.importers.source_boxes import Boxes
from pairlens.importers.source_files import open_source, reason_of
from pairlens.importers.xview import read_geojson

MAX_FILE_BYTES = 16 << 20
"""Maximum size of the annotation file of one image."""

_HEAD = 1 << 20
"""Bytes at the beginning of a file that are searched for xView's keys."""

_LARGEST = 1e6
"""Largest valid coordinate in pixels."""

_DIFFICULTIES = ("0", "1", "2")
"""What may end a line of DOTA's."""

Listed = list[tuple[str, tuple[float, ...] | None]]
"""Class and corners (x1, y1, x2, y2 in pixels) of each object; ``None`` for unread corners."""


@dataclass(frozen=True, slots=True)
class BoxSource:
    """The boxes of a source.

    Attributes:
        kind: its layout: ``xview``, ``voc`` (also for FAIR1M), ``dota`` or ``coco``
        images: boxes by the image's file name without suffix
    """

    kind: str
    images: dict[str, Boxes]


def read_source(path: Path, on_note: OnNote = ignore_note) -> BoxSource:
    """Reads the boxes of a file or folder in one of the module's layouts.

    Args:
        path: the file or folder
        on_note: receives notes on what was left out, and why

    Raises:
        LayoutError: if it has none of the layouts, or cannot be read
    """
    if path.is_dir():
        return _read_folder(path, on_note)
    try:
        with open_source(path) as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise LayoutError(f"{path} cannot be read ({reason_of(error)})") from error
    if b'"bounds_imcoords"' in head:
        tiles = read_geojson(path, on_note)
        return BoxSource("xview", {PurePath(tile).stem: boxes for tile, boxes in tiles.items()})
    if head.lstrip()[:1] == b"{":
        return BoxSource("coco", _read_coco(path, on_note))
    raise LayoutError(_unknown(path))


def _unknown(path: Path) -> str:
    return (
        f"{path} has no boxes that are known: give xView's GeoJSON, a COCO file (iSAID), or a "
        "folder of .xml (DIOR, FAIR1M) or .txt (DOTA)"
    )


def _read_folder(folder: Path, on_note: OnNote) -> BoxSource:
    for kind, read in (("voc", _of_xml), ("dota", _of_txt)):
        ending = "xml" if kind == "voc" else "txt"
        files = sorted(f for f in folder.rglob(f"*.{ending}") if not is_leftover(f.name))
        if images := _of_files(files, read, on_note):
            return BoxSource(kind, images)
    raise LayoutError(_unknown(folder))


def _of_files(
    files: Iterable[Path], read: Callable[[bytes], Listed], on_note: OnNote
) -> dict[str, Boxes]:
    images: dict[str, Boxes] = {}
    broken: list[str] = []
    twice: set[str] = set()
    without: list[str] = []
    for file in files:
        try:
            with open_source(file) as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ValueError(f"over {MAX_FILE_BYTES >> 20} MB")
            listed = read(data)
        except (OSError, ValueError) as error:
            broken.append(f"{file.name}: {error}"[:200])
            continue
        boxes = [(label, box) for label, box in listed if box is not None]
        without += [file.name] * (len(listed) - len(boxes))
        found = Boxes.of([label for label, _ in boxes], [box for _, box in boxes])
        known = images.setdefault(file.stem, found)
        if known.labels != found.labels or not np.array_equal(known.corners, found.corners):
            twice.add(file.stem)
    if broken:
        on_note(f"{len(broken):,} files left out, {broken[0]}")
    if without:
        on_note(f"{len(without):,} objects without a box that is read left out, {without[0]}")
    if twice:
        on_note(
            f"{len(twice):,} images left out, of which two files have other boxes, {min(twice)} "
            "the first; give the folder of one split and one kind of boxes"
        )
    return {name: boxes for name, boxes in images.items() if name not in twice}


def _of_xml(data: bytes) -> Listed:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("declares entities, which no annotation needs")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise ValueError(f"is no XML ({error})") from error
    if not any(True for _ in root.iter("object")) and root.tag != "annotation":
        raise ValueError("is no annotation")
    listed: Listed = []
    for one in root.iter("object"):
        label = one.findtext("name") or one.findtext("possibleresult/name") or ""
        listed.append((label.strip(), _upright(list(_points_of(one)))))
    if listed and all(box is None for _, box in listed):
        raise ValueError("has no object with bndbox, robndbox or points that are read")
    return listed


def _points_of(one: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Yields the corners of an object: two of an upright box, four or more of another."""
    box = one.find("bndbox")
    if box is not None:
        values = {child.tag: _number(child.text) for child in box}
        for x, y in (("xmin", "ymin"), ("xmax", "ymax")):
            if x in values and y in values:
                yield values[x], values[y]
        return
    turned = one.find("robndbox")
    if turned is not None:
        values = {child.tag: _number(child.text) for child in turned}
        for corner in ("left_top", "right_top", "right_bottom", "left_bottom"):
            if f"x_{corner}" in values and f"y_{corner}" in values:
                yield values[f"x_{corner}"], values[f"y_{corner}"]
        return
    for point in one.iterfind("points/point"):
        x, _, y = (point.text or "").partition(",")
        yield _number(x), _number(y)


def _of_txt(data: bytes) -> Listed:
    listed: Listed = []
    for line in data.decode("utf-8-sig", "replace").splitlines():
        words = line.split()
        if not words or words[0].lower().startswith(("imagesource:", "gsd:")):
            continue
        numbers = [_number(word) for word in words[:8]]
        # The difficulty at the end may be missing, and a class may have several words.
        label = " ".join(
            words[8:-1] if len(words) > 9 and words[-1] in _DIFFICULTIES else words[8:]
        )
        # A line of YOLO's turned boxes has nine words too, the class first.
        named = bool(label) and not isfinite(_number(label))
        points = list(zip(numbers[::2], numbers[1::2], strict=True)) if named else []
        listed.append((label, _upright(points)))
    if listed and all(box is None for _, box in listed):
        raise ValueError("has no line of eight coordinates and a class")
    return listed


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _upright(points: list[tuple[float, float]]) -> tuple[float, ...] | None:
    """Returns the upright box around points; ``None`` if they are too few, invalid or in a line."""
    values = [value for point in points for value in point]
    if len(points) < 2 or not all(isfinite(v) and abs(v) < _LARGEST for v in values):
        return None
    xs, ys = values[::2], values[1::2]
    box = (min(xs), min(ys), max(xs), max(ys))
    return box if box[2] > box[0] and box[3] > box[1] else None


def _read_coco(file: Path, on_note: OnNote) -> dict[str, Boxes]:
    names = {one.get("id"): one.get("file_name") for one in _members(file, "images")}
    classes = {one.get("id"): one.get("name") for one in _members(file, "categories")}
    found: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    odd: Counter[str] = Counter()
    for one in _members(file, "annotations"):
        box, label = _coco_box(one.get("bbox")), classes.get(_hashable(one.get("category_id")))
        name = names.get(_hashable(one.get("image_id")))
        if box is None or not isinstance(label, str) or not isinstance(name, str):
            odd["annotations without a box, a class or an image"] += 1
            continue
        found.setdefault(PurePath(name).stem, []).append((label, box))
    if not names or not classes:
        raise LayoutError(_unknown(file))
    for what, count in odd.items():
        on_note(f"{file.name}: {count:,} {what} left out")
    stems = {PurePath(name).stem for name in names.values() if isinstance(name, str)}
    return {
        stem: Boxes.of(
            [label for label, _ in found.get(stem, ())], [box for _, box in found.get(stem, ())]
        )
        for stem in stems
    }


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int | str) else None


def _coco_box(value: Any) -> tuple[float, ...] | None:
    """Converts ``[x, y, width, height]`` to corners; ``None`` if it is not a valid box."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(map(is_number, value)):
        return None
    x, y, width, height = map(float, value)
    return _upright([(x, y), (x + width, y + height)])


def _members(file: Path, key: str) -> Iterator[dict[str, Any]]:
    """Yields the objects in the list of a key of a JSON file, without reading all into memory."""
    with open_source(file) as stream:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            match = re.search(rb'"' + key.encode() + rb'"\s*+:\s*+(?=\[)', whole)
            start = match.end() if match else -1
        if start < 0:
            return
        stream.seek(start)
        for item in read_items(stream, "list"):
            if item.fault:
                continue
            value = item.load()
            if isinstance(value, dict):
                yield value | {"id": _hashable(value.get("id"))}
