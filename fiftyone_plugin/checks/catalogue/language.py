"""Checks on the query alone: whether there is one, and whether it gives the answer away."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.language import coordinates

MAX_QUOTED = 60


@check(
    "empty_query",
    severity="error",
    needs=("phrase",),
    about="The query holds no letter and no digit.",
    topic="The query",
    fires=example(phrase="..."),
    silent=example(phrase="3"),
)
def empty_query(batch: Batch) -> Iterator[Issue]:
    """Finds queries that are blank, or punctuation and invisible characters only."""
    for key, phrase in batch.queries():
        if not any(character.isalnum() for character in phrase):
            shown = ascii(phrase[:MAX_QUOTED]) if phrase else "nothing"
            yield Issue(key, 0.0, f"the query has no words; it is {shown}")


@check(
    "coordinate_leak",
    severity="warning",
    needs=("phrase",),
    about="Pixel coordinates of the target stand in the query.",
    kinds=("pairs", "captions"),
    topic="The query",
    shared=True,
    fires=example(phrase="the bus at [188, 116, 25, 16]"),
    silent=example(phrase="the 2 buses of 2019"),
)
def coordinate_leak(batch: Batch) -> Iterator[Issue]:
    """Finds queries that hold coordinates.

    The mask may be right and the target found, but what is learned or measured is the reading
    of numbers. A box (four numbers or more) is an error; a point or a bare token is less sure.
    """
    for key, phrase in batch.queries():
        if leaked := coordinates(phrase):
            numbers = max(len(word.value.split()) for word in leaked)
            quoted = ", ".join(word.text for word in leaked)
            if len(quoted) > MAX_QUOTED:
                quoted = f"{quoted[:MAX_QUOTED]} ..."
            score, severity = (0.05, "error") if numbers >= 4 else (0.2, None)
            yield Issue(key, score, f"the query holds coordinates: {quoted}", severity)
