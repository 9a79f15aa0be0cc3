"""What waits on the disk while a dataset is checked, so that memory does not grow with it."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Finding

T = TypeVar("T")

IN_MEMORY = 1 << 20
"""Bytes of a spool that are in memory; what comes later lies in a file."""


class ArraySpool:
    """Rows of an array, which are added at its end and read in pieces."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - goes with the spool
        self._row = np.empty(0, np.uint32)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: NDArray[Any]) -> None:
        """Adds rows; of another type than those before, all get the type that holds both."""
        if not self._rows:
            self._row = rows[:0]
        elif (rows.dtype, rows.shape[1:]) != (self._row.dtype, self._row.shape[1:]):
            rows = np.concatenate((self.read(), rows))
            self._row, self._rows = rows[:0], 0
        self._file.seek(self._rows * self._row_bytes)
        self._file.write(np.ascontiguousarray(rows).tobytes())
        self._rows += len(rows)

    @property
    def _row_bytes(self) -> int:
        return self._row.dtype.itemsize * int(np.prod(self._row.shape[1:], dtype=np.int64))

    def read(self, start: int = 0, count: int | None = None) -> NDArray[Any]:
        """So many rows from one on, all of them if not said."""
        count = min(self._rows - start, self._rows if count is None else count)
        self._file.seek(start * self._row_bytes)
        content = bytearray(self._file.read(count * self._row_bytes))
        return np.frombuffer(content, self._row.dtype).reshape(count, *self._row.shape[1:])


class ObjectSpool(Generic[T]):
    """Objects that are added, and read in that order, any number of times."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - goes with the spool

    def add(self, one: T) -> None:
        """Adds an object that can be pickled; after the first that is read, no more."""
        pickle.dump(one, self._file)

    def __iter__(self) -> Iterator[T]:
        end = self._file.seek(0, 2)
        at = self._file.seek(0)
        while at < end:
            self._file.seek(at)
            one = pickle.load(self._file)
            at = self._file.tell()
            yield one


class FindingsSpool:
    """Findings of checks of datasets, which come when all samples were seen, by key."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        # Without a name, the database lies in a file of its own that goes when it is closed.
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE findings (key TEXT, finding BLOB)")
        rows = ((one.key, pickle.dumps(tuple(one))) for one in findings)
        self._db.executemany("INSERT INTO findings VALUES (?, ?)", rows)
        self._db.execute("CREATE INDEX by_key ON findings (key)")

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()

    def of(self, keys: Sequence[str]) -> dict[str, list[Finding]]:
        """The findings of samples, in the order in which they came, by key."""
        found: defaultdict[str, list[Finding]] = defaultdict(list)
        asked = "SELECT finding FROM findings WHERE key IN (SELECT value FROM json_each(?))"
        asked += " ORDER BY rowid"
        for (content,) in self._db.execute(asked, (json.dumps(list(keys)),)):
            one = Finding(*pickle.loads(content))
            found[one.key].append(one)
        return dict(found)
