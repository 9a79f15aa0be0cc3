"""IoU conventions of published code; results are comparable only within one convention."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.registry import Registry

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Convention:
    """An IoU convention.

    Attributes:
        name: for ``--convention``
        source: the published code that it is taken from
        empty: IoU of a pair whose two masks are empty; NaN excludes the pair from every mean
        strict: whether precision at t counts IoU > t, and not IoU >= t
        smoothing: number added to the union of a pair
        total_smoothing: number added to the sum of unions in cIoU
        size: height x width at which the published code scores, or ``"native"``; PairLens
            scores at the ground truth's own size unless ``side`` is set
    """

    name: str
    source: str
    empty: float
    strict: bool = False
    smoothing: float = 0.0
    total_smoothing: float = 0.0
    size: str = "native"

    def iou(self, intersection: Counts, union: Counts) -> Floats:
        """IoU of each pair.

        Args:
            intersection: (n,) pixels
            union: (n,) pixels

        Returns:
            (n,) in [0, 1], or NaN where it is undefined
        """
        divisor = np.where(union == 0, 1.0, union + self.smoothing)
        return np.where(union == 0, self.empty, intersection / divisor)

    def dice(self, intersection: Counts, areas: Counts) -> Floats:
        """Dice of each pair.

        Args:
            intersection: (n,) pixels
            areas: (n,) sum of the pixels of target and prediction

        Returns:
            (n,) in [0, 1]; ``empty`` for two empty masks
        """
        return np.where(areas == 0, self.empty, 2 * intersection / np.where(areas == 0, 1, areas))

    def ciou(self, intersection: float, union: float) -> float:
        """IoU of the sums over pairs, in [0, 1]; NaN for a union of 0 without smoothing."""
        divisor = union + self.total_smoothing
        return intersection / divisor if divisor else nan

    def passes(self, iou: Floats, threshold: float) -> NDArray[np.bool_]:
        """Whether each pair counts for precision at a threshold.

        Args:
            iou: (n,), in [0, 1] or NaN
            threshold: in [0, 1]

        Returns:
            (n,) bool, false for NaN
        """
        return iou > threshold if self.strict else iou >= threshold


CONVENTIONS: Registry[Convention] = Registry("convention")
DEFAULT = "rmsin"

for _convention in (
    Convention("rmsin", "RMSIN and FIANet, test.py", empty=0.0, size="480x480"),
    Convention(
        "lisat", "LISAt_code, eval_lisat.py", empty=1.0, smoothing=1e-5, total_smoothing=1e-10
    ),
    # Its train.py prints oIoU minus 1, which no convention here reproduces.
    Convention("rrsis", "zhu-xlab/rrsis, train.py", empty=0.0, size="480x480"),
    Convention(
        "segearth",
        "SegEarth-R1, eval.py",
        empty=1.0,
        strict=True,
        smoothing=1e-5,
        total_smoothing=1e-10,
    ),
    Convention("rsrefseg", "RSRefSeg, iou_metrics.py", empty=nan, strict=True),
):
    CONVENTIONS.add(_convention.name, _convention)
