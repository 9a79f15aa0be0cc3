"""What numbers of a table's masks are: of a box, corners or a corner and a size; pixels or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pairlens.importers.box_scale import FULL, Scale
from pairlens.importers.choices import one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import PairLensError
from pairlens.importers.formats.table_cells import (
    boxes_in,
    bytes_of,
    is_bare_numbers,
    is_empty,
    mask_in,
    only,
)
from pairlens.importers.formats.table_named_boxes import FORMS, forms_of
from pairlens.importers.formats.table_rows import Table
from pairlens.importers.formats.table_runs import RunNumbers
from pairlens.importers.formats.table_setting import Setting
from pairlens.importers.image_lookup import ImageLookup, clean_path
from pairlens.importers.media import ImageError, inspect_bytes
from pairlens.importers.reading import ReadParam
from pairlens.importers.records import Polygons
from pairlens.importers.target_scale import FAR, FEW, MEASURED, TargetNumbers

_ROUNDED = 0.005
"""Share of the image by which rounding can move the sides of a box that is given by its centre."""

_SURE = 20
"""Boxes, of which some are no corner and size where they are two corners."""

_DOUBTS = {
    "xyxy": (
        "xywh",
        "boxes are read as two corners; they may as well be a corner and the size",
    ),
    "xywh": (
        "cxcywh",
        "boxes are read as a corner and the size; they may as well be the centre and the size",
    ),
}
"""By a form of boxes the one that they may be of as well, and what is told then."""

_TRIED = 1000
"""Rows whose images are looked for; those of many tables are not there."""


BOX = ReadParam(
    "box",
    "what the numbers of a box are: xyxy (two corners), xywh (a corner and the size) or cxcywh "
    "(the centre and the size); without it, the first of these that the boxes of the first rows "
    "can be",
    one_of(*FORMS),
)


Box = Sequence[float]
Size = tuple[int, int]


def decide_box(
    rows: Sequence[Mapping[str, Any]], setting: Setting, beside: str
) -> tuple[str, Decision | None]:
    """The form of the boxes in the first rows, and the decision about it.

    Corners have to follow each other, and sizes have to end within the image: what one box
    cannot be, none of them is. Of several that are possible the first counts, and it is told where
    the next is possible too. Where they are none because more than a tenth reach far out of their
    images, they are what they could be if images were 100 or 1000 wide and high.

    Args:
        rows: cells by column
        setting: of the table
        beside: the table's name

    Returns:
        one of :data:`FORMS`, ``""`` where there are no boxes; and a decision in doubt
    """
    images = setting.images()
    sized: list[tuple[Box, Size | None]] = []
    for row in rows:
        for box in boxes_in(row.get(setting.columns.mask)):
            size = _size(images, row.get(setting.columns.image), beside)
            sized.append((box, (1, 1) if max(box) <= 1 else size))
    if not sized:
        return "", None
    if form := _form(sized):
        return form, _in_doubt(form, sized)
    beyond = [
        max(box)
        for box, size in sized
        if size and (box[2] > FAR * size[0] or box[3] > FAR * size[1])
    ]
    if len(beyond) > FEW * len(sized):
        full = next((int(full) for full in FULL.values() if max(beyond) <= full), 0)
        if form := _form([(box, (full, full)) for box, size in sized if size != (1, 1)]):
            return form, None
    return "xyxy", None


def _in_doubt(form: str, sized: Sequence[tuple[Box, Size | None]]) -> Decision | None:
    """What is to be told where all boxes may as well be of the form behind theirs."""
    if form not in _DOUBTS:
        return None
    other, rule = _DOUBTS[form]
    # Corners that all could be sizes are few, or of other units than the size of their images.
    known = form == "xywh" or (len(sized) < _SURE and all(size for _, size in sized))
    if not known or not all(_can_be(other, box, size) for box, size in sized):
        return None
    return Decision(rule, "box", override=f"box={other}", times=len(sized))


def hold_numbers(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether a mask of the first rows is numbers without brackets."""
    return any(is_bare_numbers(row.get(column)) for row in rows)


