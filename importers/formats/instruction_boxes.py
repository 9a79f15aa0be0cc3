"""Boxes of questions and answers: what their numbers and angles mean, file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pairlens.importers.box_scale import (
    FULL,
    BoxNumbers,
    Scale,
    ScaleSetting,
    parse_scale,
    scale_of,
)
from pairlens.importers.boxes import NO_SIZE, Corners, bounds, fault_of, find_corners, turn_boxes
from pairlens.importers.decisions import Decision
from pairlens.importers.formats.llava import Parsed, RecordOutline
from pairlens.importers.formats.messages import TurnText
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.reading import ReadParam
from pairlens.importers.records import Box
from pairlens.importers.rotated_boxes import TOLD, Points, Turning, turned

BOXES = ReadParam(
    "boxes",
    "what numbers of boxes mean: unit (0-1), percent, thousand, pixels, none (no boxes); "
    "without it, auto: decided for each file by all its numbers",
    parse_scale,
)

_SMALL = 64
_POLYGONS = "polygons"
"""The form of what is written as points, and no box."""


@dataclass
class FileBoxes:
    """The boxes of a file.

    Attributes:
        name: of the file
        numbers: by the form of the boxes, ``None`` where their scale was set by hand
        scales: what was decided of each form
        faults: how many boxes are not shown, by what is wrong with them
        rotated: how many have an angle
    """

    name: str
    numbers: dict[str, BoxNumbers] = field(default_factory=dict)
    scales: dict[str, Scale] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    rotated: int = 0


class BoxReader:
    """Reads the boxes of records.

    Args:
        lookup: finds images, by whose sizes boxes in pixels are recognised
        scale: what numbers mean, ``"none"`` for no boxes, ``None`` to decide file by file
        turning: what angles mean, ``None`` for clockwise
    """

    def __init__(self, lookup: ImageLookup, scale: ScaleSetting, turning: Turning | None) -> None:
        self._lookup = lookup
        self._scale: ScaleSetting = scale
        self._turning: Turning = turning or "clockwise"
        self._is_set = turning is not None

    def take_numbers(self, file: FileBoxes, parsed: Parsed) -> None:
        """Takes the numbers of a record, by which the scale is decided."""
        if self._scale is not None:
            return
        for turn in parsed.turns:
            for text in (turn.question, *turn.answers):
                for form, corners in find_corners(text):
                    file.numbers.setdefault(form, BoxNumbers()).add(corners, parsed.image)
        for outline in parsed.outlines:
            if not outline.shares:
                numbers = file.numbers.setdefault(_POLYGONS, BoxNumbers())
                numbers.add(_around(outline), parsed.image)

    def decide(self, file: FileBoxes) -> Iterator[Decision]:
        """Decides the scale of each form of boxes in a file."""
        for form, numbers in file.numbers.items():
            scale, why = numbers.decide(lambda image: self._lookup.size(image, file.name))
            file.scales[form] = scale
            of_form = f" ({form})" * (len(file.numbers) > 1)
            rule = f"{file.name}{of_form}: {why}; --param boxes sets it"
            usual = not numbers.in_doubt
            yield Decision(rule, "boxes", override="boxes=...", usual=usual)

    def boxes(self, file: FileBoxes, parsed: Parsed, position: int, turn: int) -> Iterator[Box]:
        """The boxes of a turn of a record; with the first, the polygons beside the texts.

        Args:
            file: that the record stands in
            parsed: the record
            position: of the turn in the record
            turn: the turn's number among all of the image
        """
        if self._scale == "none":
            return
        yield from self._in_texts(file, parsed.turns[position], parsed.image, turn)
        if not position:
            yield from self._outlined(file, parsed, turn)

    def _in_texts(self, file: FileBoxes, text: TurnText, image: str, turn: int) -> Iterator[Box]:
        for found in turn_boxes(text.question, text.answers):
            full = self._full(file, image, found.form, found.corners)
            fault = self._fault(found.corners, found.angle, full)
            if found.corners is None or full is None or fault:
                file.faults[fault] += 1
                continue
            around, rotated = bounds(found.corners, full), ()
            if found.angle is not None and self._turning != "none":
                file.rotated += 1
                rotated = self._rotated(found.corners, found.angle, full, image, file.name)
                around = _bounds_of(rotated)
            yield Box(found.label, around, turn, rotated)

    def _fault(
        self, corners: Corners | None, angle: float | None, full: tuple[float, float] | None
    ) -> str:
        """What is wrong with a box; of a rotated one, opposite corners may lie either way."""
        if angle is not None and corners is not None and self._turning == "diagonal":
            (x1, x2), (y1, y2) = sorted(corners[::2]), sorted(corners[1::2])
            corners = x1, y1, max(x2, x1 + 1e-9), max(y2, y1 + 1e-9)
        return fault_of(corners, full)

    def _rotated(
        self, corners: Corners, angle: float, full: tuple[float, float], image: str, file: str
    ) -> Points:
        x1, y1, x2, y2 = corners
        shares = x1 / full[0], y1 / full[1], x2 / full[0], y2 / full[1]
        size = self._lookup.size(image, file) or (1, 1)
        return turned(shares, angle, self._turning, size)

    def _outlined(self, file: FileBoxes, parsed: Parsed, turn: int) -> Iterator[Box]:
        for outline in parsed.outlines:
            full = (1.0, 1.0)
            if not outline.shares:
                full = self._full(file, parsed.image, _POLYGONS, _around(outline))
            if full is None:
                file.faults[NO_SIZE] += 1
                continue
            corners = tuple((x / full[0], y / full[1]) for x, y in outline.points)
            yield Box(outline.label, _bounds_of(corners), turn, corners)

    def _full(
        self, file: FileBoxes, image: str, form: str, corners: Corners | None
    ) -> tuple[float, float] | None:
        """What counts as the whole width and height for a box."""
        scale = self._scale or file.scales.get(form)
        if scale is None or scale == "none":
            return None
        size = self._lookup.size(image, file.name) if scale == "pixels" else None
        # In an image of few pixels, fractions of them are no specks.
        small = size is not None and min(size) < _SMALL
        if self._scale is None and corners is not None and not small:
            scale = scale_of(corners, scale)
        return size if scale == "pixels" else (FULL[scale], FULL[scale])

    def notes(self, files: list[FileBoxes]) -> Iterator[str]:
        """How angles were read, and which boxes were left out."""
        rotated = sum(file.rotated for file in files)
        if rotated and not self._is_set:
            yield Decision(TOLD[self._turning], "angles", times=rotated, override="angles=...")
        for file in files:
            for fault, count in sorted(file.faults.items()):
                yield f"{file.name}: boxes left out: {count:,} (each {fault})"


def _around(outline: RecordOutline) -> Corners:
    """The upright box around a polygon."""
    xs, ys = zip(*outline.points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _bounds_of(corners: Points) -> tuple[float, float, float, float]:
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
