"""One pair as a reviewer sees it, in plain JSON: the query, the doubts, what they rest on.

Lengths are fractions of the image, x to the right and y down. Texts are the dataset's, as
they are: whoever shows them shows them as text.
"""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks import CHECKS
from fiftyone_plugin.curation import (
    drawing,
    highlights,
    queue,
    review_fields,
    session_store,
    undoing,
)
from fiftyone_plugin.curation.log import ChangeLog, Scope
from fiftyone_plugin.curation.mask_replacement import document_of
from fiftyone_plugin.curation.mask_view import masks
from fiftyone_plugin.curation.review_fields import Stored
from importers import fo_internals, store
from importers.errors import UsageError
from importers.fields import (
    CAPTION,
    EDITABLE_MASK,
    FINDINGS,
    IMAGE_ID,
    IMAGE_MISSING,
    KEY,
    MASK_STATS,
    NO_TARGET,
    ORIGINAL_MASK,
    ORIGINAL_PHRASE,
    PHRASE,
    RENDITION,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    VERDICT,
)

MOST_SIBLINGS = 200
MOST_HISTORY = 10

Document = dict[str, Any]


def pair_view(
    dataset: Any,
    sample_id: str | None = None,
    *,
    key: str | None = None,
    session: str | None = None,
    reviewer: str | None = None,
) -> Document:
    """Everything about a pair that a reviewer needs.

    Args:
        dataset: a dataset that PairLens imported
        sample_id: the pair's sample
        key: or its key
        session: the session it is seen in, by id or name
        reviewer: who sees it

    Returns:
        ``sample_id``, ``key``, ``image_id``, ``split``, ``phrase``, ``original_phrase``,
        ``no_target``, ``image_missing``, ``image``, ``words`` (see :mod:`.words`),
        ``findings`` (worst first), ``shapes`` (see :mod:`.drawing`), ``masks`` (see
        :mod:`.masks_shown`), ``siblings``, ``review``, ``history`` (newest first),
        ``version``, ``session``, ``can_undo`` and ``can_redo``

    Raises:
        UsageError: if there is no such pair or session
        StateError: if PairLens did not import the dataset
    """
    review_fields.check_pairs(dataset)
    pair = sample_id or key
    if not pair:
        raise UsageError("no pair is named; give its sample id or its key")
    document = document_of(dataset, pair)
    stored = Stored(document)
    phrase = stored.state[stored.text_field] or ""
    labels = _labels(document)
    marked = highlights.marked(phrase, [(one["label"], one.get("note") or "") for one in labels])
    stats = store.stats_from(document.get(MASK_STATS))
    return {
        **_facts(document, phrase),
        "words": marked,
        "findings": [_finding(label, phrase, marked, stats) for label in labels],
        "shapes": drawing.of_mask(stats),
        "masks": masks(dataset, document),
        "siblings": _siblings(dataset, document),
        "review": _review(document),
        "history": _history(dataset, stored.key),
        "version": stored.version,
        **_session(dataset, stored, session, reviewer),
    }


def _facts(document: Document, phrase: str) -> Document:
    metadata = document.get("metadata") or {}
    return {
        "sample_id": str(document["_id"]),
        "key": document[KEY],
        "image_id": document.get(IMAGE_ID),
        "split": (document.get("tags") or [None])[0],
        "phrase": phrase,
        "original_phrase": document.get(ORIGINAL_PHRASE),
        "no_target": bool(document.get(NO_TARGET)),
        "image_missing": bool(document.get(IMAGE_MISSING)),
        "image": {
            "path": document.get(RENDITION) or document["filepath"],
            "width": metadata.get("width"),
            "height": metadata.get("height"),
        },
    }


def _labels(document: Document) -> list[Document]:
    """The findings, worst first, as they are stored; labels of other origin are left out."""
    labels = (document.get(FINDINGS) or {}).get("classifications") or []
    return [label for label in labels if label.get("label") and label.get("severity")]


def _finding(label: Document, phrase: str, marked: list[Document], stats: Any) -> Document:
    check = label["label"]
    return {
        "check": check,
        "severity": label["severity"],
        "score": label.get("score"),
        "note": label.get("note") or "",
        "about": CHECKS[check].about if check in CHECKS else "",
        "words": [n for n, word in enumerate(marked) if check in word["checks"]],
        "evidence": drawing.of_finding(check, phrase, stats),
    }


def _siblings(dataset: Any, document: Document) -> list[Document]:
    """The queries of the same image in the same split, in published order."""
    where = {IMAGE_ID: document.get(IMAGE_ID), "tags": (document.get("tags") or [None])[0]}
    wanted = {KEY: 1, PHRASE: 1, VERDICT: 1, f"{FINDINGS}.classifications.severity": 1}
    found = fo_internals.collection(dataset).find(where, wanted).sort("_id", 1)
    return [
        {
            "sample_id": str(one["_id"]),
            "key": one.get(KEY),
            "phrase": one.get(PHRASE) or "",
            "verdict": one.get(VERDICT),
            "current": one["_id"] == document["_id"],
            "findings": len(_labels(one | {FINDINGS: _named(one)})),
        }
        for one in found.limit(MOST_SIBLINGS)
    ]


def _named(document: Document) -> Document:
    labels = (document.get(FINDINGS) or {}).get("classifications") or []
    return {"classifications": [{"label": "_", **label} for label in labels]}


def _review(document: Document) -> Document:
    return {
        "verdict": document.get(VERDICT),
        "reviewer": document.get(REVIEWER),
        "reviewed_at": review_fields.text_of(document.get(REVIEWED_AT)),
        "note": document.get(REVIEW_NOTE),
        "mask_edited": bool(document.get(ORIGINAL_MASK)),
        "editable": bool(document.get(EDITABLE_MASK)),
    }


def _history(dataset: Any, key: str) -> list[Document]:
    entries = ChangeLog(dataset).entries(key, MOST_HISTORY)
    names = session_store.names(entry["session"] for entry in entries if "session" in entry)
    return [_entry(entry, names) for entry in entries if not entry.get("lost")]


def _entry(entry: Document, names: dict[ObjectId, str]) -> Document:
    old, new = entry["old"], entry["new"]
    return {
        "time": review_fields.text_of(entry["time"]),
        "reviewer": entry["reviewer"],
        "kind": entry["kind"],
        "verdict": new.get(VERDICT),
        "was": old.get(VERDICT),
        "phrase_changed": any(old.get(name) != new.get(name) for name in (PHRASE, CAPTION)),
        "mask_changed": ORIGINAL_MASK in new,
        "session": names.get(entry["session"]) if "session" in entry else None,
    }


def _session(dataset: Any, stored: Stored, session: str | None, who: str | None) -> Document:
    if session is None:
        undo, redo = undoing.available(dataset, Scope())
        return {"session": None, "can_undo": undo, "can_redo": redo}
    document = session_store.find(dataset, session)
    undo, redo = undoing.available(dataset, Scope(session=document["_id"]))
    item = queue.item_of(document, stored)
    told = {
        "name": document["name"],
        "finished": document["finished"] is not None,
        "in_queue": item["position"] is not None,
        "open_with": queue.others_at(document, item["position"], who),
    }
    return {"session": item | told, "can_undo": undo, "can_redo": redo}
