"""How the command line speaks to people: lines and progress, on stderr."""

from __future__ import annotations

import sys
from typing import Any

from importers.parallel import Progress


def say(line: str) -> None:
    """Prints a line for people, with control characters of dataset texts made visible."""
    clean = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in line)
    encoding = sys.stderr.encoding or "utf-8"
    print(clean.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)


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
