"""Summaries over pairs: gIoU, cIoU, Dice, precision at thresholds, no-target accuracy."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.metrics.conventions import Convention, Counts, Floats
from pairlens.fiftyone_plugin.metrics.overlap import Overlap

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
SHARES = ("gIoU", "cIoU", "dice", "precision", "n_acc", "t_acc")
"""The entries of a summary that are shares in [0, 1] or ``None``; the others are counts."""


@dataclass(frozen=True)
class OverlapTable:
    """Pairs as columns of one length.

    Attributes:
        intersection, union, target_area, predicted_area, pixels: pixel counts
        resized, missing: bool, as in :class:`~pairlens.fiftyone_plugin.metrics.overlap.Overlap`
        image: an integer that is equal for all pairs of an image
    """

    intersection: Counts
    union: Counts
    target_area: Counts
    predicted_area: Counts
    pixels: Counts
    resized: np.ndarray
    missing: np.ndarray
    image: Counts

    @classmethod
    def from_overlaps(cls, overlaps: Iterable[Overlap], images: Iterable[int]) -> OverlapTable:
        """Builds a table from overlaps and the numbers of their images, in the same order."""
        builder = OverlapTableBuilder()
        builder.add(overlaps, images)
        return builder.build()

    def __len__(self) -> int:
        return len(self.union)

    def where(self, chosen: np.ndarray) -> OverlapTable:
        """The rows that a boolean or index array selects."""
        return OverlapTable(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def iou(self, convention: Convention) -> Floats:
        """(n,) IoU in [0, 1] or NaN; 0 for a pair without a prediction, whatever the convention."""
        return np.where(self.missing, 0.0, convention.iou(self.intersection, self.union))

    def dice(self, convention: Convention) -> Floats:
        """(n,) Dice in [0, 1] or NaN; 0 for a pair without a prediction."""
        areas = self.target_area + self.predicted_area
        return np.where(self.missing, 0.0, convention.dice(self.intersection, areas))


class OverlapTableBuilder:
    """Builds a table incrementally, at 60 bytes per pair."""

    _WIDTH = len(Overlap._fields)

    def __init__(self) -> None:
        self._counts = array("Q")
        self._images = array("I")

    def add(self, overlaps: Iterable[Overlap], images: Iterable[int]) -> None:
        """Adds pairs, each with the number of its image.

        Raises:
            ValueError: if there are not as many images as pairs
        """
        self._counts.extend(chain.from_iterable(overlaps))
        self._images.extend(images)
        if len(self._counts) != len(self._images) * self._WIDTH:
            raise ValueError("there are not as many images as pairs")

    def build(self) -> OverlapTable:
        """The table of all pairs so far."""
        rows = np.frombuffer(self._counts, np.uint64).reshape(-1, self._WIDTH)
        columns: dict[str, Any] = {
            name: rows[:, i].astype(np.int64) for i, name in enumerate(Overlap._fields)
        }
        columns |= {name: columns[name].astype(bool) for name in ("resized", "missing")}
        return OverlapTable(**columns, image=np.array(self._images, np.int64))


def summarize(table: OverlapTable, convention: Convention) -> dict[str, Any]:
    """The summary of a table under a convention.

    Returns:
        Counts: ``pairs``; ``missing``, pairs without a prediction; ``resized``; ``no_target``,
        pairs with an empty ground truth; ``undefined``, pairs whose IoU is undefined.
        Shares in [0, 1], or ``None`` if no pair counts: ``gIoU`` and ``dice``, means over pairs;
        ``cIoU``; ``precision`` at each threshold; ``n_acc``, the share of pairs without a target
        that are predicted empty; ``t_acc``, the share of pairs with a target that are not.
    """
    iou = table.iou(convention)
    no_target = table.target_area == 0
    counts = {
        "pairs": len(table),
        "missing": int(table.missing.sum()),
        "resized": int(table.resized.sum()),
        "no_target": int(no_target.sum()),
        "undefined": int(np.isnan(iou).sum()),
    }
    if not len(table):
        return counts | dict.fromkeys(SHARES)
    total = convention.ciou(float(table.intersection.sum()), float(table.union.sum()))
    predicted = (table.predicted_area > 0) & ~table.missing
    return counts | {
        "gIoU": _mean(iou),
        "cIoU": None if np.isnan(total) else total,
        "dice": _mean(table.dice(convention)),
        "precision": {str(t): float(convention.passes(iou, t).mean()) for t in THRESHOLDS},
        "n_acc": _mean((~predicted & ~table.missing)[no_target]),
        "t_acc": _mean(predicted[~no_target]),
    }


def _mean(values: np.ndarray) -> float | None:
    """The mean of the values that are not NaN; ``None`` if there is none."""
    defined = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return float(defined.mean()) if len(defined) else None
