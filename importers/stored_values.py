"""Builds values as FiftyOne stores them in a sample, without importing FiftyOne."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from bson.errors import BSONError

from pairlens.importers.errors import shown
from pairlens.importers.image_stats import ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats

Document = dict[str, Any]
"""A sample as the database stores it, or some fields of one."""

NOT_STORABLE = (BSONError, UnicodeError, OverflowError)
"""Errors of encoding a document as BSON: too large, or with invalid strings or numbers."""


def why_not_stored(error: Exception) -> str:
    """Returns the reason why a document cannot be stored, for one of :data:`NOT_STORABLE`."""
    return f"the database cannot store it ({shown(str(error), 200)})"


def embedded(values: dict[str, Any]) -> dict[str, Any]:
    """Returns a ``DynamicEmbeddedDocument`` with some values."""
    return {"_cls": "DynamicEmbeddedDocument", **values}


def segmentation(mask_path: str) -> dict[str, Any]:
    """Returns a ``Segmentation`` with the mask in a file."""
    return {"_id": ObjectId(), "_cls": "Segmentation", "tags": [], "mask_path": mask_path}


def plain_stats(stats: MaskStats | ImageStats | TargetColors) -> dict[str, Any]:
    """Converts measurements to a dict, with lists instead of tuples, as the database has them."""
    # Not asdict, whose deep copies took half of the time of building a pair's document.
    values = ((name, getattr(stats, name)) for name in stats.__slots__)
    return {name: list(v) if v.__class__ is tuple else v for name, v in values}
