"""An index of records by image, for files whose records are in any order.

The index is an SQLite database in a temporary folder (``TMPDIR``) of about a hundred bytes a
record, so memory does not grow with the number of records.
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
# Two sorts, which merge on disk; looking up the records of each image would be random access.
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
    """The position of a record in the source.

    Attributes:
        part: number of a part of the source; the same image name in two parts means two images
        image: name of the record's image
        file: number of the file
        number: the record's number in the file, from 0
        start: byte offset of the record in the file
        size: its size in bytes
        id: 64-bit hash of the record's own id; ``None`` if it has none
    """

    part: int
    image: str
    file: int
    number: int
    start: int
    size: int
    id: int | None = None


class ImageIndex:
    """Entries that are written once and then read image by image; made by :func:`open_index`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Stores all entries, in the order of their records."""
        rows = ((None, e.part, e.image, e.file, e.number, e.start, e.size, e.id) for e in entries)
        self._connection.executemany("INSERT INTO record VALUES (?,?,?,?,?,?,?,?)", rows)
        self._connection.commit()

    def by_image(self) -> Iterator[Iterator[Entry]]:
        """Yields the entries of each image; images are ordered by part and first record."""
        rows = self._connection.execute(_BY_IMAGE)
        for _, group in groupby(rows, key=lambda row: row[:2]):
            yield (Entry(*row[:7]) for row in group)

    def doubled(self) -> Iterator[int]:
        """Yields the ids that several records share, in the same or in different files."""
        shared = "SELECT id FROM record WHERE id IS NOT NULL GROUP BY id HAVING COUNT(*) > 1"
        yield from (row[0] for row in self._connection.execute(shared))

    def double_ids(self) -> Iterator[tuple[int, int, int]]:
        """Yields for each file with shared ids: file, number of such ids, first record."""
        yield from self._connection.execute(_DOUBLE_IDS)


@contextmanager
def open_index() -> Iterator[ImageIndex]:
    """Yields an empty index, which is deleted at the end of the context."""
    with TemporaryDirectory(prefix="pairlens-index-") as folder:
        # The generator that reads the index may be advanced from several threads, one at a time.
        path = Path(folder) / "records.sqlite"
        with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA temp_store = FILE")
            yield ImageIndex(connection)
