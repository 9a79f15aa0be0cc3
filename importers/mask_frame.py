"""Turns masks and polygons into the upright frame of their image.

An image can be stored on its side or upside down, with an EXIF orientation from 1 to 8 that says so
(:mod:`pairlens.importers.image_frame`). Its mask may have been drawn on the upright image or on the
rows and columns as stored, the *raw frame*. If width and height differ between the two frames, the
size of the mask, or the image size in the annotations, decides. A mask file can declare an
orientation too. It is applied, unless the size shows that it was copied from the image's file
without turning the mask.

An RLE can also give width and height in the wrong order. Decoded with the wrong order a mask is
sheared into stripes, so the order that gives the shorter outline is taken.
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
"""Relative difference between the scales of width and height that rounding can explain."""

_RAW = "masks have the size of their image as it is stored, and are turned upright with it"
_UNKNOWN = "masks of turned images could be drawn upright or as stored; they are taken as upright"
_RAW_POLYGONS = "polygons fit their image as it is stored, and are turned upright with it"
_COPIED = (
    "masks declare an orientation with which they would not have the size of their image, and are "
    "taken as stored"
)
_OTHER = "masks declare another orientation than their image; each is turned as it declares"
_NAMED_RAW = (
    "annotations give the size of their image as it is stored; their polygons are turned upright "
    "with it"
)
_RESIZED = (
    "annotations give another size than their image has, of the same shape; their polygons are "
    "scaled to the image"
)
_OTHER_SIZE = (
    "annotations give another size than their image has, of another shape; their polygons are "
    "taken in pixels of the image"
)
_SET_RAW = "masks are in the frame of their image as it is stored, as set, and are turned with it"
_SET_SWAPPED = "the size of RLE is read as width, height, as set"
_SWAPPED = "RLE give their size as width, height, and are read so"
_ON_SIDE = "RLE give the mask with rows and columns swapped, and are transposed"


@frozen
class Frame:
    """The coordinate system of a target's polygons.

    Attributes:
        width, height: the coordinates of the image's bottom right corner, such as 1 for shares
        orientation: EXIF orientation of the image that they refer to, 1 to 8
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
    """Turns a mask into its image's upright frame.

    Args:
        pixels: (height, width), already turned by the orientation that its file declares
        facts: of the image
        frame: the user's setting of the frame that the mask is in
        declared: the EXIF orientation that the mask's file declares, 1 to 8

    Returns:
        (height, width) in the upright frame, and the decision about it, if it was ambiguous. A mask
        that has the size of neither frame is returned unchanged
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
    """Returns the width and height of a mask."""
    return pixels.shape[1], pixels.shape[0]


def _doubts(facts: ImageFacts, declared: int) -> list[Decision]:
    """Returns the decision about a mask that has the size of its upright image, if any."""
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
        shapes: the polygons, in pixels
        facts: of the image
        frame: the user's setting of the frame that they are in
        named: width and height of the image according to the annotation, if it has them

    Returns:
        the mask, the faults of the polygons, and the decision that was taken, if any
    """
    size = (facts.height, facts.width)
    raw = (facts.raw_size[1], facts.raw_size[0])
    as_set = frame == "raw" and facts.orientation != UPRIGHT
    is_named = raw != size and named == facts.raw_size
    fit_raw_only = raw != size and _fit(shapes, raw) and not _fit(shapes, size)
    if as_set or (frame == "auto" and (is_named or fit_raw_only)):
        mask = Mask(turn(rasterize(shapes, *raw).pixels, facts.orientation))
        decision = Decision(_SET_RAW if as_set else _NAMED_RAW if is_named else _RAW_POLYGONS)
        decision.kind, decision.override = _FRAME, "" if as_set else "mask_frame=upright"
        return mask, polygon_faults(shapes, *raw), [decision]
    return rasterize(shapes, *size), polygon_faults(shapes, *size), []


def in_image(
    shapes: tuple[Shape, ...],
    facts: ImageFacts,
    named: tuple[int, int] | None,
    *,
    as_set: bool = False,
) -> tuple[tuple[Shape, ...], list[Decision]]:
    """Scales polygons to their image if the annotation gives another size for it.

    They are scaled if both sizes have the same aspect ratio and all points lie within the size in
    the annotation: then the image was resized after it was annotated.

    Args:
        shapes: the polygons, in pixels of the annotated image
        facts: of the image
        named: width and height of the image according to the annotation, if it has them
        as_set: whether the user's setting is to scale them in any case

    Returns:
        the polygons in pixels of the image, and the decision that was taken, if any
    """
    size = facts.width, facts.height
    if named is None or named in (size, facts.raw_size):
        return shapes, []
    across, down = size[0] / named[0], size[1] / named[1]
    same_shape = 1 - _SAME_SHAPE <= across / down <= 1 + _SAME_SHAPE
    if not as_set and not (same_shape and _fit(shapes, (named[1], named[0]))):
        return shapes, [Decision(_OTHER_SIZE, "polygon_scale", override="polygons=named")]
    decision = Decision(_RESIZED, "polygon_scale", override="polygons=pixels")
    return enlarged(shapes, (across, down)), [decision]


def frame_of(decisions: Iterable[str], target: Polygons, facts: ImageFacts) -> Frame | None:
    """Returns the coordinate system of a target's polygons if a decision determined it.

    Args:
        decisions: the decisions taken when the target was drawn
        target: as the format gives it
        facts: of its image

    Returns:
        the frame; ``None`` if the coordinates are as the format defines them
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
    """Whether there are points, and all of them lie in an image of ``size``, (height, width)."""
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
    """Decodes an RLE whose size may be given as (width, height) by mistake.

    Args:
        rle: as for :func:`pairlens.importers.rle.decode_rle`
        size: (height, width) of the upright image
        stored_on_side: whether the image is stored on its side. A mask of swapped width and height
            may then be in the raw frame, and is not transposed here
        order: the user's setting of the order of the RLE's size

    Returns:
        (height, width) uint8 of 0 and 1, and the decision that was taken, if any

    Raises:
        MaskError: as :func:`pairlens.importers.rle.decode_rle`
    """
    if order == "width_height":
        sides = rle.get("size")
        sides = sides[::-1] if isinstance(sides, list | tuple) else sides
        swapped = decode_rle({"size": sides, "counts": rle.get("counts")})
        return swapped, [Decision(_SET_SWAPPED, "rle_size")]
    mask = decode_rle(rle)
    if order == "height_width":
        return mask, []
    if mask.shape == size or mask.shape != size[::-1]:
        return mask, []
    override = "rle_size=height_width"
    swapped = decode_rle({"size": list(size), "counts": rle.get("counts")})
    if outline(swapped) <= outline(mask):
        return swapped, [Decision(_SWAPPED, "rle_size", override=override)]
    if stored_on_side:
        return mask, []
    return np.ascontiguousarray(mask.T), [Decision(_ON_SIDE, "rle_size", override=override)]


def outline(mask: Pixels) -> int:
    """Returns the number of pixel sides between target and background of a mask.

    Sides at the image's border count, as if background surrounded the image.

    Args:
        mask: (height, width), 0 and 1
    """
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return int((framed[1:] != framed[:-1]).sum() + (framed[:, 1:] != framed[:, :-1]).sum())
