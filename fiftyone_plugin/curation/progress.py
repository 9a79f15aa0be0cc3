"""How far a session is: counted from the audit log, in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bson import ObjectId
from fiftyone.core.odm import get_db_conn

from fiftyone_plugin.curation import review_fields
from fiftyone_plugin.curation.log import COLLECTION
from fiftyone_plugin.curation.review_fields import VERDICTS


@dataclass
class Progress:
    """What was decided in a session and not taken back.

    Attributes:
        judged: pairs of the queue with a verdict
        verdicts: their number by verdict
        reviewers: ``{"reviewer", "judged", "position", "at"}`` of each who judged or looked
        last_change: when the newest of the verdicts was given
    """

    judged: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    reviewers: list[dict[str, Any]] = field(default_factory=list)
    last_change: datetime | None = None


def _open_entries(session: ObjectId) -> dict[str, Any]:
    return {"session": session, "open": True, "n": {"$exists": True}}


def of_session(session: ObjectId, positions: Sequence[dict[str, Any]] = ()) -> Progress:
    """Counts a session.

    Args:
        session: its id
        positions: where its reviewers are
    """
    pipeline = [
        {"$match": _open_entries(session)},
        # A pair that was judged twice has its last verdict.
        {"$sort": {"n": 1, "seq": 1}},
        {"$group": {
            "_id": "$n", "verdict": {"$last": "$new.verdict"},
            "reviewer": {"$last": "$reviewer"}, "time": {"$last": "$time"},
        }},
        {"$group": {
            "_id": {"verdict": "$verdict", "reviewer": "$reviewer"},
            "count": {"$sum": 1}, "time": {"$max": "$time"},
        }},
    ]  # fmt: skip
    done = Progress()
    people = {p["reviewer"]: _person(p["reviewer"], p["n"], p["at"]) for p in positions}
    for group in get_db_conn()[COLLECTION].aggregate(pipeline):
        verdict, reviewer = group["_id"]["verdict"], group["_id"]["reviewer"]
        done.judged += group["count"]
        done.verdicts[verdict] = done.verdicts.get(verdict, 0) + group["count"]
        people.setdefault(reviewer, _person(reviewer))["judged"] += group["count"]
        done.last_change = max(done.last_change or group["time"], group["time"])
    done.reviewers = sorted(people.values(), key=lambda p: (-p["judged"], p["reviewer"]))
    return done


def _person(name: str, position: int | None = None, at: datetime | None = None) -> dict[str, Any]:
    return {"reviewer": name, "judged": 0, "position": position, "at": review_fields.text_of(at)}


def judged_count(session: ObjectId) -> int:
    """The number of pairs of the queue that have a verdict in the session."""
    pipeline = [
        {"$match": _open_entries(session)}, {"$group": {"_id": "$n"}}, {"$count": "count"}
    ]  # fmt: skip
    counted = list(get_db_conn()[COLLECTION].aggregate(pipeline))
    return counted[0]["count"] if counted else 0


def judged_among(session: ObjectId, places: Iterable[int]) -> set[int]:
    """Which positions of the queue, of a range, have a verdict in the session."""
    wanted = list(places)
    bounds = {"$gte": min(wanted, default=0), "$lte": max(wanted, default=-1)}
    where = _open_entries(session) | {"n": bounds}
    found = get_db_conn()[COLLECTION].find(where, {"_id": 0, "n": 1})
    return {entry["n"] for entry in found}
