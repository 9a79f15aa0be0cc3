"""Suggested fixes as a decisions file, to be read, cut down and applied from the command line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.checks.suggestions.offered import Suggestion
from pairlens.fiftyone_plugin.curation import mask_replacement, texts
from pairlens.fiftyone_plugin.curation.groups import suggestions_for
from pairlens.fiftyone_plugin.curation.panel_types import Suggested
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.curation.selection import GRAVE
from pairlens.fiftyone_plugin.curation.text_edits import (
    edited,
    edits_of,
    suggested,
)
from pairlens.fiftyone_plugin.curation.texts import VERDICTS, DecisionLine, MaskLine, VerdictKind
from pairlens.importers import fo_internals, working_set
from pairlens.importers.fields import (
    IMAGE_ID,
    KEY,
    ORIGINAL_MASK,
    SEGMENTATION,
    SPLIT,
    TARGET,
    VERDICT,
)
from pairlens.importers.files import explaining_write_errors, write_atomic
from pairlens.importers.mask_stats import measure
from pairlens.importers.masks import Mask, load_stored
from pairlens.importers.rle import encode_rle
from pairlens.importers.stored_values import Document

SUGGESTED = "suggested by PairLens"
"""The reviewer in the lines, where none is named."""


def write_suggestions(samples: Any, path: Path | str, *, reviewer: str | None = None) -> Suggested:
    """Writes what is suggested for the pairs without a verdict, as decisions with the verdict fix.

    Args:
        samples: a dataset or view that PairLens imported and flagged
        path: the decisions file
        reviewer: in whose name

    Raises:
        StateError: if the file cannot be written
    """
    working_set.check(samples)
    checks: Counter[str] = Counter()
    lines: list[DecisionLine] = []
    for document, suggestion, masks in _suggested(samples):
        checks.update(suggestion.checks)
        lines.append(_line(document, suggestion, masks, reviewer or SUGGESTED))
    lines.sort(key=lambda line: line["key"])
    with explaining_write_errors(path):
        write_atomic(Path(path), b"".join(json.dumps(one).encode() + b"\n" for one in lines))
    return {"out": str(path), "suggested": len(lines), "checks": dict(checks.most_common())}


def _suggested(samples: Any) -> Iterator[tuple[Document, Suggestion, dict[str, Document]]]:
    """The pairs with a suggestion, image by image, with the other pairs of the image by key."""
    dataset = fo_internals.dataset_of(samples)
    open_pairs = {"$and": [GRAVE, {VERDICT: {"$nin": list(VERDICTS)}}]}
    image = {SPLIT: f"${SPLIT}", IMAGE_ID: f"${IMAGE_ID}"}
    pipeline = [
        *working_set.pipeline(samples),
        {"$match": open_pairs},
        {"$group": {"_id": image, "ids": {"$push": "$_id"}}},
        {"$sort": {"_id": 1}},
    ]
    collection = fo_internals.collection(samples)
    for found in collection.aggregate(pipeline, allowDiskUse=True):
        where = {"$and": [found["_id"], working_set.OWN]}
        documents = list(fo_internals.collection(dataset).find(where).sort("_id", 1))
        wanted = set(found["ids"])
        by_key = {one[KEY]: one for one in documents}
        made = suggestions_for(dataset, documents)
        for key, suggestion in made.items():
            if by_key[key]["_id"] in wanted:
                yield by_key[key], suggestion, by_key


def _line(
    document: Document, suggestion: Suggestion, others: dict[str, Document], who: str
) -> DecisionLine:
    pair = ReviewedPair.from_document(document)
    line: DecisionLine = {
        "key": pair.key,
        "verdict": VerdictKind.FIX.value,
        "reviewer": who,
        "time": texts.text_of(texts.this_instant()),
        "note": f"suggested for {', '.join(suggestion.checks)}",
        "phrase": suggestion.text,
        "mask": _mask(document, suggestion, others),
        "phrase_sha256": texts.text_digest(pair.published_text),
        "mask_sha256": pair.published_digest,
    }
    if pair.units:
        units = edited(pair.units, suggested(pair.units, suggestion))
        line["texts"] = {"edits": edits_of(units), "digest": pair.texts_digest}
        line["phrase"] = None
    return line


def _mask(
    document: Document, suggestion: Suggestion, others: dict[str, Document]
) -> MaskLine | None:
    """The suggested mask as it will come out, with what is *ignore* in the published one."""
    if suggestion.mask_from is not None:
        target = mask_replacement.target_of(document, suggestion.mask_from)
    elif suggestion.mask_of is not None:
        target = mask_replacement.target_of(others[suggestion.mask_of], SEGMENTATION)
    else:
        return None
    kept = document.get(ORIGINAL_MASK) or document.get(SEGMENTATION) or {}
    pixels = mask_replacement.compose(target, load_stored(kept["mask_path"]))
    rle = encode_rle(pixels == TARGET)
    digest = measure(Mask(pixels)).digest
    return {"size": rle["size"], "counts": rle["counts"], "sha256": digest}
