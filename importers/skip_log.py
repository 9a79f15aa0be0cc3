"""The log of skipped records."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock

from importers.errors import RecordError

SUMMARIZED = 100_000
"""Skipped records kept in the summary, so that memory is bounded."""


class SkipLog:
    """Logs broken records: all of them to a file, the first ones in memory as well.

    Attributes:
        listed: ``{"source", "reason"}`` of the first, at the most :data:`SUMMARIZED`
        total: how many there were

    Args:
        file: JSON Lines, overwritten
        strict: whether to raise the first instead
    """

    def __init__(self, file: Path, strict: bool) -> None:
        self._stream = open(file, "w", encoding="utf-8")  # noqa: SIM115 - closed by close()
        self._strict = strict
        self._lock = Lock()
        self.listed: list[dict[str, str]] = []
        self.total = 0

    def __call__(self, error: RecordError) -> None:
        """Logs a broken record, or raises it in strict mode."""
        if self._strict:
            raise error
        entry = {"source": error.source, "reason": error.reason}
        with self._lock:  # readers and writers are different threads
            self._stream.write(json.dumps(entry) + "\n")
            self.total += 1
            if len(self.listed) < SUMMARIZED:
                self.listed.append(entry)

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()
