"""How many pairs have which verdict, and how many texts were edited."""

from __future__ import annotations

from typing import Any

from pairlens.fiftyone_plugin.curation import text_units
from pairlens.fiftyone_plugin.curation.texts import PENDING, VERDICTS
from pairlens.importers import fo_internals, working_set
from pairlens.importers.fields import TEXT_EDITS, VERDICT


def texts_status(samples: Any) -> dict[str, int]:
    """Counts the captions and turns of a dataset or view that were edited.

    Returns:
        ``{"edited", "removed", "added"}``; nothing where the samples are pairs
    """
    if not fo_internals.dataset_of(samples).has_field(TEXT_EDITS):
        return {}
    removed = {"$size": {"$ifNull": [f"${TEXT_EDITS}.{text_units.REMOVED}", []]}}
    sums = {name: {"$sum": f"${TEXT_EDITS}.{name}"} for name in ("edited", "added")}
    counted = [
        *working_set.pipeline(samples),
        {"$match": {TEXT_EDITS: {"$ne": None}}},
        {"$group": {"_id": None, **sums, text_units.REMOVED: {"$sum": removed}}},
    ]
    found = next(iter(fo_internals.collection(samples).aggregate(counted)), {})
    return {name: found.get(name) or 0 for name in ("edited", "removed", "added")}


def status(samples: Any) -> dict[str, int]:
    """Counts the pairs of a dataset or view by verdict.

    Returns:
        ``{"pending", "keep", "drop", "fix", "unsure"}``; a verdict that PairLens does not
        know counts as pending
    """
    working_set.check(samples)
    counts: dict[str, int] = dict.fromkeys((PENDING, *VERDICTS), 0)
    pairs = working_set.pipeline(samples)
    groups = fo_internals.collection(samples).aggregate(
        [*pairs, {"$group": {"_id": f"${VERDICT}", "count": {"$sum": 1}}}]
    )
    for group in groups:
        counts[group["_id"] if group["_id"] in VERDICTS else PENDING] += group["count"]
    return counts
