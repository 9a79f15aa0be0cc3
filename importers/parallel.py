"""One map over many items, whatever runs it.

Results come in the order of the items, a failing item fails alone, and only a window of
items is under way at once, so that an endless stream of them takes bounded memory.
"""

from __future__ import annotations

import os
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
from multiprocessing import get_context
from typing import Any, Generic, Literal, TypeVar, get_args

from importers.errors import StateError, UsageError

Engine = Literal["threads", "processes", "ray"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
WINDOW = 4
"""Items under way for each worker: enough that none waits while results are stored."""

A = TypeVar("A")
B = TypeVar("B")

Progress = Callable[[int, int | None], None]
"""Called with how much is done and how much there is, where that is known."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[A, B]):
    """What became of one item: either ``value`` or ``error``."""

    item: A
    value: B | None = None
    error: Exception | None = None

    def unwrap(self) -> B:
        """The value, or raises the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


def no_progress(done: int, total: int | None) -> None:
    """For callers who do not watch."""


def default_workers() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_items(
    function: Callable[[A], B],
    items: Iterable[A],
    *,
    engine: Engine = "threads",
    workers: int | None = None,
) -> Iterator[Outcome[A, B]]:
    """Applies a function to every item.

    Args:
        function: importable by name and picklable with its arguments for ``processes`` and
            ``ray``
        items: consumed as workers become free
        engine: ``threads`` (decoding and hashing release the lock), ``processes``, or
            ``ray`` for more than one machine, which then must share their storage
        workers: at the most this many at once; the machine's cores if not given

    Raises:
        UsageError: for an engine that is unknown or not installed, and workers below 1
        StateError: if a worker process dies, whose items cannot be told from the others'
    """
    workers = default_workers() if workers is None else workers
    if engine not in ENGINES:
        raise UsageError(f"there is no engine {engine!r}; known: {', '.join(ENGINES)}")
    if workers < 1:
        raise UsageError(f"{workers} workers can do nothing; give 1 or more")
    with _submitter(engine, workers) as submit:
        pending: deque[tuple[A, Future[B]]] = deque()
        try:
            for item in items:
                pending.append((item, submit(function, item)))
                if len(pending) >= workers * WINDOW:
                    yield _collect(*pending.popleft())
            while pending:
                yield _collect(*pending.popleft())
        except BrokenExecutor as error:
            raise StateError(
                "a worker process died, of too little memory or a crash in a decoder; "
                "go on with --resume, and fewer --workers if it was memory"
            ) from error
        finally:
            for _, future in pending:
                future.cancel()


def _collect(item: A, future: Future[B]) -> Outcome[A, B]:
    try:
        return Outcome(item, value=future.result())
    except BrokenExecutor:
        raise
    except Exception as error:
        return Outcome(item, error=error)


@contextmanager
def _submitter(engine: Engine, workers: int) -> Iterator[Callable[..., Future[Any]]]:
    if engine == "ray":
        yield _ray_submit(workers)
        return
    pool: Executor
    if engine == "threads":
        pool = ThreadPoolExecutor(workers, thread_name_prefix="pairlens")
    else:
        # Forking a process that holds a database connection and threads can deadlock.
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    with pool:
        yield pool.submit


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
