"""Indexes of samples, created without waiting for absent members of a replica set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import IndexModel
from pymongo.errors import OperationFailure

from pairlens.importers import database_connection, fo_internals

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


def create_optional_indexes(dataset: Any, wanted: Iterable[Keys | IndexModel]) -> list[str]:
    """Creates indexes that only save time, in one pass over the samples.

    One that the database refuses, such as the 65th of a collection, does not keep out the others.

    Returns:
        a sentence about those that were refused, or an empty list
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
    there = [list(index["key"]) for index in indexes]
    models = (o if isinstance(o, IndexModel) else IndexModel(o, **options) for o in wanted)
    return [model for model in models if [*model.document["key"].items()] not in there]


def _refusal(collection: Any, indexes: Sequence[IndexModel]) -> str:
    """Makes indexes; why the database refuses them, or ``""``."""
    try:
        add_indexes(collection, indexes)
    except OperationFailure as error:
        if database_connection.failed_over(error):
            raise
        return database_connection.why(error)
    return ""


def add_indexes(collection: Any, indexes: Sequence[IndexModel]) -> None:
    """Indexes documents, without waiting for a member of a replica set that is away."""
    alone = collection.database.client.topology_description.topology_type_name == "Single"
    quorum = {} if alone else {"commitQuorum": "majority"}
    for attempt in database_connection.attempts():
        with attempt:
            collection.create_indexes([*indexes], **quorum)
