"""Indexes of samples, created without waiting for absent members of a replica set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import IndexModel
from pymongo.errors import OperationFailure

from pairlens.importers import database_connection, fo_internals

Keys = Sequence[tuple[str, int | str]]
"""The key of an index: paths of fields, each with its order (1, -1) or kind (``2dsphere``)."""


def create_index(dataset: Any, keys: Keys, **options: Any) -> None:
    """Creates an index on samples, unless there is one of the same keys.

    In a replica set, FiftyOne's method waits until all members have built the index: forever if one
    is down.

    Args:
        dataset: whose samples are indexed
        keys: of the index
        options: of the index, as in ``pymongo.IndexModel``
    """
    if new := _lacking(dataset, [keys], **options):
        add_indexes(fo_internals.collection(dataset), new)


def create_optional_indexes(dataset: Any, wanted: Iterable[Keys | IndexModel]) -> list[str]:
    """Creates indexes that only save time, in one pass over the samples.

    If the database refuses one, such as the 65th of a collection, the others are still created.

    Returns:
        a list of one sentence on refused indexes, or an empty list
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
    for attempt in database_connection.attempts():
        with attempt:
            for name, index in samples.index_information().items():
                if list(index["key"]) == list(keys):
                    samples.drop_index(name)


def is_indexed(dataset: Any, keys: Keys) -> bool:
    """Whether there is an index of these keys."""
    return not _lacking(dataset, [keys])


def _lacking(dataset: Any, wanted: Iterable[Keys | IndexModel], **options: Any) -> list[IndexModel]:
    indexes = fo_internals.collection(dataset).index_information().values()
    existing = [list(index["key"]) for index in indexes]
    models = (o if isinstance(o, IndexModel) else IndexModel(o, **options) for o in wanted)
    return [model for model in models if [*model.document["key"].items()] not in existing]


def _refusal(collection: Any, indexes: Sequence[IndexModel]) -> str:
    """Creates indexes; returns why the database refuses them, ``""`` if it does not."""
    try:
        add_indexes(collection, indexes)
    except OperationFailure as error:
        if database_connection.failed_over(error):
            raise
        return database_connection.why(error)
    return ""


def add_indexes(collection: Any, indexes: Sequence[IndexModel]) -> None:
    """Creates indexes, without waiting for members of a replica set that are down."""
    alone = collection.database.client.topology_description.topology_type_name == "Single"
    quorum = {} if alone else {"commitQuorum": "majority"}
    for attempt in database_connection.attempts():
        with attempt:
            collection.create_indexes([*indexes], **quorum)
