"""Sorts the rest of a session by ``p_bad``."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import reading_on
from pairlens.fiftyone_plugin.curation.queue import find_open, judged_among
from pairlens.fiftyone_plugin.curation.queue_documents import CHUNK, POSITIONS, QUEUES, collection
from pairlens.importers import fields, fo_internals, store
from pairlens.importers.batches import batched
from pairlens.importers.errors import UsageError


def reorder(dataset: Any, session: str) -> int:
    """Sorts the pairs of a session that were neither judged nor opened by descending ``p_bad``.

    The others keep their positions, since the change log refers to them.

    Args:
        dataset: the dataset of the session
        session: id or name of the session

    Returns:
        the number of sorted pairs

    Raises:
        UsageError: if there is no such session, or it is over a random sample or shared
        StateError: if it is finished
    """
    document = reading_on.whole(find_open(dataset, session))
    if document["over"]["kind"] == "sample" or document.get("shared"):
        raise UsageError(f"the order of the session {document['name']!r} is part of what it is for")
    queue: list[ObjectId] = []
    chunks = collection(QUEUES).find({"session": document["_id"]}, sort=[("chunk", 1)])
    for chunk in chunks:
        queue += chunk["ids"]
    fixed = judged_among(document["_id"], range(len(queue)))
    fixed |= {one["n"] for one in collection(POSITIONS).find({"session": document["_id"]})}
    movable = [position for position in range(len(queue)) if position not in fixed]
    chances: dict[ObjectId, float] = {}
    for ids in batched((queue[position] for position in movable), store.BATCH):
        found = fo_internals.collection(dataset).find({"_id": {"$in": ids}}, {fields.P_BAD: 1})
        chances |= {one["_id"]: one.get(fields.P_BAD) or 0.0 for one in found}
    ordered = sorted(
        (queue[position] for position in movable), key=lambda one: -chances.get(one, 0.0)
    )
    for position, sample_id in zip(movable, ordered, strict=True):
        queue[position] = sample_id
    for number in range(0, len(queue), CHUNK):
        where = {"session": document["_id"], "chunk": number // CHUNK}
        collection(QUEUES).update_one(where, {"$set": {"ids": queue[number : number + CHUNK]}})
    return len(movable)
