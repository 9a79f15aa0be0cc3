"""OpenCV's threads: ours alone while items are mapped, and as they were afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest

from pairlens.importers.parallel import map_items, one_thread


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    yield
    cv2.setNumThreads(before)


def threads_now(_: int) -> int:
    return cv2.getNumThreads()


def test_they_are_as_they_were_afterwards():
    with one_thread():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == 3


def test_they_are_as_they_were_after_an_error():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert cv2.getNumThreads() == 3


def test_who_is_done_first_does_not_give_them_back():
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert cv2.getNumThreads() == 1
    second.__exit__(None, None, None)
    assert cv2.getNumThreads() == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_items_are_mapped_with_one(workers: int):
    outcomes = map_items(threads_now, range(20), workers=workers, chunk=3)
    assert {outcome.value for outcome in outcomes} == {1}
    assert cv2.getNumThreads() == 3
