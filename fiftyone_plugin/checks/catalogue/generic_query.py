"""Queries that describe a kind of object instead of one."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import generic


@check(
    "generic_query",
    severity="warning",
    needs=("phrase",),
    about="The query tells what objects of its kind usually look like, and nothing of this one.",
    topic="The query",
    fires=example(phrase="the bus with windows and wheels, usually yellow or red"),
    silent=example(phrase="the red bus with windows and wheels, usually seen on roads"),
)
def generic_query(batch: Batch) -> Iterator[Issue]:
    """Finds hedges ("usually", "typical of") in queries that tell nothing else apart.

    A place, a color without a hedge, a number, a mark or a neighbour tells the object apart;
    parts that all of the kind have, sizes, shapes and materials do not.
    """
    for key, _, hedge in batch.found(generic):
        note = f"{in_quotes(hedge.text)}: the query says what its kind looks like"
        yield Issue(key, 0.4, f"{note}, and nothing that tells this object from others")
