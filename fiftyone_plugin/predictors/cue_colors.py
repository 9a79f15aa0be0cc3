"""Scores how well a colour word fits a colour, in CIE Lab.

Colour words are used loosely for aerial images: a "red" roof is a dull brown-red, a "green" field
nearly gray. Chromatic words are therefore matched by hue, and a chroma of 12 counts half; words of
lightness are matched by L, ``light`` and ``dark`` relative to the mean of the image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_HUES = {
    "pink": 0.0,
    "red": 35.0,
    "orange": 65.0,
    "yellow": 98.0,
    "green": 130.0,
    "blue": 275.0,
    "purple": 318.0,
}
"""Hue angles in degrees in the plane of a* and b*."""

_HUE_WIDTH = 26.0
_HALF_CHROMA = 12.0

_BROWN = (60.0, 42.0)
"""Hue angle in degrees, and L."""

_GRAYS = {"white": (88.0, 13.0), "gray": (58.0, 16.0), "black": (12.0, 14.0)}
"""L of the achromatic colours, and the standard deviation of L."""

_LIGHTNESS_STEP = 8.0


def color_fit(word: str, colors: Floats) -> Floats | None:
    """How well each colour fits a word.

    Args:
        word: one of the eleven basic colours, as ``language.colors`` gives it in ``value``,
            or ``light`` or ``dark``
        colors: (n, 3) Lab; the last row is the whole image's mean

    Returns:
        (n,) in [0, 1], or ``None`` for an unknown word
    """
    light, chroma = colors[:, 0], np.hypot(colors[:, 1], colors[:, 2])
    hue = np.degrees(np.arctan2(colors[:, 2], colors[:, 1]))
    if word in _HUES:
        return _near_hue(hue, _HUES[word]) * chroma / (chroma + _HALF_CHROMA)
    if word == "brown":
        return _brown(light, chroma, hue)
    if word in _GRAYS:
        return _near_gray(word, light) * _bell(chroma, 14)
    if word in ("light", "dark"):
        steps = (light - light[-1]) / _LIGHTNESS_STEP * (1 if word == "light" else -1)
        return 1 / (1 + np.exp(2.5 - steps))
    return None


def _brown(light: Floats, chroma: Floats, hue: Floats) -> Floats:
    """Brown is a dull, dark yellow-red; a brighter one is called red or orange."""
    angle, lightness = _BROWN
    dull = chroma / (chroma + _HALF_CHROMA / 2) * _bell(np.maximum(chroma - 35, 0), 15)
    return _near_hue(hue, angle) * dull * _bell(light - lightness, 18)


def _near_gray(word: str, light: Floats) -> Floats:
    lightness, width = _GRAYS[word]
    distance = light - lightness
    if word == "white":
        distance = np.minimum(distance, 0)
    if word == "black":
        distance = np.maximum(distance, 0)
    return _bell(distance, width)


def _near_hue(hue: Floats, angle: float) -> Floats:
    return _bell((hue - angle + 180) % 360 - 180, _HUE_WIDTH)


def _bell(distance: Floats, width: float) -> Floats:
    return np.exp(-0.5 * (distance / width) ** 2)
