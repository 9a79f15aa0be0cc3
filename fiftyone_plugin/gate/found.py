"""What the checks found, as the gate counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from pairlens.fiftyone_plugin.checks.base import Finding, Sample
from pairlens.importers.digests import texts_digest
from pairlens.importers.records import Kind

SKIPPED = "skipped"
"""Stands in the place of a check for a record that cannot be read."""


class Location(NamedTuple):
    """Where a sample stands, and what it was when it was checked.

    Attributes:
        file: path relative to the dataset's root, with ``/``
        record: the record's number in the file, from 0
        content: a digest of its texts and its mask
    """

    file: str
    record: int
    content: str


@dataclass
class Found:
    """What the checks found in a dataset.

    Attributes:
        kind: of the dataset
        total: samples that count: those that are not dropped
        dropped: samples that a reviewer dropped
        findings: those of the severities and checks that were asked for, by key, worst first;
            none of samples that a reviewer accepted or dropped
        places: of the samples that have findings
        checks: those that ran
        counts: all findings by check
        not_run: checks that apply and lack something, with what that is
        notes: what is worth knowing of the whole
    """

    kind: Kind = "pairs"
    total: int = 0
    dropped: int = 0
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    places: dict[str, Location] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    not_run: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def content_of(sample: Sample) -> str:
    """A digest of the texts and the mask of a sample: another after either was edited."""
    texts = [sample.phrase, *(caption.text for caption in sample.captions)]
    for turn in sample.turns:
        texts += [turn.question, *turn.answers]
    return texts_digest([*texts, sample.stats.digest])[:16]


class Wanted(NamedTuple):
    """Which findings count.

    Attributes:
        severities: all of these
        checks: and all of these checks
    """

    severities: Collection[str]
    checks: Collection[str]

    def __contains__(self, finding: object) -> bool:
        named = isinstance(finding, Finding) and finding.check in self.checks
        return named or (isinstance(finding, Finding) and finding.severity in self.severities)
