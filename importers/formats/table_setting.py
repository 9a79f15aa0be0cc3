"""How the rows of a table are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pairlens.importers.box_scale import ScaleSetting
from pairlens.importers.formats.table_columns import TableColumns
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.reading import MaskFrame, Orientation
from pairlens.importers.rotated_boxes import Turning


@dataclass(frozen=True, slots=True)
class Setting:
    """How the rows of a table are read.

    Attributes:
        columns: what its columns are for
        image_root, mask_root: the folders that paths begin in
        separator: what stands between several queries in a cell
        box: ``xyxy``, ``xywh`` or ``cxcywh``
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
