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
    for field, iou in sorted(pair.ious.items(), key=lambda item: item[1]):
        if iou <= max_iou:
            yield Doubt(0.5 + 0.4 * iou / max(max_iou, 1e-9), f"IoU with {field} is {iou:.3f}")
            return
