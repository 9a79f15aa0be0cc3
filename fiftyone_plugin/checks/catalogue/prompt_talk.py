"""Queries that mention boxes, points or details that are not part of the query."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.wording import is_boilerplate
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import coordinates
from pairlens.fiftyone_plugin.language import prompt_talk as talk_in


@check(
    "prompt_talk",
    severity="warning",
    needs=("phrase",),
    about="The query speaks of a region, points or details that its reader is not given.",
    topic="The query",
    shared=True,
    fires=example(phrase="Find the truck in the corner using the given features."),
    silent=example(phrase="Find the field outlined by white boundary lines."),
)
def prompt_talk(batch: Batch) -> Iterator[Issue]:
    """Finds talk of what only the writer of the query had: "inside the designated boundary".

    Nothing where ``boilerplate`` or ``coordinate_leak`` tells of the same words.
    """
    for key, phrase, match in batch.found(talk_in):
        if match and not coordinates(phrase) and not is_boilerplate(phrase):
            yield Issue(key, 0.3, f"the query speaks of {match.value}: {in_quotes(match.text)}")
