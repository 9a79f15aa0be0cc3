"""Where a file first speaks of a key, kept on the disk: decisions files have millions of lines."""

from __future__ import annotations

import sqlite3


class LineIndex:
    """The number of the line that first had a key, and a value of it; a context that ends with it.

    Memory stays flat: SQLite keeps a few MB of pages and writes the others to a temporary file.
    """

    def __init__(self) -> None:
        # Without a name, the database lies in a file of its own that goes when it is closed.
        self._lines = sqlite3.connect("", isolation_level=None)
        self._lines.execute("BEGIN")  # else each line would be a transaction
        self._lines.execute(
            "CREATE TABLE lines (key TEXT PRIMARY KEY, line INTEGER, value TEXT) WITHOUT ROWID"
        )

    def __enter__(self) -> LineIndex:
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.close()

    def get(self, key: str) -> tuple[int, str] | None:
        """The line and the value that were added for a key, or ``None``."""
        found = self._lines.execute("SELECT line, value FROM lines WHERE key = ?", (key,))
        return found.fetchone()

    def add(self, key: str, line: int, value: str = "") -> None:
        """Adds the line of a key, unless it has one."""
        self._lines.execute("INSERT OR IGNORE INTO lines VALUES (?, ?, ?)", (key, line, value))
