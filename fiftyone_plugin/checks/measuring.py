"""Measures the images of a dataset: each is read once, in parallel, and never again.

Imports do not decode images, which takes longer than all the rest of an import and is for
nothing where nobody flags. The first run of the checks that needs pixels does it; what it has
measured stays with the samples, so that a run that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bson import ObjectId

from fiftyone_plugin.metrics.label_masks import mask_of
from importers import fields, fo_internals, schema, store
from importers.errors import MaskError
from importers.image_stats import ImageStats, TargetColors, measure_image, measure_target
from importers.mask_stats import MaskStats, measure
from importers.masks import Mask, Pixels, load_stored
from importers.media import ImageError, read_rgb
from importers.parallel import Progress, map_items, no_progress

_MASK = f"{fields.SEGMENTATION}.mask_path"
_UNMEASURED = {
    fields.IMAGE_MISSING: {"$ne": True},
    # What could not be read may be readable now.
    "$or": [
        {f"{fields.IMAGE_STATS}.brightness": None},
        {f"{fields.IMAGE_STATS}.error": {"$gt": ""}},
    ],
}

Group = Sequence[Mapping[str, Any]]
Measured = tuple[ImageStats, list[TargetColors | None]]


def measure_images(
    samples: Any, *, workers: int | None = None, progress: Progress = no_progress
) -> int:
    """Measures the images, and the colors of the targets in them, that were not measured yet.

    Placeholders are never measured. Equal images are read once.

    Args:
        samples: a dataset or a view that PairLens imported
        workers: threads; the machine's cores if not given
        progress: called with pairs done and pairs in all

    Returns:
        the number of images read
    """
    collection = fo_internals.collection(samples)
    if collection.find_one(_UNMEASURED, {"_id": 1}) is None:
        return 0
    schema.declare_pixels(fo_internals.dataset_of(samples))
    wanted = ("filepath", fields.IMAGE_DIGEST, _MASK)
    docs = store.stream(samples, wanted, where=_UNMEASURED, order=(fields.IMAGE_DIGEST, "filepath"))
    groups = (list(group) for _, group in groupby(docs, key=_image))
    total = collection.count_documents(_UNMEASURED)
    images = 0

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        nonlocal images
        done = 0
        for outcome in map_items(measure_group, groups, workers=workers):
            image, targets = outcome.unwrap()
            images += 1
            for doc, colors in zip(outcome.item, targets, strict=True):
                yield doc["_id"], _stored(image, colors)
            done += len(targets)
            progress(done, max(done, total))

    store.update(fo_internals.dataset_of(samples), changes())
    return images


def measure_masks(samples: Any, *, workers: int | None = None) -> int:
    """Measures the masks of pairs whose measurements are gone, from what the samples hold.

    An import measures all masks; what people delete is made again, so that a mask of which
    nothing is known is not taken for an empty one.

    Args:
        samples: a dataset or view of pairs that PairLens imported
        workers: threads; the machine's cores if not given

    Returns:
        the number of masks measured
    """
    dataset = fo_internals.dataset_of(samples)
    wanted = tuple(f"{fields.SEGMENTATION}.{name}" for name in ("_cls", "mask", "mask_path"))
    where = {f"{fields.MASK_STATS}.area": None}
    if next(store.stream(samples, ("_id",), where=where), None) is None:
        return 0
    schema.declare(dataset)
    docs = store.stream(samples, (*wanted, f"{fields.SOURCE}.{fields.MASK_DIGEST}"), where=where)

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        for outcome in map_items(_mask_stats, docs, workers=workers):
            stats = store.embedded(store.plain_stats(outcome.unwrap()))
            yield outcome.item["_id"], {fields.MASK_STATS: stats}

    return store.update(dataset, changes())


def _mask_stats(doc: Mapping[str, Any]) -> MaskStats:
    label = doc.get(fields.SEGMENTATION)
    if not label:
        return MaskStats(error="the pair has no mask")
    known = (doc.get(fields.SOURCE) or {}).get(fields.MASK_DIGEST) or ""
    try:
        return measure(Mask(mask_of(label, None, stored=True, known=(known,))))
    except MaskError as error:
        return MaskStats(error=str(error))


def _image(doc: Mapping[str, Any]) -> str:
    return (doc.get(fields.SOURCE) or {}).get(fields.DIGEST) or doc["filepath"]


def measure_group(docs: Group) -> Measured:
    """Decodes the image that some samples show, and measures it and each of their targets."""
    try:
        rgb = read_rgb(Path(docs[0]["filepath"]))
    except ImageError as error:
        return ImageStats(error=str(error)), [None] * len(docs)
    paths = [(doc.get(fields.SEGMENTATION) or {}).get("mask_path") for doc in docs]
    known = {path: _target(rgb, path) for path in set(paths) if path}
    return measure_image(rgb), [known.get(path) for path in paths]


def _target(rgb: Pixels, mask_path: str) -> TargetColors | None:
    try:
        return measure_target(rgb, Mask(load_stored(mask_path)))
    except MaskError:
        return None  # the check mask_unreadable says so


def _stored(image: ImageStats, colors: TargetColors | None) -> dict[str, Any]:
    return {
        fields.IMAGE_STATS: store.embedded(store.plain_stats(image)),
        fields.TARGET_COLORS: store.embedded(store.plain_stats(colors)) if colors else None,
    }
