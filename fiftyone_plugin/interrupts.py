"""What Ctrl-C does: it ends a step at once or after what is under way, and the second one ends all.

Python runs the handler of a signal between two of its own instructions: it waits for as long as a
library computes, and what it raises a library may swallow. So a thread hears of each Ctrl-C as
well, and sees to it that something is said or done within a second.
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
"""What the thread hears at the end; no signal has the number 0."""

_SECONDS = 0.7
"""After which it is looked whether a Ctrl-C did something."""

_current: Interrupts | None = None


class Interrupts:
    """Hears Ctrl-C in the main thread, and beside it."""

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
        """Hears nothing any more."""
        signal.set_wakeup_fd(self._wakeup)
        signal.signal(signal.SIGINT, self._handler)
        sys.unraisablehook = self._hook
        # Not by closing this end: who was forked meanwhile holds it as well.
        os.write(self._writer, _OVER)
        self._thread.join()
        os.close(self._writer)
        os.close(self._reader)

    def stopped(self) -> bool:
        """Whether to stop; who asks has begun, and from now on is left to end what it is at."""
        self._soft = True
        return self._asked

    def harden(self) -> None:
        """From now on the first Ctrl-C ends what is under way, too."""
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
        """Runs in a thread of its own until it is told that all is over."""
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
        """Sees to it that a Ctrl-C does something, a moment after it or the look before."""
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
    """Within it, Ctrl-C ends worker processes and requests, and raises ``KeyboardInterrupt``.

    Waiting for what the workers have begun takes seconds, for a store that stalls minutes. The
    second Ctrl-C ends the process itself, with what it is tidying up. In other threads than the
    main one nothing changes, and ``None`` is yielded.
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
    """Within it, the first Ctrl-C only asks to stop, which the yielded function tells.

    Until that is asked for the first time nothing is under way that would be lost, such as while a
    model is loaded, and Ctrl-C ends at once. The second one does what the first would have done
    outside. Only the main thread can be interrupted; in others nothing changes.
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
    """Ends this process and its workers, as a kill does, which all steps are proof against."""
    for worker in multiprocessing.active_children():
        worker.kill()
    _write(f"\n{INTERRUPTED}\n")
    os._exit(1)


def _write(text: str) -> None:
    # print() may be at work in the very line that was interrupted.
    os.write(2, text.encode())
