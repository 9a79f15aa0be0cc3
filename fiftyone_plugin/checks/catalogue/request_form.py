"""Requests that no mask answers."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import request_form as form_of

_ASKED = {
    "to divide it": "asks to divide an object",
    "to arrange it": "asks to move or change an object",
    "to make it": "asks to draw or make an object",
    "a name": "asks for a name or an identity",
    "a kind": "asks for a kind or a class",
    "a property": "asks for a property, such as a color or a number",
    "to choose": "asks to choose between classes",
    "a description": "asks for a description",
}


@check(
    "request_form",
    severity="warning",
    needs=("phrase",),
    about="The query asks for something else than a mask: to divide, to move or to name an object.",
    topic="The query",
    fires=example(phrase="Divide the red bus with a white roof."),
    silent=example(phrase="Can you point out the bus in the upper-left corner?"),
)
def request_form(batch: Batch) -> Iterator[Issue]:
    """Finds requests whose verb or question a mask does not answer.

    A paraphrase turned "segment" into "divide" or "place", or asks what an object is called.
    Questions for a place ("which building is in the corner") are answered by a mask.
    """
    for key, _, match in batch.found(form_of):
        yield Issue(key, 0.3, f"the query {_ASKED[match.value]}: {in_quotes(match.text)}")
