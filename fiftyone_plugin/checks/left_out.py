"""What the selections ``clean`` and ``quiet`` leave out: dropped pairs, and open findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pairlens.fiftyone_plugin.checks.base import Finding, Severity
from pairlens.importers.fields import VerdictKind

OPEN: dict[str, tuple[Severity, ...]] = {"clean": ("error",), "quiet": ("error", "warning")}
"""By selection, the severities of the findings that leave a pair out as long as they are open."""

_EITHER = frozenset[str]().union(*OPEN.values())

ACCEPTED = (VerdictKind.KEEP, VerdictKind.FIX)
"""Verdicts that close the findings of a pair, and take it into the selection ``kept``; of ``fix``
where something was mended."""


def is_left_out(select: str, verdict: str | None, severities: Iterable[str | None]) -> bool:
    """Whether a selection of :data:`OPEN` leaves a pair out.

    Args:
        select: its name
        verdict: on the pair, if any
        severities: of the pair's findings
    """
    if verdict in ACCEPTED:
        return False
    return verdict == VerdictKind.DROP or any(each in OPEN[select] for each in severities)


@dataclass
class LeftOutCounts:
    """Counts pairs that the selections leave out, and the checks that they are left out for.

    A pair counts for every such check. Pairs with the verdict ``drop`` count for ``dropped``.
    """

    _pairs: Counter[str] = field(default_factory=Counter[str])
    _dropped: int = 0
    _checks: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, verdict: str | None, findings: Iterable[Finding]) -> None:
        """Counts a pair."""
        findings = [f for f in findings if f.severity in _EITHER]
        if verdict is None and not findings:
            return
        self._dropped += verdict == VerdictKind.DROP
        for select, severities in OPEN.items():
            if not is_left_out(select, verdict, (f.severity for f in findings)):
                continue
            self._pairs[select] += 1
            if verdict != VerdictKind.DROP:
                named = {f.check for f in findings if f.severity in severities}
                self._checks.setdefault(select, Counter()).update(named)

    def summary(self) -> dict[str, Any]:
        """By selection ``{"pairs", "dropped", "checks": {check: pairs}}``."""
        return {
            select: {
                "pairs": self._pairs[select],
                "dropped": self._dropped,
                "checks": dict(self._checks.get(select, Counter()).most_common()),
            }
            for select in OPEN
        }
