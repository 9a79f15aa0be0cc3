"""Laying out a scene: which ground is where, and what stands on it without touching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.demo.pens import Blueprint, place
from pairlens.fiftyone_plugin.demo.terrain import (
    RGB,
    BoolMask,
    Canvas,
    Field,
    Points,
    Road,
    blend,
    ground,
)

LAND, ROAD, WATER, APRON = 0, 1, 2, 3
"""Zones: each thing is put in one."""

CLEARANCE = 4
"""Pixels kept free around every thing, so that no two masks touch."""

MAX_RECTANGULARITY = 0.9
"""Share of its bounding box that a thing fills at most: no mask is just its box."""

Outline = tuple[tuple[int, int], ...]


@dataclass
class Plot:
    """A scene while it is laid out: zones, roads, what is taken.

    Attributes:
        base: (size, size, 3) ground texture
        zone: (size, size) of the zones above
        taken: (size, size) non-zero where something stands
    """

    rng: Generator
    size: int
    base: Field
    roads: list[Road] = field(default_factory=list)
    zone: Canvas = field(init=False)
    taken: Canvas = field(init=False)
    lines: list[tuple[Points, RGB]] = field(default_factory=list)
    placed: list[tuple[Blueprint, Points, float, Outline]] = field(default_factory=list)
    trees: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.zone = np.zeros((self.size, self.size), np.uint8)
        self.taken = np.zeros((self.size, self.size), np.uint8)

    @property
    def scale(self) -> float:
        """Lengths are given for 512 pixels."""
        return self.size / 512

    def lay(
        self,
        name: str,
        region: BoolMask,
        soft: float = 0.7,
        zone: int | None = None,
        tone: float = 1.0,
        relief: Field | None = None,
    ) -> None:
        """Covers a region with a ground, ``tone`` times as bright, and declares its zone."""
        texture = ground(self.rng, self.size, name) * np.float32(tone)
        self.base = blend(self.base, texture if relief is None else texture + relief, region, soft)
        if zone is not None:
            self.zone[region] = zone

    def pave(self, roads: list[Road]) -> None:
        """Builds roads: verge, kerb, and one surface over their crossings."""
        paved = roads[0].paved

        def region(wider: float) -> BoolMask:
            return np.logical_or.reduce(
                [r.region(self.size, r.width + wider * self.scale) for r in roads]
            )

        self.lay("concrete" if paved else "dry grass", region(9), 1.2, tone=0.94)
        if paved:
            self.base[region(2)] = (164, 163, 157)
        self.lay("tarmac" if paved else "dirt road", region(0), zone=ROAD)
        self.roads += roads

    def put(
        self,
        thing: Blueprint,
        zone: int,
        where: Callable[[], tuple[Points, float]],
        tries: int = 40,
    ) -> bool:
        """Puts a thing at the first of some places, given by ``where``, at which it fits."""
        for _ in range(tries):
            center, angle = where()
            points = np.rint(place(thing.outline, center, angle)).astype(np.int32)
            if self._fits(points, zone):
                outline = tuple((int(x), int(y)) for x, y in points)
                self.placed.append((thing, center, angle, outline))
                return True
        return False

    def _fits(self, points: NDArray[np.int32], zone: int) -> bool:
        """Whether an outline is clear of all else and in its zone; takes the place if so."""
        gap = max(2, round(CLEARANCE * self.scale))
        low, high = points.min(0) - gap - 1, points.max(0) + gap + 2
        if (low < gap).any() or (high > self.size - gap).any():
            return False
        window = np.s_[low[1] : high[1], low[0] : high[0]]
        body = np.zeros((high - low)[::-1], np.uint8)
        cv2.fillPoly(body, [(points - low).astype(np.int32)], 1)
        extent = points.max(0) - points.min(0) + 1
        if body.sum() > MAX_RECTANGULARITY * extent.prod():
            return False
        # On a road a car may stand close to the kerb; all else keeps its distance.
        room = body if zone == ROAD else cv2.dilate(body, np.ones((2 * gap + 1,) * 2, np.uint8))
        if (self.zone[window][room > 0] != zone).any():
            return False
        wide = cv2.dilate(body, np.ones((2 * gap + 1,) * 2, np.uint8))
        if self.taken[window][wide > 0].any():
            return False
        self.taken[window] |= body
        return True

    def anywhere(self) -> tuple[Points, float]:
        """A random place and heading."""
        return self.rng.uniform(0.04, 0.96, 2) * self.size, self.rng.uniform(0, 2 * np.pi)

    def along(self, road: Road, low: float, high: float) -> tuple[Points, float]:
        """A place ``low`` to ``high`` road widths beside the centre line, parallel to it."""
        center, heading = road.at(self.rng.uniform(0.02, 0.98))
        side = self.rng.choice([-1, 1])
        offset = road.width * self.rng.uniform(low, high) * side
        turned = heading + (np.pi if side < 0 else 0)
        return center + offset * np.array([-np.sin(heading), np.cos(heading)]), turned

    def plant(self, count: int, near: Callable[[], tuple[Points, float]] | None = None) -> None:
        """Puts up to ``count`` trees on free land."""
        for _ in range(count):
            radius = self.rng.uniform(6, 14) * self.scale
            x, y = (near or self.anywhere)()[0]
            reach = int(radius) + 3
            column, row = round(x), round(y)
            if not (0 <= column < self.size and 0 <= row < self.size):
                continue
            window = np.s_[
                max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
            ]
            if not self.taken[window].any() and (self.zone[window] == LAND).all():
                self.trees.append((float(x), float(y), radius))
