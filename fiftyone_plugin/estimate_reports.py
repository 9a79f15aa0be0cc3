"""Reports of estimates and acceptance sampling plans."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pairlens.fiftyone_plugin.reports import Report, table

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.curation.panel_types import SessionView
    from pairlens.fiftyone_plugin.estimate.intervals import Share
    from pairlens.fiftyone_plugin.estimate.plan import Plan
    from pairlens.fiftyone_plugin.estimate.report import Estimate


def of_sample(session: SessionView, strata: list[tuple[str, int, int]]) -> Report:
    """The report of a drawn sample.

    Args:
        session: the session over it
        strata: name, pairs and drawn pairs of each stratum
    """
    name, dataset = session["name"], session["dataset"]
    lines = [f"Drew {session['pairs']:,} pairs into the session {name}, in which findings are "
             "hidden:"]  # fmt: skip
    rows = [(one, f"{size:,}", f"{drawn:,}") for one, size, drawn in strata]
    lines += table([("stratum", "pairs", "drawn"), *rows])
    lines.append(f"Judge them: pairlens app {dataset}; then: pairlens estimate {dataset} --report")
    return Report(dict(session) | {"strata": rows}, lines)


def of_estimate(done: Estimate) -> Report:
    """The report of an estimate of how many pairs are bad."""
    holds = f"the intervals hold at {100 * done.confidence:g} %"
    lines = [
        f"{interval(done.before)} of {done.pairs:,} pairs are bad; {holds}.",
        f"  by {done.judged:,} of {done.drawn:,} pairs of the session {done.session} "
        f"({done.unsure:,} unsure), seed {done.seed}"
        + (f", and {done.decided:,} that had a verdict before" if done.decided else ""),
    ]
    rows = [
        (s.name, f"{s.size:,}", f"{s.judged:,}", f"{s.bad:g}", interval(s.share))
        for s in done.strata
    ]
    lines += table([("stratum", "pairs", "judged", "bad", "share"), *rows])
    for select, (size, share) in done.after.items():
        lines.append(
            f"After cleaning, --select {select} keeps {size:,}, of which {interval(share)}"
        )
    for name, flags in done.flags.items():
        lines.append(
            f"{flags.pairs:,} pairs are flagged ({name}): {interval(flags.precision)} of them are "
            f"bad, and they are {interval(flags.recall)} of all bad ones."
        )
    return Report(asdict(done), lines)


def interval(share: Share) -> str:
    """A share with its interval as text, such as ``2.1 % (1.2 to 3.6)``."""
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"


def of_plans(plans: list[Plan], total: int, at_most: float, confidence: float) -> Report:
    """The report of acceptance sampling plans."""
    claim = f"at most {100 * at_most:g} % of {total:,} pairs are bad, at {100 * confidence:g} %"
    data = {"pairs": total, "at_most": at_most, "confidence": confidence,
            "plans": [plan._asdict() for plan in plans]}  # fmt: skip
    if not plans:
        line = f"There are too few pairs to show by a sample that {claim}."
        return Report(data, [line], ok=False)
    rows = [
        (f"{plan.look_at:,}", f"{plan.accept:,}", f"{plan.passes_at_half:.0%}",
         f"{plan.passes_at_quarter:.0%}")
        for plan in plans
    ]  # fmt: skip
    half, quarter = (f"passes at {100 * at_most / n:g} %" for n in (2, 4))
    lines = [f"To show that {claim}, look at so many, drawn at random, and accept so many bad:"]
    lines += table([("look at", "accept", half, quarter), *rows])
    return Report(data, lines)
