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
        source: the code it is taken from
        empty: score of a pair whose union is 0, that is, an empty mask predicted empty; NaN
            where it is undefined, which leaves the pair out of every mean
        strict: precision at t counts IoU > t, not IoU >= t
        smoothing: added to the union of a pair
        total_smoothing: added to the sum of unions in cIoU
        size: (height, width) that the published code scores at, or ``"native"``; PairLens
            scores at the ground truth's own size unless a scoring is given a ``side``
    """

    name: str
    source: str
    empty: float
    strict: bool = False
    smoothing: float = 0.0
    total_smoothing: float = 0.0
    size: str = "native"

    def iou(self, intersection: Counts, union: Counts) -> Floats:
        """Per-pair IoU in [0, 1], or NaN, from arrays of pixel counts of one shape."""
        divisor = np.where(union == 0, 1.0, union + self.smoothing)
        return np.where(union == 0, self.empty, intersection / divisor)

    def dice(self, intersection: Counts, areas: Counts) -> Floats:
        """Dice in [0, 1] of each pair; ``empty`` for two empty masks.

        Args:
            intersection: (n,) pixels
            areas: (n,) pixels of target and prediction added up

        Returns:
            (n,)
        """
        return np.where(areas == 0, self.empty, 2 * intersection / np.where(areas == 0, 1, areas))

    def ciou(self, intersection: float, union: float) -> float:
        """IoU of the sums; NaN where no pixel is in any mask and nothing smooths it."""
        divisor = union + self.total_smoothing
        return intersection / divisor if divisor else nan

    def passes(self, iou: Floats, threshold: float) -> NDArray[np.bool_]:
        """Whether each pair counts for precision at a threshold; NaN never does.

        Args:
            iou: (n,), in [0, 1] or NaN
            threshold: in [0, 1]

        Returns:
            (n,)
        """
        return iou > threshold if self.strict else iou >= threshold


CONVENTIONS: Registry[Convention] = Registry("convention")
DEFAULT = "rmsin"

for _one in (
    Convention("rmsin", "RMSIN and FIANet, test.py", empty=0.0, size="480x480"),
    Convention(
        "lisat", "LISAt_code, eval_lisat.py", empty=1.0, smoothing=1e-5, total_smoothing=1e-10
    ),
    # Its train.py prints oIoU minus 1, which no convention of ours reproduces.
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
    CONVENTIONS.add(_one.name, _one)
