"""Statistics of all samples for checks of whole datasets, which read candidates again.

Some tens of bytes a sample, which lie in files: what stands in two splits, looks the same or is
unusually long is found among numbers, a part of them at a time, and only the samples concerned are
read again. What else waits on the disk until then is here as well, so that memory does not grow
with the dataset.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from heapq import merge
from tempfile import SpooledTemporaryFile
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Check, Finding, Statistic
from pairlens.fiftyone_plugin.checks.batch import Batch

T = TypeVar("T")

Kept = Mapping[Statistic, NDArray[Any]]

ReadAgain = Callable[[NDArray[np.int64] | None], Iterator[Batch]]
"""Reads the samples of some numbers, or all, in batches and in the order of the import."""

BLOCK = 1 << 15
"""Samples that are looked at together."""

PART = 1 << 16
"""Samples among which equal marks are looked for together, about."""

IN_MEMORY = 1 << 20
"""Bytes of a spool that are in memory; what comes later lies in a file."""

READ = 1 << 10
"""Ids that are read at once of each sorted part."""

ID_BYTES = 12

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""Multiplied with a mark, makes its upper bits depend on all of them."""


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


@dataclass(eq=False)
class DatasetStatistics:
    """What is kept of all samples: what a check of a dataset is given.

    ``statistics[words]`` are the values that the function ``words`` had for every batch, joined in
    the order in which the batches came: all at once, which takes memory for every sample.
    :meth:`blocks` and :meth:`parts` give some at a time. Texts are held once each: in their place
    stand numbers, and :meth:`texts` has what these mean.

    Attributes:
        notes: what checks say of the dataset as a whole, instead of a finding on most samples
    """

    notes: list[str] = field(default_factory=list[str])
    _kept: defaultdict[Statistic, ArraySpool] = field(
        default_factory=lambda: defaultdict(ArraySpool), init=False
    )
    _texts: dict[Statistic, dict[Any, int]] = field(default_factory=dict, init=False)
    _begun: bool = field(default=False, init=False)
    _read_again: ReadAgain = field(default=lambda numbers: iter(()), init=False)

    def reading(self, read_again: ReadAgain) -> DatasetStatistics:
        """The same statistics, with another way to read samples again."""
        other = copy(self)
        other._read_again = read_again
        return other

    def add(self, kept: Kept) -> None:
        """Takes in what was kept of the next batch."""
        self._begun = True
        for statistic, values in kept.items():
            if values.dtype == np.object_:
                known = self._texts.setdefault(statistic, {})
                numbers = [known.setdefault(each, len(known)) for each in values]
                values = np.array(numbers, np.uint32)
            self._kept[statistic].add(values)

    def findings(
        self,
        checks: Iterable[Check],
        read_again: Callable[[Check, NDArray[np.int64] | None], Iterator[Batch]],
    ) -> Iterator[Finding]:
        """Findings of checks of datasets; none where there is no sample.

        Args:
            checks: to run
            read_again: reads samples with what a check needs
        """
        for one in checks if self._begun else ():
            yield from map(one.finding, one.run(self.reading(partial(read_again, one))))

    def __getitem__(self, statistic: Statistic) -> NDArray[Any]:
        return self._kept[statistic].read()

    def count(self, statistic: Statistic) -> int:
        """How many values of a statistic there are."""
        return len(self._kept[statistic])

    def blocks(self, *statistics: Statistic) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        """Yields statistics of one value a sample, of so many samples at a time.

        Yields:
            the number of the first sample, and the values of each statistic
        """
        for start in range(0, self.count(statistics[0]), BLOCK):
            yield start, [self._kept[one].read(start, BLOCK) for one in statistics]

    def following(self, statistic: Statistic, counts: Iterable[int]) -> Iterator[NDArray[Any]]:
        """Yields so many values of a statistic, then so many of those behind them, ..."""
        start = 0
        for count in counts:
            yield self._kept[statistic].read(start, count)
            start += count

    def parts(self, mark: Statistic, *others: Statistic) -> Iterator[list[NDArray[Any]]]:
        """Yields samples part by part, those of equal marks together; those of mark 0 are left out.

        Args:
            mark: a statistic of 64-bit numbers, one a sample or more
            others: statistics with as many values

        Yields:
            the numbers of the samples in ascending order, their marks, and their other values
        """
        parts = np.uint64(1 + self.count(mark) // PART)
        for part in range(int(parts)):
            found: list[list[NDArray[Any]]] = []
            for start, (marks, *values) in self.blocks(mark, *others):
                scattered = (marks * _SCATTER) >> np.uint64(32)
                here = np.flatnonzero((scattered % parts == part) & (marks != 0))
                found.append([start + here, marks[here], *(each[here] for each in values)])
            if found:
                yield [np.concatenate(each) for each in zip(*found, strict=True)]

    def texts(self, statistic: Statistic) -> list[Any]:
        """The distinct texts of a statistic, by the numbers that stand for them."""
        return list(self._texts.get(statistic, ()))

    def read(self, rows: NDArray[Any] | None = None) -> Iterator[Batch]:
        """Reads samples again.

        Args:
            rows: their numbers, those of a boolean array, or all samples if not given

        Yields:
            batches of some of them, in the order of the import
        """
        if rows is None:
            yield from self._read_again(None)
            return
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if len(numbers):
            yield from self._read_again(numbers)


class IdSpool:
    """Ids of samples that are added in any order, and come back in theirs, once."""

    def __init__(self) -> None:
        self._added: list[bytes] = []
        self._sorted = ArraySpool()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._added)

    def add(self, ids: Iterable[bytes]) -> None:
        """Adds ids as the database has them."""
        self._added += ids
        while len(self._added) >= PART:
            some, self._added = self._added[:PART], self._added[PART:]
            self._sorted.add(np.array(sorted(some), f"V{ID_BYTES}"))

    def __iter__(self) -> Iterator[bytes]:
        """Yields all, those of every :data:`PART` sorted before and now merged."""
        starts = range(0, len(self._sorted), PART)
        yield from merge(*map(self._from, starts), sorted(self._added))

    def _from(self, start: int) -> Iterator[bytes]:
        for at in range(start, start + PART, READ):
            yield from map(bytes, self._sorted.read(at, min(READ, start + PART - at)))


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
