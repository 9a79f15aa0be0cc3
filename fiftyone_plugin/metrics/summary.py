"""Summaries over pairs: gIoU, cIoU, precision at thresholds, no-target accuracy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fiftyone_plugin.metrics.conventions import Convention, Counts, Floats
from fiftyone_plugin.metrics.overlap import Overlap

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Table:
    """Pairs as columns of one length.

    Attributes:
        intersection, union, target_area, predicted_area: pixel counts
        missing, resized: bool, as in :class:`~fiftyone_plugin.metrics.overlap.Overlap`
        image: an integer that is equal for the pairs of one image
    """

    intersection: Counts
    union: Counts
    target_area: Counts
    predicted_area: Counts
    missing: np.ndarray
    resized: np.ndarray
    image: Counts

    @classmethod
    def from_overlaps(cls, overlaps: Iterable[Overlap], images: Iterable[int]) -> Table:
        """Columns from rows, given in one order."""
        rows = [
            (o.intersection, o.union, o.target_area, o.predicted_area, o.missing, o.resized)
            for o in overlaps
        ]
        columns = np.array(rows, np.int64).reshape(-1, 6)
        return cls(
            intersection=columns[:, 0],
            union=columns[:, 1],
            target_area=columns[:, 2],
            predicted_area=columns[:, 3],
            missing=columns[:, 4].astype(bool),
            resized=columns[:, 5].astype(bool),
            image=np.fromiter(images, np.int64),
        )

    def __len__(self) -> int:
        return len(self.union)

    def where(self, chosen: np.ndarray) -> Table:
        """The rows that a boolean or index array chooses."""
        return Table(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def iou(self, convention: Convention) -> Floats:
        """Per-pair IoU; 0 for a pair without a prediction, whatever the convention."""
        return np.where(self.missing, 0.0, convention.iou(self.intersection, self.union))


def summarize(table: Table, convention: Convention) -> dict[str, Any]:
    """The summary of a table under a convention.

    Returns:
        ``pairs``, ``missing``, ``resized`` as counts; ``gIoU``, ``cIoU`` in [0, 1];
        ``precision`` at each threshold; ``n_acc`` and ``t_acc``, or ``None`` where there is
        no pair of the kind. All shares are ``None`` for an empty table.
    """
    counts = {
        "pairs": len(table),
        "missing": int(table.missing.sum()),
        "resized": int(table.resized.sum()),
    }
    if not len(table):
        return counts | dict.fromkeys(("gIoU", "cIoU", "precision", "n_acc", "t_acc"))
    iou = table.iou(convention)
    return counts | {
        "gIoU": float(iou.mean()),
        "cIoU": convention.ciou(table.intersection, table.union),
        "precision": {str(t): float((iou >= t).mean()) for t in THRESHOLDS},
        "n_acc": _share((table.predicted_area == 0) & ~table.missing, table.target_area == 0),
        "t_acc": _share(table.predicted_area > 0, table.target_area > 0),
    }


def _share(right: np.ndarray, among: np.ndarray) -> float | None:
    return float(right[among].mean()) if among.any() else None


def bootstrap(
    table: Table, convention: Convention, rounds: int, seed: int = 0
) -> dict[str, list[float]]:
    """95 % percentile intervals of gIoU and cIoU.

    Images are drawn with replacement, all pairs of an image together, since queries of one
    image are no independent draws.

    Returns:
        ``[low, high]`` by name; empty for no rounds or no pairs
    """
    if not rounds or not len(table):
        return {}
    _, image = np.unique(table.image, return_inverse=True)
    per_image = [
        np.bincount(image, weights=values)
        for values in (table.iou(convention), table.intersection, table.union, np.ones(len(table)))
    ]
    images = len(per_image[0])
    random = np.random.default_rng(seed)
    giou, ciou = np.empty(rounds), np.empty(rounds)
    for i in range(rounds):
        drawn = np.bincount(random.integers(images, size=images), minlength=images)
        iou, intersection, union, pairs = (float(drawn @ values) for values in per_image)
        giou[i] = iou / pairs
        ciou[i] = intersection / (union + convention.total_smoothing) if union else 0.0
    return {
        name: [float(v) for v in np.percentile(values, (2.5, 97.5))]
        for name, values in (("gIoU", giou), ("cIoU", ciou))
    }
