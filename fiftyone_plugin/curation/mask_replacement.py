"""Another mask for a pair: from a prediction, or from an instance that was edited in the App.

The new mask is a file of its own beside the published one, which is never written to.
``original_mask`` holds the published mask's path, digest and measurements; it is there while
the mask is another. *Ignore* pixels of the published mask stay what they are where the new
target does not cover them. Queries that share one published mask share its replacement: in
the published files it is one shape.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from fiftyone_plugin.curation import consequences
from fiftyone_plugin.curation.log import Change, Values
from fiftyone_plugin.curation.review_fields import document_of
from fiftyone_plugin.curation.texts import MAX_RLE
from fiftyone_plugin.metrics.label_masks import KINDS, image_size, prediction_of
from fiftyone_plugin.metrics.overlap import resize
from importers import fo_internals, store
from importers.errors import MaskError, StateError, UsageError
from importers.fields import (
    BACKGROUND,
    IGNORE,
    IMAGE_ID,
    KEY,
    MASK_STATS,
    NO_TARGET,
    ORIGINAL_MASK,
    SEGMENTATION,
    TARGET,
)
from importers.files import safe_name, write_once
from importers.mask_stats import measure
from importers.masks import Mask, Pixels, encode_png, load_stored
from importers.media_folders import media_dir
from importers.rle import encode_rle

Document = dict[str, Any]
"""A sample as it is stored."""


def declare(dataset: Any) -> None:
    """Adds the field of published masks, to datasets in which no mask was replaced yet."""
    if not dataset.has_field(ORIGINAL_MASK):
        members = [fo_internals.new_field(name, fo.StringField) for name in ("mask_path", "digest")]
        field = fo_internals.new_field(
            ORIGINAL_MASK,
            fo.EmbeddedDocumentField,
            embedded_doc_type=fo.DynamicEmbeddedDocument,
            fields=members,
        )
        fo_internals.add_fields(dataset, {ORIGINAL_MASK: field})


def with_mask(dataset: Any, change: Change, source: str) -> list[Change]:
    """Adds another mask to the change of a pair.

    Args:
        dataset: that the pair belongs to
        change: the verdict, as it would be without
        source: the field of the mask

    Returns:
        the changes of the pair and of those that share its mask

    Raises:
        UsageError: if there is no such field, or the pair has no mask in it
        StateError: if the mask cannot be read or written
    """
    check_source(dataset, source)
    document = with_label(document_of(dataset, change.sample_id), source)
    if document.get(NO_TARGET):
        raise UsageError(f"{document[KEY]!r} is declared to have no target and takes no mask")
    target = target_of(document, source)
    if not target.any():
        raise UsageError(
            f"the mask of {document[KEY]!r} in {source!r} is empty; to remove the pair, give "
            "the verdict drop"
        )
    return changes_to(dataset, change, target)


def changes_to(
    dataset: Any, change: Change, target: Pixels | None, *, expected: str | None = None
) -> list[Change]:
    """Adds a mask to the change of a pair, or the published one again.

    Args:
        dataset: that the pair belongs to
        change: the verdict
        target: (height, width) of 0 and 1; ``None`` for the published mask
        expected: the digest that the mask must have

    Raises:
        StateError: if the mask cannot be written, or is not as expected
    """
    declare(dataset)
    document = document_of(dataset, change.sample_id)
    if target is None:
        mask = _published(document)
    else:
        mask = _replaced(dataset, document, target, expected)
    changes = []
    for one in _sharing(dataset, document):
        own = _with_own_label(one, mask)
        new = own | consequences.of_mask(dataset, one, own)
        old = {name: one.get(name) for name in new}
        if one["_id"] == document["_id"]:
            old, new = change.old | old, change.new | new
        changes.append(Change(one["_id"], one[KEY], old, new))
    return changes


def _replaced(dataset: Any, document: Document, target: Pixels, expected: str | None) -> Values:
    """The fields of the new mask, whose file is written."""
    published = _original_path(document)
    pixels = compose(target, None if published is None else _load(published))
    counts = encode_rle(pixels == TARGET)["counts"]
    if len(counts) > MAX_RLE:
        raise StateError(f"the mask for {document[KEY]!r} has too many edges for a decisions file")
    stats = measure(Mask(pixels))
    if expected not in (None, stats.digest):
        raise StateError("the replaced mask does not come out as it was reviewed")
    if stats.digest == _original_digest(document):
        return _published(document)
    # Named for what it holds, so that the same mask is written once.
    name = f"{safe_name(document[KEY])}.edit-{stats.digest[:12]}.png"
    folder = media_dir(dataset) / "masks"
    try:
        path = write_once(folder / name, encode_png(pixels))
    except OSError as error:
        raise StateError(f"the mask cannot be written to {folder} ({error.strerror})") from error
    return {
        SEGMENTATION: store.segmentation(str(path)),
        MASK_STATS: store.embedded(store.plain_stats(stats)),
        ORIGINAL_MASK: document.get(ORIGINAL_MASK) or _kept(document),
    }


def _with_own_label(document: Document, values: Values) -> Values:
    """The mask fields for a pair whose label keeps its id and its tags."""
    if values[SEGMENTATION] is None or not document.get(SEGMENTATION):
        return values
    path = values[SEGMENTATION]["mask_path"]
    return values | {SEGMENTATION: {**document[SEGMENTATION], "mask_path": path}}


def compose(target: Pixels, published: Pixels | None) -> Pixels:
    """A target with what is *ignore* in the published mask around it.

    Raises:
        StateError: if they differ in size
    """
    pixels = np.where(target > 0, TARGET, BACKGROUND).astype(np.uint8)
    if published is None:
        return pixels
    if published.shape != pixels.shape:
        ours, theirs = ("x".join(map(str, p.shape[::-1])) for p in (pixels, published))
        raise StateError(f"the new mask is {ours} pixels, the published one {theirs}")
    pixels[(published == IGNORE) & (pixels != TARGET)] = IGNORE
    return pixels


def _kept(document: Document) -> Values:
    """What is kept of the published mask."""
    path = (document.get(SEGMENTATION) or {}).get("mask_path")
    stats = document.get(MASK_STATS) or {}
    digest = stats.get("digest") or ""
    return store.embedded({"mask_path": path, "digest": digest, "stats": stats})


def _published(document: Document) -> Values:
    """The fields of the mask as they were imported."""
    kept = document.get(ORIGINAL_MASK)
    if not kept:
        return {name: document.get(name) for name in (SEGMENTATION, MASK_STATS, ORIGINAL_MASK)}
    path = kept.get("mask_path")
    return {
        SEGMENTATION: store.segmentation(path) if path else None,
        MASK_STATS: kept.get("stats") or store.embedded(asdict(measure(Mask(_load(Path(path)))))),
        ORIGINAL_MASK: None,
    }


def _original_path(document: Document) -> Path | None:
    kept = document.get(ORIGINAL_MASK) or document.get(SEGMENTATION) or {}
    return Path(kept["mask_path"]) if kept.get("mask_path") else None


def _original_digest(document: Document) -> str:
    return (document.get(ORIGINAL_MASK) or document.get(MASK_STATS) or {}).get("digest") or ""


def _sharing(dataset: Any, document: Document) -> list[Document]:
    """The pair and those that have the same published mask file."""
    path = _original_path(document)
    if path is None:
        return [document]
    either = [{f"{name}.mask_path": str(path)} for name in (SEGMENTATION, ORIGINAL_MASK)]
    where = {IMAGE_ID: document.get(IMAGE_ID), "$or": either}
    return list(fo_internals.collection(dataset).find(where))


def check_source(dataset: Any, source: str) -> None:
    """Validates that a field can hold masks.

    Raises:
        UsageError: if there is none of that name, or it holds something else
    """
    field = dataset.get_field(source)
    kind = getattr(getattr(field, "document_type", None), "__name__", "")
    if kind not in KINDS:
        what = "holds no masks" if field is not None else "is not there"
        raise UsageError(f"field {source!r} of dataset {dataset.name!r} {what}")


def with_label(document: Document, source: str) -> Document:
    """The document, whose field ``source`` is set.

    Raises:
        UsageError: if it is not
    """
    if not document.get(source):
        raise UsageError(f"the pair {document[KEY]!r} has nothing in field {source!r}")
    return document


def target_of(document: Document, source: str) -> Pixels:
    """The mask in a field, as (height, width) of 0 and 1, as large as the published one.

    Raises:
        StateError: if it cannot be read
    """
    try:
        size = _size(document)
        label = document[source]
        if source == SEGMENTATION:
            return (load_stored(label["mask_path"]) == TARGET).view(np.uint8)
        return resize(prediction_of(label, size), size)
    except (MaskError, KeyError) as error:
        raise StateError(f"the mask of {document[KEY]!r} cannot be read: {error}") from error


def _size(document: Document) -> tuple[int, int]:
    stats = document.get(MASK_STATS) or {}
    height, width = stats.get("height"), stats.get("width")
    size = (height, width) if height and width else image_size(document.get("metadata"))
    if size is None:
        raise MaskError("the size of the image is not known")
    return size


def _load(path: Path) -> Pixels:
    try:
        return load_stored(path)
    except MaskError as error:
        raise StateError(f"the published mask cannot be read: {error}") from error
