"""The report of a gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.reports import Report, shorten, table
from pairlens.importers.formats.base import samples_of_kind

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.gate.limits import Measured
    from pairlens.fiftyone_plugin.gate.runner import Gate

MAX_LISTED = 10
"""Maximum of failing findings that are listed; ``--json`` lists more."""

MAX_IN_JSON = 1000
"""Maximum of failing findings in ``--json``."""


def of_gate(gate: Gate, seconds: float, baseline: str | None = None) -> Report:
    """The report of a gate.

    Args:
        gate: the result
        seconds: duration of the run
        baseline: the file of accepted findings, if any
    """
    found = gate.found
    kind = samples_of_kind(found.kind)
    failing = gate.failing()
    lines = [
        f"Checked {found.total:,} {kind} in {seconds:.1f} s: {len(gate.new):,} have new findings "
        "that count."
    ]
    lines += [f"  note: {note}" for note in found.notes]
    if found.dropped:
        lines.append(f"  {found.dropped:,} that a reviewer dropped are left out")
    lines += _not_run(found.not_run)
    if gate.measured:
        head = ("limit", "allowed", "found", "")
        lines += table([head, *(_row(one, found.total) for one in gate.measured)])
    lines += [f"  {f.severity} {f.key}: {f.check}: {shorten(f.note, 140)}"
              for f in failing[:MAX_LISTED]]  # fmt: skip
    if len(failing) > MAX_LISTED:
        lines.append(f"  ... and {len(failing) - MAX_LISTED:,} more")
    lines += _of_baseline(gate, baseline)
    over = ", ".join(one.limit.name for one in gate.over)
    lines.append(f"Failed: over the limit of {over}." if over else "Passed.")
    return Report(_data(gate, seconds), lines, ok=not over)


def _not_run(lacking: Mapping[str, str]) -> list[str]:
    """A line for each reason why checks did not run."""
    names: dict[str, list[str]] = {}
    for name, want in lacking.items():
        names.setdefault(want, []).append(name)
    return [f"  not run: {', '.join(some)}: {want}" for want, some in names.items()]


def _row(one: Measured, total: int) -> tuple[str, ...]:
    share = f" ({one.allowed:,.4g} of {total:,})" if one.limit.share else ""
    return (one.limit.name, one.limit.text + share, f"{one.count:,.6g}", "over" if one.over else "")


def _of_baseline(gate: Gate, baseline: str | None) -> list[str]:
    if baseline is None:
        return []
    if gate.updated:
        gone = f"; {len(gate.gone):,} that were accepted are gone" if gate.gone else ""
        return [f"{len(gate.baseline):,} findings are accepted in {baseline}{gone}."]
    lines = [f"{len(gate.baseline):,} findings are accepted in {baseline}."]
    if gate.gone:
        lines.append(f"  {len(gate.gone):,} of them are gone; --update-baseline takes them out")
    return lines


def _data(gate: Gate, seconds: float) -> dict[str, Any]:
    found = gate.found
    return {
        "passed": not gate.over,
        "samples": found.total,
        "dropped": found.dropped,
        "limits": [
            {
                "name": one.limit.name, "limit": one.limit.text, "allowed": one.allowed,
                "found": one.count, "over": one.over,
            }
            for one in gate.measured
        ],
        "failing": [f._asdict() for f in gate.failing()[:MAX_IN_JSON]],
        "findings": dict(found.counts.most_common()),
        "new": dict(Counter(f.check for some in gate.new.values() for f in some).most_common()),
        "accepted": len(gate.baseline),
        "gone": len(gate.gone),
        "checks": found.checks,
        "not_run": found.not_run,
        "notes": found.notes,
        "seconds": round(seconds, 3),
    }  # fmt: skip
