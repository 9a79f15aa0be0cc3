"""Samples that become pairs, as the database stores them."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from bson import ObjectId

from pairlens.importers import fields
from pairlens.importers.documents import document, random_order
from pairlens.importers.prepare import PreparedPair
from pairlens.importers.stored_values import Document

_ADDED = (
    fields.KEY, fields.SPLIT, fields.IMAGE_ID, fields.IMAGE_MISSING, fields.SOURCE,
    fields.RENDITION, fields.PHRASE, fields.NO_TARGET, fields.MASK_STATS, fields.SEGMENTATION,
    fields.TARGET_BOX,
)  # fmt: skip
"""What a sample gets that becomes a pair."""


def values_of(
    pair: PreparedPair, origin: Document, dataset_id: ObjectId, now: datetime
) -> dict[str, Any]:
    """The fields that make a sample a pair."""
    made = document(pair, dataset_id, now)
    values = {name: made[name] for name in _ADDED if name in made}
    values[fields.SOURCE][fields.ADOPTED_FROM] = str(origin["_id"])
    if not origin.get("metadata"):
        values["metadata"] = made["metadata"]
    return values


def another(origin: Document, now: datetime) -> Document:
    """Another sample of the same image, with labels of its own."""
    copied = _with_new_ids(deepcopy(origin))
    return copied | {"_id": ObjectId(), "_rand": random_order(), "created_at": now}


def _with_new_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_new_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _with_new_ids(one) for name, one in value.items()}
    return made | {"_id": ObjectId()} if "_cls" in made and "_id" in made else made
