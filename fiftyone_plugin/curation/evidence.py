"""Everything about a pair that the panel shows: query, findings with evidence, and masks."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import SequenceMatcher
from typing import Any, Literal

import fiftyone as fo
from bson import ObjectId

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.suggestions.offered import Suggestion
from pairlens.fiftyone_plugin.curation import highlights, queue, review_fields, texts, undoing
from pairlens.fiftyone_plugin.curation.groups import Group, alone, group_of_pair, labels_of
from pairlens.fiftyone_plugin.curation.log import ChangeEntry, ChangeLog, LogScope
from pairlens.fiftyone_plugin.curation.panel_types import (
    DiffPart,
    FindingView,
    HistoryEntry,
    ImageView,
    MaskView,
    MemberView,
    PairSession,
    PairView,
    ReviewView,
    Sibling,
    SuggestionView,
    TextEdit,
    Word,
)
from pairlens.fiftyone_plugin.curation.queue_documents import SessionDocument
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.curation.text_edits import suggested
from pairlens.fiftyone_plugin.curation.text_units import Units, names
from pairlens.fiftyone_plugin.curation.text_views import claims_of, text_views
from pairlens.fiftyone_plugin.curation.visible_opinions import VisibleOpinions, visible_opinions
from pairlens.fiftyone_plugin.metrics.runs import scored_fields
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.fields import (
    CAPTION,
    CAPTIONS,
    CONVERSATIONS,
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
from pairlens.importers.stored_values import Document

_TEXTS = (PHRASE, CAPTION, CAPTIONS, CONVERSATIONS)
MOST_SIBLINGS = 200
MOST_HISTORY = 10
PREDICTED = (fo.Segmentation, fo.Detections, fo.Polylines)
"""Types of fields that a predictor can have filled."""


def pair_view(
    dataset: Any, pair: str, *, session: str | None = None, reviewer: str | None = None
) -> PairView:
    """Everything about a pair that a reviewer needs.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        session: the session it is seen in, by id or name
        reviewer: who looks at it

    Raises:
        UsageError: if there is no such pair or session
        StateError: if PairLens did not import the dataset
    """
    working_set.check(dataset)
    opened = None if session is None else queue.find(dataset, session)
    document = review_fields.document_of(dataset, pair)
    sampled = opened is not None and opened["over"]["kind"] == "sample"
    check = None if opened is None else opened["over"].get("check")
    group = alone(document) if sampled else group_of_pair(dataset, document, check)
    others = visible_opinions(dataset, opened, group.documents, reviewer)
    members = [_member(dataset, one, group, others) for one in group.documents]
    shown = next(one for one in members if one["key"] == document[KEY])
    scope = LogScope(session=None if opened is None else opened["_id"])
    can_undo, can_redo = undoing.available(dataset, scope)
    place = None if opened is None else queue.place_of(opened, document["_id"])
    return {
        **shown,
        "siblings": _siblings(dataset, document, hidden=sampled),
        "history": [] if document["_id"] in others.blind else _history(dataset, document[KEY]),
        "session": None if opened is None else _session(opened, document, place),
        "can_undo": can_undo,
        "can_redo": can_redo,
        "group": {"id": group.id, "text": group.text, "members": members},
    }


def views_ahead(
    dataset: Any,
    session: str,
    *,
    reviewer: str | None = None,
    after: str | None = None,
    skip: Collection[str] = (),
    most: int = 3,
) -> list[PairView]:
    """The next groups of a session's queue, without moving to them.

    Args:
        dataset: that the session is of
        session: its id or name
        reviewer: who goes through it; what others have open comes last
        after: the sample behind which the search begins
        skip: samples that are as good as judged
        most: as many
    """
    opened = queue.find(dataset, session)
    passed, views = set(skip), list[PairView]()
    while len(views) < most:
        found = queue.coming(dataset, opened, reviewer=reviewer, after=after, skip=passed)
        if found is None:
            break
        views.append(pair_view(dataset, found, session=session, reviewer=reviewer))
        passed |= {found, *(m["sample_id"] for m in views[-1]["group"]["members"] if m["meant"])}
        after = found
    return views


def _member(dataset: Any, document: Document, group: Group, others: VisibleOpinions) -> MemberView:
    reviewed = ReviewedPair.from_document(document)
    phrase = reviewed.text or ""
    labels = labels_of(document)
    said = [(one["label"], one.get("note") or "") for one in labels]
    units = reviewed.units
    claims = claims_of(units, said)
    known = names(units)
    words = [] if units else highlights.marked(phrase, said)
    stats = store.stats_from(document.get(MASK_STATS))
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
        "findings": [
            _finding(label, phrase, words, stats, [known[place] for place in sorted(claim.places)])
            for label, claim in zip(labels, claims, strict=True)
        ],
        "shapes": highlights.mask_shapes(stats),
        "masks": _masks(dataset, document),
        "review": _review(document, reviewed, blind=document["_id"] in others.blind),
        "version": reviewed.version,
        "suggestion": _suggestion(phrase, units, group.suggestions.get(reviewed.key)),
        "meant": document["_id"] in group.meant,
        "texts": text_views(document, units, claims),
        **others.of(document),
    }


def _suggestion(phrase: str, units: Units, made: Suggestion | None) -> SuggestionView | None:
    if made is None:
        return None
    edits = suggested(units, made) if units else []
    removes = [edit["unit"] for edit in edits if "removed" in edit]
    changed = edits[0] if edits and made.text is not None else None
    if changed:
        unit = units[names(units).index(changed["unit"])]
        phrase = unit.texts[made.at[1] + unit.is_turn]
    if removes:
        text = f"remove {' and '.join(removes)}"
    elif made.text is not None:
        text = "another text"
    elif made.mask_of is not None:
        text = f"the mask of {made.mask_of}"
    else:
        text = f"the mask of {made.mask_from}, on which the predictors agree"
    return {
        "checks": list(made.checks),
        "text": text,
        "phrase": made.text,
        "diff": [] if made.text is None else difference(phrase, made.text),
        "mask_of": made.mask_of,
        "mask_from": made.mask_from,
        "unit": changed["unit"] if changed else None,
        "removes": removes,
        "edits": [TextEdit(**edit) for edit in edits],
    }


_PIECE = re.compile(r"\w+|\s+|[^\w\s]")


def difference(before: str, after: str) -> list[DiffPart]:
    """The pieces of two texts, word by word: what stays, what is cut and what is new."""
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    parts: list[DiffPart] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append({"text": "".join(old[a:b]), "kind": "same"})
            continue
        if cut := "".join(old[a:b]):
            parts.append({"text": cut, "kind": "cut"})
        if added := "".join(new[c:d]):
            parts.append({"text": added, "kind": "new"})
    return parts


def _image(document: Document) -> ImageView:
    metadata = document.get("metadata") or {}
    return {
        "path": _shown_path(document),
        "width": metadata.get("width"),
        "height": metadata.get("height"),
    }


def _shown_path(document: Document) -> str:
    return document.get(RENDITION) or document["filepath"]


def _finding(
    label: Document, phrase: str, words: list[Word], stats: MaskStats, units: list[str]
) -> FindingView:
    check = label["label"]
    return {
        "check": check,
        "severity": label["severity"],
        "score": label.get("score"),
        "note": label.get("note") or "",
        "about": CHECKS[check].about if check in CHECKS else "",
        "units": units,
        "words": [n for n, word in enumerate(words) if check in word["checks"]],
        "evidence": highlights.finding_shapes(check, phrase, stats),
    }


def _siblings(dataset: Any, document: Document, *, hidden: bool) -> list[Sibling]:
    """The queries of the same image in the same split, in published order.

    Args:
        dataset: that the pair belongs to
        document: its sample
        hidden: whether findings are not shown
    """
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
            "findings": 0 if hidden else len(labels_of(one)),
        }
        for one in found.limit(MOST_SIBLINGS)
    ]


def _review(document: Document, reviewed: ReviewedPair, *, blind: bool) -> ReviewView:
    review = reviewed.review
    mended = bool(document.get(ORIGINAL_MASK)), bool(document.get(EDITABLE_MASK))
    if blind:
        return {
            "verdict": None,
            "reviewer": None,
            "reviewed_at": None,
            "note": None,
            "mask_edited": mended[0],
            "editable": mended[1],
        }
    return {
        "verdict": review["verdict"],
        "reviewer": review["reviewer"],
        "reviewed_at": texts.text_of(review["reviewed_at"]),
        "note": review["review_note"],
        "mask_edited": mended[0],
        "editable": mended[1],
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
        "phrase_changed": any(old.get(name) != new.get(name) for name in _TEXTS),
        "mask_changed": ORIGINAL_MASK in new,
        "session": names.get(entry["session"]) if "session" in entry else None,
    }


def _session(session: SessionDocument, pair: Document, place: int | None) -> PairSession:
    return {
        **queue.item_at(session, place, pair["_id"], pair[KEY]),
        "name": session["name"] + (", still being read" if session.get("rest") else ""),
        "finished": session["finished"] is not None,
        "in_queue": place is not None,
    }


def _masks(dataset: Any, document: Document) -> list[MaskView]:
    """The masks of a pair: the ground truth, the published one if replaced, the predictions.

    None of an image that has captions or conversations instead.
    """
    if not dataset.has_field(SEGMENTATION):
        return []
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
