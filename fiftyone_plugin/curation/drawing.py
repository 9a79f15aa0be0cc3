"""What a finding rests on, as shapes to draw over the image, in fractions of its sides.

A shape is a ``rect`` (``x``, ``y``, ``w``, ``h``), or a ``point`` (``x``, ``y``), with a
``role``, a ``label`` in words and ``soft``, how far its edge fades.
"""

from __future__ import annotations

from typing import Any

from fiftyone_plugin.checks.catalogue.coordinates import readings
from fiftyone_plugin.checks.query_features import named_region
from fiftyone_plugin.language import coordinates, places
from importers.mask_stats import MaskStats

TOLERANCE = 0.08
"""How far outside a named place a mask may lie, which is the default of the check."""

Shape = dict[str, Any]


def of_mask(stats: MaskStats) -> list[Shape]:
    """The box and the centre of a mask; nothing for an empty one."""
    if not (stats.area and stats.width and stats.height):
        return []
    x, y, w, h = stats.box
    cx, cy = stats.centroid
    point = {"type": "point", "x": cx / stats.width, "y": cy / stats.height}
    box = _rect(x / stats.width, y / stats.height, w / stats.width, h / stats.height)
    return [
        box | {"role": "mask_box", "label": "mask", "soft": 0.0},
        point | {"role": "mask_center", "label": "centre of the mask", "soft": 0.0},
    ]


def of_finding(check: str, phrase: str, stats: MaskStats) -> list[Shape]:
    """What a check compared the mask with, where that lies somewhere."""
    if check == "position_conflict":
        return _named(phrase)
    if check in ("coordinate_conflict", "coordinate_leak"):
        return _leaked(phrase, stats)
    return []


def _named(phrase: str) -> list[Shape]:
    region = named_region(places(phrase))
    if region is None:
        return []
    label = " and ".join(dict.fromkeys(place.name for place in places(phrase)))
    rect = _rect(region.x0, region.y0, region.x1 - region.x0, region.y1 - region.y0)
    return [rect | {"role": "named_region", "label": label, "soft": TOLERANCE}]


def _leaked(phrase: str, stats: MaskStats) -> list[Shape]:
    """Boxes as the reading has them that fits the mask best, and points in pixels."""
    if not (stats.width and stats.height):
        return []
    shapes = []
    for word in coordinates(phrase):
        numbers = [float(number) for number in word.value.split()]
        told = {"label": word.text, "soft": 0.0}
        if len(numbers) == 4:
            x, y, w, h = max(readings(numbers, stats))[2]
            shape = _clipped(x / stats.width, y / stats.height, w / stats.width, h / stats.height)
            shapes.append(shape | told | {"role": "leaked_box"})
        elif len(numbers) == 2:
            x, y = numbers[0] / stats.width, numbers[1] / stats.height
            point = {"type": "point", "x": _within(x), "y": _within(y)}
            shapes.append(point | told | {"role": "leaked_point"})
    return shapes


def _rect(x: float, y: float, w: float, h: float) -> Shape:
    return {"type": "rect", "x": x, "y": y, "w": w, "h": h}


def _clipped(x: float, y: float, w: float, h: float) -> Shape:
    x0, y0, x1, y1 = (_within(v) for v in (x, y, x + w, y + h))
    return _rect(x0, y0, x1 - x0, y1 - y0)


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))
