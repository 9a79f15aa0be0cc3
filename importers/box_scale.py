"""The scale of the boxes in a file: shares, percent, thousandths or pixels.

A box of fractions within 0 to 1 holds shares: in any other unit it would be a speck. Of the
others no one box can tell; all boxes of a file that are written alike together mostly can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pairlens.importers.boxes import Corners

Scale = Literal["unit", "percent", "thousand", "pixels"]
SCALES: tuple[Scale, ...] = get_args(Scale)
ScaleSetting = Scale | Literal["none"] | None
"""A scale as set by hand; ``"none"`` for no boxes, ``None`` to decide by the numbers."""

FULL: dict[Scale, float] = {"unit": 1.0, "percent": 100.0, "thousand": 1000.0}
"""What a scale counts as the whole image; pixels go by the image's own size."""

WORDS: dict[Scale, str] = {
    "unit": "shares of the image, 0 to 1",
    "percent": "percent of the image, 0 to 100",
    "thousand": "thousandths of the image, 0 to 1000",
    "pixels": "pixels",
}
"""What a scale is called."""

_MOST = 0.9
"""The share of boxes that must fit a scale; the others are taken for mistakes."""

_MEASURED = 200

_SLIPS = 0.01
"""The share of boxes that can reach beyond the numbers of a scale by mistake."""

_ENOUGH = 20
_FILLED = 0.8
"""Fewer boxes, or such as reach less far into a scale, may be pixels of large images."""

Size = tuple[int, int]


@dataclass
class BoxNumbers:
    """The numbers of a file's boxes, in memory that does not grow with them.

    Attributes:
        boxes: how many there are
        largest: number of them all
        shares: how many of them hold shares of the image
        in_doubt: whether the scale that was decided may well be pixels
    """

    boxes: int = 0
    largest: float = 0.0
    shares: int = 0
    in_doubt: bool = False
    _fits: Counter[Scale] = field(default_factory=Counter)
    _sample: dict[str, Corners] = field(default_factory=dict)
    _greater: dict[str, Corners] = field(default_factory=dict)

    def add(self, corners: Corners, image: str) -> None:
        """Takes a box of the image of that name."""
        reach = max(map(abs, corners))
        self.boxes += 1
        self.largest = max(self.largest, reach)
        self.shares += is_share(corners)
        self._fits[_smallest(reach)] += 1
        if FULL["unit"] < reach and len(self._sample) < _MEASURED:
            self._sample.setdefault(image, corners)
        if FULL["percent"] < reach and len(self._greater) < _MEASURED:
            self._greater.setdefault(image, corners)

    def decide(self, size_of: Callable[[str], Size | None]) -> tuple[Scale, str]:
        """The scale, and why it is that one.

        The smallest of 0 to 1, 0 to 100 and 0 to 1000 that nine boxes in ten fit; of the last two
        the boxes may be in pixels, which the sizes of some of the images tell.

        Args:
            size_of: width and height of an image by its name, ``None`` if it is not there
        """
        if self.shares >= _MOST * self.boxes:
            return "unit", self._told("unit", "")
        fitting, others = -self.shares, self.boxes - self.shares
        for scale in FULL:
            fitting += self._fits[scale]
            if fitting >= _MOST * others:
                break
        else:
            return "pixels", self._told("pixels", "")
        if scale == "unit":
            return scale, self._told(scale, "")
        return self._by_sizes(scale, size_of)

    def _by_sizes(self, scale: Scale, size_of: Callable[[str], Size | None]) -> tuple[Scale, str]:
        sample = self._sample if scale == "percent" else self._greater
        sized = _measured(sample, size_of)
        few = self.boxes - self.shares < _ENOUGH or self.largest < _FILLED * FULL[scale]
        if not sized:
            self.in_doubt = few
            return scale, self._told(scale, "; no image is there to tell pixels by")
        inside = _inside(sized)
        small = any(max(size) < FULL[scale] for size, _ in sized)
        within = f"; {inside:,} of {len(sized):,} looked at lie within their image's pixels"
        fits = inside >= _MOST * len(sized)
        if fits and (small or self._reaches_on(scale, size_of)):
            return "pixels", self._told("pixels", within)
        self.in_doubt = few and fits
        return scale, self._told(scale, within)

    def _reaches_on(self, scale: Scale, size_of: Callable[[str], Size | None]) -> bool:
        """Whether boxes beyond a scale's numbers are no mistakes, but lie within their images."""
        if scale == "thousand":
            return bool(self._fits["pixels"])
        beyond = self._fits["thousand"] + self._fits["pixels"]
        sized = _measured(self._greater, size_of)
        return beyond > _SLIPS * self.boxes and _inside(sized) >= _MOST * len(sized) > 0

    def _told(self, scale: Scale, evidence: str) -> str:
        what = f"{self.boxes:,} boxes with numbers up to {self.largest:g}"
        if scale != "unit" and self.shares:
            evidence += f"; {self.shares:,} with fractions up to 1 are read as shares"
        return f"{what} are read as {WORDS[scale]}{evidence}"


def _measured(
    sample: Mapping[str, Corners], size_of: Callable[[str], Size | None]
) -> list[tuple[Size, Corners]]:
    return [(size, corners) for image, corners in sample.items() if (size := size_of(image))]


def _inside(sized: Iterable[tuple[Size, Corners]]) -> int:
    """How many boxes lie within images of these sizes."""
    return sum(corners[2] <= width and corners[3] <= height for (width, height), corners in sized)


def is_share(corners: Corners) -> bool:
    """Whether a box holds shares of the image: fractions within 0 to 1."""
    whole = all(value == int(value) for value in corners)
    return not whole and min(corners) >= 0 and max(corners) <= 1


def scale_of(corners: Corners, scale: Scale) -> Scale:
    """The scale of one box in a file whose boxes have a scale."""
    return "unit" if is_share(corners) else scale


def mixed_scales(boxes: Iterable[Corners]) -> dict[Scale, int]:
    """How many boxes there are of each scale, where shares stand beside greater numbers.

    Args:
        boxes: all that are written alike, such as those of a file or of a record

    Returns:
        counts by scale, with the smallest scale that the greater numbers fit; nothing where
        the boxes can all have one scale
    """
    shares, greater, reach = 0, 0, 0.0
    for corners in boxes:
        size = max(map(abs, corners))
        if is_share(corners):
            shares += 1
        elif size > FULL["unit"]:
            greater, reach = greater + 1, max(reach, size)
    return {"unit": shares, _smallest(reach): greater} if shares and greater else {}


def _smallest(reach: float) -> Scale:
    for scale, full in FULL.items():
        if reach <= full:
            return scale
    return "pixels"
