"""Ctrl-C that is asked for once and insisted on twice."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SAID = b"\nStopping after this batch. Ctrl-C again stops at once.\n"


@contextmanager
def ending_softly() -> Iterator[Callable[[], bool]]:
    """Within it, the first Ctrl-C only asks: what is given says whether it did.

    The second one raises ``KeyboardInterrupt``. Threads but the main one cannot be
    interrupted; there nothing changes.
    """
    asked = threading.Event()

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        os.write(2, _SAID)  # print() may be at work in the very line that was interrupted

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
