"""Measures images, and the colors of targets in them.

Each image is measured once. The measurements are stored with the sample, so that checks need not
decode images.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.importers.masks import Mask

COLORS = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black",
    "gray",
)  # fmt: skip
"""The eleven basic color terms of English (Berlin and Kay, 1969)."""

NEAR = 2
"""Maximum difference in levels of 255 within an area of one color, after compression."""

_HASHED = 32
"""Side in pixels of the image that the perceptual hash is computed from."""

_LEVELS = 32
"""Levels of each band that colors are quantized to before they are named."""

_COUNTED = 1 << 24
"""Pixels up to which OpenCV's single-precision histogram is exact."""

_MIN_SPREAD = 0.02
"""Contrast below which an image gets no perceptual hash."""

_MAX_FLAT = 0.9
"""Share of blank pixels above which an image gets no perceptual hash."""

Pixels = NDArray[np.uint8]
Lab = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ImageStats:
    """The measurements of an image.

    Attributes:
        brightness: mean luma, 0 black to 1 white
        contrast: range of luma that the middle 96 % of the pixels span, 0 to 1
        blank: largest share of pixels that are black, white or of one color, 0 to 1
        chroma: mean distance from gray in CIELAB, about 0 to 100
        phash: perceptual hash in 16 hex digits; ``""`` if the image is too uniform
        error: why the image could not be decoded; ``""`` if it was
    """

    brightness: float = 0.0
    contrast: float = 0.0
    blank: float = 0.0
    chroma: float = 0.0
    phash: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class TargetColors:
    """The colors of a target.

    Attributes:
        target: mean CIELAB color under the mask: L 0 to 100, a and b about -100 to 100
        ring: the same in a ring around the target; its width is a tenth of the square root of the
            target's area, 3 to 16 pixels
        shares: share of the mask's pixels that people may call each of :data:`COLORS`, in their
            order; a pixel can have several names, such as brown and orange
    """

    target: Lab = (0.0, 0.0, 0.0)
    ring: Lab = (0.0, 0.0, 0.0)
    shares: tuple[float, ...] = ()


