"""The findings of samples whose texts are edited, which are written with the edit.

A finding about words that are not there any more would contradict its sample. Findings of checks
that compare several samples stay as the last flagging left them, as with a replaced mask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pairlens.fiftyone_plugin.checks.runner import recheck
from pairlens.fiftyone_plugin.curation.log import Change, Values
from pairlens.importers import fo_internals
from pairlens.importers.fields import (
    CAPTION,
    CAPTIONS,
    CONVERSATIONS,
    FINDINGS,
    PHRASE,
    QUALITY,
    WORST_SEVERITY,
)

_TEXTS = frozenset({PHRASE, CAPTION, CAPTIONS, CONVERSATIONS})
_FOUND = frozenset({FINDINGS, QUALITY, WORST_SEVERITY})


def with_findings(dataset: Any, changes: Iterable[Change]) -> list[Change]:
    """The changes, those of texts with the findings in the new texts.

    Args:
        dataset: that the samples belong to
        changes: of different samples, forwards or backwards
    """
    listed = list(changes)
    edited = {one.sample_id: one for one in listed if not _TEXTS.isdisjoint(one.moved)}
    if not edited:
        return listed
    documents = list(fo_internals.collection(dataset).find({"_id": {"$in": list(edited)}}))
    found = recheck(dataset, [one | _without_findings(edited[one["_id"]]) for one in documents])
    for document, values in zip(documents, found, strict=True):
        one = edited[document["_id"]]
        old = one.old | {name: document.get(name) for name in values}
        edited[document["_id"]] = Change(one.sample_id, one.key, old, one.new | values)
    return [edited.get(one.sample_id, one) for one in listed]


def _without_findings(change: Change) -> Values:
    """What becomes of a sample, whose findings may be others by now than when that was logged."""
    return {name: value for name, value in change.new.items() if name not in _FOUND}
