"""Selections: which samples are exported, and why the others are not.

============  =================================================================================
``kept``      the verdict is ``keep`` or ``fix``
``clean``     not dropped, and no finding of severity ``error`` is open; the findings on a pair
              with the verdict ``keep`` or ``fix`` are closed
``quiet``     as ``clean``, and no finding of severity ``warning`` is open either
``all``       every pair of the dataset, the dropped ones too
``tag:T``     every pair with the tag, whatever its verdict
``view:V``    every pair in the saved view, whatever its verdict
============  =================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from fiftyone_plugin.checks.left_out import ACCEPTED, OPEN, is_left_out
from fiftyone_plugin.curation.texts import VERDICTS, VerdictKind
from importers import fo_internals
from importers.errors import UnknownName, UsageError
from importers.fields import FINDINGS, SOURCE, VERDICT
from importers.store import Document

SELECTIONS = ("kept", "clean", "quiet", "all", "tag:T", "view:V")

Choice = Callable[[Document], bool]

ORDER = {f"{SOURCE}.file": 1, f"{SOURCE}.index": 1, "_id": 1}
"""The order in which exports read; a choice must be asked about documents in it."""


def parse_selection(dataset: Any, select: str) -> Choice:
    """The predicate that says whether a sample's document is exported.

    Raises:
        UsageError: for an unknown selection, tag or view
    """
    kind, colon, name = select.partition(":")
    if colon and kind == "tag":
        if not fo_internals.collection(dataset).find_one({"tags": name}):
            raise UsageError(f"no pair of dataset {dataset.name!r} has the tag {name!r}")
        return lambda document: name in (document.get("tags") or ())
    if colon and kind == "view":
        return _in_view(dataset, name)
    choices: dict[str, Choice] = {"kept": _is_kept, "all": lambda _: True}
    choices |= {name: partial(_is_open_to, name) for name in OPEN}
    if select not in choices:
        raise UnknownName("selection", select, SELECTIONS)
    return choices[select]


def _is_kept(document: Document) -> bool:
    return document.get(VERDICT) in ACCEPTED


def _is_open_to(select: str, document: Document) -> bool:
    severities = (label.get("severity") for label in _labels(document))
    return not is_left_out(select, document.get(VERDICT), severities)


def _labels(document: Document) -> list[Document]:
    return (document.get(FINDINGS) or {}).get("classifications") or []


def position(document: Document) -> tuple[str, int, bytes]:
    """Where a document stands in :data:`ORDER`."""
    source = document[SOURCE]
    return source["file"], source["index"], document["_id"].binary


def _in_view(dataset: Any, name: str) -> Choice:
    if not dataset.has_saved_view(name):
        raise UnknownName("saved view", name, dataset.list_saved_views())
    view = dataset.load_saved_view(name)
    if not fo_internals.is_of_samples(view):
        raise UsageError(f"the view {name!r} does not hold pairs but parts or groups of them")
    documents = _positions(dataset, view)
    head = next(documents, None)

    def choose(document: Document) -> bool:
        nonlocal head
        here = position(document)
        while head is not None and head < here:
            head = next(documents, None)
        return head == here

    return choose


def _positions(dataset: Any, view: Any) -> Iterator[tuple[str, int, bytes]]:
    """The positions of a view's samples, in order; neither side is held in memory."""
    collection = fo_internals.collection(dataset)
    pipeline = [
        *fo_internals.pipeline(view),
        {"$project": {"_id": 1}},
        # The view may have left fields out, so the source is looked up.
        {
            "$lookup": {
                "from": collection.name,
                "localField": "_id",
                "foreignField": "_id",
                "as": "whole",
            }
        },
        {"$project": {SOURCE: {"$first": f"$whole.{SOURCE}"}}},
        {"$sort": ORDER},
    ]
    for document in collection.aggregate(pipeline, allowDiskUse=True):
        yield position(document)


def reason(document: Document, select: str) -> Document:
    """Why a pair was not selected, for the manifest."""
    verdict = document.get(VERDICT)
    if verdict == VerdictKind.DROP and select in ("kept", *OPEN):
        return {"because": "verdict drop"}
    if select in OPEN:
        kept = ("label", "score", "note")
        grave = (one for one in _labels(document) if one.get("severity") in OPEN[select])
        findings = [{name: one.get(name) for name in kept} for one in grave]
        return {"because": "findings", "findings": findings}
    if select == "kept":
        known = verdict in VERDICTS
        return {"because": f"verdict {verdict}" if known else "no verdict"}
    return {"because": "not selected"}
