"""Attributes of a pair that scores are grouped by, from its stored document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairlens.fiftyone_plugin.metrics.slices import SlicedPair
from pairlens.importers import fields
from pairlens.importers.splits import split_of

_FINDINGS = f"{fields.FINDINGS}.classifications"
IMAGE_FIELDS = (
    "filepath", "tags", fields.SPLIT, fields.KEY, fields.IMAGE_ID, fields.IMAGE_MISSING,
    fields.IMAGE_DIGEST,
)  # fmt: skip
"""Fields that :func:`image_of` reads."""

ATTRIBUTES = (fields.PHRASE, f"{_FINDINGS}.label", *IMAGE_FIELDS)
"""Fields that :func:`sliced_pair` and a summary read."""


def image_of(doc: Mapping[str, Any]) -> str:
    """Identifies a pair's image, by its digest if known: RefSegRS has a copy for each pair."""
    digest = (doc.get(fields.SOURCE) or {}).get(fields.DIGEST)
    if digest and not doc.get(fields.IMAGE_MISSING):
        return digest
    image_id = doc.get(fields.IMAGE_ID)
    return f"{split_of(doc)}/{image_id}" if image_id else doc["filepath"]


def sliced_pair(doc: Mapping[str, Any], target_area: int) -> SlicedPair:
    """The attributes of a stored pair that scores are sliced by.

    Args:
        doc: the document of the pair
        target_area: pixels of the ground truth
    """
    labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or ()
    checks = [label["label"] for label in labels]
    return SlicedPair(split_of(doc), doc.get(fields.PHRASE) or "", target_area, checks)
