"""Puts mended masks into COCO annotations; every other byte of the file stays."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pairlens.importers.errors import StateError
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.formats.mask_export import corners_of
from pairlens.importers.list_items import ListItem, read_list_items
from pairlens.importers.masks import Pixels
from pairlens.importers.rle import encode_rle
from pairlens.importers.source_files import open_source

Id = int | str


@dataclass
class Mended:
    """Masks, (height, width) uint8 of 0 and 1, to put into annotations.

    Attributes:
        in_place: by the id of the annotation that gets it
        added: by whatever names it, the annotation that a new one is to be like, and its mask
    """

    in_place: dict[Id, Pixels] = field(default_factory=dict)
    added: dict[int, tuple[Id, Pixels]] = field(default_factory=dict)


def mended_instances(source: Path, target: Path, mended: Mended) -> dict[int, int]:
    """Writes the file with mended annotations.

    Args:
        source: ``instances.json`` as published
        target: the file to write
        mended: the masks

    Returns:
        the ids of the annotations that were added, by what names them

    Raises:
        OSError: if a file cannot be read or written
        StateError: if the source is no such file, or lacks an annotation
    """
    likes = {one for one, _ in mended.added.values()}
    found: dict[Id, ListItem] = {}
    greatest = last = 0

    def forget(name: str) -> None:
        if name == "annotations":
            found.clear()  # of lists of one name the last counts, as for the reader

    with open_source(source) as stream:
        try:
            for item in read_list_items(stream, forget):
                if item.name != "annotations" or not isinstance(item.value, dict):
                    continue
                number, last = item.value.get("id"), item.end
                greatest = max(greatest, number if isinstance(number, int) else 0)
                if isinstance(number, int | str) and (number in mended.in_place or number in likes):
                    found[number] = item  # of equal ids the last, which the reader takes
        except ValueError as error:
            raise StateError(f"{source.name} {error}: nothing was exported") from error
        pieces, own_ids = _pieces(stream, found, mended, greatest, last)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "wb") as written:
            _splice(stream, written, pieces)
    return own_ids


Piece = tuple[int, int, bytes]
"""Where bytes of the source begin and end, and what stands in their place."""


def _pieces(
    stream: BinaryIO, found: dict[Id, ListItem], mended: Mended, greatest: int, last: int
) -> tuple[list[Piece], dict[int, int]]:
    def text_of(number: Id) -> str:
        if number not in found:
            raise StateError(f"annotation {number} is gone from the annotations")
        stream.seek(found[number].start)
        return stream.read(found[number].end - found[number].start).decode()

    pieces = [
        (found[n].start, found[n].end, with_mask(text_of(n), found[n].value, pixels).encode())
        for n, pixels in mended.in_place.items() if n in found or text_of(n)
    ]  # fmt: skip
    own_ids: dict[int, int] = {}
    for name, (like, pixels) in mended.added.items():
        text = text_of(like)
        greatest += 1
        own_ids[name] = greatest
        new = replace_values(with_mask(text, found[like].value, pixels), {("id",): str(greatest)})
        pieces.append((last, last, b", " + new.encode()))
    return sorted(pieces, key=lambda piece: piece[:2]), own_ids


def _splice(source: BinaryIO, target: BinaryIO, pieces: list[Piece]) -> None:
    at = 0
    for start, end, data in pieces:
        source.seek(at)
        _copy(source, target, start - at)
        target.write(data)
        at = end
    source.seek(at)
    shutil.copyfileobj(source, target, 1 << 20)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0 and (data := source.read(min(size, 1 << 20))):
        target.write(data)
        size -= len(data)


def with_mask(text: str, annotation: dict[str, Any], pixels: Pixels) -> str:
    """The JSON of an annotation with another mask.

    The mask becomes a list of one run-length encoding, compressed unless the published one is not.
    ``bbox`` holds corners where the annotation is RRSIS-D's, which says ``categories_id``.
    """
    published = annotation.get("segmentation")
    first = published[0] if isinstance(published, list) and published else published
    listed = isinstance(first, dict) and isinstance(first.get("counts"), list)
    rle = encode_rle(pixels, compressed=not listed)
    left, top, right, bottom = corners_of(pixels > 0)
    of_rrsisd = "categories_id" in annotation
    box = [left, top, right, bottom] if of_rrsisd else [left, top, right - left, bottom - top]
    new: dict[str, Any] = {
        "segmentation": rle if isinstance(published, dict) else [rle],
        "bbox": box,
        "area": int(np.count_nonzero(pixels)),
    }
    return replace_values(text, {(n,): json.dumps(v) for n, v in new.items() if n in annotation})
