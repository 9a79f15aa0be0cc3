"""Reads a long queue to its end, while the reviewer judges its first pairs.

The order of a queue is that of all its pairs: the database reads and sorts all of them, which takes
seconds for hundreds of thousands. Its first pairs are found at once
(:meth:`.selection.PairSelection.first`), and a session begins with them; the others follow chunk by
chunk, at the places that they had if all had been read before. What needs to know the whole queue,
as a verdict on a pair that is not in it so far, waits for it. Where the process that reads it ends,
the next one that needs the queue goes on.
"""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import islice
from threading import Event, Lock, Thread
from typing import Any

from bson import ObjectId, json_util
from pymongo.errors import DuplicateKeyError, PyMongoError

from pairlens.fiftyone_plugin.curation.ordering import Stages, in_order
from pairlens.fiftyone_plugin.curation.queue_documents import (
    CHUNK,
    QUEUES,
    SESSIONS,
    QueueChunk,
    Rest,
    SessionDocument,
    collection,
)
from pairlens.importers import fo_internals, process_ids
from pairlens.importers.batches import batched
from pairlens.importers.errors import UsageError

AHEAD = 1.0
"""Seconds that the first pairs are ahead: reading takes the database from what shows them."""

_PAUSE = 0.05
_PATIENCE = 60
"""Seconds after which a queue that does not grow is nobody's: its process may be on a machine of
which this one sees nothing."""

_MOST_STAGES = 1 << 20
"""Characters of stages: those of a view may name each of its samples."""

_NOBODY = ""

_here: dict[ObjectId, Event] = {}
"""Sessions whose queues this process reads, or is about to, with what tells that it is waited for.
"""


_lock = Lock()  # several calls of a panel wait at once


def rest_of(dataset: Any, stages: Stages, limit: int | None) -> Rest | None:
    """What is stored with a session of which the first pairs are there; ``None`` if it cannot be.

    Args:
        dataset: that the session is of
        stages: of its selection
        limit: of its queue
    """
    text = json_util.dumps(stages)
    if len(text) > _MOST_STAGES:
        return None
    samples = fo_internals.collection(dataset).name
    return {"process": _NOBODY, "samples": samples, "stages": text, "limit": limit}


def begin(session: ObjectId) -> None:
    """Has a thread read the rest of a session's queue."""
    awaited = _here[session] = Event()

    def read() -> None:
        awaited.wait(AHEAD)
        try:
            with suppress(PyMongoError):  # whoever waits for the queue goes on
                _read(session, _NOBODY)
        finally:
            del _here[session]

    try:
        Thread(target=read, name="pairlens-queue", daemon=True).start()
    except BaseException:  # there is no memory for it: whoever waits for the queue reads it
        del _here[session]
        raise


def whole(session: SessionDocument) -> SessionDocument:
    """Waits until the queue of a session was read to its end; goes on where nobody reads it.

    Raises:
        UsageError: if the session is deleted meanwhile
    """
    last, since = -1, time.monotonic()
    while rest := session.get("rest"):
        if session["pairs"] > last:
            last, since = session["pairs"], time.monotonic()
        if not _go_on(session["_id"], rest["process"], time.monotonic() - since):
            time.sleep(_PAUSE)
        name, found = session["name"], collection(SESSIONS).find_one({"_id": session["_id"]})
        if found is None:
            raise UsageError(f"the session {name!r} was deleted")
        session = found
    return session


def _go_on(session: ObjectId, process: str, seconds: float) -> bool:
    """Reads the rest of a queue, unless somebody does who lives and reads.

    Args:
        session: its id
        process: that reads it
        seconds: for which it has not grown
    """
    with _lock:
        if awaited := _here.get(session):
            awaited.set()
            return False
        known = process in (_NOBODY, process_ids.this_process())
        if not (known or process_ids.is_dead(process) or seconds > _PATIENCE):
            return False
        _here[session] = Event()
    try:
        # Of two that go on, one finds the other's chunk there.
        with suppress(DuplicateKeyError):
            _read(session, process)
    finally:
        del _here[session]
    return True


def _read(session: ObjectId, before: str) -> None:
    """Appends to the queue of a session what it lacks, unless another process does so already.

    Args:
        session: its id
        before: the process that read it before
    """
    sessions, mine = collection(SESSIONS), process_ids.this_process()
    found = sessions.find_one_and_update(
        {"_id": session, "rest.process": before}, {"$set": {"rest.process": mine}}
    )
    if found is None:
        return
    own = {"_id": session, "rest.process": mine}
    try:
        pairs = _append(session, own, found["rest"])
        sessions.update_one(own, {"$set": {"pairs": pairs}, "$unset": {"rest": ""}})
    except BaseException:
        with suppress(PyMongoError):
            sessions.update_one(own, {"$set": {"rest.process": _NOBODY}})
        raise
    finally:
        with suppress(PyMongoError):
            if sessions.find_one({"_id": session}, {"_id": 1}) is None:
                collection(QUEUES).delete_many({"session": session})


def _append(session: ObjectId, own: dict[str, Any], rest: Rest) -> int:
    """The number of pairs of the queue then."""
    sessions, queues = collection(SESSIONS), collection(QUEUES)
    there = {one for chunk in queues.find({"session": session}) for one in chunk["ids"]}
    pairs = len(there)
    if pairs % CHUNK:  # the last chunk is there already
        return pairs
    samples = fo_internals.database()[rest["samples"]]
    every = in_order(samples, json_util.loads(rest["stages"]), None)
    limit = rest["limit"]
    more = None if limit is None else max(0, limit - pairs)
    for ids in batched(islice((o for o in every if o not in there), more), CHUNK):
        chunk: QueueChunk = {"session": session, "chunk": pairs // CHUNK, "ids": ids, "shared": []}
        queues.insert_one(chunk)
        pairs += len(ids)
        if not sessions.update_one(own, {"$set": {"pairs": pairs}}).matched_count:
            break
    return pairs
