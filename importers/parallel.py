"""A parallel map over many items, a thread that writes behind, and settings for long passes.

Results of the map come in the order of the items, a failing item fails alone, and only a window of
items is under way at once, so that an endless stream of them takes bounded memory.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat
from multiprocessing import get_context, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock, Thread
from types import FunctionType, ModuleType
from typing import Any, Generic, Literal, TypeVar, get_args

import cv2

from pairlens.importers.errors import StateError, UsageError

Engine = Literal["threads", "processes", "ray"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
WINDOW = 4
"""Items under way for each worker: enough that none waits while results are stored."""

LEAST = 250
"""Items of a write; the fewer, the less is left to write when the last one is made."""

MOST = 4000
"""Items that gather while a write is under way, which then is waited for."""

_OBJECTS = 500_000
"""New containers between two looks of the garbage collector, about 20,000 documents; by default
700, about 30. Each look takes some 20 ms, as nearly all of them are still in use."""

_lock = Lock()
_users = 0
_before = 0

A = TypeVar("A")
B = TypeVar("B")

Progress = Callable[[int, int | None], None]
"""Called with how much is done and how much there is, where that is known."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[A, B]):
    """The result of one item: either ``value`` or ``error``."""

    item: A
    value: B | None = None
    error: Exception | None = None

    def unwrap(self) -> B:
        """The value, or raises the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


def no_progress(done: int, total: int | None) -> None:
    """Ignores progress."""


def default_workers() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_items(
    function: Callable[[A], B],
    items: Iterable[A],
    *,
    engine: Engine = "threads",
    workers: int | None = None,
    chunk: int = 1,
) -> Iterator[Outcome[A, B]]:
    """Applies a function to every item.

    Args:
        function: importable by name and picklable with its arguments for ``processes`` and
            ``ray``; a script needs a guard only if it defines some of that itself
        items: consumed as workers become free
        engine: ``threads`` (decoding and hashing release the lock; one is the caller's own),
            ``processes``, or ``ray`` for more than one machine, which then must share their
            storage
        workers: at the most this many at once; the machine's cores if not given
        chunk: items handed to a worker at once, which saves time where each takes less than
            the handing over; the first few go one by one, so that who takes only those does
            not wait for more

    Raises:
        UsageError: for an engine that is unknown or not installed, and workers below 1
        StateError: if a worker process dies, whose items cannot be told from the others'
    """
    workers = default_workers() if workers is None else workers
    if engine not in ENGINES:
        raise UsageError(f"there is no engine {engine!r}; known: {', '.join(ENGINES)}")
    if workers < 1:
        raise UsageError(f"{workers} workers can do nothing; give 1 or more")
    if engine == "threads" and workers == 1:
        for batch in _chunks(items, chunk, singles=WINDOW):
            for item, (value, error) in zip(batch, _each(function, batch), strict=True):
                yield Outcome(item, value, error)
        return
    with _submitter(engine, workers, function) as submit:
        pending: deque[tuple[list[A], Future[list[_Result[B]]]]] = deque()
        try:
            for batch in _chunks(items, chunk, singles=workers * WINDOW):
                pending.append((batch, submit(partial(_each, function), batch)))
                if len(pending) >= workers * WINDOW:
                    yield from _collect(*pending.popleft())
            while pending:
                yield from _collect(*pending.popleft())
        except BrokenExecutor as error:
            raise StateError(_died(function)) from error
        finally:
            for _, future in pending:
                future.cancel()


_Result = tuple[B | None, Exception | None]


def _chunks(items: Iterable[A], chunk: int, singles: int) -> Iterator[list[A]]:
    iterator = iter(items)
    for size in chain(repeat(1, singles), repeat(chunk)):
        batch = list(islice(iterator, size))
        if not batch:
            return
        yield batch


def _each(function: Callable[[A], B], batch: list[A]) -> list[_Result[B]]:
    results: list[_Result[B]] = []
    with one_thread():
        for item in batch:
            try:
                results.append((function(item), None))
            except Exception as error:
                results.append((None, error))
    return results


def _collect(batch: list[A], future: Future[list[_Result[B]]]) -> Iterator[Outcome[A, B]]:
    try:
        results = future.result()
    except BrokenExecutor:
        raise
    except Exception as error:  # what cannot travel between processes
        results = [(None, error)] * len(batch)
    for item, (value, error) in zip(batch, results, strict=True):
        yield Outcome(item, value, error)


@contextmanager
def _submitter(
    engine: Engine, workers: int, function: Callable[..., Any]
) -> Iterator[Callable[..., Future[Any]]]:
    if engine == "ray":
        yield _ray_submit(workers)
        return
    pool: Executor
    if engine == "threads":
        pool = ThreadPoolExecutor(workers, thread_name_prefix="pairlens")
    else:
        # Forking a process that holds a database connection and threads can deadlock.
        context = get_context("spawn") if _is_of_script(function) else _SpawnAlone()
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    with pool:
        yield pool.submit


def _start_worker() -> None:
    """Ends a worker when its parent ends, however that ends, and leaves Ctrl-C to the parent.

    Idle workers otherwise wait for ever: each holds the end of the pipe that they all read from.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _ProcessAlone(SpawnProcess):
    """A process that does not run the script of its parent again.

    Python's own imports that script, to find what it defines: whatever stands in it without
    ``if __name__ == "__main__":`` then runs once more in every worker.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)  # type: ignore[attr-defined]
        finally:
            sys.modules["__main__"] = main


class _SpawnAlone(SpawnContext):
    Process = _ProcessAlone  # type: ignore[assignment]


class _OfScript(Exception):
    """Something is defined in the script that Python was started with."""


class _Finder(pickle.Pickler):
    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, type | FunctionType) and obj.__module__ == "__main__":
            raise _OfScript


def _is_of_script(function: Callable[..., Any]) -> bool:
    """Whether workers need the script itself to unpickle a function or its arguments."""
    try:
        _Finder(io.BytesIO()).dump(function)
    except _OfScript:
        return True
    except Exception:  # cannot be pickled, which the engine says
        return False
    return False


def _died(function: Callable[..., Any]) -> str:
    if _is_of_script(function):
        return (
            "a worker process died: workers run the script again to find what it defines, so what "
            "it does must stand under if __name__ == '__main__':, or what it defines in a module"
        )
    return (
        "a worker process died, of too little memory or a crash in a decoder; "
        "go on with --resume, and fewer --workers if it was memory"
    )


def _ray_submit(workers: int) -> Callable[..., Future[Any]]:
    try:
        import ray
    except ImportError:
        raise UsageError("the ray engine needs Ray: pip install 'pairlens[ray]'") from None
    if not ray.is_initialized():
        # RAY_ADDRESS, where set, names a cluster, which brings its own size.
        cores = None if os.environ.get("RAY_ADDRESS") else workers
        ray.init(num_cpus=cores, log_to_driver=False, include_dashboard=False)
    remote = ray.remote(_call)

    def submit(function: Callable[[A], B], item: A) -> Future[B]:
        return remote.remote(partial(function, item)).future()

    return submit


def _call(task: Callable[[], B]) -> B:
    return task()


class OneBehind:
    """Runs tasks one after the other in a thread, each while the next is prepared.

    Args:
        thread: an executor of one thread
    """

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        self._under_way: Future[Any] | None = None

    @property
    def idle(self) -> bool:
        """Whether no task is under way."""
        return self._under_way is None or self._under_way.done()

    def __call__(self, task: Callable[[], object]) -> None:
        """Starts a task when the one before is done; raises what that raised."""
        self.wait()
        self._under_way = self._thread.submit(task)

    def wait(self) -> None:
        """Returns when the last task is done; raises what it raised."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()


@contextmanager
def one_behind() -> Iterator[OneBehind]:
    """Yields a runner of tasks in a thread; all are done when the context ends."""
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        behind = OneBehind(thread)
        yield behind
        behind.wait()


@contextmanager
def batches_behind(write: Callable[[list[A]], object]) -> Iterator[Callable[[Iterable[A]], None]]:
    """Yields a function that takes items, which are written in batches in a thread.

    A batch has :data:`LEAST` items or more, but for the last; all are written when the context
    ends.

    Args:
        write: called with one batch after the other, in a thread
    """
    gathered: list[A] = []

    with one_behind() as behind:

        def add(items: Iterable[A]) -> None:
            gathered.extend(items)
            if len(gathered) >= LEAST and (behind.idle or len(gathered) >= MOST):
                flush()

        def flush() -> None:
            behind(partial(write, gathered[:]))
            gathered.clear()

        yield add
        flush()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits OpenCV to the calling thread until the last context that asked for it ends.

    OpenCV splits one picture over all cores. Where the cores have a picture each already, its
    threads wait for each other and nothing else: measuring a mask of 512x512 pixels takes twice
    the processor time.
    """
    global _users, _before
    with _lock:
        if not _users:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                cv2.setNumThreads(_before)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Makes collections rare.

    Documents form no cycles: they go when their batch is read or written, and every look at
    those that are being made is in vain. The default threshold makes those looks two thirds of
    the time that the documents take.
    """
    before = gc.get_threshold()
    if before[0]:  # somebody may have switched it off
        gc.set_threshold(max(before[0], _OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
