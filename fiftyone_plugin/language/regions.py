"""Rectangles that place words name, and distances from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Interval = tuple[float, float]

WHOLE: Interval = (0.0, 1.0)
CENTER: Interval = (0.335, 0.665)
"""The middle third; with the tolerance of a check, the middle half."""


class Region(NamedTuple):
    """A rectangle in fractions of the image, x to the right and y down, all in [0, 1]."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def empty(self) -> bool:
        """Whether the rectangle has no area."""
        return self.x0 >= self.x1 or self.y0 >= self.y1

    def excess(self, x: float, y: float) -> float:
        """The distance of a point from the region, in image sides; 0 inside."""
        return _length(_outside(x, self.x0, self.x1), _outside(y, self.y0, self.y1))

    def excess_of(self, xs: Sequence[float], ys: Sequence[float]) -> float:
        """The distance of a mask from the region, in image sides; 0 inside.

        Along each axis it is two thirds of the distance of the nearest part plus one third of the
        mean distance of the pixels. It is thus the full distance of a small mask, and small for a
        large mask that reaches into the region.

        Args:
            xs: quantiles of the mask's columns, as shares of the width
            ys: quantiles of its rows, as shares of the height
        """
        if not xs or not ys:
            return 0.0
        return _length(_outside_of(xs, self.x0, self.x1), _outside_of(ys, self.y0, self.y1))

    def __and__(self, other: Region) -> Region:
        return Region(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        )

    def __or__(self, other: Region) -> Region:
        """The smallest region around both."""
        return Region(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )


def combine(regions: Iterable[Region]) -> Region | None:
    """Combines several places of one target; ``None`` without any.

    The intersection of overlapping places is used. For contradictory places it is the smallest
    region around them, so that neither accuses a pair.
    """
    combined: Region | None = None
    for region in regions:
        if combined is None:
            combined = region
        else:
            intersection = combined & region
            combined = combined | region if intersection.empty else intersection
    return combined


def _outside(value: float, low: float, high: float) -> float:
    return max(low - value, value - high, 0.0)


def _outside_of(values: Sequence[float], low: float, high: float) -> float:
    distances = [_outside(value, low, high) for value in values]
    return (sum(distances) / len(distances) + 2 * min(distances)) / 3


def _length(dx: float, dy: float) -> float:
    return (dx * dx + dy * dy) ** 0.5
