"""Queries that describe a kind of object instead of one."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import generic
from pairlens.fiftyone_plugin.language.generic import stands_out


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
    parts that all of the kind have, sizes, shapes and materials do not. A color that contrasts with
    what is around may help to find the object; that it "differs from its surroundings" does not.
    """
    for key, phrase, hedge in batch.found(generic):
        if not stands_out(phrase):
            note = "the query says what its kind looks like, and nothing that tells this object "
            yield Issue(key, 0.4, f"{in_quotes(hedge.text)}: {note}from others")
