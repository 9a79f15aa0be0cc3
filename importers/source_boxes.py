"""Source boxes: object boxes with classes, from the datasets that images were taken from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float64]
"""(boxes, 4): x1, y1, x2, y2 in pixels."""


class SourceBox(NamedTuple):
    """A box of an image's source, as it is stored with the sample.

    Attributes:
        label: the class, as the source spells it
        box: x, y, width and height in fractions of the image
    """

    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes of one image.

    Attributes:
        labels: the class of each, as the source spells it
        corners: (boxes, 4) x1, y1, x2, y2 in pixels
    """

    labels: tuple[str, ...]
    corners: Corners

    @classmethod
    def of(cls, labels: Iterable[str], corners: Sequence[Any] | Any) -> Boxes:
        """Makes boxes of labels, and corners as one list of numbers or as lists of four."""
        return cls(tuple(labels), np.array(corners, np.float64).reshape(-1, 4))

    def within(self, box: Sequence[float]) -> Boxes:
        """Returns the boxes that a crop shows, clipped, in pixels of the crop.

        Args:
            box: x1, y1, x2, y2 of the crop
        """
        low = np.maximum(self.corners[:, :2], box[:2]) - box[:2]
        high = np.minimum(self.corners[:, 2:], box[2:]) - box[:2]
        seen = np.flatnonzero((high > low).all(1))
        corners = np.concatenate((low, high), 1)[seen]
        return Boxes(tuple(self.labels[n] for n in seen), corners)

    def ious(self, box: Sequence[float]) -> NDArray[np.float64]:
        """Returns (n,) the intersection over union of each box with ``box``, in [0, 1]."""
        low = np.maximum(self.corners[:, :2], box[:2])
        high = np.minimum(self.corners[:, 2:], box[2:])
        shared = np.clip(high - low, 0, None).prod(1)
        own = (self.corners[:, 2:] - self.corners[:, :2]).prod(1)
        union = own + (box[2] - box[0]) * (box[3] - box[1]) - shared
        return np.divide(shared, union, out=np.zeros(len(self.corners)), where=union > 0)
