"""Measures the images of a dataset in parallel, each once.

Imports do not decode images, since that takes longer than the rest of an import and is needed by
the checks only. The first run of a check that needs pixels measures them. The measurements are
stored with the samples, so that an interrupted run continues where it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.measuring.measurements import (
    Measured,
    imported_digest,
    measure_group,
    measure_mask,
)
from pairlens.importers import fields, fo_internals, schema, store
from pairlens.importers.batches import batched
from pairlens.importers.errors import StateError
from pairlens.importers.image_stats import ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.parallel import Outcome, Pool, Progress, no_progress
from pairlens.importers.stored_values import embedded, plain_stats

THREADS = Pool("threads")

_CHUNK_MASKS = 8
"""Masks per task of a worker."""

MAX_GROUP = 1000
"""Maximum of samples of an image per task; for further ones the image is read again."""

_MASK = f"{fields.SEGMENTATION}.mask_path"
_UNMEASURED = {
    fields.IMAGE_MISSING: {"$ne": True},
    # Unreadable images are tried again.
    "$or": [
        {f"{fields.IMAGE_STATS}.brightness": None},
        {f"{fields.IMAGE_STATS}.error": {"$gt": ""}},
    ],
}


def measure_images(
    samples: Any,
    *,
    pool: Pool = THREADS,
    progress: Progress = no_progress,
    notes: list[str] | None = None,
) -> int:
    """Measures images, and the colors of their targets, that were not measured yet.

    Placeholders and images that are not on this machine are not measured: a disk that is not
    mounted is not a fault of the dataset. Equal images are read once.

    Args:
        samples: a dataset or a view that PairLens imported
        pool: the pool that reads them
        notes: gets a note if images are not on this machine
        progress: called with pairs done and pairs in all

    Returns:
        the number of images read

    Raises:
        StateError: if no image of the dataset is on this machine
    """
    collection = fo_internals.collection(samples)
    if collection.find_one(_UNMEASURED, {"_id": 1}) is None:
        return 0
    _check_any_image(fo_internals.dataset_of(samples))
    schema.declare_pixels(fo_internals.dataset_of(samples))
    projection = ("filepath", fields.IMAGE_DIGEST, _MASK)
    docs = store.stream(
        samples, projection, where=_UNMEASURED, order=(fields.IMAGE_DIGEST, "filepath")
    )
    images_of = groupby(docs, key=_image)
    groups = chain.from_iterable(batched(group, MAX_GROUP) for _, group in images_of)
    total = collection.count_documents(_UNMEASURED)
    tally = _Tally()
    changes = _changes(pool.map(measure_group, groups), tally, total, progress)
    store.update(fo_internals.dataset_of(samples), changes)
    if tally.absent and notes is not None:
        notes.append(tally.note(fo_internals.dataset_of(samples).name))
    return tally.read


@dataclass
class _Tally:
    """Counts of images.

    Attributes:
        read: number of images read
        absent: number of images whose file is not on this machine
        example: one of these files
    """

    read: int = 0
    absent: int = 0
    example: str = ""

    def note(self, name: str) -> str:
        images = "image is" if self.absent == 1 else "images are"
        return (
            f"{self.absent:,} {images} not on this machine, such as {self.example}: their pixels "
            f"are not measured; {_remedy(name)}"
        )


def _changes(
    outcomes: Iterable[Outcome[Any, Measured]], tally: _Tally, total: int, progress: Progress
) -> Iterator[tuple[ObjectId, dict[str, Any]]]:
    """Yields measurements by sample; samples with an absent image are not changed."""
    last, done = "", 0
    for outcome in outcomes:
        image, targets = outcome.unwrap()
        new = last != (last := _image(outcome.item[0]))
        if image is None:
            tally.absent += new
            tally.example = tally.example or outcome.item[0]["filepath"]
        else:
            tally.read += new
            for doc, colors in zip(outcome.item, targets, strict=True):
                yield doc["_id"], _stored(image, colors)
        done += len(targets)
        progress(done, max(done, total))


def _remedy(name: str) -> str:
    return (
        f"mount the disk that has them, run pairlens relocate {name} --source DIR if they were "
        f"moved, or fetch them with pairlens sync {name}"
    )


def _check_any_image(dataset: Any) -> None:
    """Refuses a machine that has no image of the dataset, which would report all as unreadable.

    Raises:
        StateError: if no image is on this machine
    """
    example = ""
    for doc in store.stream(dataset, ("filepath",), where={fields.IMAGE_MISSING: {"$ne": True}}):
        if os.path.exists(doc["filepath"]):  # noqa: PTH110 - of a million
            return
        example = example or doc["filepath"]
    raise StateError(
        f"no image of dataset {dataset.name!r} is on this machine, such as {example}; "
        f"{_remedy(dataset.name)}"
    )


def measure_masks(samples: Any, *, pool: Pool = THREADS) -> int:
    """Measures masks without measurements, and masks that are stored in the database.

    Imports measure all masks and store them as files. Deleted measurements are restored, so that
    such a mask does not count as empty.

    Args:
        samples: a dataset or view of pairs that PairLens imported
        pool: the pool that reads them

    Returns:
        the number of masks with new measurements
    """
    dataset = fo_internals.dataset_of(samples)
    if fo_internals.collection(dataset).find_one(_TO_MEASURE, {"_id": 1}) is None:
        return 0
    schema.declare(dataset)
    docs = store.stream(samples, _MASK_PARTS, where=_TO_MEASURE)

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        for outcome in pool.map(measure_mask, docs, chunk=_CHUNK_MASKS):
            if (stats := outcome.unwrap()) is not None:
                yield outcome.item["_id"], _new_stats(outcome.item, stats)

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


def _new_stats(doc: Mapping[str, Any], stats: MaskStats) -> dict[str, Any]:
    """The new field values of a sample."""
    measured = doc.get(fields.MASK_STATS)
    values: dict[str, Any] = {fields.MASK_STATS: embedded(plain_stats(stats))}
    if measured is not None and imported_digest(doc) is None:
        # In a dataset of an earlier version, the first measured mask is the imported one.
        values[f"{fields.SOURCE}.{fields.MASK_DIGEST}"] = measured.get("digest") or ""
    return values


def _image(doc: Mapping[str, Any]) -> str:
    return (doc.get(fields.SOURCE) or {}).get(fields.DIGEST) or doc["filepath"]


def _stored(image: ImageStats, colors: TargetColors | None) -> dict[str, Any]:
    return {
        fields.IMAGE_STATS: embedded(plain_stats(image)),
        fields.TARGET_COLORS: embedded(plain_stats(colors)) if colors else None,
    }
