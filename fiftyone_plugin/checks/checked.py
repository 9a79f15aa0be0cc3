"""Samples on their way through the checks, many at a time.

A sound pair, as most are, takes no object of its own: it is a place in a few columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks.base import Finding
from fiftyone_plugin.checks.records import EARLIER, SAID, Columns, Row

Labels = Sequence[Sequence[Any]]
"""Findings as stored: the values of :data:`~fiftyone_plugin.checks.records.SAID` of each."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Some samples, with what was found about them before and now.

    Attributes:
        ids, keys, phrases: of the samples
        qualities: as stored, ``None`` where a sample was never checked
        labels: their findings as stored, ``None`` or empty where there are none
        found: those of now, by the sample's number here, where there are any
    """

    ids: Sequence[ObjectId]
    keys: Sequence[str]
    phrases: Sequence[str | None]
    qualities: Sequence[float | None]
    labels: Sequence[Labels | None]
    found: dict[int, list[Finding]]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, rows: Sequence[Row], columns: Columns, found: Sequence[list[Finding]]) -> Checked:
        """Rows with the columns of ``EARLIER``, and what was found about each."""
        at = map(columns.paths.index, EARLIER)
        ids, qualities, labels = ([row[n] for row in rows] for n in at)
        keys, phrases = [row[0] for row in rows], [row[3] for row in rows]
        some = {number: several for number, several in enumerate(found) if several}
        return cls(ids, keys, phrases, qualities, labels, some)

    def add(self, more: Mapping[str, list[Finding]]) -> None:
        """Adds findings, by key."""
        if more:
            for number, key in enumerate(self.keys):
                if key in more:
                    self.found.setdefault(number, []).extend(more[key])

    def earlier(self, number: int) -> list[Finding]:
        """The findings that a sample has."""
        phrase = self.phrases[number] or ""
        return earlier_findings(self.keys[number], phrase, self.labels[number] or ())

    def packed(self) -> Row:
        """All of it as text and numbers, to wait in a file."""
        said = {n: [list(_said(f)) for f in several] for n, several in self.found.items()}
        ids = b"".join(one.binary for one in self.ids)
        return [ids, self.keys, self.phrases, self.qualities, self.labels, said]

    @classmethod
    def unpacked(cls, row: Row) -> Checked:
        """The inverse of :meth:`packed`."""
        binary, keys, phrases, qualities, labels, said = row
        ids = [ObjectId(binary[at : at + 12]) for at in range(0, len(binary), 12)]
        found = {
            int(n): [Finding(keys[int(n)], phrases[int(n)] or "", *each) for each in several]
            for n, several in said.items()
        }
        return cls(ids, keys, phrases, qualities, labels, found)


def _said(finding: Finding) -> tuple[str, str, float, str]:
    return finding.check, finding.severity, finding.score, finding.note


def differs(labels: Labels, findings: Sequence[Finding]) -> bool:
    """Whether findings are others than those stored."""
    return [tuple(label) for label in labels] != [_said(finding) for finding in findings]


def earlier_findings(key: str, phrase: str, labels: Labels) -> list[Finding]:
    """The findings that a sample has; labels that someone else put there are left out."""
    return [
        Finding(key, phrase, *label)
        for label in labels
        if len(label) == len(SAID) and None not in label
    ]
