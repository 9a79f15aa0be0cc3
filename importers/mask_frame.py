"""Aligns masks with the orientation in which their image is shown.

An image can be stored on its side or upside down (:mod:`pairlens.importers.image_frame`), and
whoever
drew its mask may have looked at it upright or as it is stored. Where rows and columns change
places, the size of the mask tells which. An RLE can also name width and height in the wrong
order; of the two ways to decode it the one with the shorter outline is meant, since the other
shears the mask into stripes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from pairlens.importers.decisions import Decision
from pairlens.importers.image_frame import UPRIGHT, turn
from pairlens.importers.masks import Mask, Pixels
from pairlens.importers.media import ImageFacts
from pairlens.importers.polygons import polygon_faults, rasterize
from pairlens.importers.reading import MaskFrame, RLESize
from pairlens.importers.records import Shape
from pairlens.importers.rle import decode_rle

_FRAME = "mask_frame"
_RAW = "masks have the size of their image as it is stored, and are turned upright with it"
_UNKNOWN = "masks of turned images could be drawn upright or as stored; they are taken as upright"
_RAW_POLYGONS = "polygons fit their image as it is stored, and are turned upright with it"
_SET_RAW = "masks are in the frame of their image as it is stored, as set, and are turned with it"
_SET_SWAPPED = "RLE name width before height, as set"
_SWAPPED = "RLE name width before height, and are read with the two changed"
_ON_SIDE = "RLE hold the mask with rows and columns changed, and are turned"


def in_upright_frame(
    pixels: Pixels, facts: ImageFacts, frame: MaskFrame = "auto"
) -> tuple[Pixels, list[Decision]]:
    """A mask in its image's upright frame, and what was decided.

    Args:
        pixels: (height, width) in either frame
        facts: of the image
        frame: the frame that it is in, where that was set by hand
    """
    if facts.orientation == UPRIGHT or frame == "upright":
        return pixels, []
    if frame == "raw":
        return turn(pixels, facts.orientation), [Decision(_SET_RAW, _FRAME)]
    shape = (pixels.shape[1], pixels.shape[0])
    if shape == facts.raw_size != (facts.width, facts.height):
        return turn(pixels, facts.orientation), [
            Decision(_RAW, _FRAME, override="mask_frame=upright")
        ]
    if facts.raw_size == (facts.width, facts.height) == shape:
        return pixels, [Decision(_UNKNOWN, _FRAME, override="mask_frame=raw")]
    return pixels, []


def draw_upright(
    shapes: tuple[Shape, ...], facts: ImageFacts, frame: MaskFrame = "auto"
) -> tuple[Mask, tuple[str, ...], list[Decision]]:
    """Draws polygons in their image's upright frame.

    Returns:
        the mask, what is wrong with the polygons, and what was decided
    """
    size = (facts.height, facts.width)
    raw = (facts.raw_size[1], facts.raw_size[0])
    as_set = frame == "raw" and facts.orientation != UPRIGHT
    alone = raw != size and _fit(shapes, raw) and not _fit(shapes, size)
    if as_set or (frame == "auto" and alone):
        mask = Mask(turn(rasterize(shapes, *raw).pixels, facts.orientation))
        told = Decision(_SET_RAW) if as_set else Decision(_RAW_POLYGONS)
        told.kind, told.override = _FRAME, "" if as_set else "mask_frame=upright"
        return mask, polygon_faults(shapes, *raw), [told]
    return rasterize(shapes, *size), polygon_faults(shapes, *size), []


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
    """How many neighbours in rows and columns differ, the frame counted as background."""
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return int((framed[1:] != framed[:-1]).sum() + (framed[:, 1:] != framed[:, :-1]).sum())
