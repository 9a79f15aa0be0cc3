"""The unit of the boxes and polygons that a source of anybody's has for targets.

Pixels are meant, unless the numbers of all targets together say otherwise: percent and thousandths
of an image, as annotation tools and models write them, look like pixels of its upper left part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pairlens.importers.box_scale import FULL, WORDS, Scale
from pairlens.importers.decisions import Decision

Size = tuple[int, int]
Ring = Sequence[tuple[float, float]]

FAR = 1.05
"""Shares of an image's sides; what ends there is no mistake of some pixels."""

FEW = 0.1
"""The share of targets that can reach out of their images by mistake."""

MEASURED = 200
"""Images whose sizes are gone by, of all."""

_ENOUGH = 20
"""Images; on fewer, targets can keep to one corner by chance."""

_ROOM = 1.5
"""By how much an image has to be larger than a unit for pixels to be likely beyond its numbers."""

_FILLED = 0.8
"""How far targets reach where the numbers of a unit end."""

_ROUNDED = 1.005
_SLIPS = 0.01
"""The share of targets that can reach beyond the numbers of a unit by mistake."""

_STOPS = 3
"""Different targets that end exactly where a unit does, which few do by chance."""

_KEPT = 100_000

_MORE_STOPS = 4
"""How many times as many end there as at the last pixels of their images."""

_UNITS: tuple[Scale, ...] = ("percent", "thousand")


@dataclass
class TargetNumbers:
    """The numbers of a source's targets, in memory that does not grow with them.

    Attributes:
        what: the targets are, in the plural
        targets: how many there are
        largest: number of them all
        shares: how many lie within 0 to 1
        fractions: how many of these hold a fraction
    """

    what: str = "boxes"
    targets: int = 0
    largest: float = 0.0
    shares: int = 0
    fractions: int = 0
    _over: Counter[Scale] = field(default_factory=Counter)
    _stopping: dict[Scale, set[int]] = field(default_factory=dict)
    _reach: dict[Scale, Size] = field(default_factory=dict)
    _sizes: dict[str, Size] = field(default_factory=dict)
    _sized: int = 0
    _beyond: int = 0
    _edges: int = 0

    def add(self, points: Ring, image: str, size: Size | None) -> None:
        """Takes the points of a target.

        Args:
            points: ``(x, y)`` each
            image: that it is of
            size: width and height of the image, where it was measured
        """
        xs, ys = zip(*points, strict=True)
        right, low = max(xs), max(ys)
        far = max(right, low)
        self.targets += 1
        self.largest = max(self.largest, far)
        if far <= FAR and min(*xs, *ys) >= 1 - FAR:
            self.shares += 1
            self.fractions += any(value != int(value) for value in (*xs, *ys))
            return
        for unit in _UNITS:
            if far > FULL[unit] * _ROUNDED:
                self._over[unit] += 1
                continue
            x, y = self._reach.get(unit, (0, 0))
            self._reach[unit] = max(x, right), max(y, low)  # type: ignore[assignment]
            if abs(far - FULL[unit]) < FULL[unit] * 1e-6:
                stopping = self._stopping.setdefault(unit, set())
                if len(stopping) < _KEPT:
                    stopping.add(hash(tuple(points)))
        if size is not None and (image in self._sizes or len(self._sizes) < MEASURED):
            self._sizes[image] = size
            self._sized += 1
            self._beyond += right > FAR * size[0] or low > FAR * size[1]
            self._edges += abs(right - size[0]) <= 1 or abs(low - size[1]) <= 1

    def decide(self) -> tuple[Scale, Decision | None]:
        """The unit, and what is to be told of it: why it is no pixels, or what else it may be."""
        unit, why, certain = self._likely()
        if not certain:
            return "pixels", self.doubt()
        return unit, self._told(f"are read as {WORDS[unit]}: {why}", "pixels") if why else None

    def doubt(self) -> Decision | None:
        """What is to be told where they are read as pixels, and are likely to be none."""
        unit, why, _ = self._likely()
        return self._told(f"are read as pixels, though {why}", unit) if why else None

    def _likely(self) -> tuple[Scale, str, bool]:
        """The unit that is likely, why it is not pixels, and whether that is sure."""
        others = self.targets - self.shares
        if others <= _SLIPS * self.targets:
            # Of shares, a box of 0 and 1 alone is the whole image.
            return ("unit", "", 0 < self.fractions < self.shares)
        for unit in _UNITS:
            if self._over[unit] > _SLIPS * others or not self._sized:
                continue
            if why := self._why(unit):
                return unit, why, True
            if self._roomy(unit) == len(self._sizes):
                return unit, f"none {self._within(unit)}", False
            if self._stop(unit):
                return unit, self._stopped(unit), False
        return "pixels", "", False

    def _why(self, unit: Scale) -> str:
        """Why the numbers are of a unit rather than pixels; ``""`` where they may be either."""
        if self._beyond > FEW * self._sized:
            what = f"{self._beyond:,} of {self._sized:,} looked at"
            return f"as pixels {what} would reach far out of their images"
        if self._stop(unit) and len(self._sizes) >= _ENOUGH:
            return self._stopped(unit)
        filled = min(self._reach.get(unit, (0, 0))) >= _FILLED * FULL[unit]
        if filled and self._roomy(unit) >= max(_ENOUGH, (1 - FEW) * len(self._sizes)):
            return f"none {self._within(unit)}"
        return ""

    def _stop(self, unit: Scale) -> bool:
        """Whether more targets end where a unit does than at the borders of their images."""
        stops = len(self._stopping.get(unit, ()))
        return stops >= _STOPS and stops > _MORE_STOPS * self._edges

    def _stopped(self, unit: Scale) -> str:
        count = len(self._stopping.get(unit, ()))
        return f"{count:,} end exactly at {FULL[unit]:g}, and none beyond"

    def _roomy(self, unit: Scale) -> int:
        """How many of the images that were measured are larger than a unit."""
        return sum(min(size) >= _ROOM * FULL[unit] for size in self._sizes.values())

    def _within(self, unit: Scale) -> str:
        width, height = min(self._sizes.values(), key=min)
        images = f"{len(self._sizes):,} images of {width}x{height} pixels and more"
        return f"reaches beyond {FULL[unit]:g} in {images}"

    def _told(self, rule: str, other: Scale) -> Decision:
        rule = f"{self.what} with numbers up to {self.largest:g} {rule}"
        return Decision(rule, "polygon_scale", override=f"polygons={other}", times=self.targets)
