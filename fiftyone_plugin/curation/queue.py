"""Stored sessions and their queues, and moving through a queue.

How far a session is, is counted from the change log. Two reviewers of one session are given
different pairs: a pair that somebody has open at this moment is passed over while there is any
other. Whoever looks without a name is not remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import changing, reading_on, texts
from pairlens.fiftyone_plugin.curation.log import COLLECTION
from pairlens.fiftyone_plugin.curation.panel_types import QueueItem
from pairlens.fiftyone_plugin.curation.queue_documents import (
    CHUNK,
    POSITIONS,
    QUEUES,
    REQUESTS,
    SESSIONS,
    SessionDocument,
    collection,
)
from pairlens.importers import fo_internals
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import KEY


def find(dataset: Any, session: str) -> SessionDocument:
    """A session's document, by its id or its name.

    Raises:
        UsageError: if the dataset has none such
    """
    by_id, sessions = ObjectId.is_valid(session), collection(SESSIONS)
    where: dict[str, Any] = {"_id": ObjectId(session)} if by_id else {"name": session}
    document = sessions.find_one(where | {"dataset_id": fo_internals.dataset_id(dataset)})
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


def judged_count(session: ObjectId) -> int:
    """The number of pairs of the queue that have a verdict in the session."""
    pipeline = [
        {"$match": open_entries(session)}, {"$group": {"_id": "$n"}}, {"$count": "count"}
    ]  # fmt: skip
    counted = list(changes().aggregate(pipeline))
    return counted[0]["count"] if counted else 0


def judged_among(session: ObjectId, places: Iterable[int]) -> set[int]:
    """Which positions of the queue, of a range, have a verdict in the session."""
    wanted = list(places)
    bounds = {"$gte": min(wanted, default=0), "$lte": max(wanted, default=-1)}
    found = changes().find(open_entries(session) | {"n": bounds}, {"_id": 0, "n": 1})
    return {entry["n"] for entry in found}


def open_entries(session: ObjectId) -> dict[str, Any]:
    """A filter of the log: the verdicts of a session's queue that were not taken back."""
    return {"session": session, "open": True, "n": {"$exists": True}}


def changes() -> Any:
    """The collection of the log."""
    return fo_internals.database()[COLLECTION]


HELD = timedelta(minutes=5)
"""How long a pair counts as open with the reviewer who moved to it last."""


def next_item(
    dataset: Any,
    session: str,
    *,
    reviewer: str | None = None,
    after: int | None = None,
    judged: bool = False,
) -> QueueItem:
    """Moves a reviewer to the next pair of the queue.

    Behind the last pair, those before that nobody has judged follow. At the end there is no
    pair, and the reviewer's position stays.

    Args:
        dataset: that the session is of
        session: its id or name
        reviewer: who moves
        after: a position; the reviewer's own if not given
        judged: also pairs that were judged in this session, by anyone
    """
    return _move(dataset, session, reviewer, after, judged, forward=True)


def previous_item(
    dataset: Any,
    session: str,
    *,
    reviewer: str | None = None,
    before: int | None = None,
    judged: bool = True,
) -> QueueItem:
    """Moves a reviewer back; arguments and result are those of :func:`next_item`."""
    return _move(dataset, session, reviewer, before, judged, forward=False)


def go_to(dataset: Any, session: str, position: int, *, reviewer: str | None = None) -> QueueItem:
    """Moves a reviewer to a position, from 0, whether or not the pair was judged.

    Raises:
        UsageError: if the queue has no such position, or its pair was deleted
    """
    document, who = find(dataset, session), texts.known_reviewer(reviewer)
    if position >= document["pairs"]:
        document = reading_on.whole(document)
    if not 0 <= position < document["pairs"]:
        raise UsageError(f"the session has the positions 0 to {document['pairs'] - 1:,}")
    found = next(_existing(dataset, document, [position]), None)
    if found is None:
        raise UsageError(f"the pair at position {position:,} was deleted from the dataset")
    return _arrive(document, who, *found)