def decide_unit(
    tables: Iterable[Table], setting: Setting, *, boxes: bool
) -> tuple[Scale, Decision | None]:
    """The unit of all boxes and polygons, and the decision about it.

    Args:
        tables: of which all rows are read
        setting: of them, with the form of boxes
        boxes: whether each cell of masks holds one

    Raises:
        OSError: if a table cannot be read
    """
    images = setting.images()
    numbers = TargetNumbers("boxes" if boxes else "outlines")
    sizes: dict[str, Size | None] = {}
    tried, example = 0, ""
    for table in tables:
        for row in table.rows():
            points = _points(row.cells.get(setting.columns.mask), setting)
            if not points:
                continue
            example = example or f"{table.name}[{row.number}]"
            cell = only(row.cells.get(setting.columns.image))
            name = cell if isinstance(cell, str) else f"{table.name}[{row.number}]"
            if name not in sizes and tried < _TRIED and len(sizes) < MEASURED:
                tried += 1
                if size := _size(images, cell, table.name):
                    sizes[name] = size
            numbers.add(points, name, sizes.get(name))
    unit, decision = numbers.decide()
    if decision:
        decision.example = example
    return unit, decision


def decide_runs(
    rows: Iterable[tuple[str, int, Mapping[str, Any]]], setting: Setting
) -> tuple[str, Decision | None]:
    """The order of runs that are numbers without brackets, and the decision about it.

    Args:
        rows: a table's name, a row's number in it, and its cells
        setting: of the tables

    Returns:
        ``""`` where they are no runs

    Raises:
        OSError: if a table cannot be read
    """
    images, numbers = setting.images(), RunNumbers()
    example = ""
    for table, number, cells in rows:
        cell = cells.get(setting.columns.mask)
        if is_empty(cell):
            continue
        size = None
        if is_bare_numbers(cell) and numbers.cells < MEASURED:
            example = example or f"{table}[{number}]"
            size = _size(images, cells.get(setting.columns.image), table)
        numbers.add(cell, size and (size[1], size[0]))
    order, decision = numbers.decide()
    if decision:
        decision.example = example
    return order, decision


def _points(cell: Any, setting: Setting) -> list[tuple[float, float]]:
    """The points of the boxes or polygons of a cell; none where it holds something else."""
    if is_empty(cell):
        return []
    try:
        drawn = mask_in(cell, setting.box, None, setting.runs)
    except ValueError:
        return []
    if not isinstance(drawn, Polygons):
        return []
    return [point for shape in drawn.shapes for point in shape.points]


def are_drawn(rows: Sequence[Mapping[str, Any]], setting: Setting) -> bool:
    """Whether masks of the first rows are boxes or polygons."""
    return any(_points(row.get(setting.columns.mask), setting) for row in rows)


def _form(boxes: Sequence[tuple[Box, Size | None]]) -> str:
    """What all boxes of images of these sizes can be; ``""`` for nothing."""
    fitting = {form: sum(_can_be(form, *one) for one in boxes) for form in FORMS}
    possible = next((form for form in FORMS if fitting[form] == len(boxes)), "")
    # A box that reaches a little out of its image does not make a centre of all corners.
    doubted = possible == "cxcywh" and fitting["xywh"] >= (1 - FEW) * len(boxes)
    return "" if doubted else possible


def _can_be(form: str, box: Box, size: Size | None) -> bool:
    """Whether a box of an image of a size, where that is known, can be of a form."""
    if form not in forms_of(box):
        return False
    x, y, third, fourth = box
    if form == "cxcywh":
        if size is None:
            return x >= third / 2 and y >= fourth / 2
        slack = _ROUNDED * size[0], _ROUNDED * size[1]
        across = third / 2 - slack[0] <= x <= size[0] - third / 2 + slack[0]
        return across and fourth / 2 - slack[1] <= y <= size[1] - fourth / 2 + slack[1]
    if form == "xyxy" and (third <= x or fourth <= y):
        return False
    if size is None:
        return True
    right, low = (third, fourth) if form == "xyxy" else (x + third, y + fourth)
    return right <= size[0] and low <= size[1]


def are_boxes(rows: Sequence[Mapping[str, Any]], column: str, *, each: bool = False) -> bool:
    """Whether the masks of the first rows are boxes, one in each cell; empty cells are ignored.

    Args:
        rows: cells by column
        column: of masks
        each: whether a cell may hold several, one for each query of its row
    """
    filled = [len(boxes_in(cell)) for row in rows if not is_empty(cell := row.get(column))]
    return bool(filled) and all(number == 1 or (each and number > 0) for number in filled)


def _size(images: ImageLookup, cell: Any, beside: str) -> Size | None:
    cell = only(cell)
    try:
        if (content := bytes_of(cell)) is not None:
            facts = images.as_read(inspect_bytes(content, ""))
            return facts.width, facts.height
        if isinstance(cell, Mapping):
            cell = cell.get("path")
        if not isinstance(cell, str):
            return None
        return images.size(clean_path(cell.strip()), beside)
    except (ValueError, OSError, PairLensError, ImageError):
        return None
