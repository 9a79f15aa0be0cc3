"""Ends a process that hangs because a new thread could not get memory.

``Thread.start`` waits until the new thread reports that it runs. A thread that fails to allocate
memory before that dies without a report, and ``start`` waits forever, in PairLens or in a library.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pairlens.importers import memory
from pairlens.importers.errors import OUT_OF_MEMORY

_SECONDS = 2.0
"""Seconds between two inspections of the threads."""

_LOOKS = 3
"""Consecutive inspections that must find the same thread not running before the process is ended. A
thread that gets memory runs within milliseconds."""

FAILED = 1
"""Exit code of a process that was ended."""


@contextmanager
def ending_when_starved(*, as_json: bool) -> Iterator[None]:
    """Ends the process with one sentence if it hangs in the start of a thread within the context.

    Args:
        as_json: whether the sentence is also printed to stdout, as a JSON object with ``error``
    """
    # The messages are encoded now, while there is memory.
    message = f"pairlens: {OUT_OF_MEMORY}\n".encode()
    printed = f"{json.dumps({'error': OUT_OF_MEMORY})}\n".encode() if as_json else b""
    over, before = end_when_starved(message, printed), threading.excepthook

    def report(args: threading.ExceptHookArgs) -> None:
        """Prints the errors of threads except a lack of memory, which the command reports."""
        if args.exc_value is None or not memory.ran_out(args.exc_value):
            before(args)

    threading.excepthook = report
    try:
        yield
    finally:
        over.set()
        threading.excepthook = before


def end_when_starved(message: bytes = b"", printed: bytes = b"") -> threading.Event:
    """Starts a thread that ends this process if it hangs in the start of another thread.

    Args:
        message: written to stderr before the process ends; workers write nothing, since their
            parent reports that they died
        printed: written to stdout

    Returns:
        an event that stops the watching thread when it is set
    """
    over = threading.Event()
    threading.Thread(target=_watch, args=(over, message, printed), daemon=True).start()
    return over


def _watch(over: threading.Event, message: bytes, printed: bytes) -> None:
    waiting: list[threading.Thread] = []
    looks = 0
    while not over.is_set():
        time.sleep(_SECONDS)
        with suppress(MemoryError):
            starting = _starting()
            waiting = [thread for thread in starting if not looks or thread in waiting]
            looks = looks + 1 if waiting else 0
        if looks > _LOOKS and not over.is_set():
            _end(message, printed)


def _starting() -> list[threading.Thread]:
    """Returns the threads that were started and do not run yet.

    ``sys._current_frames`` would tell too, but before Python 3.12 the garbage collector can run
    within it, while it holds a lock that another thread may need: the process would deadlock.
    """
    return [thread for thread in threading.enumerate() if not thread.is_alive()]


def _end(message: bytes, printed: bytes) -> None:
    """Ends this process and its workers at once; all steps can resume after a kill."""
    with suppress(MemoryError):
        for worker in multiprocessing.active_children():
            worker.kill()
    os.write(2, message)
    os.write(1, printed)
    os._exit(FAILED)
