"""Checks of the pair against what predictors say."""

from __future__ import annotations

from collections.abc import Iterator

from fiftyone_plugin.checks.base import PREDICTIONS, Doubt, Subject, check


@check(
    "low_iou",
    severity="info",
    needs=(PREDICTIONS,),
    about="A predictor's mask hardly meets the ground truth; one of the two is wrong.",
)
def low_iou(pair: Subject, *, max_iou: float = 0.1) -> Iterator[Doubt]:
    if pair.no_target:
        return  # an empty mask met by an empty mask scores 0 in some conventions
    low = [(iou, field) for field, iou in pair.ious.items() if iou <= max_iou]
    if low:
        iou, field = min(low)
        yield Doubt(0.5 + 0.4 * iou / max(max_iou, 1e-9), f"IoU with {field} is {iou:.3f}")
