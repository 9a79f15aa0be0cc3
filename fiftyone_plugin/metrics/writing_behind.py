"""Writes in another thread while the next things are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

T = TypeVar("T")

LEAST = 250
"""Things a write; the fewer, the less is left to write when the last one is made."""

MOST = 4000
"""Things that gather while the last write is under way, which then is waited for."""


class WritingBehind(Generic[T]):
    """Gathers things and writes them in batches, one after the other.

    Args:
        writer: a single thread
        write: called in it with each batch
    """

    def __init__(self, writer: Executor, write: Callable[[list[T]], None]) -> None:
        self._writer = writer
        self._write = write
        self._gathered: list[T] = []
        self._under_way: Future[None] | None = None

    def add(self, things: Iterable[T]) -> None:
        """Takes the next things; raises what an earlier write raised."""
        self._gathered.extend(things)
        if len(self._gathered) >= LEAST and (self._idle() or len(self._gathered) >= MOST):
            self._submit()

    def finish(self) -> None:
        """Writes the rest, and returns when all is written."""
        self._submit()
        self._wait()

    def _idle(self) -> bool:
        return self._under_way is None or self._under_way.done()

    def _submit(self) -> None:
        self._wait()
        self._under_way = self._writer.submit(self._write, self._gathered)
        self._gathered = []

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()
