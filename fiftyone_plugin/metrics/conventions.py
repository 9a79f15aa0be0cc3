"""How published code turns pixel counts into IoU; results compare only within one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from importers.registry import Registry

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Convention:
    """A convention.

    Attributes:
        name: for ``--convention``
        source: where it is used
        empty_iou: IoU of a pair whose union is 0, that is, an empty mask predicted empty
        smoothing: added to the union of a pair
        total_smoothing: added to the sum of unions in cIoU
    """

    name: str
    source: str
    empty_iou: float
    smoothing: float = 0.0
    total_smoothing: float = 0.0

    def iou(self, intersection: Counts, union: Counts) -> Floats:
        """Per-pair IoU in [0, 1] from arrays of pixel counts of one shape."""
        divisor = np.where(union == 0, 1.0, union + self.smoothing)
        return np.where(union == 0, self.empty_iou, intersection / divisor)

    def ciou(self, intersection: Counts, union: Counts) -> float:
        """Sum of intersections over sum of unions; ``empty_iou`` where all is empty."""
        total = int(union.sum())
        return float(intersection.sum()) / (total + self.total_smoothing) if total else (
            self.empty_iou
        )  # fmt: skip


CONVENTIONS: Registry[Convention] = Registry("convention")
DEFAULT = "rmsin"

for _one in (
    Convention("rmsin", "RMSIN and FIANet, test.py", empty_iou=0.0),
    Convention(
        "lisat",
        "LISAt_code, eval_lisat.py",
        empty_iou=1.0,
        smoothing=1e-5,
        total_smoothing=1e-10,
    ),
):
    CONVENTIONS.add(_one.name, _one)
