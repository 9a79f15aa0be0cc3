"""Runs checks over many pairs at once: screens first, then the checks where those say so.

What comes out is what :func:`fiftyone_plugin.checks.finding.find_in` finds in each image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from fiftyone_plugin.checks import text_readings
from fiftyone_plugin.checks.base import Check, Finding, Subject
from fiftyone_plugin.checks.finding import about_several
from fiftyone_plugin.checks.readings import is_on_query, mark, read
from fiftyone_plugin.checks.records import Columns, Row
from fiftyone_plugin.checks.said import FIRES, NAMES, PATHS
from fiftyone_plugin.checks.survey import Survey
from fiftyone_plugin.checks.table import Bools, Table
from importers import fields

Groups = Sequence[Sequence[Row]]
"""Rows by image."""

_PHRASE = 3
_MEASURED = (fields.MASK_STATS, fields.IMAGE_STATS, fields.TARGET_COLORS)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look at some images.

    Attributes:
        found: findings by pair
        readings: of the queries or texts that were not read before, by number of the sample
        survey: what the checks of whole datasets took down
    """

    found: list[list[Finding]]
    readings: list[tuple[int, dict[str, Any]]]
    survey: Survey | None


def look_at(
    groups: Groups,
    columns: Columns,
    checks: Sequence[Check],
    survey: bool,
    texts: Sequence[Check] = (),
) -> Looked:
    """Runs checks over rows of images: what a process does at a time.

    Args:
        groups: the rows
        columns: what is in them
        checks: to run, of pairs and images
        survey: whether checks of whole datasets want one
        texts: the checks for which texts are read
    """
    readings = read_texts_anew(groups, columns, texts) if texts else read_anew(groups, columns)
    seen = table_of(groups, columns)
    taken = Survey() if survey else None
    if taken is not None:
        taken.add(seen)
    return Looked(find_among(seen, checks), readings, taken)


def needs_reading(checks: Sequence[Check]) -> bool:
    """Whether what was read in the queries spares any of the checks work."""
    screened = [one for one in checks if one.screen is not None or is_on_query(one)]
    return any(fields.PHRASE in one.needs for one in screened)


def read_anew(groups: Groups, columns: Columns) -> list[tuple[int, dict[str, Any]]]:
    """Reads the queries that were not read before, or by other rules, into their rows.

    Returns:
        the readings, by number of the row
    """
    if PATHS[0] not in columns.paths:
        return []
    start = columns.paths.index(PATHS[0])
    anew = []
    for number, row in enumerate(chain.from_iterable(groups)):
        query = row[_PHRASE] or ""
        if row[start] != mark(query):
            reading = read(query)
            row[start : start + len(PATHS)] = reading
            anew.append((number, dict(zip(NAMES, reading, strict=True))))
    return anew


def read_texts_anew(
    groups: Groups, columns: Columns, checks: Sequence[Check]
) -> list[tuple[int, dict[str, Any]]]:
    """Reads the texts that were not read before, or by other rules, likewise."""
    of, fires = map(columns.paths.index, text_readings.PATHS)
    anew = []
    for number, row in enumerate(chain.from_iterable(groups)):
        mark_now = text_readings.mark(row, columns)
        if row[of] != mark_now:
            row[of], row[fires] = mark_now, text_readings.read_texts(row, columns, checks)
            anew.append(
                (number, dict(zip(text_readings.NAMES, (row[of], row[fires]), strict=True)))
            )
    return anew


def table_of(groups: Groups, columns: Columns) -> Table:
    """Images of several rows each as one table; their queries must have been read."""
    rows = [row for group in groups for row in group]
    images = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    if PATHS[0] not in columns.paths:
        return Table(rows, columns, images)
    start = columns.paths.index(PATHS[0])
    end = start + len(PATHS)
    return Table(rows, columns, images, [row[start:end] for row in rows])


def find_among(seen: Table, checks: Sequence[Check]) -> list[list[Finding]]:
    """Findings of checks of pairs and images about each pair of a table."""
    found: list[list[Finding]] = [[] for _ in range(len(seen))]
    subjects = _Subjects(seen)
    for one in checks:
        rows = np.flatnonzero(_worth(one, seen))
        if one.scope == "pair":
            bare = one.needs and not any(need.startswith(_MEASURED) for need in one.needs)
            for row in rows.tolist():
                subject = subjects.bare(row) if bare else subjects[row]
                for doubt in one.function(subject, **one.params):
                    found[row].append(one.finding(subject, doubt))
            continue
        for image in np.unique(seen.images[rows]).tolist():
            several = subjects.of_image(image)
            for finding in about_several(one, list(several.values())):
                found[subjects.row_of(finding.key, several)].append(finding)
    return found


def _worth(one: Check, seen: Table) -> Bools:
    """Which pairs a check must look at."""
    if one.screen is not None and (seen.read or fields.PHRASE not in one.needs):
        return one.screen(seen, **one.params) | seen.odd
    if FIRES in seen.columns.paths and (is_on_query(one) or text_readings.is_on_texts(one)):
        return seen.fires(one.name)
    return np.ones(len(seen), np.bool_)


class _Subjects:
    """The pairs of a table, each made when a check looks at it."""

    def __init__(self, seen: Table) -> None:
        self._seen = seen
        self._made: dict[int, Subject] = {}

    def __getitem__(self, row: int) -> Subject:
        if row not in self._made:
            self._made[row] = self._seen.columns.subject(self._seen.rows[row])
        return self._made[row]

    def bare(self, row: int) -> Subject:
        """A pair for checks that go by no measurements."""
        if row in self._made:
            return self._made[row]
        return self._seen.columns.subject(self._seen.rows[row], measured=False)

    def of_image(self, image: int) -> dict[int, Subject]:
        """The pairs of one image, by row."""
        first, last = np.searchsorted(self._seen.images, (image, image + 1)).tolist()
        return {row: self[row] for row in range(first, last)}

    @staticmethod
    def row_of(key: str, several: dict[int, Subject]) -> int:
        """The row of a pair among those of an image; the last, should a key stand twice."""
        return max(row for row, subject in several.items() if subject.key == key)
