"""Limits: how many samples may have which findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.findings import SKIPPED, Wanted
from pairlens.importers.errors import UnknownName, UsageError

BAD = "bad"
"""Name of the limit on the expected number of bad samples, the sum of :func:`chance_bad`."""

JUDGED: tuple[str, ...] = ("error", "warning")
"""The severities that count for :data:`BAD`."""

FAIL_ON: tuple[str, ...] = (*SEVERITIES, "never")
"""Values of ``--fail-on``: the lowest severity of which no new finding is allowed."""


@dataclass(frozen=True)
class Limit:
    """A limit on the samples that have findings of a severity or check.

    Attributes:
        name: a severity, a check, :data:`BAD` or :data:`~.findings.SKIPPED`
        most: the greatest number allowed, or the greatest share in [0, 1]
        share: whether ``most`` is a share of all samples
    """

    name: str
    most: Decimal
    share: bool = False

    def allowed(self, total: int) -> Decimal:
        """The number of samples allowed, of a total."""
        return self.most * total if self.share else self.most

    @property
    def text(self) -> str:
        """The limit as text, such as ``2%``."""
        percent = f"{(self.most * 100).normalize():f}%"
        return percent if self.share else str(self.most)


@dataclass(frozen=True)
class Measured:
    """A limit and the samples that it counts.

    Attributes:
        limit: the limit
        count: number of samples with such a finding; for :data:`BAD` the expected number of bad
            ones
        allowed: number of samples allowed
    """

    limit: Limit
    count: float
    allowed: float

    @property
    def over(self) -> bool:
        """Whether the limit is exceeded."""
        return self.count > self.allowed


def parse_limits(fail_on: str, maxima: Sequence[str]) -> list[Limit]:
    """Parses the limits of a command.

    Args:
        fail_on: the lowest severity of which no new finding is allowed, or ``never``
        maxima: ``NAME=COUNT`` or ``NAME=SHARE%``; each replaces the limit of that name

    Raises:
        UsageError: for an unknown name, or a value that is neither a count nor a percentage
    """
    if fail_on not in FAIL_ON:
        raise UsageError(f"there is no severity {fail_on!r}; known: {', '.join(FAIL_ON)}")
    failing = [] if fail_on == "never" else [SKIPPED, *SEVERITIES[: SEVERITIES.index(fail_on) + 1]]
    limits = {name: Limit(name, Decimal(0)) for name in failing}
    for text in maxima:
        limit = _limit(text)
        limits[limit.name] = limit
    return list(limits.values())


def _limit(text: str) -> Limit:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise UsageError(f"--max {text!r} is not NAME=COUNT or NAME=SHARE%, such as warning=2%")
    known = (*SEVERITIES, BAD, SKIPPED)
    if name not in known and name not in CHECKS:
        raise UnknownName("severity or check", name, [*known, *CHECKS])
    share = value.endswith("%")
    try:
        number = Decimal(value.removesuffix("%").strip())
    except InvalidOperation:
        number = Decimal(-1)
    whole = share or name == BAD or number == number.to_integral_value()
    if not number.is_finite() or number < 0 or (share and number > 100) or not whole:
        raise UsageError(
            f"--max {name}={value}: give a whole number of samples or a share, 0 to 100%"
        )
    return Limit(name, number / 100 if share else number, share)


def wanted_findings(limits: Collection[Limit]) -> Wanted:
    """The findings that the limits count."""
    names = {limit.name for limit in limits}
    severities = {name for name in names if name in SEVERITIES}
    if BAD in names:
        severities |= {*JUDGED}
    return Wanted(frozenset(severities), frozenset(names - {*SEVERITIES, BAD}))


def measure(
    limits: Sequence[Limit], findings: Mapping[str, Sequence[Finding]], total: int
) -> list[Measured]:
    """Counts the samples for each limit.

    Args:
        limits: the limits
        findings: the findings that are not accepted, by key
        total: number of all samples
    """
    return [
        Measured(limit, _count(limit.name, findings), float(limit.allowed(total)))
        for limit in limits
    ]


def _count(name: str, findings: Mapping[str, Sequence[Finding]]) -> float:
    if name == BAD:
        return sum(map(chance_bad, findings.values()))
    return sum(
        any(counts(name, finding) for finding in sample_findings)
        for sample_findings in findings.values()
    )


def counts(name: str, finding: Finding) -> bool:
    """Whether the limit of a name counts a finding."""
    if name == BAD:
        return finding.severity in JUDGED
    return name in (finding.check, finding.severity) and (
        finding.check != SKIPPED or name == SKIPPED
    )


def chance_bad(findings: Sequence[Finding]) -> float:
    """The estimated chance that a sample is bad, by its worst error or warning, in [0, 1]."""
    judged = (f.score for f in findings if f.severity in JUDGED and f.check != SKIPPED)
    return 1 - min(judged, default=1.0)
