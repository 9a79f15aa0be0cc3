"""Results on stdout, progress and notices on stderr, and a log."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO

from pairlens.fiftyone_plugin.run_log import LOG, PRINTED
from pairlens.importers.parallel import Progress

_NARROWEST = 24
"""Characters that a column must have for its text to be wrapped within it."""


def say(line: str) -> None:
    """Prints a line about what is going on to stderr, and logs it."""
    LOG.info(_print(line, sys.stderr), extra=PRINTED)


def show(line: str) -> None:
    """Prints a line of a result to stdout, and logs it."""
    LOG.info(_print(line, sys.stdout), extra=PRINTED)


def confirm(lines: Sequence[str]) -> bool | None:
    """Shows lines on the terminal, the last of which is a question, and gives the answer.

    Returns:
        ``None`` without a terminal
    """
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    for line in lines[:-1]:
        say(line)
    say(f"{lines[-1]} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _print(line: str, stream: TextIO) -> str:
    """Prints a line for people, with control characters of dataset texts made visible.

    Lines are as wide as the terminal; where there is none, a line stays one, for other programs.

    Returns:
        the line, whole
    """
    clean = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in line)
    encoding = stream.encoding or "utf-8"
    text = clean.encode(encoding, "backslashreplace").decode(encoding)
    wide = not stream.isatty()
    print(text if wide else fit(text, shutil.get_terminal_size().columns), file=stream)
    return text


def fit(text: str, width: int) -> str:
    """A text with its long lines wrapped, those of tables within their last column."""
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    starts = [found.end() for found in re.finditer(r"  +", line)]
    indent = max((at for at in starts if at <= width - _NARROWEST), default=2)
    return textwrap.fill(
        line, width, subsequent_indent=" " * indent, break_on_hyphens=False, tabsize=4
    )


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
