"""A thread that writes behind, while the next is prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

LEAST = 250
"""Items of a write; the fewer, the less is left to write when the last one is made."""

MOST = 4000
"""Items that gather while a write is under way, which then is waited for."""

A = TypeVar("A")


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
        # In this context, so that a task that writes asks the same leases.
        self._under_way = self._thread.submit(copy_context().run, task)

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
