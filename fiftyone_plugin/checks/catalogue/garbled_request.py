"""Requests whose words are English and whose sense is lost."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import garbled_request as sense_lost_in

MILD = ("it is what it is", "it asks for the features of an object")
"""What a reader may still make sense of."""


@check(
    "garbled_request",
    severity="warning",
    needs=("phrase",),
    about="The query makes no sense as a request: it says that the object depicts another.",
    topic="The query",
    fires=example(phrase="the boat which seems to depict a person instead"),
    silent=example(phrase="the boat marked by a white stripe"),
)
def garbled_request(batch: Batch) -> Iterator[Issue]:
    """Finds objects that "are symbolized by" others, are "in the form of" themselves and alike.

    It is info where an object only is what it is, or its features are asked for.
    """
    for key, _, said in batch.found(sense_lost_in):
        mild = said.value in MILD
        severity = "info" if mild else None
        yield Issue(key, 0.6 if mild else 0.4, f"{said.value}: {in_quotes(said.text)}", severity)
