"""One map, three engines: order, failures one by one, and bounded look-ahead."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

import psutil
import pytest

from pairlens.importers import starving
from pairlens.importers.background import LEAST, MOST, background_batches, background_thread
from pairlens.importers.errors import RecordError, StateError, UnknownName, UsageError
from pairlens.importers.parallel import (
    WINDOW,
    Engine,
    default_workers,
    map_items,
)

LOCAL: tuple[Engine, ...] = ("threads", "processes")


def squared(number: int) -> int:
    """Importable, as worker processes need it; slow for early items."""
    time.sleep(0.01 if number < 3 else 0)
    if number % 5 == 4:
        raise RecordError(f"file[{number}]", "is broken")
    return number * number


def die_of(file: Path) -> None:
    os._exit(9)


def die(number: int) -> int:
    if number == 3:
        os._exit(9)
    return number


class Locked(Exception):
    """Cannot be sent to another process."""

    def __init__(self) -> None:
        super().__init__("is locked")
        self.lock = threading.Lock()


class Apart(Exception):
    """Can be sent, and not be made again of what is sent."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__(f"{file}, line {line}")


def fail_oddly(number: int) -> int:
    """Raises, of a few items that go to a worker together, what some can be sent of."""
    if number == 11:
        raise Locked
    if number == 12:
        raise Apart("a file", 3)
    if number == 13:
        raise UnknownName("lamp", "moon", ["sun"])
    return number


def assert_maps(engine: Engine) -> None:
    outcomes = list(map_items(squared, range(23), engine=engine, workers=2))
    assert [o.item for o in outcomes] == list(range(23))
    good = [o for o in outcomes if o.error is None]
    assert [o.unwrap() for o in good] == [n * n for n in range(23) if n % 5 != 4]
    failed = [o for o in outcomes if o.error is not None]
    assert [o.item for o in failed] == [4, 9, 14, 19]
    for outcome in failed:
        assert isinstance(outcome.error, RecordError)
        assert (outcome.error.source, outcome.error.reason) == (
            f"file[{outcome.item}]",
            "is broken",
        )
        with pytest.raises(RecordError, match="is broken"):
            outcome.unwrap()


@pytest.mark.parametrize("engine", LOCAL)
def test_results_keep_their_order_and_failures_stay_alone(engine: Engine):
    assert_maps(engine)


@pytest.mark.parametrize("engine", LOCAL)
def test_an_error_of_any_class_fails_alone_and_says_the_same(engine: Engine):
    assert_fails_alone(engine)


def assert_fails_alone(engine: Engine) -> None:
    outcomes = [*map_items(fail_oddly, range(16), engine=engine, workers=2, chunk=8)]
    assert [o.item for o in outcomes if o.value == o.item] == [*range(11), 14, 15]
    locked, apart, unknown = (o.error for o in outcomes if o.error is not None)
    assert (str(locked), repr(locked)) == ("is locked", "Locked('is locked')")
    assert (str(apart), repr(apart)) == ("a file, line 3", "Apart('a file, line 3')")
    assert isinstance(unknown, UnknownName) and "there is no lamp 'moon'" in str(unknown)


@pytest.mark.slow
def test_ray_does_the_same():
    ray = pytest.importorskip("ray")
    try:
        assert_maps("ray")
        assert_fails_alone("ray")
    finally:
        ray.shutdown()


@pytest.mark.parametrize("engine", LOCAL)
def test_nothing_comes_of_nothing(engine: Engine):
    assert list(map_items(squared, [], engine=engine, workers=2)) == []


def counting(taken: list[int]) -> Iterator[int]:
    for number in itertools.count():
        taken.append(number)
        yield number


@pytest.mark.parametrize("workers", [1, 3])
def test_an_endless_stream_is_taken_a_window_at_a_time(workers: int):
    taken: list[int] = []
    outcomes = map_items(lambda n: n, counting(taken), workers=workers)
    for number, outcome in enumerate(itertools.islice(outcomes, 200)):
        assert outcome.unwrap() == number
        assert len(taken) <= number + workers * WINDOW
    outcomes.close()  # type: ignore[attr-defined]


