"""The sample fields of a pair, declared on a FiftyOne dataset in one go.

``Dataset.add_sample_field`` saves and reloads the dataset at every call, which for these forty
takes longer than importing a few hundred pairs.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import fiftyone as fo
from fiftyone.core.odm.utils import create_field

from importers import fields
from importers.image_stats import ImageStats, TargetColors
from importers.mask_stats import MaskStats

_TYPES: dict[type, type] = {
    int: fo.IntField,
    float: fo.FloatField,
    str: fo.StringField,
    bool: fo.BooleanField,
}
_LIST_ITEMS: dict[str, type] = {
    "box": int,
    "centroid": float,
    "x_quantiles": float,
    "y_quantiles": float,
    "values": int,
    "polygon_faults": str,
    "target": float,
    "ring": float,
    "shares": float,
}
_SOURCE = {"file": "", "index": 0, "image_name": "", "image_digest": ""}
_PLAIN: dict[str, type] = {
    fields.KEY: str,
    fields.IMAGE_ID: str,
    fields.PHRASE: str,
    fields.RENDITION: str,
    fields.NO_TARGET: bool,
    fields.IMAGE_MISSING: bool,
    fields.QUALITY: float,
    fields.VERDICT: str,
    fields.REVIEWER: str,
    fields.REVIEW_NOTE: str,
    fields.ORIGINAL_PHRASE: str,
}
_FINDING: dict[str, type] = {"severity": str, "score": float, "note": str}


def declare(dataset: Any) -> None:
    """Adds the fields of a pair, with indexes on those that are filtered by.

    Fields that are there already are left as they are.
    """
    dataset.media_type = "image"
    dataset._merge_sample_field_schema(_schema())
    label = f"{fields.FINDINGS}.classifications"
    dataset._merge_sample_field_schema(
        {f"{label}.{name}": create_field(name, _TYPES[kind]) for name, kind in _FINDING.items()}
    )
    dataset.default_mask_targets = dict(fields.MASK_TARGETS)
    for name in fields.INDEXED:
        dataset.create_index(name, unique=name == fields.KEY)


def _schema() -> dict[str, Any]:
    schema = {name: create_field(name, _TYPES[kind]) for name, kind in _PLAIN.items()}
    schema[fields.REVIEWED_AT] = create_field(fields.REVIEWED_AT, fo.DateTimeField)
    schema[fields.SEGMENTATION] = _embedded(fields.SEGMENTATION, fo.Segmentation)
    schema[fields.FINDINGS] = _embedded(fields.FINDINGS, fo.Classifications)
    measured = ((fields.MASK_STATS, asdict(MaskStats())), (fields.SOURCE, _SOURCE))
    for name, members in measured:
        schema[name] = _embedded(name, fo.DynamicEmbeddedDocument, members)
    return schema | _pixel_schema()


def declare_pixels(dataset: Any) -> None:
    """Adds the fields of what is measured of the images, to datasets from before there were."""
    dataset._merge_sample_field_schema(_pixel_schema())


def _pixel_schema() -> dict[str, Any]:
    measured = ((fields.IMAGE_STATS, ImageStats()), (fields.TARGET_COLORS, TargetColors()))
    return {
        name: _embedded(name, fo.DynamicEmbeddedDocument, asdict(members))
        for name, members in measured
    }


def _embedded(name: str, kind: type, members: dict[str, Any] | None = None) -> Any:
    declared = [_member(member, value) for member, value in (members or {}).items()]
    return create_field(name, fo.EmbeddedDocumentField, embedded_doc_type=kind, fields=declared)


def _member(name: str, value: Any) -> Any:
    if name in _LIST_ITEMS:
        return create_field(name, fo.ListField, subfield=_TYPES[_LIST_ITEMS[name]])
    return create_field(name, _TYPES[type(value)])
