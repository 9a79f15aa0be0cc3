"""The report of a ranking."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pairlens.fiftyone_plugin.reports import Report, table

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.ranking.model import Weight
    from pairlens.fiftyone_plugin.ranking.runner import RankSummary

MIN_WEIGHT = 0.1
"""Minimum of a listed weight; smaller ones change the odds by less than a tenth."""


def of_rank(done: RankSummary) -> Report:
    """The report of a ranking."""
    from pairlens.fiftyone_plugin.ranking.model import MIN_VERDICTS
    from pairlens.fiftyone_plugin.ranking.runner import plain

    lines = [f"Stored p_bad of {done.pairs:,} pairs in {done.seconds:.1f} s, by "
             + (f"{done.verdicts:,} verdicts ({done.bad:,} bad)." if done.learned else
                f"the checks' own chances: {done.verdicts:,} verdicts are too few; "
                f"{MIN_VERDICTS} are needed, three of them good and three bad.")]  # fmt: skip
    if done.mended:
        lines.append(f"  {done.mended:,} mended pairs are not what was judged, and are left out")
    if done.weights:
        lines.append(f"  speaks for bad: {_feature_list(w for w in done.weights if w.weight > 0)}")
        lines.append(f"  speaks for good: {_feature_list(w for w in done.weights if w.weight < 0)}")
    if done.reliability:
        rows = [
            (f"{one.low:.0%} to {one.high:.0%}", f"{one.pairs:,}", f"{one.expected:.0%}",
             f"{one.found:.0%}")
            for one in done.reliability
        ]  # fmt: skip
        lines.append("Of the judged pairs, estimated without their own verdicts:")
        lines += table([("p_bad", "pairs", "expected bad", "were bad"), *rows])
    lines.append(f"Of the others {done.expected:,.0f} are expected to be bad.")
    if done.reordered is not None:
        lines.append(f"{done.reordered:,} pairs of the session are in this order now.")
    return Report(plain(done), lines)


def _feature_list(weights: Iterable[Weight]) -> str:
    return (
        ", ".join(weight.name for weight in weights if abs(weight.weight) >= MIN_WEIGHT)
        or "nothing"
    )
