"""What the four numbers of a box are: two corners, or a corner and a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pairlens.importers.box_scale import FULL
from pairlens.importers.errors import PairLensError
from pairlens.importers.formats.table_cells import boxes_in, is_empty
from pairlens.importers.formats.table_records import Setting
from pairlens.importers.image_lookup import ImageLookup, clean_path
from pairlens.importers.reading import ReadParam

FORMS = ("xyxy", "xywh")
_THOUSANDTHS = (1000, 1000)
_FAR = 1.05
"""Shares of an image's sides; a box that ends there is no mistake of some pixels."""

_FEW = 0.1
"""The share of boxes that can reach out of their images by mistake."""


def _parse(text: str) -> str:
    if text not in FORMS:
        raise ValueError(f"give one of {', '.join(FORMS)}")
    return text


BOX = ReadParam(
    "box",
    "what the numbers of a box are: xyxy (two corners) or xywh (a corner and the size); without "
    "it, xyxy unless a box of the first rows cannot be that",
    _parse,
)


Box = tuple[float, ...]
Size = tuple[int, int]


def decide_box(rows: Sequence[Mapping[str, Any]], setting: Setting, beside: str) -> tuple[str, str]:
    """The form of the boxes of the first rows, and their scale where that is not pixels or shares.

    Corners have to follow each other, and sizes have to end within the image: what one box
    cannot be, none of them is. Where both are possible, they are corners. Where they are neither
    because more than a tenth reach far out of their images, and would be either if the images were
    1000 wide and high, they are thousandths.

    Args:
        rows: cells by column
        setting: of the table
        beside: the table's name

    Returns:
        one of :data:`FORMS` and ``thousand`` or ``""``; blanks where there are no boxes
    """
    images = ImageLookup(setting.image_root)
    sized: list[tuple[Box, Size | None]] = []
    for row in rows:
        for box in boxes_in(row.get(setting.columns.mask)):
            size = _size(images, row.get(setting.columns.image), beside)
            sized.append((tuple(box), (1, 1) if max(box) <= 1 else size))
    if not sized:
        return "", ""
    if form := _form(sized):
        return form, ""
    beyond = [
        max(box)
        for box, size in sized
        if size and (box[2] > _FAR * size[0] or box[3] > _FAR * size[1])
    ]
    if len(beyond) > _FEW * len(sized) and max(beyond) > FULL["percent"]:
        whole = [(box, _THOUSANDTHS) for box, size in sized if size != (1, 1)]
        if form := _form(whole):
            return form, "thousand"
    return "xyxy", ""


def _form(boxes: Sequence[tuple[Box, Size | None]]) -> str:
    """What all boxes of images of these sizes can be; ``""`` for nothing."""
    corners, sizes = True, True
    for (x, y, third, fourth), size in boxes:
        corners &= third > x and fourth > y
        if size is not None:
            corners &= third <= size[0] and fourth <= size[1]
            sizes &= x + third <= size[0] and y + fourth <= size[1]
    return "xyxy" if corners else "xywh" if sizes else ""


def are_boxes(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether the masks of the first rows are boxes, one each; empty cells say nothing."""
    filled = [cell for row in rows if not is_empty(cell := row.get(column))]
    return bool(filled) and all(len(boxes_in(cell)) == 1 for cell in filled)


def _size(images: ImageLookup, cell: Any, beside: str) -> tuple[int, int] | None:
    if not isinstance(cell, str):
        return None
    try:
        return images.size(clean_path(cell.strip()), beside)
    except (ValueError, OSError, PairLensError):
        return None
