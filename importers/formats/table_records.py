"""Makes records of the rows of a table."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from pairlens.importers.errors import shown
from pairlens.importers.files import is_line, is_text
from pairlens.importers.formats.instruction_boxes import BoxReader, FileBoxes
from pairlens.importers.formats.llava import Parsed, is_caption
from pairlens.importers.formats.message_parts import count_decisions
from pairlens.importers.formats.table_cells import (
    CellError,
    bytes_of,
    describe_empty,
    ending_of,
    is_empty,
    mask_in,
    may_lack_size,
    name_of,
    of_column,
    only,
)
from pairlens.importers.formats.table_conversations import talk_in
from pairlens.importers.formats.table_instances import parts_of
from pairlens.importers.formats.table_rows import Table, TableRow
from pairlens.importers.formats.table_setting import Setting, in_list
from pairlens.importers.formats.table_splits import RowSplits
from pairlens.importers.formats.table_texts import texts_of
from pairlens.importers.formats.table_truth import truth_of
from pairlens.importers.image_lookup import MAX_PATH, ImageLookup, clean_path
from pairlens.importers.media import ImageError, inspect_bytes
from pairlens.importers.records import (
    Caption,
    CaptionedImage,
    ImageFile,
    Inline,
    InlineRaster,
    Instruction,
    NoTarget,
    Pair,
    Polygons,
    Raster,
    Record,
    Source,
    Target,
    Turn,
    make_key,
    phrase_fault,
)

NAME = "table"
MAX_KEY = 200
"""Characters of an id."""

MAX_BOXES = 2000
"""Of a conversation."""

_DIGITS = 16
"""Of the digest by which an image in a cell is known."""


class RowReader:
    """Makes records of rows; equal rows always give equal records.

    Args:
        setting: the settings for reading rows
        many: whether there are several tables, so that a row's number does not identify it
    """

    def __init__(self, setting: Setting, many: bool) -> None:
        self._setting = setting
        self._columns = setting.columns
        self._many = many
        self._images = setting.images()
        self._masks = ImageLookup(setting.mask_root, ["masks"])
        self._boxes = BoxReader(self._images, setting.boxes, setting.angles, setting.mask_frame)
        self._files: dict[str, FileBoxes] = {}
        self._rules: dict[str, Counter[str]] = {}
        self._splits = RowSplits(setting.columns.split, setting.split_by_place)

    @property
    def columns(self) -> list[str]:
        """The columns that rows are read from."""
        return [*dict.fromkeys(self._columns.given.values())]

    @property
    def text_column(self) -> str:
        """The column of queries, captions or conversations."""
        columns = self._columns
        return columns.phrase or columns.captions or columns.conversations

    @property
    def mask_column(self) -> str:
        """The column of masks."""
        return self._columns.mask

    @property
    def runs(self) -> str | None:
        """The order of the runs that numbers without brackets are."""
        return self._setting.runs

    @property
    def each(self) -> bool:
        """Whether each query of a row is about the mask with the same number."""
        return self._setting.instances == "each"

    @property
    def separator(self) -> str | None:
        """The separator of several texts in a cell."""
        return self._setting.separator

    def place(self, table: Table, row: TableRow) -> tuple[str, str]:
        """Split and image of a row.

        Raises:
            ValueError: with what is wrong with it
        """
        if row.fault:
            raise ValueError(row.fault)
        split, image = self._splits.in_cell(row), self._image(table, row)
        return split or self._splits.of_place(table, row, image), image

    def records(self, table: Table, row: TableRow) -> list[Record]:
        """The records of a row: a pair for each query.

        Raises:
            ValueError: with what is wrong with it
        """
        split, image_id = self.place(table, row)
        if self._columns.kind == "pairs":
            return list(self._pairs(table, row, split, image_id))
        texts = self._captioned if self._columns.captions else self._instruction
        return [texts(table, row, split, image_id)]

    def _captioned(self, table: Table, row: TableRow, split: str, image_id: str) -> CaptionedImage:
        captions = self._texts(row, self._columns.captions)
        image, name = self._image_of(table, row, image_id)
        return CaptionedImage(
            key=make_key(NAME, split, image_id, self._label(table, row)),
            image_id=image_id,
            split=split,
            image=image,
            image_name=name,
            captions=tuple(map(Caption, captions)),
            source=Source(table.name, row.number),
        )

    def survey(self, table: Table, row: TableRow) -> None:
        """Adds the boxes of a conversation, from which their scale is decided.

        Raises:
            ValueError: as :meth:`records`
        """
        if self._columns.conversations:
            self._tell_size(row)
            parsed = self._talk(row, self._image(table, row))
            self._boxes.take_numbers(self._file(table), parsed)
            self._rules.setdefault(table.name, Counter()).update(parsed.rules)

    def decided(self) -> Iterator[str]:
        """Yields the decisions on splits, boxes and parts, after the survey of all rows."""
        yield from self._splits.decided()
        for name, counts in self._rules.items():
            yield from count_decisions(name, counts)
        for file in self._files.values():
            yield from self._boxes.decide(file)

    def notes(self) -> Iterator[str]:
        """Yields notes on the boxes, after all records were made."""
        yield from self._boxes.notes([*self._files.values()])

    def _file(self, table: Table) -> FileBoxes:
        return self._files.setdefault(table.name, FileBoxes(table.name))

    def _talk(self, row: TableRow, image_id: str) -> Parsed:
        with of_column(self._columns.conversations):
            return talk_in(row.cells.get(self._columns.conversations), image_id)

    def _instruction(self, table: Table, row: TableRow, split: str, image_id: str) -> Instruction:
        source, file = Source(table.name, row.number), self._file(table)
        self._tell_size(row)
        parsed = self._talk(row, image_id)
        image, name = self._image_of(table, row, image_id)
        captions = [turn for turn in parsed.turns if is_caption(turn.question, "", listed=False)]
        turns = [Turn(t.question, t.answers, "", source, n) for n, t in enumerate(parsed.turns)]
        boxes = (b for n in range(len(turns)) for b in self._boxes.boxes(file, parsed, n, n))
        return Instruction(
            key=make_key(NAME, split, image_id, self._label(table, row)),
            image_id=image_id,
            split=split,
            image=image,
            image_name=name,
            turns=tuple(turns),
            captions=tuple(Caption(answer) for turn in captions for answer in turn.answers),
            boxes=tuple(islice(boxes, MAX_BOXES)),
            source=source,
        )

    def _texts(self, row: TableRow, column: str) -> list[str]:
        with of_column(column):
            texts = texts_of(row.cells.get(column), self._setting.separator)
        for fault in map(phrase_fault, texts):
            if fault:
                raise CellError(column, f"cannot be read: {fault.replace('query', 'text')}")
        return texts

    def _pairs(self, table: Table, row: TableRow, split: str, image_id: str) -> Iterator[Pair]:
        phrases = self._texts(row, self._columns.phrase)
        image, name = self._image_of(table, row, image_id)
        targets = self._targets(table, row, image_id, image, len(phrases))
        for number, (phrase, target) in enumerate(zip(phrases, targets, strict=True)):
            label = self._label(table, row) + f".{number}" * (len(phrases) > 1)
            yield Pair(
                key=make_key(NAME, split, image_id, label),
                image_id=image_id,
                split=split,
                phrase=phrase,
                image=image,
                image_name=name,
                target=target,
                source=Source(table.name, row.number),
            )

    def _label(self, table: Table, row: TableRow) -> str:
        """The label of a row that distinguishes it from others of its image."""
        column = self._columns.key
        if not column:
            return f"{table.name}:{row.number}" if self._many else str(row.number)
        cell = row.cells.get(column)
        if is_empty(cell) or isinstance(cell, dict | list | bytes):
            raise CellError(column, "holds no id")
        text = str(cell).strip()
        if len(text) > MAX_KEY or not is_text(text) or not is_line(text):
            raise CellError(column, f"holds {shown(text, 60)!r}, which is no id")
        return text

    def _image(self, table: Table, row: TableRow) -> str:
        """The path of a row's image, or a digest of the image in a cell."""
        column = self._columns.image
        cell = only(row.cells.get(column))
        content = bytes_of(cell)
        if content is not None:
            # The name does not identify it: all images of a table can have the same.
            return hashlib.sha256(content).hexdigest()[:_DIGITS]
        path = self._path(column, cell, self._setting.image_root)
        if row.key and self._images.find(path, table.name) is None:
            inside = in_list(row, path)
            path = inside if self._images.find(inside, table.name) else path
        folder = table.name.rpartition("/")[0]
        # Tables in different folders can use one name for different images.
        if folder and self._images.find(path, "") is None:
            return f"{folder}/{path}"
        return path

    def _image_of(self, table: Table, row: TableRow, image_id: str) -> tuple[ImageFile | None, str]:
        """The image of a row, and its name in the row."""
        cell = only(row.cells.get(self._columns.image))
        content = bytes_of(cell)
        if content is None:
            return self._images.find(image_id, table.name), image_id
        name = f"{image_id}{ending_of(name_of(cell), content)}"
        return Inline(content, name), name

    def shortened(self, row: TableRow, folder: Path) -> dict[str, Any]:
        """Makes absolute paths of a row in a folder relative, so that copies are found.

        Args:
            row: a row that gave records
            folder: the folder of the table
        """
        roots = {
            self._columns.image: self._setting.image_root,
            self._columns.mask: self._setting.mask_root,
        }
        return {
            column: row.cells[column].strip().removeprefix(f"{root}/")
            for column, root in roots.items()
            if isinstance(cell := row.cells.get(column), str)
            and cell.strip().startswith(f"{root}/")
            and root.is_relative_to(folder)
        }

    def _path(self, column: str, cell: Any, root: Path) -> str:
        """A path below a folder."""
        if isinstance(cell, Mapping) and isinstance(cell.get("path"), str):
            cell = cell["path"]
        if is_empty(cell):
            raise CellError(column, describe_empty(cell))
        if not isinstance(cell, str | int) or isinstance(cell, bool):
            raise CellError(column, f"holds {type(cell).__name__}, not a path")
        text = str(cell).strip()
        if len(text) > 4 * MAX_PATH:
            raise CellError(column, "holds more than a path")
        if "://" in text:
            raise CellError(column, f"holds the address {shown(text, 80)!r}; fetch the files first")
        try:
            return clean_path(text.removeprefix(f"{root}/"))
        except ValueError as error:
            quoted = repr(shown(text, 80))
            if text.startswith("/"):
                role = "mask" if column == self._columns.mask else "image"
                where = f"holds a path outside of the folder; give --param {role}_root=DIR"
                raise CellError(column, f"{where} ({quoted})") from error
            raise CellError(column, f"holds {quoted}, which {error}") from error

    def _targets(
        self, table: Table, row: TableRow, image_id: str, image: ImageFile | None, queries: int
    ) -> list[Target]:
        """The target of each query of a row."""
        columns = self._columns
        if columns.no_target and columns.no_target != columns.mask:
            with of_column(columns.no_target):
                if truth_of(row.cells.get(columns.no_target)):
                    return [NoTarget()] * queries
        cell = row.cells.get(columns.mask)
        parts = parts_of(cell)
        if self._setting.instances == "each":
            if len(parts) != queries:
                raise CellError(
                    columns.mask,
                    f"holds {len(parts)} masks, and the row has {queries} queries; "
                    "--param instances=all makes each about all of them",
                )
            return [self._target(table, row, image_id, image, part) for part in parts]
        if len(parts) > 1 and queries > 1 and not self._setting.instances:
            raise CellError(
                columns.mask,
                f"holds {len(parts)} masks for {queries} queries; --param instances=each or all "
                "says which each is about",
            )
        alone = len(parts) == 1 and isinstance(parts[0], str | bytes | Mapping)
        target = self._target(table, row, image_id, image, parts[0] if alone else cell)
        return [target] * queries

    def _target(
        self, table: Table, row: TableRow, image_id: str, image: ImageFile | None, cell: Any
    ) -> Target:
        columns = self._columns
        if is_empty(cell):
            if columns.no_target == columns.mask:
                return NoTarget()
            raise CellError(
                columns.mask,
                f"{describe_empty(cell)}, which does not say that there is no target; where it "
                f"means that, give --param no_target={columns.mask}",
            )
        with of_column(columns.mask):
            size = self._size_of(cell, table, row, image_id)
            drawn = mask_in(cell, self._setting.box, size, self._setting.runs)
        if isinstance(drawn, Polygons) and drawn.half_open:
            return replace(drawn, box=self._setting.box_targets)
        if drawn is not None:
            return drawn
        if (content := bytes_of(cell)) is not None:
            name = f"{table.name}[{row.number}] {columns.mask}"
            return InlineRaster(content, name, self._setting.mask_values)
        path = self._path(columns.mask, cell, self._setting.mask_root)
        return Raster(self._mask_file(table, path, image), self._setting.mask_values)

    def _mask_file(self, table: Table, path: str, image: ImageFile | None) -> Path:
        """The path of a mask, whether the file exists or not."""
        other = image if isinstance(image, Path) else None
        found = self._masks.find(path, table.name, but=other)
        if found is None and other is not None and self._masks.find(path, table.name):
            raise CellError(
                self._columns.mask,
                f"names the image itself ({shown(path, 80)!r}); give the mask's path, or the "
                "folder of the masks with --param mask_root=DIR",
            )
        return found or self._setting.mask_root / path

    def _tell_size(self, row: TableRow) -> None:
        """Stores the size of the image in a row's cell, under the id of the image."""
        content = bytes_of(only(row.cells.get(self._columns.image)))
        if content is not None:
            with suppress(ImageError):
                facts = inspect_bytes(content, "")
                self._images.remember(facts.digest[:_DIGITS], facts)

    def _size_of(
        self, cell: Any, table: Table, row: TableRow, image_id: str
    ) -> tuple[int, int] | None:
        """Height and width of the image, if the cell can be an RLE without them."""
        if not may_lack_size(cell):
            return None
        self._tell_size(row)
        size = self._images.size(image_id, table.name)
        return size and (size[1], size[0])
