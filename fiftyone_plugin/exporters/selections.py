"""Selections: the rules that decide which samples are exported.

============  =================================================================================
``kept``      the verdict is ``keep``, or ``fix`` and something was mended
``clean``     not dropped, and no finding of severity ``error`` is open; the findings on a pair
              that is ``kept`` are closed
``quiet``     as ``clean``, and no finding of severity ``warning`` is open either
``all``       every pair of the dataset, the dropped ones too
``tag:T``     every pair with the tag, whatever its verdict
``view:V``    every pair in the saved view, whatever its verdict
============  =================================================================================

A pair with the verdict ``fix`` that was not mended yet is not kept, and its findings stay open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pairlens.fiftyone_plugin.checks.findings_store import ACCEPTED, OPEN, is_left_out
from pairlens.fiftyone_plugin.curation.fixes import is_to_be_fixed
from pairlens.fiftyone_plugin.curation.texts import VERDICTS, VerdictKind
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.errors import UnknownName, UsageError
from pairlens.importers.fields import (
    FINDINGS,
    ORIGINAL_MASK,
    ORIGINAL_PHRASE,
    SOURCE,
    TEXT_EDITS,
    VERDICT,
)
from pairlens.importers.stored_values import Document

DEFAULT = "kept"
"""The selection without ``--select``: only samples that a reviewer accepted."""

SELECTIONS = ("kept", "clean", "quiet", "all", "tag:T", "view:V")

Choice = Callable[[Document], bool]

ORDER = (f"{SOURCE}.file", f"{SOURCE}.index")
"""The order in which exports read samples; selections must be called in this order."""


class Selection:
    """Decides which samples of a dataset or view are exported.

    Args:
        samples: the dataset or view
        select: one of :data:`SELECTIONS`

    Attributes:
        name: name for messages

    Raises:
        UsageError: for an unknown selection, tag or view, or a view whose samples are parts of
            stored ones
    """

    def __init__(self, samples: Any, select: str) -> None:
        dataset = fo_internals.dataset_of(samples)
        self._samples = samples
        self._select = select
        self._chosen = parse_selection(dataset, select)
        self._view_filter: Choice | None = None
        self.name = select
        if fo_internals.is_view(samples):
            self._view_filter = _in_view(samples)
            self.name = "a view" if select == "all" else f"{select} of a view"

    def __call__(self, document: Document) -> bool:
        """Whether a sample is exported."""
        return self._in_given_view(document) and self._chosen(document)

    def others(self) -> str:
        """The sizes of the other selections, for messages: ``clean 62, quiet 59, all 84``."""
        sizes = counts(self._samples)
        names = ("kept", *OPEN, "all")
        return ", ".join(f"{name} {sizes[name]:,}" for name in names if name != self._select)

    def _in_given_view(self, document: Document) -> bool:
        return self._view_filter is None or self._view_filter(document)

    def reason(self, document: Document) -> Document:
        """Why the sample of the last call is not exported, for the manifest."""
        return reason(document, self._select) if self._in_given_view(document) else _NOT_SELECTED


_NOT_SELECTED = {"because": "not selected"}


def parse_selection(dataset: Any, select: str) -> Choice:
    """The predicate of a selection, on documents in the order of :data:`ORDER`.

    Raises:
        UsageError: for an unknown selection, tag or view
    """
    kind, colon, name = select.partition(":")
    if colon and kind == "tag":
        if not fo_internals.collection(dataset).find_one({"tags": name}):
            raise UsageError(f"no pair of dataset {dataset.name!r} has the tag {name!r}")
        return lambda document: name in (document.get("tags") or ())
    if colon and kind == "view":
        if not dataset.has_saved_view(name):
            raise UnknownName("saved view", name, dataset.list_saved_views())
        return _in_view(dataset.load_saved_view(name))
    choices: dict[str, Choice] = {"kept": _is_kept, "all": lambda _: True}
    choices |= {name: partial(_is_open_to, name) for name in OPEN}
    if select not in choices:
        raise UnknownName("selection", select, SELECTIONS)
    return choices[select]


def _is_kept(document: Document) -> bool:
    return document.get(VERDICT) in ACCEPTED and not is_to_be_fixed(document)


def _is_open_to(select: str, document: Document) -> bool:
    severities = (label.get("severity") for label in _labels(document))
    verdict = None if is_to_be_fixed(document) else document.get(VERDICT)
    return not is_left_out(select, verdict, severities)


def counts(samples: Any) -> dict[str, int]:
    """The numbers of samples that ``kept``, ``clean``, ``quiet`` and ``all`` select.

    MongoDB counts them; samples that were mended in Python count as not mended.
    """
    label = f"{FINDINGS}.classifications.severity"
    nothing = {ORIGINAL_PHRASE: None, ORIGINAL_MASK: None, TEXT_EDITS: None}
    kept = {VERDICT: {"$in": list(ACCEPTED)}, "$nor": [{VERDICT: VerdictKind.FIX, **nothing}]}
    wanted: dict[str, Document] = {"all": {}, "kept": kept}
    for select, severities in OPEN.items():
        closed = {VERDICT: {"$ne": VerdictKind.DROP}, label: {"$nin": list(severities)}}
        wanted[select] = {"$or": [kept, closed]}
    facets = {name: [{"$match": where}, {"$count": "n"}] for name, where in wanted.items()}
    pipeline = [*working_set.pipeline(samples), {"$facet": facets}]
    sizes = next(fo_internals.collection(samples).aggregate(pipeline))
    return {name: (rows[0]["n"] if rows else 0) for name, rows in sizes.items()}


def _labels(document: Document) -> list[Document]:
    return (document.get(FINDINGS) or {}).get("classifications") or []


def count(samples: Any, select: str) -> int:
    """The number of samples that a selection selects; for tags and views every sample is read.

    Raises:
        UsageError: for an unknown selection, tag or view
    """
    sizes = counts(samples)
    if select in sizes:
        return sizes[select]
    selection = Selection(samples, select)
    return sum(map(selection, store.stream(samples, (*ORDER, "tags"), order=ORDER)))


def position(document: Document) -> tuple[str, int, bytes]:
    """The sort key of a document in :data:`ORDER`."""
    source = document[SOURCE]
    return source["file"], source["index"], document["_id"].binary


def _in_view(view: Any) -> Choice:
    """The predicate of a view, on documents in the order of :data:`ORDER`.

    Both sides are streamed; neither is held in memory.
    """
    documents = map(position, store.stream(view, ORDER, order=ORDER))
    head = next(documents, None)

    def choose(document: Document) -> bool:
        nonlocal head
        here = position(document)
        while head is not None and head < here:
            head = next(documents, None)
        return head == here

    return choose


def reason(document: Document, select: str) -> Document:
    """Why a selection leaves out a sample, for the manifest."""
    verdict = document.get(VERDICT)
    if verdict == VerdictKind.DROP and select in ("kept", *OPEN):
        return {"because": "verdict drop"}
    if select in OPEN:
        kept = ("label", "score", "note")
        grave = (one for one in _labels(document) if one.get("severity") in OPEN[select])
        findings = [{name: one.get(name) for name in kept} for one in grave]
        return {"because": "findings", "findings": findings}
    if select == "kept":
        if is_to_be_fixed(document):
            return {"because": "verdict fix, and nothing was mended yet"}
        return {"because": f"verdict {verdict}" if verdict in VERDICTS else "no verdict"}
    return _NOT_SELECTED
