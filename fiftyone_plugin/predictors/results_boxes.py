"""Predicted boxes in files of predictions, drawn as masks with the same bounding box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.predictors.base import Prediction
from pairlens.importers.bounded_json import is_number
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.reading import PolygonScale

_SIZED = ("bbox", "bbox_xywh")
"""Left, top, width and height, as COCO has them."""

_CORNERED = ("bbox_2d", "bbox_xyxy", "box")
"""Left, top, right and bottom."""

BOXES = (*_SIZED, *_CORNERED)


@dataclass(frozen=True, slots=True)
class PredictedBox:
    """A box in a file, not yet validated.

    Attributes:
        numbers: the value in the file
        sized: whether its last two numbers are width and height, and not a corner
    """

    numbers: Any
    sized: bool

    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """(left, top), (right, bottom).

        Raises:
            MaskError: if the value is not a box
        """
        numbers = self.numbers
        if not isinstance(numbers, list) or len(numbers) != 4 or not all(map(is_number, numbers)):
            raise MaskError("its box is not four numbers")
        x1, y1, x2, y2 = map(float, numbers)
        if self.sized:
            x2, y2 = x1 + x2, y1 + y2
        if x2 < x1 or y2 < y1:
            position = f"from {x1:g}, {y1:g} to {x2:g}, {y2:g}"
            raise MaskError(f"its box, {position}, is the wrong way round")
        return (x1, y1), (x2, y2)


def box_in(record: Mapping[str, Any]) -> PredictedBox | None:
    """The box of a record; ``None`` if it has none."""
    name = next((name for name in BOXES if name in record), None)
    return None if name is None else PredictedBox(record[name], name in _SIZED)


def draw_box(
    box: PredictedBox, size: tuple[int, int], scale: PolygonScale
) -> tuple[Prediction, list[Decision]]:
    """Draws a box as a mask, rounded to whole pixels.

    The right and lower edges are exclusive, so that the mask is as wide as the predicted box.

    Args:
        box: the box
        size: (width, height) of the image in pixels
        scale: scale of the numbers, or ``auto``

    Raises:
        MaskError: if the value is not a box
    """
    from pairlens.importers.polygons import pixels_each

    corners = box.corners()
    width, height = size
    (across, down), decisions = pixels_each([corners], size, scale)
    mask = np.zeros((height, width), np.uint8)
    left, right = (min(max(round(x * across), 0), width) for x, _ in corners)
    top, bottom = (min(max(round(y * down), 0), height) for _, y in corners)
    mask[top:bottom, left:right] = 1
    return mask, decisions
