"""Ends a process that waits for a thread which had no memory to begin.

Python waits for a new thread to say that it runs. One that gets no memory before it could say so is
gone, and who started it, one's own code or a library, waits for ever.
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
"""From one look to the next."""

_LOOKS = 3
"""In a row that find the same thread waiting. One that has memory begins within milliseconds."""

FAILED = 1


@contextmanager
def ending_when_starved(*, as_json: bool) -> Iterator[None]:
    """Within it, a process that waits for a thread that never begins ends with one sentence.

    Args:
        as_json: whether stdout gets the sentence as well, as the object of an error
    """
    # Made now, while there is memory.
    said = f"pairlens: {OUT_OF_MEMORY}\n".encode()
    printed = f"{json.dumps({'error': OUT_OF_MEMORY})}\n".encode() if as_json else b""
    over, before = end_when_starved(said, printed), threading.excepthook

    def tell(args: threading.ExceptHookArgs) -> None:
        """Of threads of libraries that get no memory the command itself tells, in one sentence."""
        if args.exc_value is None or not memory.ran_out(args.exc_value):
            before(args)

    threading.excepthook = tell
    try:
        yield
    finally:
        over.set()
        threading.excepthook = before


def end_when_starved(said: bytes = b"", printed: bytes = b"") -> threading.Event:
    """Has this process end, from now on until an event, if it waits for such a thread.

    Args:
        said: what goes to stderr then; nothing of a worker, whose parent says that it died
        printed: what goes to stdout

    Returns:
        the event
    """
    over = threading.Event()
    threading.Thread(target=_watch, args=(over, said, printed), daemon=True).start()
    return over


def _watch(over: threading.Event, said: bytes, printed: bytes) -> None:
    waiting: list[threading.Thread] = []
    looks = 0
    while not over.is_set():
        time.sleep(_SECONDS)
        with suppress(MemoryError):
            now = _starting()
            waiting = [one for one in now if not looks or one in waiting]
            looks = looks + 1 if waiting else 0
        if looks > _LOOKS and not over.is_set():
            _end(said, printed)


def _starting() -> list[threading.Thread]:
    """Threads that were started and have not begun.

    Not by ``sys._current_frames``: before Python 3.12 garbage can be collected within it, while it
    holds a lock that another thread may want by then, and the whole process stands still for ever.
    """
    return [one for one in threading.enumerate() if not one.is_alive()]


def _end(said: bytes, printed: bytes) -> None:
    """Ends this process and its workers, as a kill does, which all steps are proof against."""
    with suppress(MemoryError):
        for worker in multiprocessing.active_children():
            worker.kill()
    os.write(2, said)
    os.write(1, printed)
    os._exit(FAILED)
