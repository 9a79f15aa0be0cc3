"""The step that estimates from the verdicts how likely each pair is bad."""

from __future__ import annotations

import time
from typing import Any

from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Watch, step


@step(
    "rank",
    "Estimate from the verdicts so far how likely each pair is bad, and store it as p_bad.",
    Option("session", "also reorder the open pairs of this session by it", metavar="SESSION"),
    examples=("rank gres", "rank gres --session first"),
)
def rank(samples: Any, watch: Watch, *, session: str | None) -> Report:
    """Estimates and stores ``p_bad``."""
    from pairlens.fiftyone_plugin import rank_reports
    from pairlens.fiftyone_plugin.curation.queue import find_open
    from pairlens.fiftyone_plugin.ranking.queueing import reorder
    from pairlens.fiftyone_plugin.ranking.runner import rank

    started = time.perf_counter()
    if session is not None:
        find_open(samples, session)
    done = rank(samples, watch.progress)
    if session is not None:
        done.reordered = reorder(samples, session)
    done.seconds = round(time.perf_counter() - started, 3)
    return rank_reports.of_rank(done)
