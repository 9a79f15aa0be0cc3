"""Counts that take turns, on a real database."""

from __future__ import annotations

import threading
import time
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import recounting
from pairlens.fiftyone_plugin.curation.turns import Superseded, Turns

LONG = "function() { const end = Date.now() + 60000; while (Date.now() < end) {} return true; }"
SLOW = [{"$match": {"$expr": {"$function": {"body": LONG, "args": [], "lang": "js"}}}}]
QUICK = [{"$count": "n"}]


@pytest.fixture
def dataset(dataset_name: str) -> Any:
    dataset = fo.Dataset(dataset_name)
    dataset.add_samples([fo.Sample(f"/{number}.png") for number in range(2)])
    return dataset


def count(turns: Turns, dataset: Any, pipeline: list[dict[str, Any]]) -> Any:
    with turns.turn():
        return recounting.aggregate(dataset, pipeline)


def test_counts_one_after_the_other_are_all_told(dataset: Any) -> None:
    turns = Turns()
    assert [count(turns, dataset, QUICK) for _ in range(2)] == [[{"n": 2}]] * 2
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    assert count(turns, dataset, QUICK) == [{"n": 2}]


def test_a_later_count_ends_the_one_that_runs(dataset: Any) -> None:
    turns, ended = Turns(), list[bool]()

    def slow() -> None:
        try:
            count(turns, dataset, SLOW)
        except Superseded:
            ended.append(True)

    thread = threading.Thread(target=slow)
    thread.start()
    admin = dataset._sample_collection.database.client.admin
    where = {"ns": dataset._sample_collection.full_name, "active": True}
    while not list(admin.aggregate([{"$currentOp": {}}, {"$match": where}])):
        time.sleep(0.01)
    assert count(turns, dataset, QUICK) == [{"n": 2}]
    thread.join(timeout=5)
    assert ended == [True]


def test_a_count_that_waits_never_begins_where_a_later_one_is_asked_for(dataset: Any) -> None:
    turns, began = Turns(), list[str]()

    def waiting() -> None:
        with pytest.raises(Superseded), turns.turn(wait=60):
            recounting.aggregate(dataset, SLOW)
            began.append("the first")

    thread = threading.Thread(target=waiting, daemon=True)
    thread.start()
    time.sleep(0.1)
    with turns.turn():
        began.append("the second")
    thread.join(timeout=5)
    assert began == ["the second"]


def test_what_is_known_is_told_without_waiting(dataset: Any) -> None:
    turns, told = Turns(), list[Any]()
    assert count(turns, dataset, QUICK) == [{"n": 2}]

    def known() -> None:
        with turns.turn(wait=60):
            told.append(recounting.aggregate(dataset, QUICK))

    thread = threading.Thread(target=known, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert told == [[{"n": 2}]]


def test_the_counts_of_two_panels_do_not_end_each_other(dataset: Any) -> None:
    with Turns().turn():
        assert count(Turns(), dataset, QUICK) == [{"n": 2}]
        assert recounting.aggregate(dataset, QUICK) == [{"n": 2}]