def measure_image(rgb: Pixels) -> ImageStats:
    """Measures a (height, width, 3) uint8 RGB image."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    histogram = _levels(gray)
    low, high = np.searchsorted(np.cumsum(histogram), (0.02 * gray.size, 0.98 * gray.size))
    contrast, blank = float(high - low) / 255, _blank(rgb)
    plain = contrast < _MIN_SPREAD or blank > _MAX_FLAT
    small = cv2.resize(rgb, (64, 64), interpolation=cv2.INTER_AREA)
    lab = to_lab(small)
    return ImageStats(
        brightness=round(float(np.dot(histogram, np.arange(256))) / gray.size / 255, 4),
        contrast=round(contrast, 4),
        blank=round(blank, 4),
        chroma=round(float(np.hypot(lab[..., 1], lab[..., 2]).mean()), 2),
        phash="" if plain else perceptual_hash(gray),
    )


def _blank(rgb: Pixels) -> float:
    """Returns the largest share of pixels near black, near white or near the median color."""
    pixels = rgb.shape[0] * rgb.shape[1]
    counts = [_levels(band) for band in cv2.split(rgb)]
    median = tuple(int(np.searchsorted(np.cumsum(count), pixels / 2)) for count in counts)
    shares = []
    for color in ((0, 0, 0), (255, 255, 255), median):
        low = np.array([max(0, level - NEAR) for level in color], np.uint8)
        high = np.array([min(255, level + NEAR) for level in color], np.uint8)
        shares.append(cv2.countNonZero(cv2.inRange(rgb, low, high)))
    return max(shares) / pixels


def _levels(band: NDArray[Any]) -> NDArray[np.int64]:
    """Counts the pixels of each of the 256 levels in a (height, width) uint8 band."""
    if band.size > _COUNTED:
        return np.bincount(band.ravel(), minlength=256)
    # OpenCV takes half of the time.
    return cv2.calcHist([band], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def perceptual_hash(gray: NDArray[Any]) -> str:
    """Returns the DCT hash of an image, of which few bits change if it is recompressed or scaled.

    It has one bit for each of 8x8 low frequencies of the image at 32x32 pixels, without the first
    row and column: whether it is above their median. See Zauner, Implementation and benchmarking of
    perceptual image hash functions (2010), 3.2.1.

    Args:
        gray: (height, width)

    Returns:
        16 hex digits
    """
    small = cv2.resize(gray, (_HASHED, _HASHED), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[1:9, 1:9].ravel()
    middle = np.sort(lowest)[31:33]
    # The same as NumPy's median of 64 values, in a fifth of the time.
    return np.packbits(lowest > (middle[0] + middle[1]) / 2).tobytes().hex()


def measure_target(rgb: Pixels, mask: Mask) -> TargetColors | None:
    """Measures the colors under a mask and around it.

    Args:
        rgb: (height, width, 3) uint8
        mask: of the same height and width

    Returns:
        the colors; ``None`` if the mask is empty or has another size than the image
    """
    if mask.pixels.shape != rgb.shape[:2] or not mask.target.any():
        return None
    target = mask.target.view(np.uint8)
    columns, rows = np.flatnonzero(target.any(0)), np.flatnonzero(target.any(1))
    width = int(np.clip(round(0.1 * float(np.count_nonzero(target)) ** 0.5), 3, 16))
    top, left = max(0, rows[0] - width), max(0, columns[0] - width)
    part = np.s_[top : rows[-1] + width + 1, left : columns[-1] + width + 1]
    crop, inside = rgb[part], np.ascontiguousarray(target[part])
    grown = cv2.dilate(inside, np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    ring = (grown == 1) & (mask.pixels[part] == 0)
    pixels = crop[inside.view(np.bool_)]
    around = crop[ring] if ring.any() else pixels
    return TargetColors(_mean_lab(pixels), _mean_lab(around), _shares(pixels))


def _mean_lab(pixels: Pixels) -> Lab:
    """Returns the mean CIELAB color of (n, 3) RGB pixels."""
    mean = to_lab(pixels[None]).reshape(-1, 3).mean(0)
    return (round(float(mean[0]), 1), round(float(mean[1]), 1), round(float(mean[2]), 1))


def _shares(pixels: Pixels) -> tuple[float, ...]:
    """Returns the share of (n, 3) RGB pixels that people may call each color."""
    step = pixels // (256 // _LEVELS)
    cells = (step[:, 0].astype(np.int32) * _LEVELS + step[:, 1]) * _LEVELS + step[:, 2]
    counts = np.bincount(cells, minlength=_LEVELS**3)
    shares = counts @ _names() / len(pixels)
    return tuple(round(float(share), 3) for share in shares)


@lru_cache(maxsize=1)
def _names() -> NDArray[np.float32]:
    """Returns (32768, 11): 1 where an RGB value of 5 bits a band may be called a color, else 0.

    The ranges are wide, as names of colors are in aerial images: haze reduces saturation, and a
    roof is called red from brown to pink. Only names that nobody would use are excluded.
    """
    axis = (np.arange(_LEVELS, dtype=np.uint8) * (256 // _LEVELS)) + 256 // _LEVELS // 2
    cube = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
    light, a, b = to_lab(cube).reshape(-1, 3).T
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360

    def within(first: float, last: float, least: float) -> NDArray[np.bool_]:
        turned = (hue - first) % 360 <= (last - first) % 360
        return turned & (chroma >= least)

    named = {
        "red": within(335, 65, 9),
        "orange": within(30, 90, 12),
        "yellow": within(60, 118, 12),
        "green": within(95, 200, 5),
        "blue": within(190, 315, 5),
        "purple": within(270, 350, 6),
        "pink": within(310, 45, 6) & (light > 35),
        "brown": within(10, 105, 4) & (light < 78),
        "white": (light > 58) & (chroma < 22),
        "black": light < 42,
        "gray": chroma < 16,
    }
    return np.stack([named[color] for color in COLORS], 1).astype(np.float32)


def to_lab(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """Converts (height, width, 3) uint8 sRGB to CIELAB (D65): L 0 to 100, a, b -100 to 100."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab.astype(np.float32, copy=False)
