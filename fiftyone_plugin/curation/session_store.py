"""Where sessions are kept: three collections beside the audit log, and how one is found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from fiftyone.core.odm import get_db_conn

from importers import fo_internals
from importers.errors import StateError, UsageError

SESSIONS = "pairlens.sessions"
QUEUES = "pairlens.queues"
POSITIONS = "pairlens.positions"

CHUNK = 1000
"""Pairs in a document of a queue: a hundred thousand pairs are a hundred documents."""

Document = dict[str, Any]
_indexed: set[str] = set()


def collection(name: str) -> Any:
    """One of the collections of sessions, with its indexes."""
    database = get_db_conn()
    if database.name not in _indexed:
        database[SESSIONS].create_index([("dataset_id", 1), ("name", 1)], unique=True)
        database[QUEUES].create_index([("session", 1), ("chunk", 1)], unique=True)
        database[POSITIONS].create_index([("session", 1), ("reviewer", 1)], unique=True)
        _indexed.add(database.name)
    return database[name]


def find(dataset: Any, session: str) -> Document:
    """A session's document, by its id or its name.

    Raises:
        UsageError: if the dataset has none such
    """
    where: Document = {"dataset_id": fo_internals.dataset_id(dataset)}
    where |= {"_id": ObjectId(session)} if ObjectId.is_valid(session) else {"name": session}
    document = collection(SESSIONS).find_one(where)
    if document is None:
        raise UsageError(f"dataset {dataset.name!r} has no session {session!r}")
    return document


def names(sessions: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """The names of sessions that still are there."""
    wanted = {"_id": {"$in": list(set(sessions))}}
    return {found["_id"]: found["name"] for found in collection(SESSIONS).find(wanted)}


def find_open(dataset: Any, session: str) -> Document:
    """A session in which verdicts can be given.

    Raises:
        UsageError: if the dataset has none such
        StateError: if it is finished
    """
    document = find(dataset, session)
    if document["finished"] is not None:
        raise StateError(f"the session {document['name']!r} is finished; reopen it first")
    return document
