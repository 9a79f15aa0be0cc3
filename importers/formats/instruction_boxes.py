"""Boxes of questions and answers: what their numbers and angles mean, file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pairlens.importers.box_scale import (
    FULL,
    SCALES,
    WORDS,
    BoxNumbers,
    Scale,
    ScaleSetting,
    scale_of,
)
from pairlens.importers.boxes import (
    BOX_2D,
    NO_SIZE,
    Corners,
    bounds,
    fault_of,
    find_corners,
    turn_boxes,
)
from pairlens.importers.choices import auto_or_one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.formats.llava import Parsed, RecordOutline
from pairlens.importers.formats.messages import TurnText
from pairlens.importers.image_frame import UPRIGHT, turn_point
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.media import ImageFacts
from pairlens.importers.reading import MASK_FRAME, MaskFrame, ReadParam
from pairlens.importers.records import Box
from pairlens.importers.rotated_boxes import TOLD, Points, Turning, turned

BOXES = ReadParam(
    "boxes",
    "what numbers of boxes mean: unit (0-1), percent, thousand, pixels, none (no boxes); "
    "without it, auto: decided for each file by all its numbers",
    auto_or_one_of(*SCALES, "none"),
)

_SMALL = 64
_RAW = "boxes in pixels fit their image as it is stored, and are turned upright with it"
_UNKNOWN = (
    "boxes in pixels of turned images could be meant upright or as stored; they are taken as "
    "upright"
)
_Y_FIRST = ", y before x, as their key box_2d has it"
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
        frame: which way up boxes of turned images are meant; ``auto`` to tell by the size that
            they fit
    """

    def __init__(
        self,
        lookup: ImageLookup,
        scale: ScaleSetting,
        turning: Turning | None,
        frame: MaskFrame = "auto",
    ) -> None:
        self._frame: MaskFrame = frame
        self._lookup = lookup
        self._scale: ScaleSetting = scale
        self._turning: Turning = turning or "clockwise"
        self._is_set = turning is not None
        self._stored: tuple[Parsed, ImageFacts] | None = None  # a record in its image's raw frame
        self._of_turned: Counter[str] = Counter()

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
            scale, why = numbers.decide(lambda image: self._room(image, file.name))
            if form == BOX_2D and scale != "unit" and numbers.largest <= FULL["thousand"]:
                scale, why = "thousand", f"{numbers.boxes:,} boxes are {WORDS['thousand']}"
            file.scales[form] = scale
            why += _Y_FIRST * (form == BOX_2D)
            of_form = f" ({form})" * (len(file.numbers) > 1)
            rule = f"{file.name}{of_form}: {why}; --param boxes sets it"
            usual = not numbers.in_doubt and form != BOX_2D
            yield Decision(rule, "boxes", override="boxes=...", usual=usual)

    def _room(self, image: str, file: str) -> tuple[int, int] | None:
        """The width and height that boxes in pixels can fill, whichever way up they are meant."""
        facts = self._lookup.facts(image, file)
        if facts is None:
            return None
        (width, height), (raw_width, raw_height) = (facts.width, facts.height), facts.raw_size
        return max(width, raw_width), max(height, raw_height)

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
        if not position:
            self._stored = self._as_stored(file, parsed)
        orientation = self._stored[1].orientation if self._stored else UPRIGHT
        for box in self._in_texts(file, parsed.turns[position], parsed.image, turn):
            yield _turned_upright(box, orientation)
        for box in self._outlined(file, parsed, turn) if not position else ():
            yield _turned_upright(box, orientation)

    def _as_stored(self, file: FileBoxes, parsed: Parsed) -> tuple[Parsed, ImageFacts] | None:
        """A record whose boxes are of its image as that is stored: as set, or since its boxes in
        pixels fit that alone; else ``None``."""
        in_pixels = "pixels" in (self._scale, *file.scales.values())
        if self._frame == "upright" or not (in_pixels or self._frame == "raw"):
            return None
        facts = self._lookup.facts(parsed.image, file.name)
        if facts is None or facts.orientation == UPRIGHT:
            return None
        if self._frame == "raw":
            return parsed, facts
        texts = (text for turn in parsed.turns for text in (turn.question, *turn.answers))
        found = [one for text in texts for one in find_corners(text)]
        found += [(_POLYGONS, _around(o)) for o in parsed.outlines if not o.shares]
        size = facts.width, facts.height
        boxes = [c for form, c in found if self._scale_of(file, form, c, size) == "pixels"]
        upright, raw = _all_within(boxes, size), _all_within(boxes, facts.raw_size)
        if boxes and raw:
            self._of_turned[_UNKNOWN if upright else _RAW] += len(boxes)
        return (parsed, facts) if boxes and raw and not upright else None

    def _size(self, image: str, file: str) -> tuple[int, int] | None:
        """Width and height of a record's image, in the frame that its boxes are in."""
        if self._stored is not None and self._stored[0].image == image:
            return self._stored[1].raw_size
        return self._lookup.size(image, file)

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
        size = self._size(image, file) or (1, 1)
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
        size = self._size(image, file.name) if self._has_pixels(file, form) else None
        scale = self._scale_of(file, form, corners, size)
        if scale is None:
            return None
        return size if scale == "pixels" else (FULL[scale], FULL[scale])

    def _has_pixels(self, file: FileBoxes, form: str) -> bool:
        return (self._scale or file.scales.get(form)) == "pixels"

    def _scale_of(
        self, file: FileBoxes, form: str, corners: Corners | None, size: tuple[int, int] | None
    ) -> Scale | None:
        """The scale of a box of an image of a size, which is asked for where that is pixels."""
        scale = self._scale or file.scales.get(form)
        if scale is None or scale == "none":
            return None
        # In an image of few pixels, fractions of them are no specks.
        small = scale == "pixels" and size is not None and min(size) < _SMALL
        if self._scale is None and corners is not None and not small:
            return scale_of(corners, scale)
        return scale

    def notes(self, files: list[FileBoxes]) -> Iterator[str]:
        """How angles were read, and which boxes were left out."""
        rotated = sum(file.rotated for file in files)
        if rotated and not self._is_set:
            yield Decision(TOLD[self._turning], "angles", times=rotated, override="angles=...")
        for rule, count in self._of_turned.items():
            override = "mask_frame=" + ("raw" if rule == _UNKNOWN else "upright")
            yield Decision(rule, MASK_FRAME, times=count, override=override)
        for file in files:
            for fault, count in sorted(file.faults.items()):
                yield f"{file.name}: boxes left out: {count:,} (each {fault})"


def _all_within(boxes: list[Corners], size: tuple[int, int]) -> bool:
    return all(max(box[::2]) <= size[0] and max(box[1::2]) <= size[1] for box in boxes)


def _turned_upright(box: Box, orientation: int) -> Box:
    """A box in shares of an image as it is stored, in shares of the image upright."""
    if orientation == UPRIGHT:
        return box
    left, top, width, height = box.bounds
    ends = [turn_point(*p, orientation) for p in ((left, top), (left + width, top + height))]
    corners = tuple(turn_point(x, y, orientation) for x, y in box.corners)
    return Box(box.label, _bounds_of(tuple(ends)), box.turn, corners)


def _around(outline: RecordOutline) -> Corners:
    """The upright box around a polygon."""
    xs, ys = zip(*outline.points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _bounds_of(corners: Points) -> tuple[float, float, float, float]:
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
