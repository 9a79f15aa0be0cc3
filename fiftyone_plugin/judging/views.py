"""Draws the pictures for a judge: the image with the target's outline, and an enlarged part of it.

The outline is drawn around the target and not on it, so that a target of a few pixels stays
visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.importers.errors import MaskError, UsageError
from pairlens.importers.fields import TARGET

Form = Literal["outline", "plain", "none"]
FORMS = ("outline", "plain", "none")

_LINE, _HALO = (255, 196, 0), (20, 20, 20)
_QUALITY = 92
_NEARLY_WHOLE = 0.8
"""Share of the image above which an enlarged part is not useful."""

Pixels = NDArray[np.uint8]
Window = tuple[int, int, int, int]
"""x, y, width and height in pixels of the image."""


@dataclass(frozen=True, kw_only=True)
class ViewSettings:
    """The parameters of the pictures."""

    whole: str = option("the whole image: outline, plain or none", "outline", choices=FORMS)
    crop: str = option(
        "the part around the target, enlarged: outline, plain or none", "outline", choices=FORMS
    )
    side: int = option("longest side in pixels of the whole image", 1024, low=64, high=4096)
    crop_side: int = option("longest side in pixels of the part", 512, low=64, high=4096)
    context: float = option(
        "how far the part reaches beyond the target, in sides of its box", 1.0, low=0, high=20
    )
    least: int = option("least side in pixels of the image that the part shows", 48, low=4,
                        high=4096)  # fmt: skip
    line: int = option("width of the outline in pixels of the picture", 2, low=1, high=16)


def check_forms(judge: str, settings: ViewSettings) -> None:
    """Refuses settings with which no picture shows the target's outline.

    Raises:
        UsageError: if neither picture has an outline
    """
    forms = (settings.whole, settings.crop)
    if "outline" not in forms:
        shown = "nothing" if forms == ("none", "none") else "no outline"
        raise UsageError(f"{judge}.whole and {judge}.crop show {shown}; let one of them be outline")


class Picture(NamedTuple):
    """A picture with its description.

    Attributes:
        pixels: (height, width, 3) uint8 RGB
        about: description for the model, such as ``the whole image, ...``
    """

    pixels: Pixels
    about: str

    def jpeg(self) -> bytes:
        """The picture as a JPEG file."""
        bgr = cv2.cvtColor(self.pixels, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def draw(rgb: Pixels, mask: Pixels | None, settings: ViewSettings) -> list[Picture]:
    """Draws the pictures of a sample.

    Args:
        rgb: (height, width, 3) uint8
        mask: (height, width) of 0, 1 target and 255 ignore; ``None`` or empty for no target
        settings: the parameters of the pictures

    Raises:
        MaskError: if the mask has another size than the image
    """
    target = None
    if mask is not None:
        if mask.shape != rgb.shape[:2]:
            size, image_size = (f"{a.shape[1]}x{a.shape[0]}" for a in (mask, rgb))
            raise MaskError(f"the mask has {size} pixels, and the image {image_size}")
        target = (mask == TARGET).astype(np.uint8)
    if target is None or not target.any():
        target, box = None, None
    else:
        x, y, width, height = cv2.boundingRect(target)
        box = (x, y, width, height)
    views = _views(box, (rgb.shape[1], rgb.shape[0]), settings)
    return [_picture(rgb, target, view, settings.line) for view in views]


class _View(NamedTuple):
    """A picture to be drawn: a part of the image, its size in the picture and its scale."""

    part: Window
    size: tuple[int, int]
    scale: float
    outlined: bool
    enlarged: bool = False


def _views(box: Window | None, size: tuple[int, int], settings: ViewSettings) -> Iterator[_View]:
    """Yields the views of a target with the given box, or of an image without a target."""
    everything = (0, 0, *size)
    if box is None:
        yield _view(everything, settings.side, "plain")
        return
    part = window(box, size, settings)
    whole, crop = settings.whole, settings.crop
    if (
        part[2] * part[3] >= _NEARLY_WHOLE * size[0] * size[1]
    ):  # the part would be nearly the whole image
        whole, crop = (crop if whole == "none" else whole), "none"
    if whole != "none":
        yield _view(everything, settings.side, whole)
    if crop != "none":
        yield _view(part, settings.crop_side, crop, enlarged=True)


def _view(part: Window, side: int, form: str, enlarged: bool = False) -> _View:
    _, _, width, height = part
    scale = side / max(width, height)
    scale = scale if enlarged else min(1.0, scale)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _View(part, size, scale, form == "outline", enlarged)


def window(box: Window, size: tuple[int, int], settings: ViewSettings) -> Window:
    """The part of an image around a target.

    Args:
        box: bounding box of the target
        size: (width, height) of the image in pixels
        settings: the parameters of the pictures
    """
    sides = []
    for start, extent, full in zip(box[:2], box[2:], size, strict=True):
        extended = max(extent * (1 + 2 * settings.context), settings.least)
        length = min(full, round(extended))
        first = min(max(0, round(start + extent / 2 - length / 2)), full - length)
        sides.append((first, length))
    (x, width), (y, height) = sides
    return x, y, width, height


def _picture(rgb: Pixels, target: Pixels | None, view: _View, line: int) -> Picture:
    x, y, width, height = view.part
    interpolation = cv2.INTER_CUBIC if view.scale > 1 else cv2.INTER_AREA
    cut = rgb[y : y + height, x : x + width]
    pixels = np.ascontiguousarray(cv2.resize(cut, view.size, interpolation=interpolation), np.uint8)
    about = f"the whole image, {width} pixels wide and {height} high"
    if view.enlarged:
        about = (
            f"the part of the image from x {x} to {x + width} and y {y} to {y + height}, "
            f"{view.scale:.3g} times as large"
        )
    if target is not None and view.outlined:
        _outline(pixels, target[y : y + height, x : x + width], line)
        about += "; a yellow line runs around the outlined region"
    return Picture(pixels, about)


def _outline(pixels: Pixels, target: Pixels, line: int) -> None:
    size = (pixels.shape[1], pixels.shape[0])
    distance = line + 2  # the line's dark border must not reach the target
    scaled = cv2.resize(target * 255, size, interpolation=cv2.INTER_AREA)
    dilated = cv2.dilate((scaled > 0).astype(np.uint8), np.ones((2 * distance + 1,) * 2, np.uint8))
    contours, _ = cv2.findContours(dilated, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(pixels, contours, -1, _HALO, line + 2, cv2.LINE_AA)
    cv2.drawContours(pixels, contours, -1, _LINE, line, cv2.LINE_AA)


def sizes(sample: Sample, settings: ViewSettings) -> list[tuple[int, int]]:
    """(width, height) of the pictures of a sample, from its stored measurements."""
    size = sample.image_size or (settings.side, settings.side)
    box: Any = sample.stats.box if sample.stats.area else None
    return [view.size for view in _views(box, size, settings)]
