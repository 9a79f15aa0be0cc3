"""The findings of a gate, and which of them it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from pairlens.fiftyone_plugin.checks.base import Finding, Sample
from pairlens.importers.digests import texts_digest
from pairlens.importers.records import Kind

SKIPPED = "skipped"
"""In place of the name of a check, for a record that cannot be read."""


class Location(NamedTuple):
    """The location of a sample in the source, and its content.

    Attributes:
        file: path relative to the dataset's root, with ``/``
        record: number of the record in the file, from 0
        content: digest of texts and mask, as of :func:`content_of`
    """

    file: str
    record: int
    content: str


@dataclass
class GateFindings:
    """The findings of the checks in a dataset.

    Attributes:
        kind: kind of the dataset
        total: number of samples, without dropped ones
        dropped: number of samples that a reviewer dropped
        findings: the wanted findings by key, worst first, without those of samples that a reviewer
            accepted or dropped
        places: locations of the samples with findings, by key
        checks: names of the checks that ran
        counts: number of all findings by check
        not_run: applicable checks that could not run, with the reason
        notes: notes about the whole dataset
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
    """A digest of the texts and the mask of a sample, which changes with an edit."""
    texts = [sample.phrase, *(caption.text for caption in sample.captions)]
    for turn in sample.turns:
        texts += [turn.question, *turn.answers]
    return texts_digest([*texts, sample.stats.digest])[:16]


class Wanted(NamedTuple):
    """The findings that limits need: those of some severities or checks.

    Attributes:
        severities: the severities
        checks: the names of the checks
    """

    severities: Collection[str]
    checks: Collection[str]

    def __contains__(self, finding: object) -> bool:
        named = isinstance(finding, Finding) and finding.check in self.checks
        return named or (isinstance(finding, Finding) and finding.severity in self.severities)
