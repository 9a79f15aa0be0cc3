"""Tests findings against limits and a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.baseline import (
    Accepted,
    accepted_findings,
    read_baseline,
    without_accepted,
    write_baseline,
)
from pairlens.fiftyone_plugin.gate.findings import GateFindings
from pairlens.fiftyone_plugin.gate.limits import Limit, Measured, counts, measure


@dataclass
class Gate:
    """The result of a gate.

    Attributes:
        found: the findings of the checks
        measured: the limits with their counts
        new: the findings that are not accepted, by key, worst first
        baseline: the accepted findings
        gone: accepted findings that no longer exist
        updated: whether the baseline was written
    """

    found: GateFindings
    measured: list[Measured]
    new: dict[str, list[Finding]]
    baseline: set[Accepted] = field(default_factory=set)
    gone: set[Accepted] = field(default_factory=set)
    updated: bool = False

    @property
    def over(self) -> list[Measured]:
        """The limits that are exceeded."""
        return [one for one in self.measured if one.over]

    def failing(self) -> list[Finding]:
        """The findings that the exceeded limits count, worst first."""
        names = [one.limit.name for one in self.over]
        failing = [
            f for some in self.new.values() for f in some if any(counts(name, f) for name in names)
        ]
        return sorted(failing, key=lambda f: (f.rank, f.key, f.check))


def judge(
    found: GateFindings, limits: Sequence[Limit], baseline: Path | None = None, update: bool = False
) -> Gate:
    """Compares findings with limits.

    Args:
        found: the findings of the checks
        limits: the limits
        baseline: a file of accepted findings; required for an update
        update: whether all findings are accepted and written to the baseline

    Raises:
        StateError: if the file cannot be read or written
    """
    present = accepted_findings(found.findings, found.places)
    if baseline is None:
        accepted: set[Accepted] = set()
    elif update:
        before = read_baseline(baseline) if baseline.exists() else set()
        write_baseline(baseline, present)
        return Gate(found, measure(limits, {}, found.total), {}, present, before - present, True)
    else:
        accepted = read_baseline(baseline)
    new = without_accepted(found.findings, found.places, accepted)
    measured = measure(limits, new, found.total)
    return Gate(found, measured, new, accepted, accepted - present)


def by_check(findings: Mapping[str, Sequence[Finding]]) -> dict[str, list[Finding]]:
    """Findings by the name of their check, worst first."""
    grouped: dict[str, list[Finding]] = {}
    for sample_findings in findings.values():
        for finding in sample_findings:
            grouped.setdefault(finding.check, []).append(finding)
    return {
        name: sorted(sample_findings, key=lambda f: (f.rank, f.key))
        for name, sample_findings in grouped.items()
    }