def resume(dataset: Any, session: str, *, reviewer: str | None = None) -> QueueItem:
    """Moves a reviewer to the pair that was open last, or to the next that nobody judged."""
    changing.settle(dataset)
    document, who = find(dataset, session), texts.known_reviewer(reviewer)
    at = _position(document, who)
    return _move(dataset, session, who, -1 if at is None else at - 1, False, forward=True)


def place_of(session: SessionDocument, sample_id: ObjectId | str) -> int | None:
    """The position of a sample in a session's queue, from 0; ``None`` if it is not in it.

    That it is not is known when the queue was read to its end, which is waited for.
    """
    wanted = ObjectId(sample_id)
    found = collection(QUEUES).find_one(
        {"session": session["_id"], "ids": wanted},
        {"chunk": 1, "at": {"$indexOfArray": ["$ids", wanted]}},
    )
    if found is None and session.get("rest"):
        return place_of(reading_on.whole(session), sample_id)
    return None if found is None else found["chunk"] * CHUNK + found["at"]


def places_of(session: SessionDocument, ids: Iterable[ObjectId]) -> dict[ObjectId, int]:
    """The positions of those of some samples that are in a session's queue, by sample."""
    found = ((each, place_of(session, each)) for each in ids)
    return {each: place for each, place in found if place is not None}


def blind(session: SessionDocument, places: Mapping[ObjectId, int]) -> set[ObjectId]:
    """Those of some pairs that are to be judged without knowing what others decided.

    They are the shared pairs of the session's queue that were not judged in it yet.

    Args:
        session: the session
        places: positions in its queue, by sample
    """
    if not session.get("shared"):
        return set()
    where = {"session": session["_id"], "shared": {"$in": list(places)}}
    shared = {one for chunk in collection(QUEUES).find(where) for one in chunk["shared"]}
    waiting = set(places.values()) - judged_among(session["_id"], places.values())
    return {one for one, place in places.items() if one in shared and place in waiting}


def item_at(
    session: SessionDocument, place: int | None, sample_id: ObjectId | None, key: str | None
) -> QueueItem:
    """The item of a pair, without moving to it.

    Args:
        session: the session
        place: the pair's position, ``None`` where it is not in the queue
        sample_id: its sample; ``None`` at the end of the queue
        key: its key
    """
    judged = judged_count(session["_id"])
    return {
        "session": str(session["_id"]),
        "position": place,
        "of": session["pairs"],
        "judged": judged,
        "left": session["pairs"] - judged,
        "sample_id": None if sample_id is None else str(sample_id),
        "key": key,
        "end": sample_id is None,
    }


