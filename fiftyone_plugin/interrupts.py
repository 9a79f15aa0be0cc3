"""Handles Ctrl-C: it ends a step immediately or after its batch; a second one always ends it.

Python runs signal handlers between two of its own instructions: a handler waits while a library
computes, and a library can swallow its exception. A thread therefore receives each Ctrl-C, too, and
ensures a reaction within a second.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pairlens.importers.object_stores import end_requests

INTERRUPTED = "Interrupted. What was done is kept; --resume goes on with an import or prediction."

_STOPPING = "\nStopping after this batch. Ctrl-C again stops at once.\n"
_ENDING = "\nEnding what cannot be left in its middle. Ctrl-C again stops at once.\n"

_OVER = b"\0"
"""Message that ends the thread; no signal has the number 0."""

_SECONDS = 0.7
"""Seconds after a Ctrl-C until its effect is checked."""

_current: Interrupts | None = None


class Interrupts:
    """Receives Ctrl-C in the main thread and in a thread of its own."""

    def __init__(self) -> None:
        self._soft = self._asked = self._raised = self._again = self._told = False
        self._ahead = False
        self._heard = self._own = 0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._handler = signal.signal(signal.SIGINT, self._handle)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._tell
        self._main = threading.get_ident()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Restores the previous handling of Ctrl-C."""
        signal.set_wakeup_fd(self._wakeup)
        signal.signal(signal.SIGINT, self._handler)
        sys.unraisablehook = self._hook
        # Not by closing this end: who was forked meanwhile holds it as well.
        os.write(self._writer, _OVER)
        self._thread.join()
        os.close(self._writer)
        os.close(self._reader)

    def stopped(self) -> bool:
        """Whether to stop. After the first call, the first Ctrl-C only requests a stop."""
        self._soft = True
        return self._asked

    def harden(self) -> None:
        """Makes the first Ctrl-C end the step immediately again."""
        self._soft = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._again:
            self._again = False
            if not _is_handled():
                raise KeyboardInterrupt
        elif self._ahead:
            self._ahead = False
        elif self._soft and not self._asked:
            self._asked = True
            _write(_STOPPING)
        elif self._raised:
            _end()
        else:
            self._raised = True
            for worker in multiprocessing.active_children():
                worker.terminate()
            end_requests()
            raise KeyboardInterrupt

    def _tell(self, error: sys.UnraisableHookArgs) -> None:
        """Leaves out what a destructor met in place of the step; it is raised there again."""
        if error.exc_type is not KeyboardInterrupt:
            self._hook(error)

    def _listen(self) -> None:
        """Runs in its own thread until :meth:`close`."""
        looked = time.monotonic()
        while True:
            wait = max(0.0, looked + _SECONDS - time.monotonic()) if self._heard else None
            if select.select([self._reader], [], [], wait)[0]:
                heard = os.read(self._reader, 1)
                if heard == _OVER:
                    return
                if heard[0] == signal.SIGINT and self._own:
                    self._own -= 1
                elif heard[0] == signal.SIGINT:
                    self._heard += 1
                    looked = time.monotonic()
                continue
            self._look()
            looked = time.monotonic()

    def _look(self) -> None:
        """Ensures that a Ctrl-C has an effect, a moment after it or after the last check."""
        if self._heard > 1:
            _end()
        if self._asked and not self._raised:
            return
        if self._soft and not self._raised:  # a library is at work, and the handler has to wait
            self._ahead = self._asked = True
            _write(_STOPPING)
            return
        if not self._told:
            self._told = True
            _write(_ENDING)
        if self._raised and not self._again:  # somebody may have swallowed it
            self._again = True
            self._own += 1
            signal.pthread_kill(self._main, signal.SIGINT)


@contextmanager
def stopping_at_once() -> Iterator[Interrupts | None]:
    """A context in which Ctrl-C ends workers and requests, and raises ``KeyboardInterrupt``.

    To wait for the workers would take seconds, for a stalled object store minutes. The second
    Ctrl-C ends the process itself, even during its cleanup. In other threads than the main one
    nothing changes, and ``None`` is yielded.
    """
    global _current
    if threading.current_thread() is not threading.main_thread() or _current:
        yield _current
        return
    _current = Interrupts()
    try:
        yield _current
    finally:
        _current.close()
        _current = None


@contextmanager
def stopping_gracefully() -> Iterator[Callable[[], bool]]:
    """A context in which the first Ctrl-C only requests a stop, which the yielded function returns.

    Before the first call of that function no work can be lost, for example while a model is loaded,
    so that Ctrl-C ends the step immediately. The second Ctrl-C acts like the first one outside of
    the context. Only the main thread can be interrupted; in others nothing changes.
    """
    with stopping_at_once() as interrupts:
        if interrupts is None or threading.current_thread() is not threading.main_thread():
            yield lambda: False
            return
        try:
            yield interrupts.stopped
        finally:
            interrupts.harden()


def _is_handled() -> bool:
    """Whether the code that was interrupted runs because of ``KeyboardInterrupt``."""
    error = sys.exception()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _end() -> NoReturn:
    """Kills this process and its workers; every step can be continued after a kill."""
    for worker in multiprocessing.active_children():
        worker.kill()
    _write(f"\n{INTERRUPTED}\n")
    os._exit(1)


def _write(text: str) -> None:
    # print() may be at work in the very line that was interrupted.
    os.write(2, text.encode())
