"""Going through a session's queue: the next pair, the one before, and any other.

Two reviewers of one session are given different pairs: what somebody has open at this moment
is passed over while there is anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from bson import ObjectId

from fiftyone_plugin.curation import progress, review_fields
from fiftyone_plugin.curation.review_fields import Stored
from fiftyone_plugin.curation.session_store import (
    CHUNK,
    POSITIONS,
    QUEUES,
    Document,
    collection,
    find,
)
from importers import fo_internals
from importers.errors import UsageError
from importers.fields import KEY

HELD = timedelta(minutes=5)
"""How long a pair counts as open with the reviewer who moved to it last."""

Item = dict[str, Any]


def next_item(
    dataset: Any,
    session: str,
    *,
    reviewer: str | None = None,
    after: int | None = None,
    judged: bool = False,
) -> Item:
    """Moves a reviewer to the next pair of the queue.

    Args:
        dataset: that the session is of
        session: its id or name
        reviewer: who moves
        after: a position; the reviewer's own if not given
        judged: also pairs that were judged in this session, by anyone

    Returns:
        ``{"session", "position", "of", "judged", "left", "sample_id", "key", "end"}``;
        positions from 0; at the end no pair, and the reviewer stays where he was. Behind the
        last pair, those before that nobody has judged follow
    """
    return _move(dataset, session, reviewer, after, judged, forward=True)


def previous_item(
    dataset: Any,
    session: str,
    *,
    reviewer: str | None = None,
    before: int | None = None,
    judged: bool = True,
) -> Item:
    """Moves a reviewer back; arguments and result are those of :func:`next_item`."""
    return _move(dataset, session, reviewer, before, judged, forward=False)


def go_to(dataset: Any, session: str, position: int, *, reviewer: str | None = None) -> Item:
    """Moves a reviewer to a position, from 0, whether or not the pair was judged.

    Raises:
        UsageError: if the queue has no such position, or its pair was deleted
    """
    document, who = find(dataset, session), _who(reviewer)
    if not 0 <= position < document["pairs"]:
        raise UsageError(f"the session has the positions 0 to {document['pairs'] - 1:,}")
    found = next(_existing(dataset, document, [position]), None)
    if found is None:
        raise UsageError(f"the pair at position {position:,} was deleted from the dataset")
    return _arrive(document, who, *found)


def resume(dataset: Any, session: str, *, reviewer: str | None = None) -> Item:
    """Moves a reviewer to where he stopped, or from there to the next that nobody judged."""
    document, who = find(dataset, session), _who(reviewer)
    at = _position(document, who)
    return _move(dataset, session, who, -1 if at is None else at - 1, False, forward=True)


def locate(dataset: Any, session: str, sample_id: str) -> int | None:
    """The position of a sample in a session's queue, from 0; ``None`` if it is not in it."""
    return place_of(find(dataset, session), ObjectId(sample_id))


def place_of(document: Document, sample_id: ObjectId) -> int | None:
    """The position of a sample in a queue."""
    found = collection(QUEUES).find_one(
        {"session": document["_id"], "ids": sample_id},
        {"chunk": 1, "at": {"$indexOfArray": ["$ids", sample_id]}},
    )
    return None if found is None else found["chunk"] * CHUNK + found["at"]


def item_of(document: Document, pair: Stored) -> Item:
    """The item of a pair, without moving; without a position if it is not in the queue."""
    return _item(document, place_of(document, pair.sample_id), pair.sample_id, pair.key, end=False)


def others_at(document: Document, place: int | None, reviewer: str | None) -> list[str]:
    """Who else has the pair at a position open at this moment."""
    where = _open_with_others(document, _who(reviewer)) | {"n": place}
    return [found["reviewer"] for found in collection(POSITIONS).find(where)]


def sample_ids(document: Document) -> Iterator[list[ObjectId]]:
    """The queue, chunk by chunk."""
    chunks = collection(QUEUES).find({"session": document["_id"]}, sort=[("chunk", 1)])
    for chunk in chunks:
        yield chunk["ids"]


def left(document: Document, most: int) -> list[ObjectId]:
    """The first pairs of the queue that nobody has judged in the session."""
    found: list[ObjectId] = []
    for number, ids in enumerate(sample_ids(document)):
        places = range(number * CHUNK, number * CHUNK + len(ids))
        done = progress.judged_among(document["_id"], places)
        found += [one for place, one in zip(places, ids, strict=True) if place not in done]
        if len(found) >= most:
            break
    return found[:most]


def _who(reviewer: str | None) -> str:
    return review_fields.check_text("reviewer", reviewer) or review_fields.default_reviewer()


def _position(document: Document, who: str) -> int | None:
    found = collection(POSITIONS).find_one({"session": document["_id"], "reviewer": who})
    return None if found is None else found["n"]


def _move(
    dataset: Any,
    session: str,
    reviewer: str | None,
    origin: int | None,
    judged: bool,
    *,
    forward: bool,
) -> Item:
    document, who = find(dataset, session), _who(reviewer)
    at = _position(document, who) if origin is None else origin
    start = at if at is not None else -1 if forward else document["pairs"]
    held = _held(document, who) if forward and not judged else set()
    later: int | None = None
    for chunk in _walk(document["pairs"], start, forward=forward, around=not judged):
        done = set() if judged else progress.judged_among(document["_id"], chunk)
        free = [place for place in chunk if place not in done]
        wanted = [place for place in free if place not in held]
        if found := next(_existing(dataset, document, wanted), None):
            return _arrive(document, who, *found)
        later = later if later is not None else next((p for p in free if p in held), None)
    # Nothing is left but what somebody else has open.
    if later is not None and (found := next(_existing(dataset, document, [later]), None)):
        return _arrive(document, who, *found)
    return _item(document, None, None, None, end=True)


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
    dataset: Any, document: Document, places: Iterable[int]
) -> Iterator[tuple[int, ObjectId, str]]:
    """Positions of one chunk whose samples were not deleted, with these and their keys."""
    ids: list[ObjectId] = []
    for place in places:
        if not ids:
            where = {"session": document["_id"], "chunk": place // CHUNK}
            ids = (collection(QUEUES).find_one(where) or {}).get("ids", [])
        if place % CHUNK >= len(ids):
            return
        sample_id = ids[place % CHUNK]
        sample = fo_internals.collection(dataset).find_one({"_id": sample_id}, {KEY: 1})
        if sample is not None:
            yield place, sample_id, sample[KEY]


def _held(document: Document, who: str) -> set[int]:
    """Positions that others have open."""
    found = collection(POSITIONS).find(_open_with_others(document, who))
    return {position["n"] for position in found}


def _open_with_others(document: Document, who: str) -> Document:
    since = review_fields.this_instant() - HELD
    return {"session": document["_id"], "reviewer": {"$ne": who}, "at": {"$gte": since}}


def _arrive(document: Document, who: str, place: int, sample_id: ObjectId, key: str) -> Item:
    collection(POSITIONS).update_one(
        {"session": document["_id"], "reviewer": who},
        {"$set": {"n": place, "at": review_fields.this_instant()}},
        upsert=True,
    )
    return _item(document, place, sample_id, key, end=False)


def _item(
    document: Document,
    place: int | None,
    sample_id: ObjectId | None,
    key: str | None,
    *,
    end: bool,
) -> Item:
    judged = progress.judged_count(document["_id"])
    return {
        "session": str(document["_id"]),
        "position": place,
        "of": document["pairs"],
        "judged": judged,
        "left": document["pairs"] - judged,
        "sample_id": None if sample_id is None else str(sample_id),
        "key": key,
        "end": end,
    }
