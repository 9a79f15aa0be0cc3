"""Settings of how media and archives are read, for every format.

Each overrides one kind of decision about ambiguous input; ``docs/reading.md`` has the defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from pairlens.importers.box_scale import FULL, Scale
from pairlens.importers.choices import one_of
from pairlens.importers.mask_values import parse_mask_values


@dataclass(frozen=True)
class ReadParam:
    """A setting of a reader.

    Attributes:
        name: for ``--param NAME=VALUE`` and as a keyword of ``read``
        about: what it sets and what it is without, for people
        parse: makes the value of its text; a ``ValueError`` says in words what was expected
        formerly: the value by which versions read that did not have the setting, where that is not
            what it is without; their imports are resumed with it
    """

    name: str
    about: str
    parse: Callable[[str], Any] = str
    formerly: str = ""


Orientation = Literal["upright", "raw"]
MaskFrame = Literal["auto", "upright", "raw"]
RLESize = Literal["auto", "height_width", "width_height"]
PolygonScale = Literal["auto"] | Scale
POLYGON_SCALES: tuple[PolygonScale, ...] = ("auto", *FULL, "pixels")
POLYGON_SCALES_ABOUT = (
    "what coordinates of polygons and boxes are: auto, unit (0 to 1), percent (0 to 100), "
    "thousand (0 to 1000), pixels"
)
LeftOut = Literal["skip", "read"]
NoData = Literal["auto", "declared", "none"] | float


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings of an import, whatever its format.

    Attributes:
        orientation: whether images are turned as they declare, or read as they are stored
        mask_frame: which way up masks of turned images are; by default their size decides
        rle_size: the order of an RLE's two sides; by default decided where it does not fit
        no_data: which pixels of more than 8 bits hold no data: ``auto``, what the file declares
            alone, none, or those of one value
        polygons: what their coordinates are; by default shares where all are within 0 to 1, and
            ``named`` for pixels of the size that the annotation names
    """

    orientation: Orientation = "upright"
    mask_frame: MaskFrame = "auto"
    rle_size: RLESize = "auto"
    no_data: NoData = "auto"
    polygons: PolygonScale | Literal["named"] = "auto"

    @property
    def unit(self) -> PolygonScale:
        """The unit of polygons, whatever image they are pixels of."""
        return "pixels" if self.polygons == "named" else self.polygons


AS_DECIDED = Reading()
"""Without a setting."""


def _no_data(text: str) -> NoData:
    if text in ("auto", "declared", "none"):
        return text  # type: ignore[return-value]
    try:
        return float(text)
    except ValueError:
        raise ValueError("give auto, declared, none, or a number") from None


ORIENTATION, MASK_FRAME = "orientation", "mask_frame"

PARAMS = (
    ReadParam(
        ORIENTATION,
        "upright: images are turned as EXIF and TIFF declare; raw: they are read as stored",
        one_of(*get_args(Orientation)),
    ),
    ReadParam(
        MASK_FRAME,
        "which way up masks of turned images are: auto (by their size), upright, raw",
        one_of(*get_args(MaskFrame)),
    ),
    ReadParam(
        "rle_size",
        "the order of an RLE's sides: auto, height_width, width_height",
        one_of(*get_args(RLESize)),
    ),
    ReadParam(
        "no_data",
        "which pixels of more than 8 bits hold no data: auto, declared, none, or a value",
        _no_data,
    ),
    ReadParam(
        "polygons",
        f"{POLYGON_SCALES_ABOUT}, named (pixels of the size that an annotation names)",
        one_of(*POLYGON_SCALES, "named"),
    ),
)
"""The settings as parameters of every format."""

LEFT_OUT = ReadParam(
    "left_out",
    "files that a file manager left (._*, __MACOSX, .DS_Store): skip, or read",
    one_of(*get_args(LeftOut)),
)
"""Of the formats whose readers list files."""

MASK_VALUES = ReadParam(
    "mask_values",
    "which values of masks are the target: nonzero, >N, values such as 1,2, ignore=255, "
    "inverted; without it, auto: decided mask by mask",
    parse_mask_values,
)
"""Of the formats whose masks are files."""


def reading_of(given: Mapping[str, Any]) -> Reading:
    """The settings among the parsed parameters of a format."""
    names = {field.name for field in fields(Reading)}
    return Reading(**{name: value for name, value in given.items() if name in names})
