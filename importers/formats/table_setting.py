"""How the rows of a table are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pairlens.importers.box_scale import ScaleSetting
from pairlens.importers.formats.table_cells import is_empty, only
from pairlens.importers.formats.table_columns import TableColumns
from pairlens.importers.formats.table_files import folder_of
from pairlens.importers.formats.table_rows import TableRow
from pairlens.importers.image_folders import IMAGE_ROOT, Named, find_image_folder, named_folder
from pairlens.importers.image_lookup import ImageLookup, clean_path
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.reading import (
    MASK_FRAME,
    ORIENTATION,
    MaskFrame,
    Orientation,
    ReadParam,
)
from pairlens.importers.rotated_boxes import Turning

ROOTS = (
    IMAGE_ROOT,
    ReadParam("mask_root", "folder that paths of masks begin in; by default the table's own"),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How the rows of a table are read.

    Attributes:
        columns: what its columns are for
        image_root, mask_root: the folders that paths begin in
        separator: what stands between several queries in a cell
        box: ``xyxy``, ``xywh`` or ``cxcywh``
        instances: which masks of a row its queries are about, ``each`` or ``all``
        runs: the order of runs, where numbers without brackets are some
        box_targets: whether boxes are scored as such
        mask_values: which values of mask files are the target, where that was set by hand
        boxes, angles: as of :class:`.instruction_boxes.BoxReader`
        split_by_place: whether keys of lists, and folders of images, tell the split of rows where
            neither a column nor the name of the table does
        orientation, mask_frame: of :class:`pairlens.importers.reading.Reading`
    """

    columns: TableColumns
    image_root: Path
    mask_root: Path
    separator: str | None = None
    box: str | None = None
    runs: str | None = None
    instances: str | None = None
    box_targets: bool = False
    mask_values: MaskValues | None = None
    boxes: ScaleSetting = None
    angles: Turning | None = None
    split_by_place: bool = True
    orientation: Orientation = "upright"
    mask_frame: MaskFrame = "auto"

    def images(self) -> ImageLookup:
        """Finds the images."""
        return ImageLookup(self.image_root, orientation=self.orientation)


def setting_of(root: Path, columns: TableColumns, params: Mapping[str, str]) -> Setting:
    """The settings for reading rows, from settled parameters."""
    folder = folder_of(root)
    return Setting(
        columns,
        folder / params.get("image_root", ""),
        folder / params.get("mask_root", ""),
        params.get("separator"),
        params.get("box"),
        params.get("runs"),
        params.get("instances"),
        split_by_place=params.get("split") != "",
        orientation="raw" if params.get(ORIENTATION) == "raw" else "upright",
        mask_frame=cast(MaskFrame, params.get(MASK_FRAME, "auto")),
    )


def first_images(rows: Iterable[TableRow], column: str, beside: str) -> Iterator[Named]:
    """The images of some rows, which may lie in folders of the names of the rows' lists.

    Args:
        rows: the first of a table
        column: of images
        beside: the table's name
    """
    for row in rows:
        cell = only(row.cells.get(column))
        if isinstance(cell, str) and not is_empty(cell):
            with suppress(ValueError):
                path = clean_path(cell.strip())
                yield Named((in_list(row, path), path), beside)


def in_list(row: TableRow, path: str) -> str:
    """A path in a folder of the name of the row's list, as classes have them.

    Raises:
        ValueError: if that is no path
    """
    return clean_path(f"{row.key}/{path}") if row.key else path


def roots_of(
    here: Path, given: Mapping[str, str], images: ImageLookup, named: Iterator[Named]
) -> dict[str, str]:
    """The folders that paths begin in: those that were given, and that of the images if found.

    Args:
        here: the table's folder
        given: parameters
        images: finds images without the folder
        named: the images of the first rows

    Raises:
        UsageError: if one that was given is not there
    """
    wanted = [one.name for one in ROOTS if one.name in given]
    roots = {name: named_folder(name, given[name], here) for name in wanted}
    if IMAGE_ROOT.name not in given and (folder := find_image_folder(here, images, named)):
        roots[IMAGE_ROOT.name] = folder
    return roots
