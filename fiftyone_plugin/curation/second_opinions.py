"""Second opinions: a reviewer asks another, or anybody, to judge a pair as well.

What is asked of a reviewer is a session of that reviewer, which grows; what is asked of anybody is
one that gives no reviewer their own requests.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import queue, review_fields, sessions, texts
from pairlens.fiftyone_plugin.curation.panel_types import AskedView, SessionView
from pairlens.fiftyone_plugin.curation.queue_documents import (
    CHUNK,
    QUEUES,
    REQUESTS,
    SESSIONS,
    SessionDocument,
    collection,
)
from pairlens.importers import fo_internals, working_set
from pairlens.importers.errors import StateError, UsageError


class Request(TypedDict):
    """A document of ``pairlens.requests``."""

    session: ObjectId
    sample_id: ObjectId
    key: str
    by: str
    note: str | None
    time: datetime


def ask(
    dataset: Any,
    pair: str,
    *,
    of: str | None = None,
    note: str | None = None,
    reviewer: str | None = None,
) -> SessionView:
    """Asks for a second opinion on a pair.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        of: who is asked; anybody else if not given
        note: what the question is
        reviewer: who asks

    Returns:
        the session into which the pair comes

    Raises:
        UsageError: if there is no such pair, or reviewers ask themselves
        StateError: if the question waits for an answer already
    """
    working_set.check(dataset)
    who, asked = texts.reviewer_of(reviewer), texts.check_text("reviewer", of)
    asked = asked.strip() if asked else None
    if asked == who:
        raise UsageError(f"{who} asks for a second opinion; name another reviewer, or nobody")
    found = review_fields.find(dataset, pair)
    session = _session_of(dataset, asked, who, found.sample_id)
    request: Request = {
        "session": session["_id"],
        "sample_id": found.sample_id,
        "key": found.key,
        "by": who,
        "note": texts.check_text("note", note),
        "time": texts.this_instant(),
    }
    collection(REQUESTS).insert_one(request)
    _append(session["_id"], found.sample_id)
    return sessions.get(dataset, str(session["_id"]))


def _session_of(dataset: Any, of: str | None, who: str, sample_id: ObjectId) -> SessionDocument:
    """The open session for those that are asked, in which the pair is not judged yet."""
    where = {
        "dataset_id": fo_internals.dataset_id(dataset),
        "over.kind": "opinions",
        "reviewer": of,
        "finished": None,
    }
    newest = [("created", -1)]
    for session in collection(SESSIONS).find(where, sort=newest):
        place = queue.place_of(session, sample_id)
        if place is None:
            return session
        if not queue.judged_among(session["_id"], [place]):
            whom = of or "anybody"
            raise StateError(f"{whom} was asked about this pair already, and has not answered")
        break
    text = f"second opinions, asked of {of}" if of else "second opinions"
    made = sessions.create(dataset, None, who, {"kind": "opinions", "text": text}, [], reviewer=of)
    return queue.find(dataset, str(made))


def _append(session: ObjectId, sample_id: ObjectId) -> None:
    """Puts a pair behind a queue; the place is reserved first, so that two find one each."""
    before = collection(SESSIONS).find_one_and_update(
        {"_id": session}, {"$inc": {"pairs": 1, "shared": 1}}
    )
    place = {"session": session, "chunk": before["pairs"] // CHUNK}
    pushed = {"$push": {"ids": sample_id, "shared": sample_id}}
    collection(QUEUES).update_one(place, pushed, upsert=True)


def asked_about(session: ObjectId, ids: Collection[ObjectId]) -> dict[ObjectId, AskedView]:
    """The questions of a session about some samples."""
    where = {"session": session, "sample_id": {"$in": list(ids)}}
    found: dict[ObjectId, AskedView] = {}
    for one in collection(REQUESTS).find(where):
        time = texts.text_of(texts.to_utc(one["time"]))
        found[one["sample_id"]] = {"by": one["by"], "note": one["note"], "time": time}
    return found
