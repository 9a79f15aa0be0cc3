"""Collections of values in temporary files, so that memory does not grow with the dataset.

The first megabyte of each is kept in memory. The files have no name, and are deleted with the
object.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from tempfile import SpooledTemporaryFile
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

IN_MEMORY = 1 << 20
"""Maximum size in bytes of a spool in memory; a larger one is a file."""

ID_BYTES = 12
"""Bytes of an ObjectId."""

PART = 1 << 16
"""Ids that are sorted in memory at a time."""

READ = 1 << 10
"""Ids that are read at a time from each sorted part."""


class ArraySpool:
    """An array in a file, to which rows are appended."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - goes with the spool
        self._row = np.empty(0, np.uint32)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: NDArray[Any]) -> None:
        """Appends rows. If their type differs, all rows are converted to a common type."""
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
        """Reads ``count`` rows from row ``start`` on; by default all rows."""
        count = min(self._rows - start, self._rows if count is None else count)
        self._file.seek(start * self._row_bytes)
        content = bytearray(self._file.read(count * self._row_bytes))
        return np.frombuffer(content, self._row.dtype).reshape(count, *self._row.shape[1:])


class IdSpool:
    """Ids of samples that are added in any order, and then read once in ascending order."""

    def __init__(self) -> None:
        self._added: list[bytes] = []
        self._sorted = ArraySpool()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._added)

    def add(self, ids: Iterable[bytes]) -> None:
        """Adds ids, as the 12 bytes of an ObjectId."""
        self._added += ids
        while len(self._added) >= PART:
            part, self._added = self._added[:PART], self._added[PART:]
            self._sorted.add(np.array(sorted(part), f"V{ID_BYTES}"))

    def __iter__(self) -> Iterator[bytes]:
        """Yields all ids, merging the sorted parts."""
        starts = range(0, len(self._sorted), PART)
        yield from merge(*map(self._from, starts), sorted(self._added))

    def _from(self, start: int) -> Iterator[bytes]:
        for at in range(start, start + PART, READ):
            yield from map(bytes, self._sorted.read(at, min(READ, start + PART - at)))


class ObjectSpool(Generic[T]):
    """Objects that are appended, and then read in the same order any number of times."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - goes with the spool

    def add(self, one: T) -> None:
        """Appends a picklable object; not allowed after the first one was read."""
        pickle.dump(one, self._file)

    def __iter__(self) -> Iterator[T]:
        end = self._file.seek(0, 2)
        at = self._file.seek(0)
        while at < end:
            self._file.seek(at)
            one = pickle.load(self._file)
            at = self._file.tell()
            yield one


class KeyedSpool(Generic[T]):
    """Objects by key.

    Args:
        items: pairs of a key and a picklable object; a key can occur several times
    """

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        # Without a name, the database is in a temporary file that is deleted when it is closed.
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE items (key TEXT, item BLOB)")
        rows = ((key, pickle.dumps(item)) for key, item in items)
        self._db.executemany("INSERT INTO items VALUES (?, ?)", rows)
        self._db.execute("CREATE INDEX by_key ON items (key)")

    def close(self) -> None:
        """Closes the database, which deletes its file."""
        self._db.close()

    def of(self, keys: Sequence[str]) -> dict[str, list[T]]:
        """Returns the objects of some keys by key, in the order in which they were added."""
        found: defaultdict[str, list[T]] = defaultdict(list)
        query = "SELECT key, item FROM items WHERE key IN (SELECT value FROM json_each(?))"
        query += " ORDER BY rowid"
        for key, content in self._db.execute(query, (json.dumps(list(keys)),)):
            found[key].append(pickle.loads(content))
        return dict(found)
