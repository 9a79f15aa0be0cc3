"""Parquet for the ``datasets`` library, as PairLens writes it.

::

    data/train-00000-of-00002.parquet   key, image_id, image, and what there is to the image

Of pairs these are ``phrase``, ``mask`` and ``no_target``; of captioned images ``captions``, place
and date; of conversations ``conversations``, ``captions`` and ``boxes``. Parquet with other columns
is read as a table.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from pairlens.importers.bounded_json import is_number
from pairlens.importers.errors import (
    LayoutError,
    OnError,
    OnNote,
    PairLensError,
    RecordError,
    ignore_note,
    raise_error,
)
from pairlens.importers.fields import TARGET_BOX
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, Settled
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    image_bytes,
    picture,
    put,
    target,
)
from pairlens.importers.formats.own_records import (
    WRITTEN,
    Found,
    Members,
    Place,
    Rows,
    answers_of,
    box_of,
    caption_of,
    key_of,
    listed,
    name_in,
    records_of,
    target_box_of,
    text_of,
)
from pairlens.importers.formats.table_cells import bytes_of, ending_of, name_of
from pairlens.importers.formats.table_parquet import ParquetTable
from pairlens.importers.formats.table_rows import TableRow
from pairlens.importers.records import (
    Caption,
    CaptionedImage,
    Footprint,
    Inline,
    InlineRaster,
    Instruction,
    Kind,
    NoTarget,
    Pair,
    Record,
    Target,
    Turn,
    phrase_fault,
)

NAME = "hf"
FOLDER = "data"
PLACED = ("key", "image_id")
_COMMON = {*PLACED, "image"}
_OF_KIND: dict[Kind, set[str]] = {
    "pairs": {"phrase", "mask", "no_target"},
    "captions": {"caption", "captions", "capture_date"},
    "instructions": {"conversations", "captions", "boxes"},
}
_FILE = re.compile(r"(train|val|test)-\d{5}-of-\d{5}\.parquet")
_DIGITS = 16
"""Of the digest by which an image is known."""


class _Rows(ParquetTable):
    """A file of rows, of which the places are read without the images."""

    def rows(self, columns: Sequence[str] | None = PLACED) -> Iterator[TableRow]:
        return super().rows(columns)


def files_in(root: Path) -> list[Path]:
    """The files that are named as PairLens names them."""
    with suppress(OSError):
        found = (file for file in (root / FOLDER).iterdir() if _FILE.fullmatch(file.name))
        return sorted(found)
    return []


def detect(root: Path) -> bool:
    """Whether the files that can be read have the columns of an export."""
    with suppress(PairLensError, OSError):
        return bool(_tables(root)[:1])
    return False


def takes(root: Path) -> bool:
    """Whether it is an export, or may be one: of its files none can be read."""
    found = files_in(root)
    return detect(root) or (bool(found) and not any(map(_is_readable, found)))


def _is_readable(file: Path) -> bool:
    with suppress(PairLensError, OSError):
        _Rows(file, file.name)
        return True
    return False


def _ignore(error: RecordError) -> None:
    """Ignores notes that are reported when the records are read."""


def _tables(root: Path, on_error: OnError = _ignore) -> list[ParquetTable]:
    """The files of an export, which have columns in common.

    Args:
        root: the folder around ``data``
        on_error: takes files that are cut short or damaged; the others are an export without them

    Raises:
        LayoutError: if there are none, none can be read, or one has other columns
        StateError: if the package that reads them is missing
    """
    found: list[ParquetTable] = []
    broken: list[LayoutError] = []
    for file in files_in(root):
        name = f"{FOLDER}/{file.name}"
        try:
            found.append(_Rows(file, name))
        except LayoutError as error:
            broken.append(error)
            on_error(RecordError(name, str(error).removeprefix(f"{name}: ")))
    if broken and not found:
        raise broken[0]
    if not found:
        raise LayoutError(f"{root} has no {FOLDER}/SPLIT-00000-of-00001.parquet")
    wanted = _COMMON | _OF_KIND[_kind(found[0])]
    for table in found:
        if lacking := sorted(wanted - {*table.columns}):
            raise LayoutError(f"{table.name} has no column {lacking[0]!r}")
    return found


def _kind(table: ParquetTable) -> Kind:
    columns = {*table.columns}
    for kind, own in _OF_KIND.items():
        if own <= columns:
            return kind
    raise LayoutError(f"{table.name} has not the columns of an export; import it as a table")


def settle(root: Path, given: Mapping[str, str]) -> Settled:
    """The format with the kind of the records that the files hold."""
    first = _tables(root)[0]
    kind, boxes = _kind(first), TARGET_BOX in first.columns
    return Settled(replace(FORMATS[NAME], kind=kind, box_targets=boxes), dict(given))


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
) -> Iterator[Record]:
    """Yields the records, images by split and first row.

    Args:
        root: the folder around ``data``
        splits: which to read
        on_error: takes broken rows
        on_note: takes nothing
    """

    def report(error: RecordError) -> None:
        if _split_of(error.source) in splits:
            on_error(error)

    tables = [table for table in _tables(root, report) if _split_of(table.name) in splits]
    if tables:
        make = _MAKERS[_kind(tables[0])]
        yield from records_of(tables, _place, make, splits, on_error)


def _split_of(name: str) -> str:
    return name.rpartition("/")[2].partition("-")[0]


def _place(rows: Rows, row: TableRow) -> Place:
    return Place(_split_of(rows.name), name_in(row.cells, "image_id"), key_of(row.cells))


def _common(found: Found) -> dict[str, Any]:
    """What records of all kinds have."""
    cells = found.row.cells
    content = bytes_of(cells.get("image"))
    image, name = None, found.image
    if content is not None:
        name = name_of(cells["image"])
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        image = Inline(content, f"{digest}{ending_of(name, content)}")
    return {
        "key": key_of(cells),
        "image_id": found.image,
        "split": found.split,
        "image": image,
        "image_name": name or found.image,
        "source": found.source,
    }


def _pair(found: Found) -> Pair:
    phrase = found.row.cells.get("phrase")
    if fault := phrase_fault(phrase):
        raise ValueError(fault)
    box = target_box_of(found.row.cells)
    return Pair(**_common(found), phrase=str(phrase), target=_target(found), box=box)


def _target(found: Found) -> Target:
    if found.row.cells.get("no_target"):
        return NoTarget()
    content = bytes_of(found.row.cells.get("mask"))
    if content is None:
        raise ValueError("it has no mask, and does not say that there is no target")
    return InlineRaster(content, f"{found.source} mask", WRITTEN)


def _captioned(found: Found) -> CaptionedImage:
    cells = found.row.cells
    captions = tuple(map(caption_of, listed(cells, "captions")))
    if not captions and cells.get("caption") is not None:
        captions = (Caption(text_of(cells["caption"])),)
    day = cells.get("capture_date")
    return CaptionedImage(
        **_common(found),
        captions=captions,
        footprint=_footprint(cells.get("footprint")),
        captured=date.fromisoformat(day) if isinstance(day, str) else None,
    )


def _footprint(sides: Any) -> Footprint | None:
    if sides is None:
        return None
    if not isinstance(sides, list) or len(sides) != 4 or not all(map(is_number, sides)):
        raise ValueError("its footprint is not west, south, east and north")
    return Footprint(*map(float, sides))


def _instruction(found: Found) -> Instruction:
    cells = found.row.cells
    turns = (
        Turn(
            text_of(turn.get("question")),
            answers_of(turn),
            text_of(turn.get("category") or ""),
            found.source,
            number,
        )
        for number, turn in enumerate(listed(cells, "conversations"))
    )
    return Instruction(
        **_common(found),
        turns=tuple(turns),
        captions=tuple(map(caption_of, listed(cells, "captions"))),
        boxes=tuple(map(box_of, listed(cells, "boxes"))),
    )


_MAKERS = {"pairs": _pair, "captions": _captioned, "instructions": _instruction}


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository that the splits need."""
    others = tuple(f"{FOLDER}/{split}-" for split in SPLITS if split not in splits)
    return [name for name in names if not name.startswith(others)]


