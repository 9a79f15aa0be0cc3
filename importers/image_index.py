"""An index of records by image, for files whose records are in any order.

The index lies on disk in a temporary folder (``TMPDIR`` says where), about a hundred bytes a
record, so that any number of records takes the same memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

_TABLE = """
CREATE TABLE record (
    seq INTEGER PRIMARY KEY, part INTEGER, image TEXT, file INTEGER,
    number INTEGER, start INTEGER, size INTEGER, id INTEGER
)
"""
# Sorted twice, by merging on disk: looking each image up as it comes would be random access.
_BY_IMAGE = """
SELECT part, image, file, number, start, size, id,
       MIN(seq) OVER (PARTITION BY part, image) AS first, seq
FROM record ORDER BY part, first, seq
"""
_DOUBLE_IDS = """
SELECT file, COUNT(*), MIN(number) FROM (
    SELECT file, MIN(number) AS number FROM record WHERE id IS NOT NULL
    GROUP BY file, id HAVING COUNT(*) > 1
) GROUP BY file ORDER BY file
"""


class Entry(NamedTuple):
    """Where a record stands.

    Attributes:
        part: images of different parts are different images
        image: what the record speaks of
        file: number of the file
        number: the record's number in the file
        start: where it begins in the file, in bytes
        size: its length in bytes
        id: a hash of the id it gives itself, 64 bits; ``None`` if it gives none
    """

    part: int
    image: str
    file: int
    number: int
    start: int
    size: int
    id: int | None = None


class ImageIndex:
    """Entries, written once and then read image by image; from :func:`open_index`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Takes all entries, in the order in which their records stand."""
        rows = ((None, e.part, e.image, e.file, e.number, e.start, e.size, e.id) for e in entries)
        self._connection.executemany("INSERT INTO record VALUES (?,?,?,?,?,?,?,?)", rows)
        self._connection.commit()

    def by_image(self) -> Iterator[Iterator[Entry]]:
        """The entries of each image, images by part and then by their first record."""
        rows = self._connection.execute(_BY_IMAGE)
        for _, group in groupby(rows, key=lambda row: row[:2]):
            yield (Entry(*row[:7]) for row in group)

    def doubled(self) -> Iterator[int]:
        """The ids that several records share, of all files together."""
        shared = "SELECT id FROM record WHERE id IS NOT NULL GROUP BY id HAVING COUNT(*) > 1"
        yield from (row[0] for row in self._connection.execute(shared))

    def double_ids(self) -> Iterator[tuple[int, int, int]]:
        """For each file with ids that several records share: file, number of ids, first record."""
        yield from self._connection.execute(_DOUBLE_IDS)


@contextmanager
def open_index() -> Iterator[ImageIndex]:
    """An empty index, deleted at the end."""
    with TemporaryDirectory(prefix="pairlens-index-") as folder:
        # A caller may drive the reading generator from more than one thread, one at a time.
        path = Path(folder) / "records.sqlite"
        with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA temp_store = FILE")
            yield ImageIndex(connection)
