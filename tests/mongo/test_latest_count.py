"""Counts that take counts, on a real database."""

from __future__ import annotations

import threading
import time
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import count_cache
from pairlens.fiftyone_plugin.curation.latest_count import CountRunner, Superseded

LONG = "function() { const end = Date.now() + 60000; while (Date.now() < end) {} return true; }"
SLOW = [{"$match": {"$expr": {"$function": {"body": LONG, "args": [], "lang": "js"}}}}]
QUICK = [{"$count": "n"}]


@pytest.fixture
def dataset(dataset_name: str) -> Any:
    dataset = fo.Dataset(dataset_name)
    dataset.add_samples([fo.Sample(f"/{number}.png") for number in range(2)])
    return dataset


def count(counts: CountRunner, dataset: Any, pipeline: list[dict[str, Any]]) -> Any:
    with counts.run():
        return count_cache.aggregate(dataset, pipeline)


def test_counts_one_after_the_other_are_all_told(dataset: Any) -> None:
    counts = CountRunner()
    assert [count(counts, dataset, QUICK) for _ in range(2)] == [[{"n": 2}]] * 2
    with pytest.raises(ZeroDivisionError), counts.run():
        raise ZeroDivisionError
    assert count(counts, dataset, QUICK) == [{"n": 2}]


def test_a_later_count_ends_the_one_that_runs(dataset: Any) -> None:
    counts, ended = CountRunner(), list[bool]()

    def slow() -> None:
        try:
            count(counts, dataset, SLOW)
        except Superseded:
            ended.append(True)

    thread = threading.Thread(target=slow)
    thread.start()
    admin = dataset._sample_collection.database.client.admin
    where = {"ns": dataset._sample_collection.full_name, "active": True}
    while not list(admin.aggregate([{"$currentOp": {}}, {"$match": where}])):
        time.sleep(0.01)
    assert count(counts, dataset, QUICK) == [{"n": 2}]
    thread.join(timeout=5)
    assert ended == [True]


def test_a_count_that_waits_never_begins_where_a_later_one_is_asked_for(dataset: Any) -> None:
    counts, began = CountRunner(), list[str]()

    def waiting() -> None:
        with pytest.raises(Superseded), counts.run(wait=60):
            count_cache.aggregate(dataset, SLOW)
            began.append("the first")

    thread = threading.Thread(target=waiting, daemon=True)
    thread.start()
    time.sleep(0.1)
    with counts.run():
        began.append("the second")
    thread.join(timeout=5)
    assert began == ["the second"]


def test_what_is_known_is_told_without_waiting(dataset: Any) -> None:
    counts, told = CountRunner(), list[Any]()
    assert count(counts, dataset, QUICK) == [{"n": 2}]

    def known() -> None:
        with counts.run(wait=60):
            told.append(count_cache.aggregate(dataset, QUICK))

    thread = threading.Thread(target=known, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert told == [[{"n": 2}]]


def test_the_counts_of_two_panels_do_not_end_each_other(dataset: Any) -> None:
    with CountRunner().run():
        assert count(CountRunner(), dataset, QUICK) == [{"n": 2}]
        assert count_cache.aggregate(dataset, QUICK) == [{"n": 2}]