def example(root: Path) -> Path:
    """Writes two queries for each of six images."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: dict[str, list[Members]] = {}
    mask = {"bytes": image_bytes(target(), "PNG"), "path": "mask.png"}
    for number, split in enumerate(IMAGE_SPLITS):
        image = {"bytes": image_bytes(picture(number), "PNG"), "path": f"{number}.png"}
        for place, phrase in enumerate((f"house {number}", f"the red house on plot {number}")):
            row = {"key": f"gres/{split}/{number}#{place}", "image_id": f"{number}"}
            row |= {"image": image, "phrase": phrase, "mask": mask, "no_target": False}
            rows.setdefault(split, []).append(row)
    for split, of_split in rows.items():
        put(root / FOLDER / f"{split}-00000-of-00001.parquet", b"")
        pq.write_table(
            pa.Table.from_pylist(of_split), root / FOLDER / f"{split}-00000-of-00001.parquet"
        )
    return root


def _spoil(root: Path, **cells: Any) -> None:
    """Changes the first row of the example."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = files_in(root)[0]
    rows = pq.read_table(file).to_pylist()
    rows[0] |= cells
    pq.write_table(pa.Table.from_pylist(rows), file)


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="Parquet Export",
        about="What PairLens exports for the datasets library: Parquet with keys",
        layout="data/SPLIT-00000-of-00001.parquet with the columns that pairlens export writes",
        docs="[what PairLens exports as `hf`](docs/formats/own-exports.md): "
        "`data/SPLIT-00000-of-00001.parquet` with keys",
        detect=detect,
        takes=takes,
        settle=settle,
        own_keys=True,
        count=lambda root, splits=SPLITS: 0,  # not known without reading
        read=read,
        wanted=wanted,
        no_target="`no_target`",
        boxes="in `boxes`",
        example=example,
        faults=(
            FormatFault(
                "a row has no mask",
                partial(_spoil, mask=None),
                "data/test-00000-of-00001.parquet[1]: it has no mask, and does not say that there "
                "is no target",
            ),
            FormatFault(
                "a key stands twice",
                partial(_spoil, key="gres/test/4#1"),
                "data/test-00000-of-00001.parquet[2]: its key is that of another record too",
            ),
        ),
    ),
)
