"""Updates straight to the collection: what is set, and what happens when a command is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import fiftyone as fo
import pytest
from bson import ObjectId
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError, OperationFailure

from pairlens.importers import store

MORE_THAN_A_MESSAGE = 60_000
"""Bytes a sample of which a batch is more than the 48 MB that MongoDB takes at once."""


@pytest.fixture
def dataset(dataset_name: str) -> Iterator[fo.Dataset]:
    made = fo.Dataset(dataset_name)
    made.add_samples([fo.Sample(filepath=f"/images/{i}.png", note="old") for i in range(50)])
    yield made
    fo.delete_dataset(dataset_name)


def ids(dataset: fo.Dataset) -> list[ObjectId]:
    return [doc["_id"] for doc in dataset._sample_collection.find({}, {"_id": 1})]


def test_others_keep_their_values_and_their_time(dataset: fo.Dataset) -> None:
    one, *others = ids(dataset)
    before = {doc["_id"]: doc for doc in dataset._sample_collection.find()}
    assert store.update(dataset, [(one, {"note": "new"})]) == 1
    after = {doc["_id"]: doc for doc in dataset._sample_collection.find()}
    assert all(before[other] == after[other] for other in others)
    now = datetime.now(UTC).replace(tzinfo=None)
    assert now - timedelta(minutes=1) < after[one]["last_modified_at"] <= now
    assert after[one] == before[one] | {
        "note": "new", "last_modified_at": after[one]["last_modified_at"]
    }  # fmt: skip


def test_nothing_is_no_update(dataset: fo.Dataset) -> None:
    assert store.update(dataset, []) == 0


def test_none_removes_a_field(dataset: fo.Dataset) -> None:
    store.update(dataset, ((each, {"note": None, "count": 3}) for each in ids(dataset)))
    docs = list(dataset._sample_collection.find())
    assert all("note" not in doc and doc["count"] == 3 for doc in docs)


def test_batches_that_are_no_single_message_are_written_whole(dataset: fo.Dataset) -> None:
    more = [fo.Sample(filepath=f"/images/more/{i}.png") for i in range(store.BATCH - 50)]
    dataset.add_samples(more, progress=False)
    long = "x" * MORE_THAN_A_MESSAGE
    changes = ((each, {"note": long}) for each in ids(dataset))
    assert store.update(dataset, changes) == store.BATCH
    assert dataset._sample_collection.count_documents({"note": long}) == store.BATCH


def test_what_the_database_refuses_is_raised_and_the_rest_is_written(dataset: fo.Dataset) -> None:
    dataset._sample_collection.create_index("rank", unique=True, sparse=True)
    first, second, *others = ids(dataset)
    same = [(first, {"rank": 1}), (second, {"rank": 1})]
    changes = same + [(each, {"rank": i}) for i, each in enumerate(others, 2)]
    with pytest.raises(BulkWriteError, match="duplicate key"):
        store.update(dataset, changes)
    assert sorted(dataset._sample_collection.distinct("rank")) == list(range(1, 50))


def test_the_write_concern_of_the_collection_is_kept(dataset: fo.Dataset) -> None:
    updates = [{"q": {"_id": each}, "u": {"$set": {"note": "new"}}} for each in ids(dataset)]
    on_disk = WriteConcern(w=1, j=True)
    store._send(dataset._sample_collection.with_options(write_concern=on_disk), updates)
    assert dataset._sample_collection.count_documents({"note": "new"}) == 50
    # Which a server alone cannot promise, and says so.
    on_three = dataset._sample_collection.with_options(write_concern=WriteConcern(w=3))
    with pytest.raises(OperationFailure, match="not replicated"):
        store._send(on_three, updates)
