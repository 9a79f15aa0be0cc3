"""Which of the masks of a row its queries are about, where it has several of both.

::

    {"image": "a.jpg", "bbox": [[1, 2, 30, 40], [50, 2, 80, 40]], "text": ["left", "right"]}

Each query is about the mask with the same number if all rows have as many of both, else each is
about all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pairlens.importers.choices import one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.formats.table_cells import inner_key, is_empty
from pairlens.importers.formats.table_literals import numbers_or, structure
from pairlens.importers.formats.table_pixels import is_pixels
from pairlens.importers.formats.table_rows import Table
from pairlens.importers.formats.table_setting import Setting
from pairlens.importers.formats.table_texts import texts_of
from pairlens.importers.reading import ReadParam

Which = Literal["each", "all"]

INSTANCES = ReadParam(
    "instances",
    "which masks of a row its queries are about, where it has several of both: each (the one with "
    "the same number) or all; without it, each if all rows have as many of both",
    one_of("each", "all"),
)


def parts_of(cell: Any) -> Sequence[Any]:
    """The masks of a cell, each as a cell may hold it; one where it is no list of several."""
    try:
        value = structure(numbers_or(cell, cell))
    except ValueError:
        return [cell]
    if isinstance(value, Mapping) and "counts" not in value and (key := inner_key(value)):
        value = value[key]
    if not isinstance(value, list) or not value or is_pixels(value):
        return [cell]
    kinds = {type(one) for one in value}
    points = kinds == {list} and all(len(one) == 2 for one in value)
    several = len(kinds) == 1 and kinds < {list, dict, str, bytes} and not points
    return value if several else [cell]


def with_parts(cell: Any, parts: Sequence[Any]) -> Any:
    """A cell of several masks with others, spelled as it was."""
    value = structure(numbers_or(cell, cell))
    made = {**value, inner_key(value): [*parts]} if isinstance(value, Mapping) else [*parts]
    if not isinstance(cell, str):
        return made
    try:
        json.loads(cell)
    except ValueError:
        return repr(made)
    return json.dumps(made, ensure_ascii=cell.isascii())


def may_be_several(rows: Iterable[Mapping[str, Any]], setting: Setting) -> bool:
    """Whether a row has several queries and several masks."""
    return any(min(_numbers(cells, setting)) > 1 for cells in rows)


def decide_instances(tables: Iterable[Table], setting: Setting) -> tuple[Which, Decision | None]:
    """Which masks queries are about, by all rows, and the decision about it.

    Args:
        tables: of which all rows are read
        setting: of them

    Raises:
        OSError: if a table cannot be read
    """
    example, several, unlike = "", 0, 0
    for table in tables:
        for row in table.rows():
            queries, masks = _numbers(row.cells, setting)
            unlike += queries != masks
            if queries > 1 and masks > 1:
                several += 1
                example = example or f"{table.name}[{row.number}]"
    if not several:
        return "all", None
    which: Which = "all" if unlike else "each"
    about = "all masks of its row" if unlike else "the mask with the same number"
    other = "each" if unlike else "all"
    rule = f"rows have several queries and masks, and each query is about {about}"
    override = f"{INSTANCES.name}={other}"
    return which, Decision(rule, INSTANCES.name, example=example, override=override, times=several)


def _numbers(cells: Mapping[str, Any], setting: Setting) -> tuple[int, int]:
    """The numbers of queries and of masks in a row; 0 for both of a broken one."""
    cell = cells.get(setting.columns.mask)
    if is_empty(cell):
        return 0, 0
    try:
        texts = texts_of(cells.get(setting.columns.phrase), setting.separator)
    except ValueError:
        return 0, 0
    return len(texts), len(parts_of(cell))
