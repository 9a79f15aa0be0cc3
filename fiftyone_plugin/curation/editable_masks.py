"""Copies of masks that FiftyOne's annotation mode can edit.

The App edits ``Detections``, not ``Segmentation`` masks: :func:`make_editable` puts a copy of
the mask into a field of instances, from where a verdict takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import fiftyone as fo
import numpy as np

from pairlens.fiftyone_plugin.curation import review_fields
from pairlens.fiftyone_plugin.curation.mask_replacement import check_source, target_of, with_label
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import EDITABLE_MASK, MASK_TARGETS, SEGMENTATION, TARGET
from pairlens.importers.stored_values import Document

MOST_EDITABLE = 1000
"""Pairs that are made editable at once: their masks go into the database."""

_lock = Lock()  # threads of the App share the dataset, which FiftyOne saves whole


def make_editable(
    dataset: Any, pairs: Sequence[str], *, source: str = SEGMENTATION
) -> dict[str, Any]:
    """Puts the masks of pairs into a field of instances that the App can edit.

    One detection a pair, labelled ``target``, its mask cut to its box; a pair whose mask is
    empty gets none, and one can be drawn. What was there before is replaced.

    Args:
        dataset: a dataset that PairLens imported
        pairs: keys or sample ids, at most a thousand: the masks go into the database
        source: the field to copy from: the mask, or a prediction to start from

    Returns:
        ``{"made", "field"}``

    Raises:
        UsageError: for an unknown pair or field, or too many pairs
        StateError: if a mask cannot be read
    """
    working_set.check(dataset)
    if len(pairs) > MOST_EDITABLE:
        raise UsageError(f"{len(pairs):,} pairs are too many to edit; take {MOST_EDITABLE:,}")
    check_source(dataset, source)
    documents = [with_label(review_fields.document_of(dataset, p), source) for p in pairs]
    offer(dataset)
    store.update(dataset, ((d["_id"], {EDITABLE_MASK: _editable(d, source)}) for d in documents))
    fo_internals.reload_samples(dataset, [d["_id"] for d in documents])
    return {"made": len(documents), "field": EDITABLE_MASK}


def offer(dataset: Any) -> None:
    """Declares the field of editable masks, and has FiftyOne's annotation mode offer it.

    An App that shows the dataset already learns of new fields when it loads the dataset again,
    so a session does this at its start, before the first mask is to be edited.
    """
    with _lock:
        _offer(dataset)


def _offer(dataset: Any) -> None:
    if not dataset.has_field(EDITABLE_MASK):
        dataset.add_sample_field(
            EDITABLE_MASK, fo.EmbeddedDocumentField, embedded_doc_type=fo.Detections
        )
        _show(dataset)
    # The annotation mode lists fields with a label schema alone.
    if EDITABLE_MASK in getattr(dataset, "label_schemas", {EDITABLE_MASK}):
        return  # or a FiftyOne of before label schemas
    label = {"classes": [MASK_TARGETS[TARGET]], "component": "radio", "type": "detections"}
    dataset.update_label_schema(EDITABLE_MASK, label | {"attributes": []})
    dataset.activate_label_schemas(EDITABLE_MASK)


def _show(dataset: Any) -> None:
    """Ticks the field in the App's sidebar: annotation edits what is shown."""
    active = dataset.app_config.active_fields
    if active is not None and EDITABLE_MASK not in (active.paths or ()):
        active.paths = [*(active.paths or ()), EDITABLE_MASK]
        dataset.save()


def clear_editable(dataset: Any, pairs: Sequence[str]) -> int:
    """Takes the editable copies of pairs away again; gives the number of pairs."""
    if not dataset.has_field(EDITABLE_MASK):
        return 0
    ids = [review_fields.find(dataset, pair).sample_id for pair in pairs]
    store.update_alike(dataset, ids, {EDITABLE_MASK: None})
    fo_internals.reload_samples(dataset, ids)
    return len(ids)


def _editable(document: Document, source: str) -> Document:
    target = target_of(document, source)
    detections = []
    if target.any():
        ys, xs = np.flatnonzero(target.any(1)), np.flatnonzero(target.any(0))
        y0, y1, x0, x1 = int(ys[0]), int(ys[-1]) + 1, int(xs[0]), int(xs[-1]) + 1
        height, width = target.shape
        one = fo.Detection(
            label=MASK_TARGETS[TARGET],
            bounding_box=[x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height],
            mask=target[y0:y1, x0:x1].astype(bool),
        )
        detections.append(one)
    return fo.Detections(detections=detections).to_mongo().to_dict()
