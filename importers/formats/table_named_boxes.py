"""Boxes whose numbers have names: ``{"xmin": 1, "ymin": 2, "xmax": 30, "ymax": 40}`` and others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

FORMS = ("xyxy", "xywh", "cxcywh")
"""Two corners, a corner and the size, or the centre and the size; of several the first."""

SPREAD: dict[tuple[str, ...], tuple[str, ...]] = {
    ("xmin", "ymin", "xmax", "ymax"): ("xyxy",),
    ("x0", "y0", "x1", "y1"): ("xyxy",),
    ("x1", "y1", "x2", "y2"): ("xyxy",),
    ("left", "top", "right", "bottom"): ("xyxy",),
    ("left", "top", "width", "height"): ("xywh",),
    ("bboxx", "bboxy", "bboxw", "bboxh"): ("xywh", "cxcywh"),
    ("x", "y", "w", "h"): ("xywh", "cxcywh"),
    ("x", "y", "width", "height"): ("xywh", "cxcywh"),
    ("cx", "cy", "w", "h"): ("cxcywh",),
    ("cx", "cy", "width", "height"): ("cxcywh",),
    ("xcenter", "ycenter", "width", "height"): ("cxcywh",),
}
"""Names of the numbers, without case and signs, and the forms that these leave."""

_FARTHEST = 30_000
"""Pixels that an image may be wide or high."""

_ANGLES = ("angle", "rotation", "theta")

_QUAD = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


class NamedBox(list[float]):
    """The four numbers of a box, and which of :data:`FORMS` their names leave."""

    def __init__(self, numbers: Sequence[float], forms: tuple[str, ...]) -> None:
        super().__init__(numbers)
        self.forms = forms


def forms_of(numbers: Sequence[float]) -> tuple[str, ...]:
    """The forms that the numbers of a box can have by their names; all where they have none."""
    return numbers.forms if isinstance(numbers, NamedBox) else FORMS


def plain(name: str) -> str:
    """A name without case and signs."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def spread_over(names: Sequence[str]) -> list[list[str]]:
    """Names that together are a box, in the order of its numbers; of several the likeliest first.

    Args:
        names: of columns, or members of an object
    """
    known = {plain(name): name for name in reversed(names)}
    if known.keys() >= set(_QUAD):
        return []  # four corners, of which the first two are no box
    found = (part for part in SPREAD if known.keys() >= set(part))
    return [[known[name] for name in part] for part in found]


def named_points(value: Mapping[Any, Any]) -> NamedBox | list[float] | None:
    """The numbers of an object that is a box, or of four corners; ``None`` for other objects.

    An angle stands behind the others.
    """
    names = [name for name in value if isinstance(name, str)]
    known = {plain(name): value[name] for name in names}
    parts = next(iter(spread_over(names)), [])
    order = tuple(map(plain, parts)) or _QUAD
    turned = tuple(name for name in _ANGLES if parts and known.get(name))
    try:
        numbers = [float(known[name]) for name in (*order, *turned)]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not all(map(isfinite, numbers)):
        return None
    return NamedBox(numbers, SPREAD[order]) if parts and not turned else numbers


def is_on_earth(box: Sequence[float]) -> bool:
    """Whether the numbers of a box are rather the place of an image on Earth than one in it.

    Degrees lie close to each other, and metres of a projection are many.
    """
    x, y, third, fourth = box
    corners = "xyxy" in forms_of(box)
    wide, high = (third - x, fourth - y) if corners else (third, fourth)
    degrees = max(box) > 1 and 0 < wide < 1 and 0 < high < 1
    return degrees or max(box) > _FARTHEST
