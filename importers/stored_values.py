"""Values as FiftyOne stores them in a sample; importing this imports no FiftyOne."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from bson.errors import BSONError

from pairlens.importers.errors import shown
from pairlens.importers.image_stats import ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats

Document = dict[str, Any]
"""A sample as the database stores it, or the fields of it that were read."""

NOT_STORABLE = (BSONError, UnicodeError, OverflowError)
"""What is raised of documents that are too large or hold what is no text or number."""


def why_not_stored(error: Exception) -> str:
    """What to say of a document that one of :data:`NOT_STORABLE` is raised of."""
    return f"the database cannot store it ({shown(str(error), 200)})"


def embedded(values: dict[str, Any]) -> dict[str, Any]:
    """An embedded document of no particular class."""
    return {"_cls": "DynamicEmbeddedDocument", **values}


def segmentation(mask_path: str) -> dict[str, Any]:
    """A mask on disk."""
    return {"_id": ObjectId(), "_cls": "Segmentation", "tags": [], "mask_path": mask_path}


def plain_stats(stats: MaskStats | ImageStats | TargetColors) -> dict[str, Any]:
    """Measurements with lists for tuples, as the database returns them."""
    # Not asdict, which copies deeply: half of the time that a pair's document took.
    values = ((name, getattr(stats, name)) for name in stats.__slots__)
    return {name: list(v) if v.__class__ is tuple else v for name, v in values}
