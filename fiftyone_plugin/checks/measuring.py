"""Measures the images of a dataset: each is read once, in parallel, and never again.

Imports do not decode images, which takes longer than all the rest of an import and is for
nothing unless the checks run. The first run of the checks that needs pixels does it; what it has
measured stays with the samples, so that a run that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.metrics.label_masks import mask_of
from pairlens.importers import fields, fo_internals, schema, store
from pairlens.importers.errors import MaskError
from pairlens.importers.image_stats import ImageStats, TargetColors, measure_image, measure_target
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask, Pixels, load_stored
from pairlens.importers.media import ImageError, read_rgb
from pairlens.importers.parallel import Progress, map_items, no_progress

AT_ONCE = 1000
"""Samples of one image that are in memory together; for more of them it is read again."""

_MASK = f"{fields.SEGMENTATION}.mask_path"
_UNMEASURED = {
    fields.IMAGE_MISSING: {"$ne": True},
    # What could not be read may be readable now.
    "$or": [
        {f"{fields.IMAGE_STATS}.brightness": None},
        {f"{fields.IMAGE_STATS}.error": {"$gt": ""}},
    ],
}

ImageSamples = Sequence[Mapping[str, Any]]
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
    images_of = groupby(docs, key=_image)
    groups = chain.from_iterable(store.batched(group, AT_ONCE) for _, group in images_of)
    total = collection.count_documents(_UNMEASURED)
    images, last = 0, ""

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        nonlocal images, last
        done = 0
        for outcome in map_items(measure_group, groups, workers=workers):
            image, targets = outcome.unwrap()
            images += last != (last := _image(outcome.item[0]))
            for doc, colors in zip(outcome.item, targets, strict=True):
                yield doc["_id"], _stored(image, colors)
            done += len(targets)
            progress(done, max(done, total))

    store.update(fo_internals.dataset_of(samples), changes())
    return images


def measure_masks(samples: Any, *, workers: int | None = None) -> int:
    """Measures masks of which nothing is known, and those that were put into the database.

    An import measures all masks and stores them as files. What people delete is made again, so
    that a mask of which nothing is known is not taken for an empty one.

    Args:
        samples: a dataset or view of pairs that PairLens imported
        workers: threads; the machine's cores if not given

    Returns:
        the number of masks whose measurements are new
    """
    dataset = fo_internals.dataset_of(samples)
    if fo_internals.collection(dataset).find_one(_TO_MEASURE, {"_id": 1}) is None:
        return 0
    schema.declare(dataset)
    docs = store.stream(samples, _MASK_PARTS, where=_TO_MEASURE)

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        for outcome in map_items(_mask_stats, docs, workers=workers):
            if values := outcome.unwrap():
                yield outcome.item["_id"], values

    return store.update(dataset, changes())


_TO_MEASURE = {
    "$or": [
        {f"{fields.MASK_STATS}.area": None},
        {f"{fields.SEGMENTATION}.mask": {"$nin": [None]}},
    ]
}
_MASK_PARTS = (
    *(f"{fields.SEGMENTATION}.{name}" for name in ("_cls", "mask", "mask_path")),
    f"{fields.MASK_STATS}.digest", f"{fields.SOURCE}.{fields.MASK_DIGEST}",
)  # fmt: skip


def _mask_stats(doc: Mapping[str, Any]) -> dict[str, Any]:
    """The new values of a sample; none where the mask is the one that was measured."""
    label, measured = doc.get(fields.SEGMENTATION), doc.get(fields.MASK_STATS)
    imported = (doc.get(fields.SOURCE) or {}).get(fields.MASK_DIGEST)
    known = [one for one in (imported, (measured or {}).get("digest")) if one]
    try:
        if not label:
            raise MaskError("the pair has no mask")
        stats = measure(Mask(mask_of(label, None, stored=True, known=known)))
    except MaskError as error:
        stats = MaskStats(error=str(error))
    if measured is not None and stats.digest == measured.get("digest"):
        return {}
    values: dict[str, Any] = {fields.MASK_STATS: store.embedded(store.plain_stats(stats))}
    if measured is not None and imported is None:
        # Of a dataset of an earlier version, what was measured first is what was imported.
        values[f"{fields.SOURCE}.{fields.MASK_DIGEST}"] = measured.get("digest") or ""
    return values


def _image(doc: Mapping[str, Any]) -> str:
    return (doc.get(fields.SOURCE) or {}).get(fields.DIGEST) or doc["filepath"]


def measure_group(docs: ImageSamples) -> Measured:
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
