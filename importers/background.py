"""Writing in a background thread while the next batch is prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

LEAST = 250
"""Items of a batch at the least; the fewer, the shorter the wait for the last batch."""

MOST = 4000
"""Items that are buffered while a batch is written; then the caller waits."""

A = TypeVar("A")


class BackgroundThread:
    """Runs tasks one after the other in a thread, at most one ahead of the caller.

    Args:
        thread: an executor of one thread
    """

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        self._running: Future[Any] | None = None

    @property
    def idle(self) -> bool:
        """Whether no task is running."""
        return self._running is None or self._running.done()

    def __call__(self, task: Callable[[], object]) -> None:
        """Starts a task once the previous one has ended; raises what that one raised."""
        self.wait()
        # In a copy of this context, which knows the leases that a write checks.
        self._running = self._thread.submit(copy_context().run, task)

    def wait(self) -> None:
        """Waits for the last task; raises what it raised."""
        running, self._running = self._running, None
        if running is not None:
            running.result()


@contextmanager
def background_thread() -> Iterator[BackgroundThread]:
    """Yields a thread for tasks; all have ended when the context ends."""
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        background = BackgroundThread(thread)
        yield background
        background.wait()


@contextmanager
def background_batches(
    write: Callable[[list[A]], object],
) -> Iterator[Callable[[Iterable[A]], None]]:
    """Yields a function that takes items, which are written in batches in a background thread.

    A batch has :data:`LEAST` items or more, except the last; all are written when the context
    ends.

    Args:
        write: called in the thread with one batch after the other
    """
    gathered: list[A] = []

    with background_thread() as start:

        def add(items: Iterable[A]) -> None:
            gathered.extend(items)
            if len(gathered) >= LEAST and (start.idle or len(gathered) >= MOST):
                flush()

        def flush() -> None:
            start(partial(write, gathered[:]))
            gathered.clear()

        yield add
        flush()
