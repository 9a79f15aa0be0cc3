"""Queries for things that no image from above shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import classes, seen_from_ground


@check(
    "not_from_above",
    severity="warning",
    needs=("phrase",),
    about="The query speaks of what no image from above shows: the sky, a door's latch, an owl.",
    topic="The query",
    fires=example(phrase="the tall tower silhouetted against the sky"),
    silent=example(phrase="the tall tower with a sky-blue roof"),
)
def not_from_above(batch: Batch) -> Iterator[Issue]:
    """Finds words of views from the ground and of close-ups.

    It is info where only the way of looking is named, and of aircraft, which may be in the sky.
    """
    for key, phrase, said in batch.found(seen_from_ground):
        note = f"the query speaks of {said.value}, which no image from above shows"
        flying = _ALOFT.search(phrase) and any(w.value in _FLYING for w in classes(phrase))
        mild = flying or said.value == "a close-up"
        severity = "info" if mild else None
        yield Issue(key, 0.6 if mild else 0.3, f"{note}: {in_quotes(said.text)}", severity)


_ALOFT = re.compile(r"\b(?:in|through) the (?:\w+ )?sk(?:y|ies)\b", re.IGNORECASE)
_FLYING = frozenset({"airplane", "helicopter", "aircraft"})
