"""The masks of a pair side by side: ground truth, the published one, predictions with IoU."""

from __future__ import annotations

from typing import Any

import fiftyone as fo

from fiftyone_plugin.metrics.runs import scored_fields
from importers.fields import (
    EDITABLE_MASK,
    MASK_STATS,
    ORIGINAL_MASK,
    SEGMENTATION,
    iou_field,
    predicted_area_field,
)

KINDS = (fo.Segmentation, fo.Detections, fo.Polylines)
"""Fields that a predictor can have filled."""

Document = dict[str, Any]


def masks(dataset: Any, document: Document) -> list[Document]:
    """The masks of a pair, the ground truth first.

    Returns:
        ``{"field", "label", "role", "path", "iou", "eval_key", "area", "usable"}``: ``path``
        is ``None`` where the mask is no file, ``iou`` where the field was not scored;
        ``usable`` says that it can become the ground truth
    """
    truth = document.get(SEGMENTATION) or {}
    stats = document.get(MASK_STATS) or {}
    shown = [_shown(SEGMENTATION, "ground truth", "truth", truth.get("mask_path"))]
    shown[0]["area"] = stats.get("area")
    if kept := document.get(ORIGINAL_MASK):
        one = _shown(ORIGINAL_MASK, "as published", "original", kept.get("mask_path"))
        shown.append(one | {"area": (kept.get("stats") or {}).get("area")})
    scored = scored_fields(dataset)
    for name in prediction_fields(dataset):
        label = document.get(name)
        if label:
            shown.append(_prediction(name, label, document, scored.get(name)))
    return shown


def prediction_fields(dataset: Any) -> list[str]:
    """The dataset's fields of predicted masks."""
    schema = dataset.get_field_schema()
    ours = (SEGMENTATION, EDITABLE_MASK)
    return [
        name
        for name, field in schema.items()
        if getattr(field, "document_type", None) in KINDS and name not in ours
    ]


def _prediction(name: str, label: Document, document: Document, key: str | None) -> Document:
    one = _shown(name, name, "prediction", label.get("mask_path"))
    one |= {"usable": True, "eval_key": key}
    if key is not None:
        one["iou"] = document.get(iou_field(key))
        one["area"] = document.get(predicted_area_field(key))
    return one


def _shown(field: str, label: str, role: str, path: str | None) -> Document:
    return {
        "field": field,
        "label": label,
        "role": role,
        "path": path,
        "iou": None,
        "eval_key": None,
        "area": None,
        "usable": False,
    }
