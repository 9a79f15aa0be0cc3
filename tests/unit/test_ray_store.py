"""Ray whose store is smaller than what goes through it, and whose disk is full: told, and no loss.

While there is room on the disk, Ray puts there what its store has no room for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import ray

from pairlens.importers.errors import StateError
from pairlens.importers.parallel import PerWorker, Pool

STORE = 80 << 20
"""Bytes, the fewest that Ray takes."""

EACH = 30 << 20
COUNT = 6
FULL = {"local_fs_capacity_threshold": 0.0001}
"""For Ray, a disk is full of which so much is in use."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def full() -> Iterator[Pool]:
    ray.init(
        address="local", num_cpus=2, object_store_memory=STORE, include_dashboard=False,
        log_to_driver=False, logging_level=logging.ERROR, _system_config=FULL,
    )  # fmt: skip
    try:
        yield Pool("ray", 2)
    finally:
        ray.shutdown()


def made(number: int) -> Any:
    return np.full(EACH, number, np.uint8)


def maker() -> Callable[[int], Any]:
    return made


def first(array: Any) -> int:
    return int(array[0])


def test_what_fits_is_done(full: Pool) -> None:
    assert [first(outcome.unwrap()) for outcome in full.map(made, [3])] == [3]


def too_large(number: int) -> Any:
    return np.full(STORE + EACH, number, np.uint8)


def large_maker() -> Callable[[int], Any]:
    return too_large


@pytest.mark.parametrize(
    "function",
    [pytest.param(too_large, id="result"), pytest.param(PerWorker(large_maker), id="of a model")],
)
def test_a_result_for_which_there_is_no_room_ends_the_step(full: Pool, function: Any) -> None:
    began = time.monotonic()
    with pytest.raises(StateError, match=r"cannot go on.*full.*what was done is kept; do the same"):
        for outcome in full.map(function, [1]):
            assert outcome.error is None
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("function", "items"),
    [
        pytest.param(made, list(range(COUNT)), id="results"),
        pytest.param(PerWorker(maker), list(range(COUNT)), id="results of a model"),
        pytest.param(first, [made(n) for n in range(COUNT)], id="items"),
        pytest.param(PerWorker(lambda: first), [made(n) for n in range(COUNT)], id="of a model"),
    ],
)
def test_no_item_fails_for_a_full_store(full: Pool, function: Any, items: list[Any]) -> None:
    """Whether one is taken out of the store before the next has to go in, only Ray knows."""
    kept: list[int] = []
    with suppress(StateError):
        for outcome in full.map(function, items):
            kept.append(int(np.min(outcome.unwrap())))
        assert kept == list(range(COUNT))
    assert kept == list(range(len(kept)))
