"""Combines words of direction to a region of the image and a name for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.regions import CENTER, WHOLE, Interval, Region

HEDGE_MARGIN = 0.1
"""Margin around a hedged region on each side, in image sides."""

HEDGE_ACROSS = 0.01
"""The same margin towards the middle of the image: "near the left" is not on the right."""

NEAR_CENTER: Interval = (0.15, 0.85)
"""Interval of "near the center", on both axes."""

BESIDE_SIDE: Interval = CENTER
"""Horizontal interval of "bottom center"."""

OFFSET_REACH = 0.35
"""Extent of "slightly left of the centre" from the centre, in image sides."""


class Named(NamedTuple):
    """The directions that a phrase names, at most one per axis; see :class:`Directions`."""

    vertical: str
    horizontal: str
    center: bool
    offset: bool
    areas: frozenset[str]

    @property
    def corner(self) -> bool:
        """Whether both axes are named."""
        return bool(self.vertical and self.horizontal)


@dataclass(slots=True)
class Directions:
    """The words of direction in one phrase.

    Attributes:
        vertical: the named ones of ``"top"`` and ``"bottom"``
        horizontal: the named ones of ``"left"`` and ``"right"``
        center: whether the centre is named
        offset: whether the directions are relative to the centre: "left of the center"
        areas: named kinds of areas, such as "corner", "edge", "third"
        hedged: whether the words are vague by themselves, such as "above"
    """

    vertical: set[str] = field(default_factory=set)
    horizontal: set[str] = field(default_factory=set)
    center: bool = False
    offset: bool = False
    areas: set[str] = field(default_factory=set)
    hedged: bool = False

    def add(self, word: str) -> None:
        """Adds a word of direction."""
        if word in v.DIAGONAL:
            vertical, horizontal = v.DIAGONAL[word]
            self.vertical.add(vertical)
            self.horizontal.add(horizontal)
        elif word in v.VERTICAL:
            self.vertical.add(v.VERTICAL[word])
        elif word in v.HORIZONTAL:
            self.horizontal.add(v.HORIZONTAL[word])
        else:
            self.center = True
        if word.endswith("most"):
            self.areas.add("edge")

    def beside(self, vertical: str) -> None:
        """Adds the direction of "above" or "below", as in "above the center"."""
        self.vertical.add(vertical)
        self.offset = self.hedged = True

    def joins(self, word: str) -> bool:
        """Whether another word of direction can belong to the same place."""
        sides = word in v.VERTICAL or word in v.HORIZONTAL
        return sides or self.offset or not self.corner

    @property
    def corner(self) -> bool:
        """Whether both axes are named."""
        return bool(self.vertical and self.horizontal)

    @property
    def named(self) -> Named:
        """The named directions; undefined if they are contradictory."""
        vertical, horizontal = next(iter(self.vertical), ""), next(iter(self.horizontal), "")
        return Named(vertical, horizontal, self.center, self.offset, frozenset(self.areas))

    @property
    def axes(self) -> int:
        """The number of named ones of vertical, horizontal and centre, at most 2."""
        return min(2, bool(self.vertical) + bool(self.horizontal) + self.center)

    @property
    def contradictory(self) -> bool:
        """Whether opposite directions are named, as in "left and right"."""
        return len(self.vertical) > 1 or len(self.horizontal) > 1


@lru_cache(maxsize=1024)
def region_of(named: Named, *, hedged: bool, extreme: bool, widened: bool) -> Region:
    """The region of an image that directions name.

    Args:
        named: the directions
        hedged: whether a word such as "slightly" weakens them
        extreme: whether a word such as "far" strengthens them
        widened: whether a margin is added around the region
    """
    reach = _reach(named, extreme)
    vertical, horizontal = named.vertical, named.horizontal
    if named.offset:
        reach = OFFSET_REACH if hedged else 0.5
        x, y = _beside(horizontal, reach), _beside(vertical, reach)
    else:
        rest = BESIDE_SIDE if named.center else WHOLE
        x = _side(horizontal, reach) if horizontal else rest
        y = _side(vertical, reach) if vertical else rest
        if not horizontal and not vertical:
            x = y = NEAR_CENTER if widened else CENTER
    margins = [_margins(interval) if widened else (0.0, 0.0) for interval in (x, y)]
    (left, right), (top, bottom) = margins
    return Region(x[0] - left, y[0] - top, x[1] + right, y[1] + bottom) & Region(0, 0, 1, 1)


def _margins(interval: Interval) -> Interval:
    """The margins that a hedge adds to either side of an interval."""
    if interval == NEAR_CENTER:
        return 0.0, 0.0
    low, high = (HEDGE_ACROSS if side == 0.5 else HEDGE_MARGIN for side in interval)
    return low, high


@lru_cache(maxsize=1024)
def name_of(named: Named, *, extreme: bool) -> str:
    """A short name of directions, such as "top-left"."""
    vertical, horizontal = named.vertical, named.horizontal
    sides = "-".join(filter(None, (vertical, horizontal)))
    if named.offset:
        return f"{_relative(vertical, horizontal)} center"
    if named.center:
        return f"{vertical}-center" if vertical else f"center-{horizontal}".rstrip("-")
    for word in ("third", "thirds", "half"):
        if word in named.areas:
            return f"{sides} {'two thirds' if word == 'thirds' else word}"
    edge = extreme or named.areas & v.EDGE
    return f"{sides} edge" if edge and not named.corner else sides


def _relative(vertical: str, horizontal: str) -> str:
    words = {"top": "above", "bottom": "below"}
    parts = [words[vertical]] if vertical else []
    return " and ".join(parts + ([f"{horizontal} of"] if horizontal else []))


def _reach(named: Named, extreme: bool) -> float:
    """The extent of a side into the image, in image sides."""
    if "thirds" in named.areas:
        return 2 / 3
    narrow = {"third"} if named.corner else v.EDGE | {"third", "quarter"}
    return 1 / 3 if extreme or named.areas & narrow else 0.5


def _side(side: str, reach: float) -> Interval:
    return (0.0, reach) if side in ("left", "top") else (1.0 - reach, 1.0)


def _beside(side: str, reach: float) -> Interval:
    if not side:
        return CENTER
    return (0.5 - reach, 0.5) if side in ("left", "top") else (0.5, 0.5 + reach)
