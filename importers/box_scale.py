"""The scale of the boxes in a file: shares, percent, thousandths or pixels.

A box of fractions within 0 to 1 holds shares: in any other unit it would be a speck. Of the
others no one box can tell; all boxes of a file that are written alike together mostly can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
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

Size = tuple[int, int]


@dataclass
class BoxNumbers:
    """The numbers of a file's boxes, in memory that does not grow with them.

    Attributes:
        boxes: how many there are
        largest: number of them all
        shares: how many of them hold shares of the image
    """

    boxes: int = 0
    largest: float = 0.0
    shares: int = 0
    _fits: Counter[Scale] = field(default_factory=Counter)
    _sample: dict[str, Corners] = field(default_factory=dict)

    def add(self, corners: Corners, image: str) -> None:
        """Takes a box of the image of that name."""
        reach = max(map(abs, corners))
        self.boxes += 1
        self.largest = max(self.largest, reach)
        self.shares += is_share(corners)
        self._fits[_smallest(reach)] += 1
        if reach > FULL["percent"] and len(self._sample) < _MEASURED:
            self._sample.setdefault(image, corners)

    def decide(self, size_of: Callable[[str], Size | None]) -> tuple[Scale, str]:
        """The scale, and why it is that one.

        The smallest of 0 to 1, 0 to 100 and 0 to 1000 that nine boxes in ten fit; where that
        is the last, the boxes may be in pixels, which the sizes of some of the images tell.

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
        if scale != "thousand":
            return scale, self._told(scale, "")
        return self._by_sizes(size_of)

    def _by_sizes(self, size_of: Callable[[str], Size | None]) -> tuple[Scale, str]:
        sized = [(size, c) for image, c in self._sample.items() if (size := size_of(image))]
        if not sized:
            return "thousand", self._told("thousand", "; no image is there to tell pixels by")
        inside = sum(c[2] <= w and c[3] <= h for (w, h), c in sized)
        small = any(max(size) < FULL["thousand"] for size, _ in sized)
        within = f"; {inside:,} of {len(sized):,} looked at lie within their image's pixels"
        if inside >= _MOST * len(sized) and (small or self._fits["pixels"]):
            return "pixels", self._told("pixels", within)
        return "thousand", self._told("thousand", within)

    def _told(self, scale: Scale, evidence: str) -> str:
        what = f"{self.boxes:,} boxes with numbers up to {self.largest:g}"
        if scale != "unit" and self.shares:
            evidence += f"; {self.shares:,} with fractions up to 1 are read as shares"
        return f"{what} are read as {WORDS[scale]}{evidence}"


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


def parse_scale(text: str) -> ScaleSetting:
    """The value of ``--param boxes=``.

    Raises:
        ValueError: if it is none of those offered
    """
    if text == "auto":
        return None
    if text == "none" or text in SCALES:
        return text  # type: ignore[return-value]
    raise ValueError(f"give one of auto, {', '.join(SCALES)}, none")
