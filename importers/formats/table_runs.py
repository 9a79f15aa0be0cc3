"""Runs of a mask in the cell of a table, as Kaggle's competitions have them.

``1782 15 1830 15`` is a start and a length for each run, counted from 1 and most often down the
columns. Two runs are four numbers, which a box is as well: all rows together tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pairlens.importers.choices import one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.mask_frame import outline
from pairlens.importers.masks import Pixels
from pairlens.importers.reading import ReadParam
from pairlens.importers.records import Encoded
from pairlens.importers.rle import decode_rle, encode_rle
from pairlens.importers.target_scale import FEW

ORDERS = {"columns": "down the columns", "rows": "along the rows"}
_WHOLE = re.compile(r"\d{1,9}(?:[ \t]+\d{1,9})+")
_DRAWN = 50
"""Masks that are drawn in both orders, to see which is meant."""

Size = tuple[int, int]


RUNS = ReadParam(
    "runs",
    "what numbers without brackets are: columns or rows (start and length of each run, down the "
    "columns or along the rows), none (a box, where they are four); without it, decided by all "
    "rows",
    one_of(*ORDERS, "none"),
)


def numbers_in(cell: Any) -> list[int]:
    """The whole numbers of a cell without brackets; none where it holds something else."""
    text = cell.strip() if isinstance(cell, str) else ""
    return list(map(int, text.split())) if _WHOLE.fullmatch(text) else []


def are_runs(numbers: Sequence[int], pixels: int | None) -> bool:
    """Whether numbers can be runs: one behind the other, and within so many pixels."""
    starts, lengths = numbers[::2], numbers[1::2]
    if not numbers or len(starts) != len(lengths) or starts[0] < 1 or min(lengths) < 1:
        return False
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    ordered = all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    return ordered and (pixels is None or ends[-1] - 1 <= pixels)


def as_coco(cell: Any, size: Size | None, order: str) -> Encoded:
    """The runs of a cell as COCO has them.

    Args:
        cell: numbers without brackets
        size: height and width of the image
        order: one of :data:`ORDERS`

    Raises:
        ValueError: if they are no runs of such an image, or its size is not known
    """
    if size is None:
        raise ValueError("holds runs, and the size of its image is not known")
    numbers = numbers_in(cell)
    if not are_runs(numbers, size[0] * size[1]):
        raise ValueError("holds no runs: starts from 1, each behind the run before, in the image")
    if order == "columns":
        return Encoded(size, tuple(_counts(numbers, size)))
    runs = encode_rle(_drawn(numbers, size, order))
    return Encoded(size, runs["counts"])


def as_runs(pixels: Pixels, order: str) -> str:
    """A cell with the runs of a mask.

    Raises:
        ValueError: if it has none
    """
    counts = encode_rle(pixels if order == "columns" else pixels.T, compressed=False)["counts"]
    numbers, at = list[int](), 1
    for number, count in enumerate(counts):
        numbers += [at, count] if number % 2 else []
        at += count
    if not numbers:
        raise ValueError("holds runs, which cannot say that nothing is meant")
    return " ".join(map(str, numbers))


def _counts(numbers: Sequence[int], size: Size) -> list[int]:
    """Lengths of background and target in turn, which fill the size."""
    counts, at = list[int](), 1
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        counts += [start - at, length]
        at = start + length
    return [*counts, size[0] * size[1] + 1 - at]


def _drawn(numbers: Sequence[int], size: Size, order: str) -> Pixels:
    counts = _counts(numbers, size)
    if order == "columns":
        return decode_rle({"size": list(size), "counts": counts})
    return decode_rle({"size": list(size[::-1]), "counts": counts}).T


@dataclass
class RunNumbers:
    """The masks of a table, of which some are numbers without brackets.

    Attributes:
        cells: how many masks there are
        runs: how many of them can be runs
        more: how many have other than four numbers
        boxes: how many are four numbers that can be a box within their image
        sized: how many are numbers of an image whose size is known
    """

    cells: int = 0
    runs: int = 0
    more: int = 0
    boxes: int = 0
    sized: int = 0
    _drawn: int = 0
    _outlines: Counter[str] = field(default_factory=Counter)

    def add(self, cell: Any, size: Size | None) -> None:
        """Takes a cell, and height and width of its image where they are known."""
        numbers = numbers_in(cell)
        fits = are_runs(numbers, size and size[0] * size[1])
        self.cells += 1
        self.runs += fits
        self.more += bool(numbers) and len(numbers) != 4
        self.sized += bool(numbers and size)
        self.boxes += bool(len(numbers) == 4 and size and _can_be_box(numbers, size))
        if fits and size and self._drawn < _DRAWN:
            self._drawn += 1
            for order in ORDERS:
                self._outlines[order] += outline(_drawn(numbers, size, order))

    def decide(self) -> tuple[str, Decision | None]:
        """The order of the runs in the cells, ``""`` for no runs, and the decision about it."""
        if not self.cells or self.runs < (1 - FEW) * self.cells:
            return "", None
        if self.more > FEW * self.cells:
            why = f"{self.more:,} of them hold other than four numbers"
        elif self.sized and not self.boxes:
            why = "none can be a box in its image"
        else:
            return "", None
        along = self._outlines["rows"] < self._outlines["columns"]
        order, other = ("rows", "columns") if along else ("columns", "rows")
        rule = (
            f"cells of numbers without brackets are read as runs {ORDERS[order]}, start and length "
            f"of each from 1: {why}"
        )
        return order, Decision(rule, "runs", override=f"runs={other}", times=self.runs)


def _can_be_box(numbers: Sequence[int], size: Size) -> bool:
    """Whether four numbers can be two corners, or a corner and two sides, in an image."""
    x, y, third, fourth = numbers
    height, width = size
    corners = x < third <= width and y < fourth <= height
    return corners or (x + third <= width and y + fourth <= height)
