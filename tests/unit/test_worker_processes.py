"""Workers that do not answer, or do not end: whatever holds them, nobody waits for ever."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pairlens.importers import worker_processes
from pairlens.importers.errors import StateError
from pairlens.importers.parallel import map_items


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(worker_processes, "_LOOK", 0.1)
    monkeypatch.setattr(worker_processes, "_LEAVING", 0.5)
    yield
    assert not multiprocessing.active_children()


def wait_long(number: int) -> int:
    time.sleep(0.5)  # several looks
    return number


def test_who_answers_late_is_waited_for() -> None:
    done = map_items(wait_long, range(3), engine="processes", workers=2)
    assert [outcome.unwrap() for outcome in done] == [0, 1, 2]


def tidy_up(number: int) -> int:
    """Has something to do as Python ends, for less than it is given."""
    work: Callable[[], object] = (Path(os.environ["TIDY"]) / str(number)).touch
    threading.Timer(0.1, work).start()
    return number


def test_what_a_worker_does_at_its_end_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDY", str(tmp_path))
    monkeypatch.setattr(worker_processes, "_LEAVING", 10.0)
    list(map_items(tidy_up, range(1), engine="processes", workers=1))
    assert [file.name for file in tmp_path.iterdir()] == ["0"]


def die_and_leave_a_child(number: int) -> None:
    """As where a library forks: what is open here is open there."""
    if os.fork():
        os._exit(9)
    time.sleep(30)
    os._exit(0)


def test_that_one_died_is_noticed_where_a_child_of_it_lives() -> None:
    began = time.monotonic()
    with pytest.raises(StateError, match="a worker process died"):
        list(map_items(die_and_leave_a_child, range(2), engine="processes", workers=1))
    assert time.monotonic() - began < 15


def leave_a_thread(number: int) -> int:
    """Python waits for it, as it ends."""
    threading.Thread(target=time.sleep, args=(60,)).start()
    return number


def test_one_that_does_not_end_is_ended() -> None:
    began = time.monotonic()
    done = map_items(leave_a_thread, range(1), engine="processes", workers=1)
    assert [outcome.unwrap() for outcome in done] == [0]
    assert time.monotonic() - began < 15
