"""Tests findings against limits and a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.baseline import (
    Accepted,
    accepted_of,
    read_baseline,
    without_accepted,
    write_baseline,
)
from pairlens.fiftyone_plugin.gate.found import Found
from pairlens.fiftyone_plugin.gate.limits import Limit, Measured, counts, measure


@dataclass
class Gate:
    """What came of a test.

    Attributes:
        found: what the checks found
        measured: the limits, with what was counted
        new: the findings that are not accepted, by key, worst first
        baseline: the accepted findings
        gone: accepted findings that are not found any more
        updated: whether the baseline was written, with what was found
    """

    found: Found
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
    found: Found, limits: Sequence[Limit], baseline: Path | None = None, update: bool = False
) -> Gate:
    """Compares findings with limits.

    Args:
        found: what the checks found
        limits: the limits
        baseline: a file of accepted findings; an update needs it
        update: whether what was found is accepted from now on, and written to that file

    Raises:
        StateError: if the file cannot be read or written
    """
    now = accepted_of(found.findings, found.places)
    if baseline is None:
        accepted: set[Accepted] = set()
    elif update:
        before = read_baseline(baseline) if baseline.exists() else set()
        write_baseline(baseline, now)
        return Gate(found, measure(limits, {}, found.total), {}, now, before - now, True)
    else:
        accepted = read_baseline(baseline)
    new = without_accepted(found.findings, found.places, accepted)
    measured = measure(limits, new, found.total)
    return Gate(found, measured, new, accepted, accepted - now)


def by_check(findings: Mapping[str, Sequence[Finding]]) -> dict[str, list[Finding]]:
    """Findings by the name of their check, worst first."""
    grouped: dict[str, list[Finding]] = {}
    for some in findings.values():
        for one in some:
            grouped.setdefault(one.check, []).append(one)
    return {name: sorted(some, key=lambda f: (f.rank, f.key)) for name, some in grouped.items()}
