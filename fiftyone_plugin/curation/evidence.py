"""Everything about a pair that the panel shows: query, findings with evidence, and masks."""

from __future__ import annotations

from typing import Any, Literal

import fiftyone as fo
from bson import ObjectId

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.curation import highlights, queue, review_fields, texts, verdicts
from pairlens.fiftyone_plugin.curation.log import ChangeEntry, ChangeLog, LogScope
from pairlens.fiftyone_plugin.curation.panel_types import (
    FindingView,
    HistoryEntry,
    ImageView,
    MaskView,
    PairSession,
    PairView,
    ReviewView,
    Sibling,
    Word,
)
from pairlens.fiftyone_plugin.curation.queue import SessionDocument
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.metrics.runs import scored_fields
from pairlens.importers import fo_internals, store
from pairlens.importers.fields import (
    CAPTION,
    EDITABLE_MASK,
    FINDINGS,
    IMAGE_ID,
    IMAGE_MISSING,
    KEY,
    MASK_STATS,
    NO_TARGET,
    ORIGINAL_MASK,
    PHRASE,
    RENDITION,
    SEGMENTATION,
    SPLIT,
    VERDICT,
    iou_field,
    predicted_area_field,
)
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.store import Document

MOST_SIBLINGS = 200
MOST_HISTORY = 10
AHEAD = 5
"""Pairs of the queue whose files are named before they are asked for: the next are often other
queries of the same image."""

PREDICTED = (fo.Segmentation, fo.Detections, fo.Polylines)
"""Types of fields that a predictor can have filled."""


def pair_view(dataset: Any, pair: str, *, session: str | None = None) -> PairView:
    """Everything about a pair that a reviewer needs.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        session: the session it is seen in, by id or name

    Raises:
        UsageError: if there is no such pair or session
        StateError: if PairLens did not import the dataset
    """
    review_fields.check_pairs(dataset)
    opened = None if session is None else queue.find(dataset, session)
    document = review_fields.document_of(dataset, pair)
    reviewed = ReviewedPair.from_document(document)
    phrase = reviewed.text or ""
    labels = _labels(document)
    words = highlights.marked(phrase, [(one["label"], one.get("note") or "") for one in labels])
    stats = store.stats_from(document.get(MASK_STATS))
    scope = LogScope(session=None if opened is None else opened["_id"])
    can_undo, can_redo = verdicts.available(dataset, scope)
    place = None if opened is None else queue.place_of(opened, reviewed.sample_id)
    return {
        "sample_id": str(reviewed.sample_id),
        "key": reviewed.key,
        "image_id": document.get(IMAGE_ID),
        "split": document.get(SPLIT),
        "phrase": phrase,
        "original_phrase": reviewed.review["original_phrase"],
        "no_target": bool(document.get(NO_TARGET)),
        "image_missing": bool(document.get(IMAGE_MISSING)),
        "image": _image(document),
        "words": words,
        "findings": [_finding(label, phrase, words, stats) for label in labels],
        "shapes": highlights.mask_shapes(stats),
        "masks": _masks(dataset, document),
        "siblings": _siblings(dataset, document),
        "review": _review(document, reviewed),
        "history": _history(dataset, reviewed.key),
        "version": reviewed.version,
        "session": None if opened is None else _session(opened, reviewed, place),
        "ahead": [] if opened is None or place is None else _ahead(dataset, opened, place),
        "can_undo": can_undo,
        "can_redo": can_redo,
    }


def _image(document: Document) -> ImageView:
    metadata = document.get("metadata") or {}
    return {
        "path": _shown_path(document),
        "width": metadata.get("width"),
        "height": metadata.get("height"),
    }


def _shown_path(document: Document) -> str:
    return document.get(RENDITION) or document["filepath"]


def _labels(document: Document) -> list[Document]:
    """The findings, worst first, as they are stored; labels of other origin are left out."""
    labels = (document.get(FINDINGS) or {}).get("classifications") or []
    return [label for label in labels if label.get("label") and label.get("severity")]


def _finding(label: Document, phrase: str, words: list[Word], stats: MaskStats) -> FindingView:
    check = label["label"]
    return {
        "check": check,
        "severity": label["severity"],
        "score": label.get("score"),
        "note": label.get("note") or "",
        "about": CHECKS[check].about if check in CHECKS else "",
        "words": [n for n, word in enumerate(words) if check in word["checks"]],
        "evidence": highlights.finding_shapes(check, phrase, stats),
    }


