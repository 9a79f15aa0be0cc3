"""Results of a scoring, as FiftyOne stores them and its App's panel shows them.

Only the summary and a confusion matrix are stored. What the panel shows of each pair is read from
the fields of the samples when the results are loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from fiftyone.utils.eval.segmentation import SegmentationResults

from pairlens.fiftyone_plugin.metrics.score_summary import ScoreSummary
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable
from pairlens.importers import fields, store

CLASSES = ("background", "target")
PREFIX = "pairlens"
"""Prefix of PairLens' names among an evaluation's custom metrics."""


class PairLensResults(SegmentationResults):
    """The results of a scoring.

    Args:
        samples: the dataset or view that was scored
        config: the configuration of the scoring
        eval_key: key of the evaluation
        pixel_confusion_matrix: (2, 2), as of :func:`confusion`
        classes: :data:`CLASSES`
        matches: ``(truth, prediction, pixels, truth's label id, prediction's label id)``
        missing: the background class
        custom_metrics: the metrics that the App's panel shows, as of :func:`panel_metrics`
        backend: the evaluation method
        summary: :class:`ScoreSummary` as a dictionary
    """

    def __init__(
        self,
        samples: Any,
        config: Any,
        eval_key: str | None,
        pixel_confusion_matrix: Any,
        classes: list[str],
        matches: list[tuple[Any, ...]] | None = None,
        missing: str | None = None,
        custom_metrics: dict[str, Any] | None = None,
        backend: Any = None,
        summary: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            samples, config, eval_key, pixel_confusion_matrix, classes, matches=matches,
            missing=missing, custom_metrics=custom_metrics, backend=backend,
        )  # fmt: skip
        self.summary: dict[str, Any] = (summary or {}) | ({"key": eval_key} if eval_key else {})

    def attributes(self) -> list[str]:
        """The attributes that are saved; label ids are read from the samples instead."""
        return ["cls", "pixel_confusion_matrix", "classes", "missing", "custom_metrics", "summary"]

    @classmethod
    def _from_dict(
        cls, d: dict[str, Any], samples: Any, config: Any, eval_key: str, **kwargs: Any
    ) -> PairLensResults:
        return cls(
            samples,
            config,
            eval_key,
            d["pixel_confusion_matrix"],
            d["classes"],
            matches=list(_matches(samples, config, eval_key, d["pixel_confusion_matrix"])) or None,
            missing=d["missing"],
            custom_metrics=d.get("custom_metrics"),
            summary=d["summary"],
            **kwargs,
        )

    def dice_score(self) -> float:
        """Dice over all pixels of all pairs, in [0, 1]; FiftyOne's own is the pixel accuracy."""
        (_, false), (missed, right) = self.pixel_confusion_matrix.tolist()
        areas = 2 * right + false + missed
        return 2 * right / areas if areas else 0.0


def confusion(table: OverlapTable) -> np.ndarray:
    """(2, 2) pixels by truth (rows) and prediction (columns), background first."""
    right, union = table.intersection.sum(), table.union.sum()
    missed = table.target_area.sum() - right
    return np.array([[table.pixels.sum() - union, union - right - missed], [missed, right]])


def _matches(
    samples: Any, config: Any, key: str, matrix: list[list[int]]
) -> Iterator[tuple[Any, ...]]:
    """Pixel counts by pair and cell of the confusion matrix, from the fields of the samples.

    Background pixels are not stored by pair: the first pair gets all of them.
    """
    _, intersection, union, target, predicted = fields.score_fields(key)
    gt, pred = f"{config.gt_field}._id", f"{config.pred_field}._id"
    background, foreground = CLASSES
    outside = int(matrix[0][0])
    for doc in store.stream(samples, (intersection, union, target, predicted, gt, pred)):
        truth_id = (doc.get(config.gt_field) or {}).get("_id")
        if doc.get(intersection) is None or truth_id is None:
            continue
        # Without a prediction there is no label id; the target counts as missed.
        prediction_id = (doc.get(config.pred_field) or {}).get("_id") or truth_id
        ids = str(truth_id), str(prediction_id)
        right = doc[intersection]
        yield background, background, outside, *ids
        outside = 0
        for true_class, predicted_class, count in (
            (foreground, foreground, right),
            (foreground, background, doc[target] - right),
            (background, foreground, (doc.get(predicted) or 0) - right),
        ):
            if count:
                yield true_class, predicted_class, count, *ids


def panel_metrics(summary: ScoreSummary) -> dict[str, Any]:
    """The metrics of a summary, as the App's Model Evaluation panel lists them."""
    values: dict[str, float | None] = {
        "gIoU": summary.gIoU,
        "cIoU": summary.cIoU,
        "Dice": summary.dice,
        **{f"Pr@{t}": v for t, v in (summary.precision or {}).items()},
        "N-acc": summary.n_acc,
        "T-acc": summary.t_acc,
        "pairs": summary.pairs,
        "missing": summary.missing,
    }
    for name, (low, high) in summary.ci.items():
        values |= {f"{name}, 95 % from": low, f"{name}, 95 % to": high}
    return {
        f"{PREFIX}/{name}": {
            "key": name, "value": value, "label": name, "lower_is_better": name == "missing"
        }
        for name, value in values.items()
        if value is not None
    }  # fmt: skip
