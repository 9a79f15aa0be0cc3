"""Decides on the unit of the boxes and polygons that are the targets of a user's own data.

By default they are in pixels. Annotation tools and models also write percent or thousandths of the
image, which look like pixels in its upper left part. The coordinates of all targets of the source
together can show that.
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
"""Share of an image's side beyond which a target is out of the image by more than some pixels."""

FEW = 0.1
"""Share of targets that may be out of their images by mistake."""

MEASURED = 200
"""Maximum number of images whose sizes are used."""

_ENOUGH = 20
"""Least number of images; on fewer, all targets can be in one corner by chance."""

_ROOM = 1.5
"""Least ratio of an image's side to the maximum of a unit (100 or 1000) for it to be *roomy*: some
pixel coordinates of its targets would then exceed that maximum."""

_FILLED = 0.8
"""Share of a unit's maximum that coordinates must reach if they are in that unit."""

_ROUNDED = 1.005
"""Factor by which rounding may exceed the maximum of a unit."""

_SLIPS = 0.01
"""Share of targets that may exceed the maximum of a unit by mistake."""

_STOPS = 3
"""Least number of different targets that end exactly at the maximum of a unit to be evidence."""

_KEPT = 100_000
"""Maximum number of such targets that are remembered."""

_MORE_STOPS = 4
"""Ratio by which such targets must outnumber those that end at the border of their image."""

_UNITS: tuple[Scale, ...] = ("percent", "thousand")


@dataclass
class TargetNumbers:
    """Statistics of the coordinates of a source's targets, in bounded memory.

    Attributes:
        what: name of the targets in messages, in the plural
        targets: number of targets
        largest: the largest coordinate
        shares: number of targets with all coordinates within 0 to 1, or slightly outside
        fractions: number of these with a coordinate that is not an integer
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
        """Adds a target.

        Args:
            points: its ``(x, y)`` points
            image: name of its image
            size: width and height of the image in pixels, if known
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
        """Returns the unit, and a decision with the reason if it is ambiguous or not pixels."""
        unit, why, certain = self._likely()
        if not certain:
            return "pixels", self.doubt()
        return unit, self._decision(f"are read as {WORDS[unit]}: {why}", "pixels") if why else None

    def doubt(self) -> Decision | None:
        """Returns the decision to read the targets as pixels although another unit is likely."""
        unit, why, _ = self._likely()
        return self._decision(f"are read as pixels, though {why}", unit) if why else None

    def _likely(self) -> tuple[Scale, str, bool]:
        """Returns the likely unit, why it is not pixels, and whether that is certain."""
        others = self.targets - self.shares
        if others <= _SLIPS * self.targets:
            # If some have fractions, those without, of 0 and 1 only, are whole images.
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
        """Returns why coordinates are certainly in a unit, not pixels; ``""`` if uncertain."""
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
        """Whether more targets end at the maximum of a unit than at the border of their image."""
        stops = len(self._stopping.get(unit, ()))
        return stops >= _STOPS and stops > _MORE_STOPS * self._edges

    def _stopped(self, unit: Scale) -> str:
        count = len(self._stopping.get(unit, ()))
        return f"{count:,} end exactly at {FULL[unit]:g}, and none beyond"

    def _roomy(self, unit: Scale) -> int:
        """Counts the measured images that are roomy for a unit; see :data:`_ROOM`."""
        return sum(min(size) >= _ROOM * FULL[unit] for size in self._sizes.values())

    def _within(self, unit: Scale) -> str:
        width, height = min(self._sizes.values(), key=min)
        images = f"{len(self._sizes):,} images of {width}x{height} pixels and more"
        return f"reaches beyond {FULL[unit]:g} in {images}"

    def _decision(self, rule: str, other: Scale) -> Decision:
        rule = f"{self.what} with numbers up to {self.largest:g} {rule}"
        return Decision(rule, "polygon_scale", override=f"polygons={other}", times=self.targets)
