"""Decides on the scale of the boxes in a file: shares, percent, thousandths or pixels.

A box of fractions within 0 to 1 is in shares: in any other unit it would be a dot. For other boxes,
a single box does not show the scale, but mostly all boxes of the same form in a file do.
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
"""The user's setting: a scale; ``"none"`` to ignore boxes; ``None`` to decide by the numbers."""

FULL: dict[Scale, float] = {"unit": 1.0, "percent": 100.0, "thousand": 1000.0}
"""The width and height of the whole image in a scale; for pixels, these are the image's size."""

WORDS: dict[Scale, str] = {
    "unit": "shares of the image, 0 to 1",
    "percent": "percent of the image, 0 to 100",
    "thousand": "thousandths of the image, 0 to 1000",
    "pixels": "pixels",
}
"""Descriptions of the scales for messages."""

_MOST = 0.9
"""Share of boxes that must fit a scale; the others count as mistakes."""

_MEASURED = 200
"""Maximum number of images whose sizes are used."""

_SLIPS = 0.01
"""Share of boxes that may exceed the maximum of a scale by mistake."""

_ENOUGH = 20
"""Least number of boxes for a decision without doubt; fewer may be in pixels of large images."""

_FILLED = 0.8
"""Share of a scale's maximum that the largest number must reach for a decision without doubt."""

Size = tuple[int, int]


@dataclass
class BoxNumbers:
    """Statistics of a file's boxes, in bounded memory.

    Attributes:
        boxes: number of boxes
        largest: the largest absolute coordinate
        shares: number of boxes that are in shares of the image
        in_doubt: whether the boxes may be in pixels instead of the scale that was decided
    """

    boxes: int = 0
    largest: float = 0.0
    shares: int = 0
    in_doubt: bool = False
    _fits: Counter[Scale] = field(default_factory=Counter)
    _sample: dict[str, Corners] = field(default_factory=dict)
    _greater: dict[str, Corners] = field(default_factory=dict)

    def add(self, corners: Corners, image: str) -> None:
        """Adds a box of an image."""
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
        """Decides on the scale.

        It is the smallest of 0 to 1, 0 to 100 and 0 to 1000 that nine boxes in ten fit. Numbers up
        to 100 or 1000 can also be pixels, which the sizes of some images show.

        Args:
            size_of: returns width and height of an image by its name, ``None`` if it is missing

        Returns:
            the scale, and a sentence with the reason
        """
        if self.shares >= _MOST * self.boxes:
            return "unit", self._reason("unit", "")
        fitting, others = -self.shares, self.boxes - self.shares
        for scale in FULL:
            fitting += self._fits[scale]
            if fitting >= _MOST * others:
                break
        else:
            return "pixels", self._reason("pixels", "")
        if scale == "unit":
            return scale, self._reason(scale, "")
        return self._by_sizes(scale, size_of)

    def _by_sizes(self, scale: Scale, size_of: Callable[[str], Size | None]) -> tuple[Scale, str]:
        sample = self._sample if scale == "percent" else self._greater
        sized = _measured(sample, size_of)
        few = self.boxes - self.shares < _ENOUGH or self.largest < _FILLED * FULL[scale]
        if not sized:
            self.in_doubt = few
            return scale, self._reason(scale, "; no image is there to tell pixels by")
        inside = _inside(sized)
        small = any(max(size) < FULL[scale] for size, _ in sized)
        within = f"; {inside:,} of {len(sized):,} looked at lie within their image's pixels"
        fits = inside >= _MOST * len(sized)
        if fits and (small or self._reaches_on(scale, size_of)):
            return "pixels", self._reason("pixels", within)
        self.in_doubt = few and fits
        return scale, self._reason(scale, within)

    def _reaches_on(self, scale: Scale, size_of: Callable[[str], Size | None]) -> bool:
        """Whether boxes beyond the maximum of a scale fit their images, so are no mistakes."""
        if scale == "thousand":
            return bool(self._fits["pixels"])
        beyond = self._fits["thousand"] + self._fits["pixels"]
        sized = _measured(self._greater, size_of)
        return beyond > _SLIPS * self.boxes and _inside(sized) >= _MOST * len(sized) > 0

    def _reason(self, scale: Scale, evidence: str) -> str:
        what = f"{self.boxes:,} boxes with numbers up to {self.largest:g}"
        if scale != "unit" and self.shares:
            evidence += f"; {self.shares:,} with fractions up to 1 are read as shares"
        return f"{what} are read as {WORDS[scale]}{evidence}"


def _measured(
    sample: Mapping[str, Corners], size_of: Callable[[str], Size | None]
) -> list[tuple[Size, Corners]]:
    return [(size, corners) for image, corners in sample.items() if (size := size_of(image))]


def _inside(sized: Iterable[tuple[Size, Corners]]) -> int:
    """Counts the boxes that are within their images, as pixels."""
    return sum(corners[2] <= width and corners[3] <= height for (width, height), corners in sized)


def is_share(corners: Corners) -> bool:
    """Whether a box is in shares of the image: within 0 to 1, and not only integers."""
    whole = all(value == int(value) for value in corners)
    return not whole and min(corners) >= 0 and max(corners) <= 1


def scale_of(corners: Corners, scale: Scale) -> Scale:
    """Returns the scale of a box in a file whose boxes were decided to have a scale."""
    return "unit" if is_share(corners) else scale


def mixed_scales(boxes: Iterable[Corners]) -> dict[Scale, int]:
    """Counts boxes by scale if some are in shares and others have greater numbers.

    Args:
        boxes: boxes of the same form, such as those of a file or of a record

    Returns:
        the number of boxes in shares, and that of the others by the smallest scale that they fit;
        empty if all boxes can have the same scale
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
