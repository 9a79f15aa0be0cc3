"""The user's settings of how media and archives are read, for every format.

Each setting overrides one kind of decision about ambiguous input; see ``docs/reading.md``.
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
        name: in ``--param NAME=VALUE``, and as a keyword argument of ``read``
        about: description for users: what it sets, and its default
        parse: converts its text to the value; raises a ``ValueError`` that says what is expected
        formerly: the value that corresponds to versions without the setting, if it differs from the
            default; imports begun by these versions are resumed with it
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
    """The settings that apply to every format.

    Attributes:
        orientation: ``upright`` turns images as they declare; ``raw`` reads them as stored
        mask_frame: the frame of masks of turned images; ``auto`` decides by their size
        rle_size: the order of an RLE's height and width; ``auto`` decides if it does not fit
        no_data: which pixels of more than 8 bits have no data: ``auto``, only the value that the
            file ``declared``, ``none``, or a value
        polygons: the unit of polygons; ``auto`` takes them as shares if all are within 0 to 1, and
            ``named`` as pixels of the image size in the annotation
    """

    orientation: Orientation = "upright"
    mask_frame: MaskFrame = "auto"
    rle_size: RLESize = "auto"
    no_data: NoData = "auto"
    polygons: PolygonScale | Literal["named"] = "auto"

    @property
    def unit(self) -> PolygonScale:
        """The unit of polygons; ``named`` is in pixels."""
        return "pixels" if self.polygons == "named" else self.polygons


AS_DECIDED = Reading()
"""The default settings, with which everything is decided by the files."""


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
"""A setting of the formats whose readers list files."""

MASK_VALUES = ReadParam(
    "mask_values",
    "which values of masks are the target: nonzero, >N, values such as 1,2, ignore=255, "
    "inverted; without it, auto: decided mask by mask",
    parse_mask_values,
)
"""A setting of the formats whose masks are files."""


def reading_of(given: Mapping[str, Any]) -> Reading:
    """Selects the settings from the parsed parameters of a format."""
    names = {field.name for field in fields(Reading)}
    return Reading(**{name: value for name, value in given.items() if name in names})