def test_closing_early_cancels_what_has_not_begun():
    begun: list[int] = []
    go = threading.Event()

    def wait(number: int) -> int:
        begun.append(number)
        if number:
            go.wait(10)
        return number

    outcomes = map_items(wait, itertools.count(), workers=1)
    assert next(outcomes).item == 0
    threading.Timer(0.1, go.set).start()
    outcomes.close()  # type: ignore[attr-defined]
    assert begun in ([0], [0, 1])


def test_a_reader_that_fails_is_heard_at_once():
    def reader() -> Iterator[int]:
        yield 1
        raise RecordError("file", "strict")

    with pytest.raises(RecordError, match="strict"):
        list(map_items(squared, reader(), workers=1))


def test_a_worker_that_dies_is_no_broken_record():
    with pytest.raises(StateError, match=r"a worker process died.* in a decoder; do the same"):
        list(map_items(die, range(50), engine="processes", workers=1))


def slowly(number: int) -> int:
    time.sleep(0.05)
    return number


def test_workers_that_die_while_work_is_let_go_of_are_told_by_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    for _ in range(3):  # Python's thread stumbles where it looks just then
        outcomes = map_items(slowly, range(1000), engine="processes", workers=1)
        assert next(outcomes).item == 0
        for worker in multiprocessing.active_children():
            worker.terminate()
        outcomes.close()  # type: ignore[attr-defined]
        assert not multiprocessing.active_children()
    assert raised == []


def die_while_writing(number: int) -> bytes:
    """Of the result only the beginning comes through."""
    if number == 3:

        def send(pipe: Connection, data: bytes) -> None:
            os.write(pipe.fileno(), data[:1000])
            os._exit(9)

        Connection._send = send  # type: ignore[attr-defined]
    return bytes(1 << 20)


def test_a_worker_that_dies_while_it_answers_is_not_waited_for():
    with pytest.raises(StateError, match="a worker process died, of too little memory"):
        for outcome in map_items(die_while_writing, range(50), engine="processes", workers=2):
            assert len(outcome.unwrap()) == 1 << 20


def starve(number: int) -> int:
    starving._SECONDS = 0.05
    time.sleep(2)  # until it looks as often
    threading._start_new_thread = lambda *_: None  # type: ignore[attr-defined]
    threading.Thread(target=print).start()
    return number


def test_a_worker_whose_threads_get_no_memory_is_not_waited_for():
    with pytest.raises(StateError, match="a worker process died, of too little memory"):
        list(map_items(starve, range(3), engine="processes", workers=1))


def test_what_a_worker_that_died_was_given_is_named():
    files = [Path("a.jpg"), Path("b.jpg")]
    words = r"at one of the 1 from a\.jpg to a\.jpg; do the same again, an import or a .* --resume"
    with pytest.raises(StateError, match=words):
        list(map_items(die_of, files, engine="processes", workers=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "fibers"}, "no engine 'fibers'; known: threads, processes, ray"),
        ({"workers": 0}, "0 workers can do nothing"),
        ({"workers": -2}, "-2 workers can do nothing"),
    ],
    ids=str,
)
def test_requests_that_cannot_be_met(options: dict[str, object], message: str):
    with pytest.raises(UsageError, match=message):
        list(map_items(squared, [1], **options))  # type: ignore[arg-type]


def test_no_more_at_once_than_workers():
    lock, running, most = threading.Lock(), [0], [0]

    def work(number: int) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        return number

    assert len(list(map_items(work, range(30), workers=3))) == 30
    assert 1 < most[0] <= 3
    assert default_workers() >= 1


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_chunks_give_the_same_in_the_same_order(chunk: int) -> None:
    def halve(number: int) -> float:
        return 10 / (number - 7)

    outcomes = list(map_items(halve, range(40), workers=2, chunk=chunk))
    assert [o.item for o in outcomes] == list(range(40))
    assert [o.item for o in outcomes if o.error] == [7]
    assert all(o.value == 10 / (o.item - 7) for o in outcomes if not o.error)


