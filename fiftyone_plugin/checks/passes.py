"""Lets checks of whole datasets go through the pairs together.

Such a check goes through all pairs two or three times. If each did so alone, the database
would be read ten times; so they run in threads, and each pass feeds all that want one. The
first pass keeps what it read in a file of its own, from which the others come.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Condition, Thread
from typing import Any

from fiftyone_plugin.checks.base import Check, Finding, Subject

BATCH = 500
IN_MEMORY = 32 << 20
"""Bytes up to which what was read stays in memory."""

_WAIT = 0.2
_DEPTH = 2

Row = list[Any]
Run = Callable[[Check, Iterable[Subject]], Iterable[Finding]]


class Spool:
    """Rows that are read from a database once and then again and again.

    They hold text, numbers, and lists of them.

    Args:
        rows: to read
        size: how many of them are in memory at once
    """

    def __init__(self, rows: Iterator[Row], size: int = BATCH) -> None:
        self._rows: Iterator[Row] | None = rows
        self._size = size
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115

    def batches(self) -> Iterator[list[Row]]:
        """Yields all rows; the first time through must be to the end."""
        if self._rows is None:
            self._file.seek(0)
            while size := self._file.read(8):
                yield marshal.loads(self._file.read(int.from_bytes(size)))
            return
        batch: list[Row] = []
        for row in self._rows:
            batch.append(row)
            if len(batch) == self._size:
                yield self._keep(batch)
                batch = []
        if batch:
            yield self._keep(batch)
        self._rows = None

    def _keep(self, batch: list[Row]) -> list[Row]:
        try:
            data = marshal.dumps(batch)
        except ValueError:  # what other programs stored beside our own
            data = marshal.dumps(plain(batch))
        self._file.write(len(data).to_bytes(8) + data)
        return batch

    def close(self) -> None:
        """Deletes the file."""
        self._file.close()


def plain(value: Any) -> Any:
    """Lists, mappings, text and numbers as they are; ``None`` for anything else."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    kinds: tuple[Any, ...] = (bool, int, float, str, bytes)
    return next((kind(value) for kind in kinds if isinstance(value, kind)), None)


def run_together(
    checks: Iterable[Check], batches: Callable[[], Iterator[list[Subject]]], run: Run
) -> list[Finding]:
    """Runs checks of whole datasets side by side.

    Args:
        checks: each may go through its pairs as often as it likes
        batches: starts a pass over all pairs
        run: gives a check its pairs

    Returns:
        the findings of all, in the order of the checks

    Raises:
        Exception: the first that a check raises
    """
    turn = Condition()
    seats = [_Seat(turn, one, run) for one in checks]
    for seat in seats:
        seat.start()
    while _all_ready(turn, seats):
        riders = [seat for seat in seats if seat.wants]
        for seat in riders:
            seat.wants = False
        for batch in batches():
            for seat in riders:
                seat.give(batch)
        for seat in riders:
            seat.give(None)
    for seat in seats:
        seat.join()
        if seat.error is not None:
            raise seat.error
    return [finding for seat in seats for finding in seat.findings]


def _all_ready(turn: Condition, seats: list[_Seat]) -> bool:
    """Waits until each check wants a pass or is done; whether any wants one."""
    with turn:
        turn.wait_for(lambda: all(seat.wants or seat.done for seat in seats))
        return any(seat.wants for seat in seats)


class _Seat(Thread):
    """A check in a thread, with the pairs coming to it."""

    def __init__(self, turn: Condition, one: Check, run: Run) -> None:
        super().__init__(name=f"check {one.name}", daemon=True)
        self._turn = turn
        self._one = one
        self._run = run
        self._queue: Queue[list[Subject] | None] = Queue(_DEPTH)
        self._riding = False
        self.wants = False
        self.done = False
        self.findings: list[Finding] = []
        self.error: Exception | None = None

    def run(self) -> None:
        """Runs the check to its end."""
        try:
            self.findings = list(self._run(self._one, self))
        except Exception as error:
            self.error = error
        finally:
            with self._turn:
                self._riding, self.done = False, True
                self._turn.notify_all()

    def __iter__(self) -> Iterator[Subject]:
        """One pass, when all others are ready for one."""
        self._queue = Queue(_DEPTH)
        with self._turn:
            self._riding = self.wants = True
            self._turn.notify_all()
        try:
            while (batch := self._next()) is not None:
                yield from batch
        finally:
            self._riding = False

    def _next(self) -> list[Subject] | None:
        while True:
            try:
                return self._queue.get(timeout=60)
            except Empty:
                continue  # the database takes its time, or another check does

    def give(self, batch: list[Subject] | None) -> None:
        """Hands over a batch, unless the check has left the pass."""
        while self._riding:
            try:
                return self._queue.put(batch, timeout=_WAIT)
            except Full:
                continue
