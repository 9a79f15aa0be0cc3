"""Results on stdout, progress on stderr, and Ctrl-C that ends a step after its batch."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

from pairlens.importers.parallel import Progress

_SAID = b"\nStopping after this batch. Ctrl-C again stops at once.\n"


def say(line: str) -> None:
    """Prints a line about what is going on to stderr."""
    _print(line, sys.stderr)


def show(line: str) -> None:
    """Prints a line of a result to stdout."""
    _print(line, sys.stdout)


def _print(line: str, stream: TextIO) -> None:
    """Prints a line for people, with control characters of dataset texts made visible."""
    clean = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in line)
    encoding = stream.encoding or "utf-8"
    print(clean.encode(encoding, "backslashreplace").decode(encoding), file=stream)


class ProgressBar:
    """A progress bar on stderr that appears with the first progress, not before.

    Where stderr is no terminal, only its final state is printed.
    """

    def __init__(self, about: str) -> None:
        self._about = about
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        return self._update

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _update(self, done: int, total: int | None) -> None:
        if self._task is None:
            self._start()
        self._bar.update(self._task, completed=done, total=total)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(self._about, total=None)
        self._bar.start()


@contextmanager
def ending_softly() -> Iterator[Callable[[], bool]]:
    """Within it, the first Ctrl-C only asks to stop, which the yielded function tells.

    The second one raises ``KeyboardInterrupt``. Only the main thread can be interrupted; in
    others nothing changes.
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
