"""Boxes of one file on several scales."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, Severity, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.box_texts import boxes_of
from pairlens.fiftyone_plugin.checks.catalogue.statistics import text_hash
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import talk
from pairlens.fiftyone_plugin.checks.texts import Remark, quoted, worst
from pairlens.importers.box_scale import Scale, is_share, mixed_scales
from pairlens.importers.boxes import BoxText, Corners
from pairlens.importers.fields import CONVERSATIONS

OVERSHOOT = 2.0
"""Up to this, a number above 1 among shares is a box that reaches out of its image."""

_BOX = np.dtype([("alike", np.uint64), ("corners", np.float64, 4)])


def alike(file: str, box: BoxText) -> int:
    """A hash of the file and of how a box is written there."""
    return text_hash(f"{box.form}/{file}")


def written_boxes(batch: Batch) -> NDArray[Any]:
    """Every box that shows its scale: its file and form, its corners."""
    found = [
        (alike(file, box), box.corners)
        for sample in batch
        for _, file, box in boxes_of(sample)
        if box.corners is not None and (is_share(box.corners) or _is_greater(box.corners))
    ]
    return np.array(found, _BOX)


def _is_greater(corners: Corners) -> bool:
    return max(map(abs, corners)) > OVERSHOOT


def has_boxes(batch: Batch) -> NDArray[np.bool_]:
    """Whether a sample has boxes."""
    return np.array([any(True for _ in boxes_of(sample)) for sample in batch], np.bool_)


_WORDS: dict[Scale, str] = {
    "unit": "shares of the image",
    "percent": "percent or greater",
    "thousand": "thousandths or greater",
    "pixels": "pixels",
}


@check(
    "box_scale_mixed",
    severity="warning",
    scope="dataset",
    needs=(CONVERSATIONS,),
    about="A box is on another scale than most boxes of its file.",
    keeps=(written_boxes, has_boxes),
    kinds=("instructions",),
    topic="Conversations",
    fires=(
        *(
            talk("Where?", "[0.1, 0.2, 0.3, 0.4]", key=f"rsgpt4v/train/{n}", index=n)
            for n in range(7)
        ),
        talk("Where?", "[10, 20, 50, 40]", key="rsgpt4v/train/7", index=7),
    ),
    silent=talk("Where?", "[0.1, 0.2, 0.5, 1.0]"),
)
def box_scale_mixed(dataset: DatasetStatistics, *, max_share: float = 0.3) -> Iterator[Issue]:
    """Counts those within 0 to 1 and those with greater numbers, of a file's boxes written alike.

    The rarer of the two is reported. Where they are many, the file may well use two scales on
    purpose, each of which the import reads rightly: that is worth knowing.

    Args:
        dataset: all images with their texts
        max_share: share of a file's boxes from which on a second scale is no mistake
    """
    boxes = dataset[written_boxes]
    mixed: dict[int, dict[Scale, int]] = {}
    for key in np.unique(boxes["alike"] if len(boxes) else boxes).tolist():
        corners = boxes["corners"][boxes["alike"] == key].tolist()
        if counts := mixed_scales((x1, y1, x2, y2) for x1, y1, x2, y2 in corners):
            mixed[key] = counts
    if not mixed:
        return
    for batch in dataset.read(dataset[has_boxes]):
        for sample in batch:
            yield from worst(sample.key, _mixed(sample, mixed, max_share))


def _mixed(
    sample: Sample, mixed: dict[int, dict[Scale, int]], max_share: float
) -> Iterator[Remark]:
    for place, file, box in boxes_of(sample):
        counts = mixed.get(alike(file, box))
        if counts is None or box.corners is None:
            continue
        rare, usual = sorted(counts, key=counts.__getitem__)
        if not (is_share if rare == "unit" else _is_greater)(box.corners):
            continue
        all_boxes = sum(counts.values())
        share = counts[rare] / all_boxes
        severity: Severity | None = "info" if share > max_share else None
        note = (
            f"a box in {place} is one of {counts[rare]:,} in {_WORDS[rare]}, and {counts[usual]:,} "
            f"of its file are in {_WORDS[usual]}: {quoted(box.text)}"
        )
        yield Remark(min(0.7, 0.2 + share), note, severity)
