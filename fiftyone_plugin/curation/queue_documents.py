"""The documents of sessions and their queues, as the database stores them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.curation.panel_types import SessionOver


class SessionDocument(TypedDict):
    """A document of ``pairlens.sessions``.

    ``reviewer`` is whom it was made for, if for one; ``shared`` counts the pairs that others judge
    as well.
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
    sample: NotRequired[dict[str, Any]]


class QueueChunk(TypedDict):
    """A document of ``pairlens.queues``: :data:`CHUNK` sample ids of a session's queue.

    ``shared`` are those that others judge as well, in sessions of theirs.
    """

    session: ObjectId
    chunk: int
    ids: list[ObjectId]
    shared: NotRequired[list[ObjectId]]


class Position(TypedDict):
    """A document of ``pairlens.positions``: where in the queue a reviewer is, and since when."""

    session: ObjectId
    reviewer: str
    n: int
    at: datetime
