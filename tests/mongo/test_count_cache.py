"""Counts that are kept while nothing is written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import count_cache

COUNT = [{"$match": {"number": {"$gte": 2}}}, {"$count": "n"}]


@pytest.fixture
def dataset(dataset_name: str) -> Any:
    dataset = fo.Dataset(dataset_name)
    dataset.add_samples([fo.Sample(f"/{number}.png", number=number) for number in range(4)])
    return dataset


def change(collection: Any) -> None:
    collection.update_one({"number": 0}, {"$set": {"number": 2}})


def replace(collection: Any) -> None:
    """One goes and one comes, whose time of change is long gone."""
    collection.delete_one({"number": 0})
    collection.insert_one({"number": 2, "last_modified_at": datetime(2020, 1, 1)})


@pytest.mark.parametrize("write", [change, replace])
def test_what_is_written_past_all_clocks_is_counted(dataset: Any, write: Any) -> None:
    assert count_cache.aggregate(dataset, COUNT) == [{"n": 2}]
    write(dataset._sample_collection)
    assert count_cache.aggregate(dataset, COUNT) == [{"n": 3}]


def test_what_is_as_it_was_is_not_counted_again(dataset: Any) -> None:
    first = count_cache.aggregate(dataset, COUNT)
    assert count_cache.aggregate(dataset, COUNT) is first
    assert count_cache.aggregate(dataset, COUNT[:1]) is not first
    assert count_cache.aggregate(dataset, COUNT) is first
