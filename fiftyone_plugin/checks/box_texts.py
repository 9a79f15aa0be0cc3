"""Boxes that stand in questions and answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fiftyone_plugin.checks.base import Doubt, Severity, Subject, check
from fiftyone_plugin.checks.texts import quoted, turn_place, worst
from importers.box_scale import FULL, BoxNumbers, Scale, Size
from importers.boxes import OUT_OF_RANGE, BoxText, Corners, fault_of, turn_boxes
from importers.fields import CONVERSATIONS

SLACK = 0.01
"""Share of the image's side that rounding may put a box over the border."""

SIZED = 1000
"""Images of a file whose sizes are kept for telling pixels by."""


def _boxes(sample: Subject) -> Iterator[tuple[str, str, BoxText]]:
    """Each box with the place and the file that it stands in."""
    for number, turn in enumerate(sample.turns, 1):
        for box in turn_boxes(turn.question, turn.answers):
            yield turn_place(number, turn), turn.source.file, box


@check(
    "box_unparsable",
    severity="warning",
    needs=(CONVERSATIONS,),
    about="A box in a text is not four numbers, or its corners are the wrong way round.",
    kinds=("instructions",),
)
def box_unparsable(sample: Subject) -> Iterator[Doubt]:
    yield from worst(_misshapen(sample))


def _misshapen(sample: Subject) -> Iterator[Doubt]:
    for place, _, box in _boxes(sample):
        if box.corners is None:
            yield Doubt(0.1, f"a box in {place} is not four numbers: {quoted(box.text)}")
            continue
        x1, y1, x2, y2 = box.corners
        if x1 >= x2 or y1 >= y2:
            note = f"a box in {place} has no area, or its corners the wrong way round"
            yield Doubt(0.2, f"{note}: {quoted(box.text)}")


@check(
    "box_out_of_range",
    severity="warning",
    scope="dataset",
    needs=(CONVERSATIONS,),
    about="A box in a text lies partly outside of the image, on the scale of its file's boxes.",
    kinds=("instructions",),
)
def box_out_of_range(samples: Iterable[Subject]) -> Iterator[Doubt]:
    """Decides for each file what its numbers mean, as the import does, and looks for others.

    What was set at the import with ``--param boxes`` is not known here.
    """
    files: defaultdict[str, _File] = defaultdict(_File)
    for sample in samples:
        for _, file, box in _boxes(sample):
            if box.corners is not None:
                files[file].add(box.corners, sample)
    scales: dict[str, Scale] = {name: file.decide() for name, file in files.items()}
    if not scales:
        return
    for sample in samples:
        for doubt in worst(_beyond(sample, scales)):
            yield Doubt(doubt.score, doubt.note, doubt.severity, sample.key)


@dataclass
class _File:
    """The boxes of a file, in memory that does not grow with them."""

    numbers: BoxNumbers = field(default_factory=BoxNumbers)
    sizes: dict[str, Size] = field(default_factory=dict)

    def add(self, corners: Corners, sample: Subject) -> None:
        self.numbers.add(corners, sample.image_id)
        if sample.image_size and not sample.image_missing and len(self.sizes) < SIZED:
            self.sizes[sample.image_id] = sample.image_size

    def decide(self) -> Scale:
        return self.numbers.decide(self.sizes.get)[0]


_NAMES = {"unit": "shares of the image", "percent": "percent", "thousand": "thousandths",
          "pixels": "pixels"}  # fmt: skip


def _beyond(sample: Subject, scales: dict[str, Scale]) -> Iterator[Doubt]:
    for place, file, box in _boxes(sample):
        scale = scales.get(file)
        full = _full(scale, sample)
        if scale is None or box.corners is None or full is None:
            continue
        if fault_of(box.corners, full) == OUT_OF_RANGE:
            over = _excess(box.corners, full)
            severity: Severity | None = "info" if over <= SLACK else None
            note = (
                f"a box in {place} reaches {over:.1%} of a side outside of the image, read as "
                f"{_NAMES[scale]}: {quoted(box.text)}"
            )
            yield Doubt(max(0.05, 0.4 - over), note.replace("% of", " % of", 1), severity)


def _full(scale: Scale | None, sample: Subject) -> tuple[float, float] | None:
    if scale is None or (scale == "pixels" and (sample.image_missing or not sample.image_size)):
        return None
    if scale == "pixels":
        return sample.image_size
    return FULL[scale], FULL[scale]


def _excess(corners: Corners, full: tuple[float, float]) -> float:
    x1, y1, x2, y2 = corners
    across = max(-min(x1, x2), max(x1, x2) - full[0]) / full[0]
    down = max(-min(y1, y2), max(y1, y2) - full[1]) / full[1]
    return max(across, down, 0.0)
