"""Writes to the database that are safe from other processes and from failures of a server.

Each checks first that this process still holds its leases (:mod:`pairlens.importers.fencing`). An
idempotent one is tried again if another server of the replica set took over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne

from pairlens.importers import database_connection, fencing, fo_internals
from pairlens.importers.errors import AGAIN, StateError
from pairlens.importers.write_concern import durable

Document = dict[str, Any]


def update_many(collection: Any, where: Document, change: Any) -> None:
    """Updates documents.

    Args:
        collection: of pymongo
        where: the filter
        change: an update or a pipeline; applied twice, it gives the same
    """
    fencing.check_writing()
    for attempt in database_connection.attempts():
        with attempt:
            collection.update_many(where, change)


def delete_many(collection: Any, where: Document) -> None:
    """Deletes the documents that a filter selects."""
    fencing.check_writing()
    for attempt in database_connection.attempts():
        with attempt:
            collection.delete_many(where)


def update_matching(dataset: Any, changes: Iterable[tuple[Document, Document]]) -> int:
    """Sets fields of the samples that still match their filter, in a durable write.

    Once this returns, a crash of the database loses none of them.

    Args:
        dataset: whose samples are changed
        changes: for each sample a filter, and values by path as the database stores them;
            ``None`` removes a field

    Returns:
        the number of samples that matched, and were written
    """
    fencing.check_writing()
    if fo_internals.needs_fallback():
        return _change_matching(dataset, changes)
    now = datetime.now(UTC)
    operations = [UpdateOne(where, assignment(values, now)) for where, values in changes]
    if not operations:
        return 0
    samples = durable(fo_internals.collection(dataset))
    return samples.bulk_write(operations, ordered=False).matched_count


def _change_matching(dataset: Any, changes: Iterable[tuple[Document, Document]]) -> int:
    """Does what :func:`update_matching` does, through FiftyOne.

    FiftyOne has no filtered update: what another process writes between the query and the update
    is overwritten.
    """
    collection = fo_internals.collection(dataset)
    found = ((collection.find_one(where, {"_id": 1}), values) for where, values in changes)
    matching = [(document["_id"], values) for document, values in found if document]
    return fo_internals.change_samples(dataset, matching)


def assignment(values: Document, now: datetime) -> Document:
    """Returns the update that sets fields of a sample as FiftyOne does; ``None`` removes one."""
    if None not in values.values():
        return {"$set": {"last_modified_at": now, **values}}
    kept = {k: v for k, v in values.items() if v is not None}
    gone = {k: "" for k, v in values.items() if v is None}
    return {"$set": {"last_modified_at": now, **kept}, "$unset": gone}


@contextmanager
def detecting_restart(step: str) -> Iterator[None]:
    """Detects that the only server was restarted within this context.

    A server that is killed loses the writes of the last tenth of a second, and pymongo reconnects
    to the restarted server without an error. A replica set loses no acknowledged write.

    Args:
        step: name of the command, for the message

    Raises:
        StateError: if the server was restarted meanwhile
    """
    before = _server_process()
    yield
    if _server_process() != before:
        raise StateError(
            f"the database was restarted in the middle of {step} and may have lost what was "
            f"written right before; {AGAIN}"
        )


def _server_process() -> str:
    hello = fo_internals.database().client.admin.command("hello")
    return "" if "setName" in hello else str(hello.get("topologyVersion", {}).get("processId", ""))
