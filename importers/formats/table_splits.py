"""The split of a row: by its cell, its table's name, its list's key, or its image's folder."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import shown
from pairlens.importers.formats.instruction_files import split_word
from pairlens.importers.formats.table_cells import CellError
from pairlens.importers.formats.table_rows import Table, TableRow
from pairlens.importers.records import Source

_BY_KEY = "rows are of the split that the key of their list names"
_BY_FOLDER = "rows are of the split that the folder of their image names"


class RowSplits:
    """Tells the splits of rows.

    Args:
        column: of splits; ``""`` for none
        by_place: whether keys of lists and folders of images count where nothing else tells
    """

    def __init__(self, column: str, by_place: bool) -> None:
        self._column = column
        self._by_place = by_place
        self._decided: dict[str, Decision] = {}

    def in_cell(self, row: TableRow) -> str | None:
        """The split that the cell of a row names; ``None`` where there is no column of splits.

        Raises:
            ValueError: if it names none
        """
        if not self._column:
            return None
        text = str(row.cells.get(self._column) or "").strip()
        split = split_word(text)
        if split is None:
            raise CellError(self._column, f"holds {shown(text, 40)!r}, not train, val or test")
        return split

    def of_place(self, table: Table, row: TableRow, image: str) -> str:
        """The split of a row without a cell for it; ``train`` where nothing tells.

        Args:
            table: that it stands in
            row: the row
            image: the path of its image
        """
        named = split_of_file(table.name)
        if named or not self._by_place:
            return named or "train"
        by_key = split_word(row.key)
        folders = map(split_word, image.split("/")[:-1])
        split = by_key or next((one for one in folders if one), None)
        if split:
            rule = _BY_KEY if by_key else _BY_FOLDER
            self._count(rule, str(Source(table.name, row.number)))
        return split or "train"

    def _count(self, rule: str, example: str) -> None:
        if rule not in self._decided:
            override = "split="
            self._decided[rule] = Decision(
                rule, "split", example=example, override=override, times=0
            )
        self._decided[rule].times += 1

    def decided(self) -> Iterator[Decision]:
        """Yields decisions on splits of rows that neither a cell nor a name gave."""
        yield from self._decided.values()
        self._decided = {}  # rows are read once more, which is not counted


def split_of_file(name: str) -> str | None:
    """The split that the name of a table's file, or of a folder around it, tells."""
    *folders, file = name.split("/")
    named = (split_word(part) for part in (file.partition(".")[0], *reversed(folders)))
    return next((split for split in named if split), None)