def left(session: SessionDocument, most: int, *, after: int = -1) -> list[ObjectId]:
    """The first pairs of the queue, behind a position, that nobody has judged in the session."""
    found: list[ObjectId] = []
    for places in _chunks(after + 1, session["pairs"]):
        ids = _ids(session, places.start // CHUNK)
        done = judged_among(session["_id"], places)
        open_places = (place % CHUNK for place in places if place not in done)
        found += [ids[at] for at in open_places if at < len(ids)]
        if len(found) >= most:
            break
    if len(found) < most and session.get("rest"):
        return left(reading_on.whole(session), most, after=after)
    return found[:most]


def _position(session: SessionDocument, who: str | None) -> int | None:
    found = collection(POSITIONS).find_one({"session": session["_id"], "reviewer": who})
    return None if found is None else found["n"]


def _move(
    dataset: Any,
    session: str,
    reviewer: str | None,
    origin: int | None,
    judged: bool,
    *,
    forward: bool,
) -> QueueItem:
    document, who = find(dataset, session), texts.known_reviewer(reviewer)
    at = _position(document, who) if origin is None else origin
    if at is None and not forward:
        document = reading_on.whole(document)
    start = at if at is not None else -1 if forward else document["pairs"]
    held = _held(document, who) if forward and not judged else set()
    own = _asked_by(document, who)
    later: int | None = None
    for chunk in _walk(document["pairs"], start, forward=forward, around=not judged):
        done = own | (set() if judged else judged_among(document["_id"], chunk))
        free = [place for place in chunk if place not in done]
        wanted = [place for place in free if place not in held]
        if found := next(_existing(dataset, document, wanted), None):
            return _arrive(document, who, *found)
        later = later if later is not None else next((p for p in free if p in held), None)
    if document.get("rest"):
        reading_on.whole(document)
        return _move(dataset, session, reviewer, origin, judged, forward=forward)
    # Nothing is left but what somebody else has open.
    if later is not None and (found := next(_existing(dataset, document, [later]), None)):
        return _arrive(document, who, *found)
    return item_at(document, None, None, None)


def coming(
    dataset: Any,
    session: SessionDocument,
    *,
    reviewer: str | None = None,
    after: str | None = None,
    skip: Collection[str] = (),
) -> str | None:
    """The next sample of the queue that nobody has judged, without moving to it.

    Args:
        dataset: that the session is of
        session: the session
        reviewer: who goes on; what others have open comes last
        after: the sample behind which the search begins, else at the first
        skip: ids of samples that are passed over
    """
    start = None if after is None else place_of(session, after)
    who, later = texts.known_reviewer(reviewer), list[int]()
    held, own = _held(session, who), _asked_by(session, who)
    for chunk in _walk(session["pairs"], -1 if start is None else start, forward=True, around=True):
        done = own | judged_among(session["_id"], chunk)
        free = [place for place in chunk if place not in done]
        later += [place for place in free if place in held]
        wanted = (place for place in free if place not in held)
        for _, sample_id, _ in _existing(dataset, session, wanted):
            if str(sample_id) not in skip:
                return str(sample_id)
    if session.get("rest"):
        whole = reading_on.whole(session)
        return coming(dataset, whole, reviewer=reviewer, after=after, skip=skip)
    for place in later:
        for _, sample_id, _ in _existing(dataset, session, [place]):
            if str(sample_id) not in skip:
                return str(sample_id)
    return None


def _walk(pairs: int, origin: int, *, forward: bool, around: bool) -> Iterator[range]:
    """Positions in the order in which they are looked at, a chunk of the queue at a time."""
    if forward:
        yield from _chunks(max(0, origin + 1), pairs)
        if around:
            yield from _chunks(0, min(origin + 1, pairs))
        return
    for chunk in reversed(list(_chunks(0, min(origin, pairs)))):
        yield chunk[::-1]


def _chunks(first: int, stop: int) -> Iterator[range]:
    while first < stop:
        end = min((first // CHUNK + 1) * CHUNK, stop)
        yield range(first, end)
        first = end


def _existing(
    dataset: Any, session: SessionDocument, places: Iterable[int]
) -> Iterator[tuple[int, ObjectId, str]]:
    """Positions of one chunk whose samples were not deleted, with these and their keys."""
    ids: list[ObjectId] = []
    for place in places:
        ids = ids or _ids(session, place // CHUNK)
        if place % CHUNK >= len(ids):
            return
        sample_id = ids[place % CHUNK]
        sample = fo_internals.collection(dataset).find_one({"_id": sample_id}, {KEY: 1})
        if sample is not None:
            yield place, sample_id, sample[KEY]


def _ids(session: SessionDocument, chunk: int) -> list[ObjectId]:
    found = collection(QUEUES).find_one({"session": session["_id"], "chunk": chunk})
    return found["ids"] if found else []


def _held(session: SessionDocument, who: str | None) -> set[int]:
    """Positions that others have open."""
    since = texts.this_instant() - HELD
    where = {"session": session["_id"], "reviewer": {"$ne": who}, "at": {"$gte": since}}
    return {position["n"] for position in collection(POSITIONS).find(where)}


def _asked_by(session: SessionDocument, who: str | None) -> set[int]:
    """Positions of the pairs on which a reviewer asked others for an opinion."""
    if session["over"]["kind"] != "opinions":
        return set()
    where = {"session": session["_id"], "by": who}
    asked = [one["sample_id"] for one in collection(REQUESTS).find(where)]
    return set(places_of(session, asked).values())


def _arrive(
    session: SessionDocument, who: str | None, place: int, sample_id: ObjectId, key: str
) -> QueueItem:
    if who is not None:
        collection(POSITIONS).update_one(
            {"session": session["_id"], "reviewer": who},
            {"$set": {"n": place, "at": texts.this_instant()}},
            upsert=True,
        )
    return item_at(session, place, sample_id, key)