@pytest.mark.parametrize(("workers", "first"), [(1, 1), (2, 2 * WINDOW)])
def test_the_first_items_go_one_by_one(workers: int, first: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    outcomes = map_items(abs, items(), workers=workers, chunk=50)
    next(outcomes)
    assert len(taken) == first
    outcomes.close()  # type: ignore[attr-defined]


def test_tasks_behind_run_in_order_and_are_done_at_the_end() -> None:
    done: list[int] = []
    with background_thread() as behind:
        for number in range(20):
            behind(partial(done.append, number))
    assert done == list(range(20))


def test_what_a_task_behind_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), background_thread() as behind:
        behind(lambda: 1 // 0)


def test_no_batch_is_written_before_there_is_enough() -> None:
    written: list[list[int]] = []
    with background_batches(written.append) as add:
        for i in range(LEAST - 1):
            add([i])
        assert not written
    assert [len(batch) for batch in written] == [LEAST - 1]


def test_a_batch_that_cannot_be_written_is_raised() -> None:
    def fail(_: list[int]) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), background_batches(fail):
        pass


def test_all_batches_are_written_once_and_in_order() -> None:
    written: list[int] = []
    with background_batches(written.extend) as add:
        for i in range(3 * LEAST + 7):
            add([i])
    assert written == list(range(3 * LEAST + 7))


def test_items_gather_while_the_last_batch_is_under_way() -> None:
    written: list[int] = []
    go_on = Event()

    def write(batch: list[int]) -> None:
        go_on.wait()
        written.append(len(batch))

    with background_batches(write) as add:
        for i in range(LEAST + MOST - 1):
            add([i])
        go_on.set()
    assert written == [LEAST, MOST - 1]


# ------------------------------------------------------------------- scripts without a guard

SCRIPT = """
print("top", flush=True)
from tests.unit.test_parallel import squared
from pairlens.importers.parallel import map_items

print([o.value for o in map_items({function}, range(4), engine="processes", workers=2)])
"""

OWN = """
from functools import partial
from pairlens.importers.parallel import map_items

def own(number, by):
    return number * by

{run}
"""


def run_script(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(text)
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip


FULL = """
import resource
from pairlens.importers.parallel import map_items

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as where /dev/shm is full
print([o.value for o in map_items(abs, [-1], engine="processes", workers=1)])
"""


def test_workers_need_no_room_for_locks(tmp_path: Path):
    done = run_script(tmp_path, FULL)
    assert (done.stdout, done.stderr) == ("[1]\n", "")


def test_a_script_without_a_guard_runs_once(tmp_path: Path):
    done = run_script(tmp_path, SCRIPT.format(function="squared"))
    assert done.stdout.splitlines() == ["top", "[0, 1, 4, 9]"], done.stderr


RUN = 'print([o.value for o in map_items(partial(own, by=3), range(4), engine="processes")])'


def test_what_a_script_defines_runs_under_a_guard(tmp_path: Path):
    done = run_script(tmp_path, OWN.format(run=f'if __name__ == "__main__":\n    {RUN}'))
    assert done.stdout.splitlines() == ["[0, 3, 6, 9]"], done.stderr


def test_what_a_script_defines_without_a_guard_is_told(tmp_path: Path):
    done = run_script(tmp_path, OWN.format(run=RUN))
    assert done.returncode == 1
    assert "put what it does under if __name__ == '__main__':" in done.stderr


# ------------------------------------------------------------------- however the parent ends


def own_process(_: int) -> int:
    return os.getpid()


ENDLESS = """
from itertools import count
from tests.unit.test_parallel import own_process
from pairlens.importers.parallel import map_items

for outcome in map_items(own_process, count(), engine="processes", workers=2):
    print(outcome.unwrap(), flush=True)
"""


def test_no_worker_outlives_a_parent_that_is_killed(tmp_path: Path):
    (tmp_path / "script.py").write_text(ENDLESS)
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    parent = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert parent.stdout
    worker = psutil.Process(int(parent.stdout.readline()))
    workers = psutil.Process(parent.pid).children()
    assert worker in workers
    parent.kill()
    parent.wait()
    _, left = psutil.wait_procs(workers, timeout=20)
    parent.stdout.close()
    assert not left
