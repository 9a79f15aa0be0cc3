"""What the command line prints: lines for people, one object for programs, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from importers.parallel import Progress


@dataclass
class Report:
    """The result of a command.

    Attributes:
        data: what ``--json`` prints
        lines: what people read
        ok: whether the command did what it was for
    """

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    ok: bool = True


def say(line: str) -> None:
    """Prints a line for people, with control characters of dataset texts made visible."""
    clean = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in line)
    encoding = sys.stderr.encoding or "utf-8"
    print(clean.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)


@contextmanager
def progress_bar(about: str) -> Iterator[Progress]:
    """A progress bar on stderr; where that is no terminal, only its final state."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(about, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def table(rows: list[tuple[str, ...]], indent: str = "  ") -> list[str]:
    """Rows as lines with aligned columns; columns of figures to the right."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = [all(row[i].replace(",", "").replace(".", "").isdigit() for row in rows)
             for i in range(len(widths))]  # fmt: skip

    def cell(text: str, column: int) -> str:
        return text.rjust(widths[column]) if right[column] else text.ljust(widths[column])

    return [
        (indent + "  ".join(cell(text, i) for i, text in enumerate(row))).rstrip() for row in rows
    ]


def counts(values: Mapping[str, int]) -> str:
    """``train 6,901, val 144``."""
    return ", ".join(f"{name} {value:,}" for name, value in values.items())


def share(value: float | None) -> str:
    """A share as a percentage with two decimals, or ``-``."""
    return "-" if value is None else f"{100 * value:.2f}"


def shorten(text: str, width: int) -> str:
    """One line of at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def listed(entries: list[dict[str, str]], key: str, most: int = 5) -> list[str]:
    """The first few of a list of what went wrong, a line each."""
    lines = [f"  {entry[key]}: {shorten(entry['reason'], 140)}" for entry in entries[:most]]
    if len(entries) > most:
        lines.append(f"  ... and {len(entries) - most:,} more")
    return lines
