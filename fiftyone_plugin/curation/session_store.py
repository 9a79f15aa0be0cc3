"""Where sessions are stored, and how far they are: counted from the change log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId

from fiftyone_plugin.curation import texts
from fiftyone_plugin.curation.log import COLLECTION
from fiftyone_plugin.curation.panel_types import Participant, SessionOver
from fiftyone_plugin.curation.texts import VERDICTS
from importers import fo_internals
from importers.errors import StateError, UsageError

SESSIONS = "pairlens.sessions"
QUEUES = "pairlens.queues"
POSITIONS = "pairlens.positions"

CHUNK = 1000
"""Pairs in a document of a queue: a hundred thousand pairs are a hundred documents."""

_indexed: set[str] = set()


class SessionDocument(TypedDict):
    """A document of ``pairlens.sessions``."""

    _id: ObjectId
    dataset_id: ObjectId
    name: str
    creator: str
    created: datetime
    finished: datetime | None
    over: SessionOver
    pairs: int


class QueueChunk(TypedDict):
    """A document of ``pairlens.queues``: :data:`CHUNK` sample ids of a session's queue."""

    session: ObjectId
    chunk: int
    ids: list[ObjectId]


class Position(TypedDict):
    """A document of ``pairlens.positions``: where in the queue a reviewer is, and since when."""

    session: ObjectId
    reviewer: str
    n: int
    at: datetime


@dataclass
class Progress:
    """What was decided in a session and not taken back.

    Attributes:
        judged: pairs of the queue with a verdict
        verdicts: their number by verdict
        reviewers: each who judged or looked, the busiest first
        last_change: when the newest of the verdicts was given
    """

    judged: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    reviewers: list[Participant] = field(default_factory=list)
    last_change: datetime | None = None


def collection(name: str) -> Any:
    """One of the collections of sessions, with its indexes."""
    database = fo_internals.database()
    if database.name not in _indexed:
        database[SESSIONS].create_index([("dataset_id", 1), ("name", 1)], unique=True)
        database[QUEUES].create_index([("session", 1), ("chunk", 1)], unique=True)
        database[POSITIONS].create_index([("session", 1), ("reviewer", 1)], unique=True)
        _indexed.add(database.name)
    return database[name]


def find(dataset: Any, session: str) -> SessionDocument:
    """A session's document, by its id or its name.

    Raises:
        UsageError: if the dataset has none such
    """
    by_id = ObjectId.is_valid(session)
    where: dict[str, Any] = {"_id": ObjectId(session)} if by_id else {"name": session}
    where["dataset_id"] = fo_internals.dataset_id(dataset)
    document = collection(SESSIONS).find_one(where)
    if document is None:
        raise UsageError(f"dataset {dataset.name!r} has no session {session!r}")
    return document


def find_open(dataset: Any, session: str) -> SessionDocument:
    """A session in which verdicts can be given.

    Raises:
        UsageError: if the dataset has none such
        StateError: if it is finished
    """
    document = find(dataset, session)
    if document["finished"] is not None:
        raise StateError(f"the session {document['name']!r} is finished; reopen it first")
    return document


def names(sessions: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """The names of the sessions that were not deleted."""
    wanted = {"_id": {"$in": list(set(sessions))}}
    return {found["_id"]: found["name"] for found in collection(SESSIONS).find(wanted)}


def progress_of(session: ObjectId) -> Progress:
    """Counts a session's verdicts, in the database."""
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
    positions = collection(POSITIONS).find({"session": session})
    people = {p["reviewer"]: _participant(p["reviewer"], p["n"], p["at"]) for p in positions}
    for group in _changes().aggregate(pipeline):
        verdict, reviewer = group["_id"]["verdict"], group["_id"]["reviewer"]
        done.judged += group["count"]
        done.verdicts[verdict] = done.verdicts.get(verdict, 0) + group["count"]
        people.setdefault(reviewer, _participant(reviewer))["judged"] += group["count"]
        done.last_change = max(done.last_change or group["time"], group["time"])
    done.reviewers = sorted(people.values(), key=lambda p: (-p["judged"], p["reviewer"]))
    return done


def _participant(name: str, position: int | None = None, at: datetime | None = None) -> Participant:
    return {"reviewer": name, "judged": 0, "position": position, "at": texts.text_of(at)}


def judged_count(session: ObjectId) -> int:
    """The number of pairs of the queue that have a verdict in the session."""
    pipeline = [
        {"$match": _open_entries(session)}, {"$group": {"_id": "$n"}}, {"$count": "count"}
    ]  # fmt: skip
    counted = list(_changes().aggregate(pipeline))
    return counted[0]["count"] if counted else 0


def judged_among(session: ObjectId, places: Iterable[int]) -> set[int]:
    """Which positions of the queue, of a range, have a verdict in the session."""
    wanted = list(places)
    bounds = {"$gte": min(wanted, default=0), "$lte": max(wanted, default=-1)}
    found = _changes().find(_open_entries(session) | {"n": bounds}, {"_id": 0, "n": 1})
    return {entry["n"] for entry in found}


def _open_entries(session: ObjectId) -> dict[str, Any]:
    return {"session": session, "open": True, "n": {"$exists": True}}


def _changes() -> Any:
    return fo_internals.database()[COLLECTION]
