"""The collections of sessions and their queues, and the documents in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.curation.panel_types import SessionOver
from pairlens.importers import fo_internals

SESSIONS = "pairlens.sessions"
QUEUES = "pairlens.queues"
POSITIONS = "pairlens.positions"
REQUESTS = "pairlens.requests"

CHUNK = 1000
"""Pairs in a document of a queue: a hundred thousand pairs are a hundred documents."""

_indexed: set[str] = set()


def collection(name: str) -> Any:
    """One of the collections of sessions, with its indexes."""
    database = fo_internals.database()
    if database.name not in _indexed:
        database[SESSIONS].create_index([("dataset_id", 1), ("name", 1)], unique=True)
        database[QUEUES].create_index([("session", 1), ("chunk", 1)], unique=True)
        database[POSITIONS].create_index([("session", 1), ("reviewer", 1)], unique=True)
        database[REQUESTS].create_index([("session", 1), ("sample_id", 1)])
        _indexed.add(database.name)
    return database[name]


class Rest(TypedDict):
    """What a session's queue still lacks.

    Attributes:
        process: that reads it, or none
        samples: the collection that it is read from
        stages: by which, as JSON
        limit: of the whole queue
    """

    process: str
    samples: str
    stages: str
    limit: int | None


class SessionDocument(TypedDict):
    """A document of ``pairlens.sessions``.

    ``reviewer`` is whom it was made for, if for one; ``shared`` counts the pairs that others judge
    as well. ``pairs`` are those that are in its queue, and ``rest`` is there while more are read.
    """

    _id: ObjectId
    dataset_id: ObjectId
    name: str
    creator: str
    created: datetime
    finished: datetime | None
    over: SessionOver
    pairs: int
    reviewer: NotRequired[str | None]
    shared: NotRequired[int]
    rest: NotRequired[Rest]
    sample: NotRequired[dict[str, Any]]


class QueueChunk(TypedDict):
    """A document of ``pairlens.queues``: :data:`CHUNK` sample ids of a session's queue.

    ``shared`` are those that others judge as well, in sessions of theirs.
    """

    session: ObjectId
    chunk: int
    ids: list[ObjectId]
    shared: NotRequired[list[ObjectId]]
