"""Who reviewed a dataset, in which sessions: what a manifest says of the review."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from fiftyone.core.odm import get_db_conn

from fiftyone_plugin.curation import session_store, sessions
from fiftyone_plugin.curation.log import COLLECTION
from fiftyone_plugin.curation.review_fields import VERDICTS
from importers import fo_internals
from importers.fields import REVIEWER, VERDICT

_TOLD = ("name", "creator", "created", "finished", "over", "pairs", "judged", "verdicts")


def of_dataset(dataset: Any) -> dict[str, Any]:
    """The review of a dataset.

    Returns:
        ``{"sessions", "reviewers"}``: each session with what it was over and how far it came,
        oldest first; of each reviewer the verdicts of his that stand, by verdict
    """
    listed = sessions.list_sessions(dataset, most=None)
    told = [{name: one[name] for name in _TOLD} for one in reversed(listed)]
    return {"sessions": told, "reviewers": _reviewers(dataset)}


def _reviewers(dataset: Any) -> dict[str, dict[str, int]]:
    pipeline = [
        {"$match": {VERDICT: {"$in": list(VERDICTS)}}},
        {"$group": {"_id": {"r": f"${REVIEWER}", "v": f"${VERDICT}"}, "n": {"$sum": 1}}},
        {"$sort": {"_id.r": 1}},
    ]
    found: dict[str, dict[str, int]] = {}
    for group in fo_internals.collection(dataset).aggregate(pipeline):
        name = group["_id"].get("r") or ""
        found.setdefault(name, dict.fromkeys(VERDICTS, 0))[group["_id"]["v"]] = group["n"]
    return found


def sessions_of_pairs(dataset: Any) -> dict[ObjectId, str]:
    """The name of the session in which each pair got the verdict that stands, by sample id."""
    pipeline = [
        {
            "$match": {
                "dataset_id": fo_internals.dataset_id(dataset),
                "open": True,
                "new.verdict": {"$exists": True},
            }
        },
        {"$sort": {"seq": 1}},
        {"$group": {"_id": "$sample_id", "session": {"$last": "$session"}}},
        {"$match": {"session": {"$ne": None}}},
    ]
    found = get_db_conn()[COLLECTION].aggregate(pipeline, allowDiskUse=True)
    by_sample = {group["_id"]: group["session"] for group in found}
    names = session_store.names(by_sample.values())
    return {sample: names[one] for sample, one in by_sample.items() if one in names}
