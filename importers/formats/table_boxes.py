"""What the four numbers of a box are: two corners, or a corner and a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pairlens.importers.errors import PairLensError
from pairlens.importers.formats.table_cells import boxes_in, is_empty
from pairlens.importers.formats.table_records import Setting
from pairlens.importers.image_lookup import ImageLookup, clean_path
from pairlens.importers.reading import ReadParam

FORMS = ("xyxy", "xywh")


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


def decide_box(rows: Sequence[Mapping[str, Any]], setting: Setting, beside: str) -> str:
    """The form of the boxes of the first rows; ``""`` where there are none.

    Corners have to follow each other, and sizes have to end within the image: what one box
    cannot be, none of them is. Where both are possible, they are corners.

    Args:
        rows: cells by column
        setting: of the table
        beside: the table's name
    """
    images = ImageLookup(setting.image_root)
    found, corners, sizes = False, True, True
    for row in rows:
        for x, y, third, fourth in boxes_in(row.get(setting.columns.mask)):
            found = True
            corners &= third > x and fourth > y
            shares = max(x, y, third, fourth) <= 1
            size = (1, 1) if shares else _size(images, row.get(setting.columns.image), beside)
            if size is not None:
                corners &= third <= size[0] and fourth <= size[1]
                sizes &= x + third <= size[0] and y + fourth <= size[1]
    if not found:
        return ""
    return "xywh" if sizes and not corners else "xyxy"


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
