"""Boxes that stand in questions and answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, Severity, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.statistics import text_hash
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import talk
from pairlens.fiftyone_plugin.checks.texts import Remark, quoted, turn_place, worst
from pairlens.importers.box_scale import FULL, BoxNumbers, Scale, Size
from pairlens.importers.boxes import OUT_OF_RANGE, BoxText, Corners, fault_of, turn_boxes
from pairlens.importers.fields import CONVERSATIONS

SLACK = 0.01
"""Share of the image's side that rounding may put a box over the border."""

SIZED = 1000
"""Images of a file whose sizes are kept for telling pixels by."""


def boxes_of(sample: Sample) -> Iterator[tuple[str, str, BoxText]]:
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
    topic="Conversations",
    fires=talk("Where?", "[0.1, 0.2, 0.3]", file="train.json", index=7),
    silent=talk("Where?", "[0.1, 0.2, 0.3, 0.4]"),
)
def box_unparsable(batch: Batch) -> Iterator[Issue]:
    for sample in batch:
        yield from worst(sample.key, _misshapen(sample))


def _misshapen(sample: Sample) -> Iterator[Remark]:
    for place, _, box in boxes_of(sample):
        if box.corners is None:
            yield Remark(0.1, f"a box in {place} is not four numbers: {quoted(box.text)}")
            continue
        x1, y1, x2, y2 = box.corners
        if x1 >= x2 or y1 >= y2:
            note = f"a box in {place} has no area, or its corners the wrong way round"
            yield Remark(0.2, f"{note}: {quoted(box.text)}")


_NUMBERS = np.dtype(
    [("row", np.int64), ("file", np.uint64), ("image", np.uint64), ("corners", np.float64, 4),
     ("size", np.int32, 2)]
)  # fmt: skip


def box_numbers(batch: Batch) -> NDArray[Any]:
    """Every box that is four numbers: in which file and image it stands, its corners, and the
    image's size in pixels where the image is there.
    """
    found = [
        (row, text_hash(file), text_hash(sample.image_id), box.corners,
         (0, 0) if sample.image_missing or not sample.image_size else sample.image_size)
        for row, sample in enumerate(batch)
        for _, file, box in boxes_of(sample)
        if box.corners is not None
    ]  # fmt: skip
    return np.array(found, _NUMBERS)


def reached(batch: Batch) -> NDArray[Any]:
    """The least and the greatest number in a sample's boxes, (samples, 2)."""
    reach = np.zeros((len(batch), 2))
    for box in box_numbers(batch):
        low, high = reach[box["row"]]
        reach[box["row"]] = min(low, *box["corners"]), max(high, *box["corners"])
    return reach


@check(
    "box_out_of_range",
    severity="warning",
    scope="dataset",
    needs=(CONVERSATIONS,),
    about="A box in a text lies partly outside of the image, on the scale of its file's boxes.",
    keeps=(box_numbers, reached),
    kinds=("instructions",),
    topic="Conversations",
    fires=(
        *(
            talk("Where?", "[0.1, 0.2, 0.3, 0.4]", key=f"rsgpt4v/train/{n}", index=n)
            for n in range(19)
        ),
        talk("Where?", "[0.1, 0.2, 0.5, 1.4]", key="rsgpt4v/train/19", index=19),
    ),
    silent=talk("Where?", "[0.1, 0.2, 0.5, 1.0]"),
)
def box_out_of_range(dataset: DatasetStatistics) -> Iterator[Issue]:
    """Decides for each file what its numbers mean, as the import does, and looks for others.

    What was set at the import with ``--param boxes`` is not known here.
    """
    boxes = dataset[box_numbers]
    scales: dict[int, Scale] = {}
    for file in np.unique(boxes["file"] if len(boxes) else boxes).tolist():
        scales[file] = _scale_of(boxes[boxes["file"] == file])
    if not scales:
        return
    # Nothing within the smallest scale is outside of any; what pixels are, the image says.
    low, high = dataset[reached].T
    least = min(FULL.get(scale, 0.0) for scale in scales.values())
    for batch in dataset.read((low < 0) | (high > least)):
        for sample in batch:
            yield from worst(sample.key, _beyond(sample, scales))


def _scale_of(boxes: NDArray[Any]) -> Scale:
    numbers, sizes = BoxNumbers(), dict[str, Size]()
    for _, _, image, (x1, y1, x2, y2), (width, height) in boxes.tolist():
        numbers.add((x1, y1, x2, y2), str(image))
        if width and len(sizes) < SIZED:
            sizes[str(image)] = width, height
    return numbers.decide(sizes.get)[0]


_NAMES = {"unit": "shares of the image", "percent": "percent", "thousand": "thousandths",
          "pixels": "pixels"}  # fmt: skip


def _beyond(sample: Sample, scales: dict[int, Scale]) -> Iterator[Remark]:
    for place, file, box in boxes_of(sample):
        scale = scales.get(text_hash(file))
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
            yield Remark(max(0.05, 0.4 - over), note.replace("% of", " % of", 1), severity)


def _full(scale: Scale | None, sample: Sample) -> tuple[float, float] | None:
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
