"""Tables: a row for each query and its mask, or for an image and its texts.

::

    pairs.csv                  image,mask,phrase
    images/a.jpg masks/a.png   by the paths in the cells

The roles of columns are set with ``--param``, or guessed from their names and first rows; see
:mod:`pairlens.importers.formats.table_columns`. The notations of cells are in
:mod:`pairlens.importers.formats.table_cells`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.importers.choices import one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import (
    LayoutError,
    OnError,
    OnNote,
    PairLensError,
    RecordError,
    UsageError,
    ignore_note,
    raise_error,
)
from pairlens.importers.formats.base import (
    FORMATS,
    SPLITS,
    Format,
    FormatFault,
    ReadParam,
    Settled,
)
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    image_bytes,
    picture,
    put,
    target,
)
from pairlens.importers.formats.instruction_boxes import BOXES
from pairlens.importers.formats.table_boxes import (
    BOX,
    are_boxes,
    are_drawn,
    decide_box,
    decide_runs,
    decide_unit,
    hold_numbers,
)
from pairlens.importers.formats.table_cells import is_image_cell
from pairlens.importers.formats.table_columns import (
    COLUMN_PARAMS,
    LOOKED_AT,
    ROLES,
    TableColumns,
    find_columns,
    unread_mask,
    unread_split,
)
from pairlens.importers.formats.table_csv import DELIMITERS, CsvTable
from pairlens.importers.formats.table_export import TableExporter
from pairlens.importers.formats.table_files import (
    columns_of,
    folder_of,
    layout_errors,
    open_tables,
    table_files,
    tell_left,
)
from pairlens.importers.formats.table_instances import (
    INSTANCES,
    decide_instances,
    may_be_several,
)
from pairlens.importers.formats.table_joined import as_stored
from pairlens.importers.formats.table_literals import spelled_out
from pairlens.importers.formats.table_records import NAME, RowReader
from pairlens.importers.formats.table_rows import Table, TableRow, broken
from pairlens.importers.formats.table_runs import ORDERS, RUNS
from pairlens.importers.formats.table_setting import ROOTS, first_images, roots_of, setting_of
from pairlens.importers.formats.table_splits import split_of_file
from pairlens.importers.image_index import Entry, open_index
from pairlens.importers.reading import MASK_FRAME, MASK_VALUES, ORIENTATION
from pairlens.importers.records import Record
from pairlens.importers.rotated_boxes import ANGLES
from pairlens.importers.source_files import reason_of

_DELIMITER = ReadParam(
    "delimiter",
    f"between cells: {', '.join(DELIMITERS)}; without it, the one that fits the first rows",
    one_of(*DELIMITERS),
)
_SEPARATOR = ReadParam("separator", "what stands between several texts in a cell that is no list")
_VALUES = (MASK_VALUES, BOXES, ANGLES)
_PARSED = tuple(param.name for param in _VALUES)
"""Settings whose values are no texts."""

PARAMS = (*COLUMN_PARAMS, *ROOTS, _SEPARATOR, INSTANCES, BOX, RUNS, _DELIMITER, *_VALUES)


def takes(root: Path) -> bool:
    """Whether a root is a table, or a folder of tables that no other format detects."""
    # Other formats first: some have thousands of files that could be tables.
    if root.is_dir() and any(f.detect(root) for f in FORMATS.values() if f.name != NAME):
        return False
    return bool(table_files(root))


def detect(root: Path) -> bool:
    """Whether a root is a table whose columns can be guessed."""
    if not takes(root):
        return False
    try:
        _settled(root, {})
    except PairLensError:
        return False
    return True


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """Returns 0, since the number of images is known only after reading all rows."""
    return 0


def settle(root: Path, given: Mapping[str, str]) -> Settled:
    """Completes the roles of columns and the forms of boxes that were not set."""
    given, told = _with_instances(root, given)
    settled, columns, rows = _settled(root, given)
    settled = replace(settled, guessed=settled.guessed or bool(told))
    if "runs" not in given and hold_numbers(rows, columns.mask):
        with layout_errors():
            setting = setting_of(root, columns, settled.params)
            tables = open_tables(root, given.get("delimiter"))
            every = ((t.name, row.number, row.cells) for t in tables for row in t.rows())
            order, runs_decision = decide_runs(every, setting)
        if order or "runs" in settled.params:  # by the first rows alone
            settled, columns, rows = _settled(root, {**given, "runs": order or "none"})
            runs_decisions = (runs_decision,) if runs_decision else ()
            settled = replace(settled, guessed=True, decisions=settled.decisions + runs_decisions)
    setting = setting_of(root, columns, settled.params)
    names = columns_of(open_tables(root, settled.params.get("delimiter")))
    unread = unread_split(rows, columns, given), unread_mask(names, rows, columns)
    more = (decision for decision in (told, *unread) if decision)
    settled = replace(settled, decisions=(*settled.decisions, *more))
    if "polygons" in given or not are_drawn(rows, setting):
        return settled
    tables = open_tables(root, settled.params.get("delimiter"))
    with layout_errors():
        unit, unit_decision = decide_unit(tables, setting, boxes=settled.format.box_targets)
    params = settled.params if unit == "pixels" else settled.params | {"polygons": unit}
    guessed = settled.guessed or unit != "pixels"
    decisions = settled.decisions + ((unit_decision,) if unit_decision else ())
    return replace(settled, params=params, guessed=guessed, decisions=decisions)


def _with_instances(
    root: Path, given: Mapping[str, str]
) -> tuple[Mapping[str, str], Decision | None]:
    """Parameters with which masks queries are about, and the decision, where it is in doubt."""
    settled, columns, rows = _settled(root, given)
    setting = setting_of(root, columns, settled.params)
    if INSTANCES.name in given or not columns.mask or not may_be_several(rows, setting):
        return given, None
    with layout_errors():
        tables = open_tables(root, settled.params.get("delimiter"))
        which, decision = decide_instances(tables, setting)
    return ({**given, INSTANCES.name: which} if decision else given), decision


def _settled(
    root: Path, given: Mapping[str, str]
) -> tuple[Settled, TableColumns, list[dict[str, Any]]]:
    """The settled format but the unit of boxes and polygons, its columns, and the first cells."""
    tables = open_tables(root, given.get("delimiter"))
    names = columns_of(tables)
    stored = as_stored(tables[0])
    if isinstance(stored, CsvTable) and any(map(is_image_cell, stored.columns)):
        raise LayoutError(
            f"the first line of {tables[0].name} is a row; write a line with the names of the "
            "columns before it, such as image,mask,phrase"
        )
    with layout_errors():
        first = list(_first_rows(tables))
    rows = [spelled_out(row.cells) for row in first if not row.fault]
    roles = {role: given[role] for role in ROLES if role in given}
    try:
        columns = find_columns(names, rows, roles)
    except UsageError as error:
        if rows or roles:
            raise
        what = f"row {first[0].number} is broken: {first[0].fault}" if first else "it has no rows"
        raise LayoutError(f"{tables[0].name}: {what}; {error}") from error
    params = dict(given) | columns.given
    if isinstance(stored, CsvTable) and stored.delimiter != "comma":
        params.setdefault("delimiter", stored.delimiter)
    images = setting_of(root, columns, params).images()
    named = first_images(first, columns.image, tables[0].name)
    params |= roots_of(folder_of(root), given, images, named)
    if "runs" not in given and hold_numbers(rows, columns.mask):
        some = ((tables[0].name, row.number, row.cells) for row in first)
        if order := decide_runs(some, setting_of(root, columns, params))[0]:
            params["runs"] = order
    runs, decision = params.get("runs") in ORDERS, None
    if "box" not in given and columns.mask and not runs:
        setting = setting_of(root, columns, params)
        form, decision = decide_box(rows, setting, tables[0].name)
        params |= {"box": form} if form else {}
    each = params.get(INSTANCES.name) == "each"
    boxes = bool(columns.mask) and not runs and are_boxes(rows, columns.mask, each=each)
    form_of = replace(_for(columns, params), box_targets=boxes)
    settled = Settled(form_of, params, params != dict(given), (decision,) if decision else ())
    return settled, columns, rows


def _first_rows(tables: list[Table]) -> Iterator[TableRow]:
    return islice((row for table in tables for row in table.rows()), LOOKED_AT)


def _for(columns: TableColumns, params: Mapping[str, str]) -> Format:
    exporter = partial(TableExporter, open_export=partial(_of_export, params=params))
    return replace(FORMATS[NAME], kind=columns.kind, exporter=exporter)


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    **params: Any,
) -> Iterator[Record]:
    """Yields the records by image, images by split and first row.

    Args:
        root: a table, or a folder of tables
        splits: the splits to read
        on_error: receives broken rows
        on_note: receives notes on the files
        params: parsed :data:`PARAMS`
    """
    parsed = {name: params.pop(name, None) for name in _PARSED}
    tables, reader = _opened(root, params, parsed)
    tell_left(root, reader.columns, on_note)
    with open_index() as index:
        index.fill(_entries(tables, reader, splits, on_error))
        for table in tables:
            for note in table.notes:
                on_note(f"{table.name}: {note}")
        for decision in reader.decided():
            on_note(decision)
        for entries in index.by_image():
            seen: dict[str, str] = {}  # of one image; keys of different images differ
            for entry in entries:
                for record in _records(tables[entry.file], reader, entry, on_error):
                    first = seen.setdefault(record.key, str(record.source))
                    if first == str(record.source):
                        yield record
                    else:
                        on_error(RecordError(str(record.source), f"its id is that of {first} too"))
    for note in reader.notes():
        on_note(note)


def _records(table: Table, reader: RowReader, entry: Entry, on_error: OnError) -> Iterator[Record]:
    number = entry.number
    try:
        yield from reader.records(table, table.row(number, entry.start, entry.size))
    except ValueError as error:
        on_error(broken(table, number, error))
    except OSError as error:
        on_error(RecordError(f"{table.name}[{number}]", f"cannot be read ({reason_of(error)})"))


def _opened(
    root: Path, params: Mapping[str, str], parsed: Mapping[str, Any]
) -> tuple[list[Table], RowReader]:
    whole, _, _ = _settled(root, _with_instances(root, params)[0])
    settled = whole.params
    tables = open_tables(root, settled.get("delimiter"))
    columns = TableColumns(**{role: settled.get(role, "") for role in ROLES})
    setting = setting_of(root, columns, settled)
    setting = replace(setting, **parsed, box_targets=whole.format.box_targets)
    return tables, RowReader(setting, len(tables) > 1)


def _of_export(root: Path, params: Mapping[str, str]) -> tuple[list[Table], RowReader]:
    return _opened(root, {name: text for name, text in params.items() if name not in _PARSED}, {})


def _entries(
    tables: list[Table], reader: RowReader, splits: Collection[str], on_error: OnError
) -> Iterator[Entry]:
    """Yields the positions of the rows of each image."""
    for number, table in enumerate(tables):
        try:
            for row in table.rows():
                try:
                    split, image = reader.place(table, row)
                    if split in splits:
                        reader.survey(table, row)
                except ValueError as error:
                    on_error(broken(table, row.number, error))
                    continue
                if split in splits:
                    part = SPLITS.index(split)
                    yield Entry(part, image, number, row.number, row.start, row.size)
        except OSError as error:
            on_error(RecordError(table.name, f"cannot be read on ({reason_of(error)})"))


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository; if it has Parquet files, only those of the splits."""
    tables = [name for name in names if name.lower().endswith(".parquet")]
    if not tables:
        return list(names)
    # Beside the folder of the tables, the repository has a card.
    chosen = [name for name in tables if split_of_file(name) in (None, *splits)]
    return [*chosen, *(name for name in names if name == "README.md")]


