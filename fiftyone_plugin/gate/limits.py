"""Limits: how many samples may have which findings, and which of them are over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.found import SKIPPED, Wanted
from pairlens.importers.errors import UnknownName, UsageError

BAD = "bad"
"""The samples that are expected to be bad: of each, the chance by its worst error or warning."""

JUDGED: tuple[str, ...] = ("error", "warning")
"""The severities that say that a sample is bad; ``info`` is only worth knowing."""

FAIL_ON: tuple[str, ...] = (*SEVERITIES, "never")
"""From which severity on no finding may be new."""


@dataclass(frozen=True)
class Limit:
    """How many samples may have findings of a name.

    Attributes:
        name: a severity, a check, :data:`BAD` or :data:`~.found.SKIPPED`
        most: the number, or where it is a share the part of all samples, 0 to 1
        share: whether it is a share
    """

    name: str
    most: Decimal
    share: bool = False

    def allowed(self, total: int) -> Decimal:
        """The number of samples that may have one, of so many."""
        return self.most * total if self.share else self.most

    @property
    def text(self) -> str:
        """The limit as it was given."""
        percent = f"{(self.most * 100).normalize():f}%"
        return percent if self.share else str(self.most)


@dataclass(frozen=True)
class Measured:
    """A limit and what was found.

    Attributes:
        limit: the limit
        count: samples that have such a finding; of :data:`BAD` the expected number
        allowed: how many may have one
    """

    limit: Limit
    count: float
    allowed: float

    @property
    def over(self) -> bool:
        """Whether more were found than may be."""
        return self.count > self.allowed


def parse_limits(fail_on: str, maxima: Sequence[str]) -> list[Limit]:
    """The limits that a command gives.

    Args:
        fail_on: from which severity on nothing new is allowed, or ``never``
        maxima: ``NAME=COUNT`` or ``NAME=SHARE%``; each takes the place of the limit of its name

    Raises:
        UsageError: for an unknown name, or a value that is no count and no percentage
    """
    if fail_on not in FAIL_ON:
        raise UsageError(f"there is no severity {fail_on!r}; known: {', '.join(FAIL_ON)}")
    none = [] if fail_on == "never" else [SKIPPED, *SEVERITIES[: SEVERITIES.index(fail_on) + 1]]
    limits = {name: Limit(name, Decimal(0)) for name in none}
    for text in maxima:
        one = _limit(text)
        limits[one.name] = one
    return list(limits.values())


def _limit(text: str) -> Limit:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise UsageError(f"--max {text!r} is no NAME=COUNT or NAME=SHARE%, such as warning=2%")
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


def wanted_of(limits: Collection[Limit]) -> Wanted:
    """The findings that the limits count."""
    names = {one.name for one in limits}
    severities = {name for name in names if name in SEVERITIES}
    if BAD in names:
        severities |= {*JUDGED}
    return Wanted(frozenset(severities), frozenset(names - {*SEVERITIES, BAD}))


def measure(
    limits: Sequence[Limit], findings: Mapping[str, Sequence[Finding]], total: int
) -> list[Measured]:
    """Counts the samples that each limit is about.

    Args:
        limits: the limits
        findings: those that are not accepted, by key
        total: samples in all
    """
    return [Measured(one, _count(one.name, findings), float(one.allowed(total))) for one in limits]


def _count(name: str, findings: Mapping[str, Sequence[Finding]]) -> float:
    if name == BAD:
        return sum(map(chance_bad, findings.values()))
    return sum(any(counts(name, each) for each in some) for some in findings.values())


def counts(name: str, finding: Finding) -> bool:
    """Whether a limit of a name counts a finding."""
    if name == BAD:
        return finding.severity in JUDGED
    return name in (finding.check, finding.severity) and (
        finding.check != SKIPPED or name == SKIPPED
    )


def chance_bad(findings: Sequence[Finding]) -> float:
    """The estimated chance that a sample is bad, by its worst error or warning, 0 to 1."""
    judged = (f.score for f in findings if f.severity in JUDGED and f.check != SKIPPED)
    return 1 - min(judged, default=1.0)
