"""Puts the rest of a session in the order of ``p_bad``."""

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
    """Puts the pairs of a session that nobody has judged or opened in the order of ``p_bad``.

    The others keep their positions, which the log of the verdicts names.

    Args:
        dataset: that the session is of
        session: its id or name

    Returns:
        the number of pairs that were put in order

    Raises:
        UsageError: if there is no such session, it is over a random sample, or is shared out
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
    free = [place for place in range(len(queue)) if place not in fixed]
    chances: dict[ObjectId, float] = {}
    for some in batched((queue[place] for place in free), store.BATCH):
        found = fo_internals.collection(dataset).find({"_id": {"$in": some}}, {fields.P_BAD: 1})
        chances |= {one["_id"]: one.get(fields.P_BAD) or 0.0 for one in found}
    ordered = sorted((queue[place] for place in free), key=lambda one: -chances.get(one, 0.0))
    for place, sample_id in zip(free, ordered, strict=True):
        queue[place] = sample_id
    for number in range(0, len(queue), CHUNK):
        where = {"session": document["_id"], "chunk": number // CHUNK}
        collection(QUEUES).update_one(where, {"$set": {"ids": queue[number : number + CHUNK]}})
    return len(free)