def example(root: Path) -> Path:
    """Writes a CSV of two queries for each of six images, with image and mask files."""
    lines = ["image,mask,phrase,split"]
    for number, split in enumerate(IMAGE_SPLITS):
        put(root / "images" / f"{number}.png", image_bytes(picture(number), "PNG"))
        put(root / "masks" / f"{number}.png", image_bytes(target() * np.uint8(255), "PNG"))
        for phrase in (f"house {number}", f'"house, the red one on plot {number}"'):
            lines.append(f"images/{number}.png,masks/{number}.png,{phrase},{split}")
    put(root / "pairs.csv", "".join(f"{line}\n" for line in lines))
    return root


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="Table",
        about="A table of your own: CSV, TSV, JSON, JSON Lines, Parquet",
        layout="a .csv, .tsv, .json, .jsonl or .parquet file with a row for each query and its "
        "mask, caption or conversation",
        docs="[a table](docs/formats/table.md) of your own: `.csv`, `.tsv`, `.json`, `.jsonl`, "
        "`.parquet`, with columns for image, mask and query",
        detect=detect,
        takes=takes,
        settle=settle,
        count=count,
        read=read,
        params=PARAMS,
        wants=(ORIENTATION, MASK_FRAME),
        wanted=wanted,
        no_target="`--param no_target=COLUMN`",
        boxes="as targets",
        exporter=partial(TableExporter, open_export=partial(_of_export, params={})),
        writes="The table, with its other columns, and the images and masks beside it",
        example=example,
        faults=(
            FormatFault(
                "an image is gone",
                lambda root: (root / "images/0.png").unlink(),
                "pairs.csv[2]: the image images/0.png is not there",
            ),
            FormatFault(
                "a cell is empty",
                lambda root: put(
                    root / "pairs.csv",
                    (root / "pairs.csv").read_text().replace("masks/0.png", "", 1),
                ),
                "pairs.csv[2]: row 2, column 'mask' is empty, which does not say that there is no "
                "target; where it means that, give --param no_target=mask",
            ),
        ),
    ),
)
