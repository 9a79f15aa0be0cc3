"""Writes that outlast the end of a server, and calls that go on with another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from pymongo import IndexModel, UpdateOne
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

from pairlens.importers import connecting, fo_internals, owners
from pairlens.importers.confirming import confirmed
from pairlens.importers.errors import AGAIN, StateError

R = TypeVar("R")

Document = dict[str, Any]


def update_many(collection: Any, where: Document, change: Any) -> None:
    """Changes documents in a way that may be done twice."""
    owners.check_writing()
    _again(lambda: collection.update_many(where, change))


def delete_many(collection: Any, where: Document) -> None:
    """Deletes documents."""
    owners.check_writing()
    _again(lambda: collection.delete_many(where))


def update_matching(dataset: Any, changes: Iterable[tuple[Document, Document]]) -> int:
    """Sets fields of the samples that still are as a filter says, one sample a filter.

    When this returns, they outlast the end of the database, however it ends.

    Args:
        dataset: whose samples are changed
        changes: filters, with values by path as the database stores them; ``None`` removes a field

    Returns:
        the number of samples that were, and were written
    """
    owners.check_writing()
    if fo_internals.is_needed():
        return _change_matching(dataset, changes)
    now = datetime.now(UTC)
    operations = [UpdateOne(where, assignment(values, now)) for where, values in changes]
    if not operations:
        return 0
    samples = confirmed(fo_internals.collection(dataset))
    return samples.bulk_write(operations, ordered=False).matched_count


def _change_matching(dataset: Any, changes: Iterable[tuple[Document, Document]]) -> int:
    """As :func:`update_matching`, through FiftyOne.

    FiftyOne has no filtered update: a writer that comes between the look and the change is
    overruled.
    """
    collection = fo_internals.collection(dataset)
    found = ((collection.find_one(where, {"_id": 1}), values) for where, values in changes)
    matching = [(document["_id"], values) for document, values in found if document]
    return fo_internals.change_samples(dataset, matching)


def assignment(values: Document, now: datetime) -> Document:
    """The update that sets fields of a sample, as FiftyOne does; ``None`` removes a field."""
    if None not in values.values():
        return {"$set": {"last_modified_at": now, **values}}
    kept = {k: v for k, v in values.items() if v is not None}
    gone = {k: "" for k, v in values.items() if v is None}
    return {"$set": {"last_modified_at": now, **kept}, "$unset": gone}


def _again(call: Callable[[], R]) -> R:
    """Calls what may be done twice; once more, where another server took over meanwhile.

    pymongo does so itself, except where several documents are changed or an index is made.
    """
    try:
        return call()
    except ServerSelectionTimeoutError:  # it was waited for already
        raise
    except PyMongoError as error:
        if not connecting.failed_over(error):
            raise
    return call()


@contextmanager
def one_server(step: str) -> Iterator[None]:
    """Within it, the only server is one process; a replica set forgets nothing that it confirmed.

    A server that is killed forgets what it was told in the tenth of a second before, and pymongo
    goes on with the next one.

    Args:
        step: what is done, for the message

    Raises:
        StateError: if the server was started again meanwhile
    """
    before = _server_process()
    yield
    if _server_process() != before:
        raise StateError(
            f"the database was started again in the middle of {step} and may have forgotten what "
            f"it was told right before; {AGAIN}"
        )


def _server_process() -> str:
    hello = fo_internals.database().client.admin.command("hello")
    return "" if "setName" in hello else str(hello.get("topologyVersion", {}).get("processId", ""))


Keys = Sequence[tuple[str, int | str]]
"""Fields as the database has them, with their order or kind."""


def create_index(dataset: Any, keys: Keys, **options: Any) -> None:
    """Indexes samples, where no index of the same keys is there.

    FiftyOne's method waits in a replica set until each member has made the index as well: for good,
    where one is away.

    Args:
        dataset: whose samples are indexed
        keys: of the index
        options: of the index
    """
    if new := _lacking(dataset, [keys], **options):
        add_indexes(fo_internals.collection(dataset), new)


def quicken(dataset: Any, wanted: Iterable[Keys | IndexModel]) -> list[str]:
    """As :func:`create_index`, several with one look at all samples, that only save time.

    One that the database refuses, as where a collection has as many as it may, costs no other.

    Returns:
        what is to be told of those that were refused: a sentence, or none
    """
    samples, new = fo_internals.collection(dataset), _lacking(dataset, wanted)
    if not new or not _refusal(samples, new):
        return []
    refused = [(model, why) for model in new if (why := _refusal(samples, [model]))]
    if not refused:
        return []
    names = "; ".join(" and ".join(model.document["key"]) for model, _ in refused)
    return [
        f"the database makes no index of {names} ({refused[0][1]}): to filter by these takes long, "
        "and nothing is found by place"
    ]


def drop_index(dataset: Any, keys: Keys) -> None:
    """Removes an index of samples, if there is one of these keys."""
    samples = fo_internals.collection(dataset)

    def drop() -> None:
        for name, index in samples.index_information().items():
            if list(index["key"]) == list(keys):
                samples.drop_index(name)

    _again(drop)


def is_indexed(dataset: Any, keys: Keys) -> bool:
    """Whether there is an index of these keys."""
    return not _lacking(dataset, [keys])


def _lacking(dataset: Any, wanted: Iterable[Keys | IndexModel], **options: Any) -> list[IndexModel]:
    indexes = fo_internals.collection(dataset).index_information().values()
    there = [list(index["key"]) for index in indexes]
    models = (o if isinstance(o, IndexModel) else IndexModel(o, **options) for o in wanted)
    return [model for model in models if [*model.document["key"].items()] not in there]


def _refusal(collection: Any, indexes: Sequence[IndexModel]) -> str:
    """Makes indexes; why the database refuses them, or ``""``."""
    try:
        add_indexes(collection, indexes)
    except OperationFailure as error:
        if connecting.failed_over(error):
            raise
        return connecting.why(error)
    return ""


def add_indexes(collection: Any, indexes: Sequence[IndexModel]) -> None:
    """Indexes documents, without waiting for a member of a replica set that is away."""
    alone = collection.database.client.topology_description.topology_type_name == "Single"
    quorum = {} if alone else {"commitQuorum": "majority"}
    _again(lambda: collection.create_indexes([*indexes], **quorum))
