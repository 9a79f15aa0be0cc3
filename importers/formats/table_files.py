"""Finds the tables of a root, which is one file or a folder of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from heapq import nsmallest
from itertools import islice
from pathlib import Path

from pairlens.importers.errors import LayoutError, OnNote, PairLensError, StateError, shown
from pairlens.importers.files import is_leftover, is_text
from pairlens.importers.formats import table_csv, table_json, table_parquet
from pairlens.importers.formats.native_export import MANIFEST
from pairlens.importers.formats.table_csv import CsvTable
from pairlens.importers.formats.table_joined import with_joined
from pairlens.importers.formats.table_json import JsonTable
from pairlens.importers.formats.table_parquet import ParquetTable
from pairlens.importers.formats.table_rows import Table
from pairlens.importers.named_files import files_in
from pairlens.importers.source_files import leads_back, reason_of

ENDINGS = (*table_csv.ENDINGS, *table_json.ENDINGS, *table_parquet.ENDINGS)
"""Of files that can be tables."""

MAX_FILES = 4096
_LOOKED_AT = 32
"""Tables of another ending than that of the most."""

_FOLDERS = 256
_LEVELS = 3
_OWN = frozenset({MANIFEST, "decisions.jsonl"})
"""Files that stand beside what PairLens exports."""

_SAVED = ("dataset_dict.json", "state.json")
"""Beside the Arrow files of ``save_to_disk``."""


def folder_of(root: Path) -> Path:
    """The folder that a dataset lies in, whose table or tables a root names."""
    return root if root.is_dir() else root.parent


def table_files(root: Path) -> list[Path]:
    """The files of a root that can be tables: itself, or those in it and in the folders there.

    Of a folder, these are files of one ending, the one that most of them have.
    """
    return _parted(root)[0]


def _parted(root: Path) -> tuple[list[Path], list[Path]]:
    """The files of a root that can be tables: those of the ending that most have, and others."""
    if not root.is_dir():
        one = root.name.lower().endswith(ENDINGS) and root.is_file()
        return ([root] if one else []), []
    found = nsmallest(MAX_FILES, _within(root), key=os.fsencode)
    endings = [file.suffix.lower() for file in found]
    # A README's table of contents or a class list beside parquet is no part of the dataset.
    ending = max(endings, key=lambda one: (endings.count(one), ENDINGS.index(one)), default="")
    chosen = [file for file in found if file.suffix.lower() == ending]
    return chosen, [file for file in found if file.suffix.lower() != ending]


def tell_left(root: Path, columns: Collection[str], on_note: OnNote) -> None:
    """Tells of tables of another ending that have some columns too, and are not read."""
    folder, left = folder_of(root), list[str]()
    for path in _parted(root)[1][:_LOOKED_AT]:
        with suppress(PairLensError, OSError):
            table = with_joined(_opened(path, folder, None, anywhere=False))
            left += [table.name] * (set(columns) <= set(table.columns))
    if left:
        on_note(
            f"{shown(', '.join(left), 200)}: not read, since most tables of the folder have "
            "another ending; import it by its own name"
        )


def _within(root: Path) -> Iterator[Path]:
    """Files that may be tables; beside them may lie a million images or annotations."""
    first = [*islice(_visible(root), 2)]
    if len(first) == 1 and first[0].is_dir():
        return  # a folder around everything
    folders = [root]
    for _ in range(_LEVELS):
        for folder in folders:
            tables = (entry for entry in _visible(folder) if _may_be_table(entry))
            yield from nsmallest(MAX_FILES, tables, key=os.fsencode)
        below = (each for folder in folders for each in _folders_in(folder))
        folders = [*islice(below, _FOLDERS)]


def _may_be_table(entry: Path) -> bool:
    return entry.name.lower().endswith(ENDINGS) and entry.name not in _OWN


def _folders_in(folder: Path) -> list[Path]:
    return sorted(each for each in _visible(folder) if each.is_dir() and not leads_back(each))


def _visible(folder: Path) -> Iterator[Path]:
    names = (entry for entry in files_in(folder) if entry.name[0] != ".")
    return (entry for entry in names if not is_leftover(entry.name))


def open_tables(root: Path, delimiter: str | None) -> list[Table]:
    """The tables of a root.

    Raises:
        LayoutError: if one of them is no table, or they differ in their columns
        StateError: if one of them cannot be read
    """
    folder = folder_of(root)
    if any((folder / name).is_file() for name in _SAVED):
        raise LayoutError(
            f"{folder} is what save_to_disk of the library 'datasets' writes, and is not read; "
            "load it with load_from_disk, and write each split with to_parquet"
        )
    tables: list[Table] = []
    for path in table_files(root):
        if not is_text(path.name) or not is_text(str(path.relative_to(folder))):
            raise LayoutError(f"the name of {path} is no text; rename it")
        try:
            table = _opened(path, folder, delimiter, anywhere=path == root)
            tables.append(with_joined(table))
        except OSError as error:
            raise StateError(f"{path} cannot be read ({reason_of(error)})") from error
    if not tables:
        raise LayoutError(f"{root} holds no table")
    return tables


def _opened(path: Path, folder: Path, delimiter: str | None, *, anywhere: bool) -> Table:
    name = path.relative_to(folder).as_posix()
    if path.name.lower().endswith(table_csv.ENDINGS):
        return CsvTable(path, name, delimiter, anywhere=anywhere)
    if path.name.lower().endswith(table_parquet.ENDINGS):
        return ParquetTable(path, name, anywhere=anywhere)
    return JsonTable(path, name, anywhere=anywhere)


def columns_of(tables: list[Table]) -> tuple[str, ...]:
    """The columns that all tables have, in the order of the first.

    Raises:
        LayoutError: if there are none
    """
    first, *others = tables
    shared = [name for name in first.columns if all(name in other.columns for other in others)]
    if not shared:
        raise LayoutError(f"{first.name} and {others[0].name} have no column in common")
    return tuple(shared)


@contextmanager
def layout_errors() -> Iterator[None]:
    """Tells of a file that cannot be read as of a source that is broken."""
    try:
        yield
    except OSError as error:
        raise LayoutError(f"{error.filename} cannot be read ({reason_of(error)})") from error
