"""The log of skipped records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from threading import Lock

from pairlens.importers.errors import RecordError, StateError
from pairlens.importers.files import write_stream
from pairlens.importers.source_files import reason_of

SUMMARIZED = 100_000
"""Maximum number of skipped records that are kept in memory."""

_IN_MEMORY = 8 << 20

Skipped = dict[str, str]
"""A skipped record: its ``source`` and the ``reason``."""


class SkipLog:
    """Logs broken records: all of them to a file, the first ones in memory as well.

    Attributes:
        listed: the first skipped records, at most :data:`SUMMARIZED`
        total: number of skipped records

    Args:
        file: the log, JSON Lines, replaced by :meth:`close`
        strict: whether the first broken record is raised instead
        keep: whether earlier entries of the file are kept, except those of records that are read
            again; for an import that reads only a part of the source
    """

    def __init__(self, file: Path, strict: bool, *, keep: bool = False) -> None:
        self._file = file
        self._spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - close() does
        self._strict = strict
        self._lock = Lock()
        self._earlier: dict[str, list[Skipped]] = {}
        for entry in _entries(file) if keep else ():
            self._earlier.setdefault(entry["source"], []).append(entry)
        self.listed: list[Skipped] = []
        self.total = 0

    def __call__(self, error: RecordError) -> None:
        """Logs a broken record, or raises it in strict mode."""
        if self._strict:
            raise error
        self.read(error.source)
        self._add({"source": error.source, "reason": error.reason})

    def read(self, source: object) -> None:
        """Removes earlier entries of a record, since it was read again."""
        if self._earlier:
            self._earlier.pop(str(source), None)

    def close(self) -> None:
        """Writes the file: kept entries first, then new ones.

        Raises:
            StateError: if it cannot be written
        """
        kept = [entry for entries in self._earlier.values() for entry in entries]
        self.listed = [*kept, *self.listed][:SUMMARIZED]
        self.total += len(kept)
        with self._spool, SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
            whole.writelines(_line(entry) for entry in kept)
            self._spool.seek(0)
            copyfileobj(self._spool, whole)
            whole.seek(0)
            try:
                write_stream(self._file, whole)
            except OSError as error:
                raise StateError(
                    f"cannot write to {self._file.parent} ({reason_of(error)})"
                ) from error

    def _add(self, entry: Skipped) -> None:
        with self._lock:  # readers and writers are different threads
            self._spool.write(_line(entry))
            self.total += 1
            if len(self.listed) < SUMMARIZED:
                self.listed.append(entry)


def _line(entry: Skipped) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def _entries(file: Path) -> Iterator[Skipped]:
    if file.is_file():
        with open(file, encoding="utf-8") as stream:
            yield from map(json.loads, stream)