def _siblings(dataset: Any, document: Document) -> list[Sibling]:
    """The queries of the same image in the same split, in published order."""
    where = {IMAGE_ID: document.get(IMAGE_ID), SPLIT: document.get(SPLIT)}
    members = [f"{FINDINGS}.classifications.{name}" for name in ("label", "severity")]
    wanted = dict.fromkeys((KEY, PHRASE, VERDICT, *members), 1)
    found = fo_internals.collection(dataset).find(where, wanted).sort("_id", 1)
    return [
        {
            "sample_id": str(one["_id"]),
            "key": one.get(KEY),
            "phrase": one.get(PHRASE) or "",
            "verdict": one.get(VERDICT),
            "current": one["_id"] == document["_id"],
            "findings": len(_labels(one)),
        }
        for one in found.limit(MOST_SIBLINGS)
    ]


def _review(document: Document, reviewed: ReviewedPair) -> ReviewView:
    review = reviewed.review
    return {
        "verdict": review["verdict"],
        "reviewer": review["reviewer"],
        "reviewed_at": texts.text_of(review["reviewed_at"]),
        "note": review["review_note"],
        "mask_edited": bool(document.get(ORIGINAL_MASK)),
        "editable": bool(document.get(EDITABLE_MASK)),
    }


def _history(dataset: Any, key: str) -> list[HistoryEntry]:
    entries = ChangeLog(dataset).entries(key, MOST_HISTORY)
    names = queue.names(entry["session"] for entry in entries if "session" in entry)
    return [_entry(entry, names) for entry in entries if not entry.get("lost")]


def _entry(entry: ChangeEntry, names: dict[ObjectId, str]) -> HistoryEntry:
    old, new = entry["old"], entry["new"]
    return {
        "time": texts.text_of(entry["time"]),
        "reviewer": entry["reviewer"],
        "kind": entry["kind"],
        "verdict": new.get(VERDICT),
        "was": old.get(VERDICT),
        "phrase_changed": any(old.get(name) != new.get(name) for name in (PHRASE, CAPTION)),
        "mask_changed": ORIGINAL_MASK in new,
        "session": names.get(entry["session"]) if "session" in entry else None,
    }


def _session(session: SessionDocument, pair: ReviewedPair, place: int | None) -> PairSession:
    return {
        **queue.item_at(session, place, pair.sample_id, pair.key),
        "name": session["name"],
        "finished": session["finished"] is not None,
        "in_queue": place is not None,
    }


def _ahead(dataset: Any, session: SessionDocument, place: int) -> list[str]:
    """The images and masks of the next pairs that nobody has judged, in the queue's order."""
    ids = queue.left(session, AHEAD, after=place)
    wanted = ("filepath", RENDITION, f"{SEGMENTATION}.mask_path")
    found = fo_internals.collection(dataset).find({"_id": {"$in": ids}}, dict.fromkeys(wanted, 1))
    documents = {one["_id"]: one for one in found}
    paths: list[str] = []
    for document in (documents[one] for one in ids if one in documents):
        mask = (document.get(SEGMENTATION) or {}).get("mask_path")
        paths += [_shown_path(document), *([mask] if mask else [])]
    return list(dict.fromkeys(paths))


def _masks(dataset: Any, document: Document) -> list[MaskView]:
    """The masks of a pair: the ground truth, the published one if replaced, the predictions."""
    truth = document.get(SEGMENTATION) or {}
    stats = document.get(MASK_STATS) or {}
    shown = [_mask(SEGMENTATION, "ground truth", "truth", truth, area=stats.get("area"))]
    if kept := document.get(ORIGINAL_MASK):
        area = (kept.get("stats") or {}).get("area")
        shown.append(_mask(ORIGINAL_MASK, "as published", "original", kept, area=area))
    scored = scored_fields(dataset)
    for name in _prediction_fields(dataset):
        if label := document.get(name):
            shown.append(_prediction(name, label, document, scored.get(name)))
    return shown


def _prediction_fields(dataset: Any) -> list[str]:
    return [
        name
        for name, field in dataset.get_field_schema().items()
        if getattr(field, "document_type", None) in PREDICTED
        and name not in (SEGMENTATION, EDITABLE_MASK)
    ]


def _prediction(name: str, label: Document, document: Document, key: str | None) -> MaskView:
    shown = _mask(name, name, "prediction", label)
    shown["usable"] = True
    if key is not None:
        shown["eval_key"] = key
        shown["iou"] = document.get(iou_field(key))
        shown["area"] = document.get(predicted_area_field(key))
    return shown


def _mask(
    field: str,
    label: str,
    role: Literal["truth", "original", "prediction"],
    stored: Document,
    area: int | None = None,
) -> MaskView:
    return {
        "field": field,
        "label": label,
        "role": role,
        "path": stored.get("mask_path"),
        "iou": None,
        "eval_key": None,
        "area": area,
        "usable": False,
    }
