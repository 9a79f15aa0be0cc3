"""A parallel map over many items, and settings for long passes.

Results come in the order of the items. An item that fails does not affect others. Only a window of
items is in work at a time, so that an endless stream of them takes bounded memory.
"""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args

import cv2

from pairlens.importers.errors import (
    OutOfMemory,
    StateError,
    UsageError,
    as_it_is,
    sendable,
)
from pairlens.importers.frozen import frozen
from pairlens.importers.worker_processes import check_number, process_pool

Engine = Literal["threads", "processes", "ray"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
WINDOW = 4
"""Pending batches for each worker, enough that none is idle while results are stored."""

_OBJECTS = 500_000
"""Allocated containers between garbage collections, those of about 20,000 documents; Python's
default is 700, about 30 documents. A collection takes about 20 ms, and frees almost nothing."""

_lock = Lock()
_users = 0
_before = 0

A = TypeVar("A")
B = TypeVar("B")

Progress = Callable[[int, int | None], None]
"""Called with the number of finished items and the total number, ``None`` if that is unknown."""


@frozen
class Outcome(Generic[A, B]):
    """The result of one item: either ``value`` or ``error``."""

    item: A
    value: B | None = None
    error: Exception | None = None

    def unwrap(self) -> B:
        """Returns the value, or raises the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


def no_progress(done: int, total: int | None) -> None:
    """Ignores progress."""


def default_workers() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Pool:
    """Where the work of a step runs: in this process, in worker processes, or on a Ray cluster.

    Attributes:
        engine: ``threads`` (decoding and hashing release the GIL), ``processes``, or ``ray`` for
            several machines with shared storage; ``None`` for the default of the step
        workers: number of workers; by default the number of cores of the machine or cluster
        address: of the Ray cluster, of which this machine is a node, as ``HOST:PORT`` or ``auto``;
            by default ``RAY_ADDRESS``, and without it Ray is started on this machine
        files: files and folders that all nodes must see as this process does; each node checks them
    """

    engine: Engine | None = None
    workers: int | None = None
    address: str | None = None
    files: tuple[Path, ...] = ()

    def check(self) -> None:
        """Validates the settings.

        Raises:
            UsageError: for an unknown engine, an impossible number of workers, or an address
                without Ray
        """
        if self.engine not in (None, *ENGINES):
            raise UsageError(f"there is no engine {self.engine!r}; known: {', '.join(ENGINES)}")
        check_number(self.workers, of_processes=self.engine == "processes")
        if self.address is not None and self.engine != "ray":
            raise UsageError(f"--ray-address {self.address} belongs to --engine ray")

    @property
    def is_here(self) -> bool:
        """Whether all work is done in this process."""
        return self.engine in (None, "threads")

    def map(
        self, function: Callable[[A], B], items: Iterable[A], *, chunk: int = 1
    ) -> Iterator[Outcome[A, B]]:
        """Applies a function to every item, as :func:`map_items` does."""
        with self.open(function) as apply:
            yield from apply(items, chunk)

    @contextmanager
    def open(self, function: Callable[[A], B]) -> Iterator[_Apply[A, B]]:
        """Yields :meth:`map` for a function, to be called several times.

        The workers stay the same, and keep what a :class:`PerWorker` created in them.
        """
        self.check()
        engine = self.engine or "threads"
        if engine == "threads" and self.workers == 1:
            yield partial(_map_here, function)
            return
        with _submitter(engine, self, function) as (submit, window):
            yield partial(_map_with, submit, window)


_Apply = Callable[[Iterable[A], int], Iterator[Outcome[A, B]]]


class PerWorker(Generic[A, B]):
    """A function that each worker creates once for itself, such as one with a model.

    On a cluster each such worker has its own process as long as the map is open.

    Args:
        make: creates the function; importable by name and picklable with its arguments
        gpus: whether it uses a GPU; if the cluster has any, there is one worker for each
    """

    def __init__(self, make: Callable[[], Callable[[A], B]], *, gpus: bool = False) -> None:
        self._make = make
        self._token = token_hex(8)
        self.gpus = gpus

    def __call__(self, item: A) -> B:
        """Applies the function, which the first call creates."""
        if self._token not in _made:
            _made[self._token] = self._make()
        return _made[self._token](item)


_made: dict[str, Callable[[Any], Any]] = {}


def map_items(
    function: Callable[[A], B],
    items: Iterable[A],
    *,
    engine: Engine = "threads",
    workers: int | None = None,
    address: str | None = None,
    chunk: int = 1,
) -> Iterator[Outcome[A, B]]:
    """Applies a function to every item.

    Args:
        function: importable by name and picklable with its arguments for ``processes``; a script
            needs a guard only if it defines some of that itself. For ``ray``, code that is not
            installed is sent along
        items: consumed as workers become free
        engine, workers, address: as in :class:`Pool`
        chunk: items sent to a worker at a time, which saves time if each takes less than the
            sending; the first few are sent one by one, so that taking only those does not wait for
            more

    Raises:
        UsageError: for an unknown engine, one that is not installed, or workers below 1
        StateError: if a worker process dies (nobody knows with which item), the cluster cannot be
            used, or memory runs out
    """
    return Pool(engine, workers, address).map(function, items, chunk=chunk)


def _map_here(
    function: Callable[[A], B], items: Iterable[A], chunk: int
) -> Iterator[Outcome[A, B]]:
    for batch in _chunks(items, chunk, singles=WINDOW):
        for item, (value, error) in zip(batch, _each(function, batch), strict=True):
            yield _outcome(item, value, error)


def _map_with(
    submit: _Submit, window: int, items: Iterable[A], chunk: int
) -> Iterator[Outcome[A, Any]]:
    pending: deque[tuple[list[A], Pending]] = deque()
    try:
        for batch in _chunks(items, chunk, singles=window):
            pending.append((batch, submit(batch)))
            if len(pending) >= window:
                yield from _collect(*pending[0])
                pending.popleft()
        while pending:
            yield from _collect(*pending[0])
            pending.popleft()
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
                results.append((None, as_it_is(error)))
    return results


def _outcome(item: A, value: Any, error: Exception | None) -> Outcome[A, Any]:
    """Makes the outcome of an item; raises an error that is not the item's fault."""
    if isinstance(error, OutOfMemory):
        raise error
    return Outcome(item, value, error)


def _each_sent(function: Callable[[A], B], batch: list[A]) -> list[_Result[B]]:
    """Does what :func:`_each` does, in another process, with errors that can be pickled."""
    return [(value, error and sendable(error)) for value, error in _each(function, batch)]


def _collect(batch: list[A], future: Pending) -> Iterator[Outcome[A, Any]]:
    try:
        results = future.result()
    except StateError:  # of the workers, no result of theirs
        raise
    except Exception as error:  # what cannot travel between processes
        results = [(None, as_it_is(error))] * len(batch)
    for item, (value, error) in zip(batch, results, strict=True):
        yield _outcome(item, value, error)


class Pending(Protocol):
    """The results of a batch that is in work."""

    def result(self) -> Any:
        """Waits for the results, and returns them or raises."""
        ...

    def cancel(self) -> object:
        """Cancels the batch; processes start nothing more once the map is closed, Ray may still."""
        ...


_Submit = Callable[[list[Any]], Pending]


@contextmanager
def _submitter(
    engine: Engine, pool: Pool, function: Callable[..., Any]
) -> Iterator[tuple[_Submit, int]]:
    """Yields a function that sends a batch to a worker, and how many batches may be in work."""
    work = partial(_each if engine == "threads" else _each_sent, function)
    if engine == "ray":
        from pairlens.importers.ray_engine import ray_workers

        own = function if isinstance(function, PerWorker) else None
        gpus = own and own.gpus
        with ray_workers(work, pool.workers, pool.address, pool.files, gpus, WINDOW) as handed:
            yield handed
        return
    workers = pool.workers or default_workers()
    if engine == "threads":
        with ThreadPoolExecutor(workers, thread_name_prefix="pairlens") as threads:
            yield partial(threads.submit, work), workers * WINDOW
        return
    with process_pool(workers, function) as submit:
        yield partial(submit, work), workers * WINDOW


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits OpenCV to the calling thread until the last such context ends.

    OpenCV splits a picture over all cores. If each core has a picture already, its threads only
    wait for each other: measuring a mask of 512x512 pixels takes twice the processor time.
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
    """Makes garbage collections rare within this context.

    Documents form no reference cycles, so collections find nothing in them. With the default
    threshold they take two thirds of the time that reading documents takes.
    """
    before = gc.get_threshold()
    if before[0]:  # somebody may have switched it off
        gc.set_threshold(max(before[0], _OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
