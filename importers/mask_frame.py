"""Aligns masks with the orientation in which their image is shown.

An image can be stored on its side or upside down (:mod:`pairlens.importers.image_frame`), and
whoever
drew its mask may have looked at it upright or as it is stored. Where rows and columns change
places, the size of the mask tells which, or the one that an annotation names. The file of a mask
can declare an orientation too, which counts but where the size says that it was copied from the
image's file and means nothing. An RLE can also name width and height in the wrong order; of the two
ways to decode it the one with the shorter outline is meant, since the other shears the mask into
stripes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np

from pairlens.importers.decisions import Decision
from pairlens.importers.frozen import frozen
from pairlens.importers.image_frame import BACK, UPRIGHT, turn
from pairlens.importers.masks import Mask, Pixels
from pairlens.importers.media import ImageFacts
from pairlens.importers.polygons import WHOLE, enlarged, polygon_faults, rasterize
from pairlens.importers.reading import MaskFrame, RLESize
from pairlens.importers.records import Polygons, Shape
from pairlens.importers.rle import decode_rle

_FRAME = "mask_frame"
_SAME_SHAPE = 0.02
"""By which the sides of an image that was resized may differ in their scale, of rounding."""

_RAW = "masks have the size of their image as it is stored, and are turned upright with it"
_UNKNOWN = "masks of turned images could be drawn upright or as stored; they are taken as upright"
_RAW_POLYGONS = "polygons fit their image as it is stored, and are turned upright with it"
_COPIED = (
    "masks declare an orientation by which they would not have the size of their image, and are "
    "taken as stored"
)
_OTHER = "masks declare another orientation than their image; each is turned as it declares"
_NAMED_RAW = (
    "annotations name the size of their image as it is stored, and what they outline is turned "
    "upright with it"
)
_RESIZED = (
    "annotations name another size than their image has, as where it was resized, and what they "
    "outline is scaled with it"
)
_OTHER_SIZE = (
    "annotations name another size than their image has, of another shape, and what they outline "
    "is taken in pixels of the image"
)
_SET_RAW = "masks are in the frame of their image as it is stored, as set, and are turned with it"
_SET_SWAPPED = "RLE name width before height, as set"
_SWAPPED = "RLE name width before height, and are read with the two changed"
_ON_SIDE = "RLE hold the mask with rows and columns changed, and are turned"


@frozen
class Frame:
    """What coordinates are in.

    Attributes:
        width, height: that count as the whole image
        orientation: which way up that is stored, 1 to 8
    """

    width: float
    height: float
    orientation: int = UPRIGHT


def in_upright_frame(
    pixels: Pixels,
    facts: ImageFacts,
    frame: MaskFrame = "auto",
    *,
    declared: int = UPRIGHT,
) -> tuple[Pixels, list[Decision]]:
    """A mask in its image's upright frame, and what was decided.

    Args:
        pixels: (height, width) in either frame, or turned as its own file declares
        facts: of the image
        frame: the frame that it is in, where that was set by hand
        declared: the orientation that its file declares, 1 to 8
    """
    if frame == "upright" or facts.orientation == declared == UPRIGHT:
        return pixels, []
    stored = turn(pixels, BACK[declared])
    if frame == "raw":
        return turn(stored, facts.orientation), [Decision(_SET_RAW, _FRAME)]
    size = facts.width, facts.height
    if _size(pixels) == size:
        return pixels, _doubts(facts, declared)
    if _size(stored) == size:
        return stored, [Decision(_COPIED, _FRAME, override="mask_frame=upright")]
    if _size(stored) == facts.raw_size:
        return turn(stored, facts.orientation), [
            Decision(_RAW, _FRAME, override="mask_frame=upright")
        ]
    return pixels, []


def _size(pixels: Pixels) -> tuple[int, int]:
    """Width and height of a mask."""
    return pixels.shape[1], pixels.shape[0]


def _doubts(facts: ImageFacts, declared: int) -> list[Decision]:
    """What is told of a mask that has the size of its image upright."""
    if declared not in (UPRIGHT, facts.orientation):
        return [Decision(_OTHER, _FRAME, override="mask_frame=raw")]
    unsettled = declared == UPRIGHT and facts.raw_size == (facts.width, facts.height)
    return [Decision(_UNKNOWN, _FRAME, override="mask_frame=raw")] if unsettled else []


def draw_upright(
    shapes: tuple[Shape, ...],
    facts: ImageFacts,
    frame: MaskFrame = "auto",
    named: tuple[int, int] | None = None,
) -> tuple[Mask, tuple[str, ...], list[Decision]]:
    """Draws polygons in their image's upright frame.

    Args:
        shapes: the polygons
        facts: of the image
        frame: the frame that they are in, where that was set by hand
        named: width and height of the image, where the annotation tells them

    Returns:
        the mask, what is wrong with the polygons, and what was decided
    """
    size = (facts.height, facts.width)
    raw = (facts.raw_size[1], facts.raw_size[0])
    as_set = frame == "raw" and facts.orientation != UPRIGHT
    is_named = raw != size and named == facts.raw_size
    alone = raw != size and _fit(shapes, raw) and not _fit(shapes, size)
    if as_set or (frame == "auto" and (is_named or alone)):
        mask = Mask(turn(rasterize(shapes, *raw).pixels, facts.orientation))
        told = Decision(_SET_RAW if as_set else _NAMED_RAW if is_named else _RAW_POLYGONS)
        told.kind, told.override = _FRAME, "" if as_set else "mask_frame=upright"
        return mask, polygon_faults(shapes, *raw), [told]
    return rasterize(shapes, *size), polygon_faults(shapes, *size), []


def in_image(
    shapes: tuple[Shape, ...],
    facts: ImageFacts,
    named: tuple[int, int] | None,
    *,
    as_set: bool = False,
) -> tuple[tuple[Shape, ...], list[Decision]]:
    """Polygons in the pixels of their image, where the annotation names another size for it.

    Args:
        shapes: in pixels
        facts: of the image
        named: width and height of the image, where the annotation tells them
        as_set: whether it was set that they are scaled whatever its shape

    Returns:
        the polygons, scaled where the image has the shape that is named and all of them lie in
        that, and what was decided
    """
    size = facts.width, facts.height
    if named is None or named in (size, facts.raw_size):
        return shapes, []
    across, down = size[0] / named[0], size[1] / named[1]
    alike = 1 - _SAME_SHAPE <= across / down <= 1 + _SAME_SHAPE
    if not as_set and not (alike and _fit(shapes, (named[1], named[0]))):
        return shapes, [Decision(_OTHER_SIZE, "polygon_scale", override="polygons=named")]
    told = Decision(_RESIZED, "polygon_scale", override="polygons=pixels")
    return enlarged(shapes, (across, down)), [told]


def frame_of(decisions: Iterable[str], target: Polygons, facts: ImageFacts) -> Frame | None:
    """What coordinates of a target count as the whole image, where that was decided.

    Args:
        decisions: that were taken when it was drawn
        target: as the format gives it
        facts: of its image
    """
    for rule in decisions:
        if rule in WHOLE:
            return Frame(WHOLE[rule], WHOLE[rule])
        if rule == _RESIZED and target.size:
            return Frame(*target.size)
        if rule in (_RAW_POLYGONS, _NAMED_RAW, _SET_RAW):
            return Frame(*facts.raw_size, facts.orientation)
    return None


def _fit(shapes: tuple[Shape, ...], size: tuple[int, int]) -> bool:
    """Whether all points lie in an image of a (height, width)."""
    height, width = size
    points = [point for shape in shapes for point in shape.points]
    return bool(points) and all(0 <= x <= width and 0 <= y <= height for x, y in points)


def decode_in_frame(
    rle: Mapping[str, Any],
    size: tuple[int, int],
    *,
    stored_on_side: bool = False,
    order: RLESize = "auto",
) -> tuple[Pixels, list[Decision]]:
    """Decodes an RLE whose size may be written the wrong way round.

    Args:
        rle: as :func:`pairlens.importers.rle.decode_rle` takes it
        size: (height, width) of the image, upright
        stored_on_side: whether the image is stored on its side, so that a mask on its side can
            be one in the raw frame, which is left as it is
        order: of the RLE's sides, where that was set by hand

    Returns:
        (height, width) uint8 of 0 and 1, and what was decided

    Raises:
        MaskError: as :func:`pairlens.importers.rle.decode_rle`
    """
    if order == "width_height":
        sides = rle.get("size")
        sides = sides[::-1] if isinstance(sides, list | tuple) else sides
        changed = decode_rle({"size": sides, "counts": rle.get("counts")})
        return changed, [Decision(_SET_SWAPPED, "rle_size")]
    mask = decode_rle(rle)
    if order == "height_width":
        return mask, []
    if mask.shape == size or mask.shape != size[::-1]:
        return mask, []
    keep = "rle_size=height_width"
    changed = decode_rle({"size": list(size), "counts": rle.get("counts")})
    if outline(changed) <= outline(mask):
        return changed, [Decision(_SWAPPED, "rle_size", override=keep)]
    if stored_on_side:
        return mask, []
    return np.ascontiguousarray(mask.T), [Decision(_ON_SIDE, "rle_size", override=keep)]


def outline(mask: Pixels) -> int:
    """The length of a mask's outline in pixel sides; the outside of the image counts as background.

    Args:
        mask: (height, width), 0 and 1
    """
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return int((framed[1:] != framed[:-1]).sum() + (framed[:, 1:] != framed[:, :-1]).sum())
