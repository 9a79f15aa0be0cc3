"""The step that estimates how many pairs are bad: draws a sample, reports on it, plans its size."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Watch, step
from pairlens.importers.errors import UsageError


@step(
    "estimate",
    "Estimate how many pairs are bad, from a random sample that a person judges.",
    Option("size", "pairs to draw", int, 300, metavar="COUNT"),
    Option("seed", "random seed of the sample", int, 1, metavar="SEED"),
    Option("session", "name of the session; with --report the session to report, by default the "
           "newest over a sample", metavar="SESSION"),
    Option("reviewer", "name of the reviewer who starts it"),
    Option("report", "report the estimate, from the verdicts on the sample", bool, False),
    Option("plan", "show how many pairs to look at, to prove that few are bad", bool, False),
    Option("at_most", "with --plan: the share of bad pairs that is allowed", default="1%",
           metavar="SHARE%"),
    Option("confidence", "of the intervals and the plan", default="95%", metavar="SHARE%"),
    examples=(
        "estimate gres --plan --at-most 1%",
        "estimate gres --size 300 --seed 1 --session sample",
        "estimate gres --report",
    ),
)  # fmt: skip
def estimate(
    samples: Any,
    watch: Watch,
    *,
    size: int,
    seed: int,
    session: str | None,
    reviewer: str | None,
    report: bool,
    plan: bool,
    at_most: str,
    confidence: str,
) -> Report:
    """Draws a sample, or reports, or plans."""
    from pairlens.fiftyone_plugin import estimate_reports
    from pairlens.importers import working_set

    if report and plan:
        raise UsageError("give --report or --plan, not both")
    sure = _share("--confidence", confidence)
    if plan:
        from pairlens.fiftyone_plugin.estimate.plan import plans

        total, allowed = working_set.count(samples), _share("--at-most", at_most)
        return estimate_reports.of_plans(plans(total, allowed, sure), total, allowed, sure)
    if report:
        from pairlens.fiftyone_plugin.estimate.report import report as report_of

        return estimate_reports.of_estimate(report_of(samples, session, sure))
    from pairlens.fiftyone_plugin.curation.queue import find
    from pairlens.fiftyone_plugin.estimate.drawing import draw

    done = draw(samples, size=size, seed=seed, name=session, reviewer=reviewer)
    sample: Any = find(samples, done["id"]).get("sample")
    drawn = Counter(number for number, _ in sample["drawn"])
    strata = [(one["name"], one["size"], drawn[n]) for n, one in enumerate(sample["strata"])]
    return estimate_reports.of_sample(done, strata)


def _share(flag: str, text: str) -> float:
    """A share that is given as a percentage.

    Raises:
        UsageError: if it is none
    """
    try:
        value = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        value = -1.0
    if not text.strip().endswith("%") or not 0 < value < 1:
        raise UsageError(f"{flag} {text}: give a share above 0% and below 100%, such as 1%")
    return value
