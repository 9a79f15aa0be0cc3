"""Replaces the mask of a pair, by a prediction or an instance that was edited in the App.

The new mask is a file of its own beside the published one, which is never written to.
``original_mask`` holds the published mask's path, digest and measurements; it is there while
the mask is another. *Ignore* pixels of the published mask stay what they are where the new
target does not cover them. Queries that share one published mask share its replacement: in
the published files it is one shape.

Colors, scores and findings of the pair follow its mask at once, so that it does not contradict
itself. The findings of checks that compare several pairs, and the totals of a scoring, stay as
their last run left them.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from pairlens.fiftyone_plugin.checks.runner import recheck
from pairlens.fiftyone_plugin.curation.log import Change, Values
from pairlens.fiftyone_plugin.curation.review_fields import document_of
from pairlens.fiftyone_plugin.curation.texts import MAX_RLE
from pairlens.fiftyone_plugin.metrics.evaluation import scores_again
from pairlens.fiftyone_plugin.metrics.label_masks import KINDS, image_size, prediction_of
from pairlens.fiftyone_plugin.metrics.overlap import resize
from pairlens.importers import fo_internals, store
from pairlens.importers.batches import batched
from pairlens.importers.errors import MaskError, StateError, UsageError
from pairlens.importers.fields import (
    BACKGROUND,
    IGNORE,
    IMAGE_ID,
    IMAGE_MISSING,
    IMAGE_STATS,
    KEY,
    MASK_STATS,
    NO_TARGET,
    ORIGINAL_MASK,
    SEGMENTATION,
    TARGET,
    TARGET_COLORS,
)
from pairlens.importers.files import safe_name, write_once
from pairlens.importers.image_stats import measure_target
from pairlens.importers.mask_stats import measure
from pairlens.importers.masks import Mask, Pixels, encode_png, load_stored
from pairlens.importers.media import ImageError, read_rgb
from pairlens.importers.media_folders import media_dir
from pairlens.importers.rle import encode_rle
from pairlens.importers.stored_values import Document, embedded, plain_stats, segmentation


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
    refuse_without_target(document)
    target = target_of(document, source)
    refuse_empty(document, target, f"the mask in {source!r}")
    return changes_to(dataset, change, target)


def refuse_without_target(document: Document) -> None:
    """Raises UsageError for a pair that is declared to have no target."""
    if document.get(NO_TARGET):
        raise UsageError(f"{document[KEY]!r} is declared to have no target and takes no mask")


def refuse_empty(document: Document, target: Pixels, what: str) -> None:
    """Raises UsageError for a mask without a pixel of target."""
    if not target.any():
        raise UsageError(
            f"{what} of {document[KEY]!r} is empty; to remove the pair, give the verdict drop"
        )


def with_mask_of(dataset: Any, change: Change, other: str) -> list[Change]:
    """Adds the mask of another pair to the change of a pair; else as :func:`with_mask`.

    Args:
        dataset: that the pairs belong to
        change: the verdict, as it would be without
        other: the other pair, by key or sample id
    """
    document = with_label(document_of(dataset, other), SEGMENTATION)
    return changes_to(dataset, change, target_of(document, SEGMENTATION))


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
        new = own | of_mask(dataset, one, own)
        old = {name: one.get(name) for name in new}
        if one["_id"] == document["_id"]:
            old, new = change.old | old, change.new | new
        changes.append(Change(one["_id"], one[KEY], old, new))
    return changes


def _replaced(dataset: Any, document: Document, target: Pixels, expected: str | None) -> Values:
    """The fields of the new mask, whose file is written."""
    pixels = compose(target, published_pixels(document))
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
        SEGMENTATION: segmentation(str(path)),
        MASK_STATS: embedded(plain_stats(stats)),
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
    return embedded({"mask_path": path, "digest": digest, "stats": stats})


def _published(document: Document) -> Values:
    """The fields of the mask as they were imported."""
    kept = document.get(ORIGINAL_MASK)
    if not kept:
        return {name: document.get(name) for name in (SEGMENTATION, MASK_STATS, ORIGINAL_MASK)}
    path = kept.get("mask_path")
    return {
        SEGMENTATION: segmentation(path) if path else None,
        MASK_STATS: kept.get("stats") or embedded(asdict(measure(Mask(_load(Path(path)))))),
        ORIGINAL_MASK: None,
    }


def published_pixels(document: Document) -> Pixels | None:
    """The published mask, (height, width) of 0, 1 and 255; ``None`` where there is none.

    Raises:
        StateError: if it cannot be read
    """
    path = _original_path(document)
    return None if path is None else _load(path)


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


def digests_of_replaced(dataset: Any) -> dict[str, set[str]]:
    """The digests of the masks that pairs have in place of published ones, by path of these.

    Those of pairs that share a published mask and still have it are among them, as where a writer
    was killed or a pair came in later; else there is one.
    """
    if not dataset.has_field(ORIGINAL_MASK):
        return {}
    original, digest = f"{ORIGINAL_MASK}.mask_path", f"{MASK_STATS}.digest"
    wanted = dict.fromkeys((original, f"{SEGMENTATION}.mask_path", digest, IMAGE_ID), 1)
    samples, found, images = fo_internals.collection(dataset), dict[str, set[str]](), set[Any]()
    for document in samples.find({original: {"$gt": ""}}, wanted):
        found.setdefault(str(_original_path(document)), set()).add(_digest(document))
        images.add(document.get(IMAGE_ID))
    # What shares a mask is of one image, and images are indexed.
    for some in batched(images, store.BATCH):
        for document in samples.find({IMAGE_ID: {"$in": some}, original: None}, wanted):
            if (digests := found.get(str(_original_path(document)))) is not None:
                digests.add(_digest(document))
    return found


def _digest(document: Document) -> str:
    return (document.get(MASK_STATS) or {}).get("digest") or ""


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
    size = size_of(document)
    try:
        label = document[source]
        if source == SEGMENTATION:
            return (load_stored(label["mask_path"]) == TARGET).view(np.uint8)
        return resize(prediction_of(label, size), size)
    except (MaskError, KeyError) as error:
        raise StateError(f"the mask of {document[KEY]!r} cannot be read: {error}") from error


def size_of(document: Document) -> tuple[int, int]:
    """The (height, width) of the mask of a pair: that of the published one, else of the image.

    Raises:
        StateError: if neither is known
    """
    stats = document.get(MASK_STATS) or {}
    height, width = stats.get("height"), stats.get("width")
    size = (height, width) if height and width else image_size(document.get("metadata"))
    if size is None:
        raise StateError(f"the size of the image of {document[KEY]!r} is not known")
    return size


def _load(path: Path) -> Pixels:
    try:
        return load_stored(path)
    except MaskError as error:
        if not path.exists():
            raise StateError(
                f"the published mask {path} is not on this machine; where another one has it or a "
                "copy is in an object store, pairlens sync DATASET fetches it"
            ) from error
        raise StateError(f"the published mask cannot be read: {error}") from error


def of_mask(dataset: Any, document: Document, mask: Values) -> Values:
    """The fields that depend on the mask, measured for another mask.

    Args:
        dataset: that the pair belongs to
        document: the pair
        mask: the fields of its new mask, whose file is written

    Returns:
        fields to set with the mask; ``None`` for those to remove
    """
    changed = document | mask
    following: Values = {TARGET_COLORS: _colors(changed)}
    following |= scores_again(dataset, changed)
    return following | recheck(dataset, [changed | following])[0]


def _colors(document: Document) -> Document | None:
    """The colors of the new target, where those of the old one were measured."""
    path = (document.get(SEGMENTATION) or {}).get("mask_path")
    if not document.get(IMAGE_STATS) or document.get(IMAGE_MISSING) or not path:
        return None
    try:
        colors = measure_target(read_rgb(Path(document["filepath"])), Mask(load_stored(path)))
    except (ImageError, MaskError):
        return None
    return embedded(plain_stats(colors)) if colors else None
