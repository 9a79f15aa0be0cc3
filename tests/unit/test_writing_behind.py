"""Writing in another thread: order, batches, and what fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from fiftyone_plugin.metrics.writing_behind import LEAST, MOST, WritingBehind


def test_nothing_is_written_before_there_is_enough():
    written: list[list[int]] = []
    with ThreadPoolExecutor(1) as writer:
        behind = WritingBehind(writer, written.append)
        for i in range(LEAST - 1):
            behind.add([i])
        assert not written
        behind.finish()
    assert [len(batch) for batch in written] == [LEAST - 1]


def test_a_failed_write_is_raised():
    def fail(_: list[int]) -> None:
        raise OSError("the disk is full")

    with ThreadPoolExecutor(1) as writer:
        behind = WritingBehind(writer, fail)
        with pytest.raises(OSError, match="the disk is full"):
            behind.finish()


def test_all_is_written_once_and_in_order():
    written: list[int] = []
    with ThreadPoolExecutor(1) as writer:
        behind = WritingBehind(writer, written.extend)
        for i in range(3 * LEAST + 7):
            behind.add([i])
        behind.finish()
    assert written == list(range(3 * LEAST + 7))


def test_things_gather_while_the_last_write_is_under_way():
    written: list[int] = []
    go_on = Event()

    def write(batch: list[int]) -> None:
        go_on.wait()
        written.append(len(batch))

    with ThreadPoolExecutor(1) as writer:
        behind = WritingBehind(writer, write)
        for i in range(LEAST + MOST - 1):
            behind.add([i])
        go_on.set()
        behind.finish()
    assert written == [LEAST, MOST - 1]
