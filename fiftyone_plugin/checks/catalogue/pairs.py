"""Checks of pairs against each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.statistics import (
    heads,
    image_digests,
    splits,
)
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example, examples, mask_at
from pairlens.fiftyone_plugin.checks.source_boxes import ambiguous_by_count
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.importers import fields
from pairlens.importers.spools import ObjectSpool

STATS = "mask_stats"

PixelBox = tuple[int, int, int, int]


def box_iou(a: PixelBox, b: PixelBox) -> float:
    """Intersection over union of two ``(x, y, w, h)`` boxes in pixels."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union else 0.0


def _pairs_of_query(batch: Batch) -> Iterator[list[Sample]]:
    """Yields the pairs of one image with equal queries and a mask, in the order of their keys."""
    normal = batch.features.normal
    for rows in batch.groups(normal, where=(normal != 0) & ~batch.broken):
        yield list(map(batch.sample, rows))


@check(
    "duplicate_pair",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="The same image, query and mask stand twice in the dataset.",
    topic="Pairs against each other",
    fires=examples("the red car", "The red car."),
    silent=examples("the red car", "the blue car"),
)
def duplicate_pair(batch: Batch) -> Iterator[Issue]:
    for group in _pairs_of_query(batch):
        first: dict[tuple[str, str], str] = {}
        for pair in group:
            same = first.setdefault((pair.split, pair.stats.digest), pair.key)
            if same != pair.key:
                note = f"the same image, query and mask as {same}"
                yield Issue(pair.key, 0.2, note, group=same)


@check(
    "ambiguous_query",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    wants=(fields.SOURCE_BOXES,),
    about="The query fits several objects: equal ones have other masks, or the source more boxes.",
    topic="Pairs against each other",
    fires=(
        *examples("the car"),
        example("gres/train/1#1", phrase="the car", stats=mask_at(250, 250)),
    ),
    silent=examples("the car", "the bus"),
)
def ambiguous_query(batch: Batch) -> Iterator[Issue]:
    for group in _pairs_of_query(batch):
        distinct = {pair.stats.digest: pair for pair in reversed(group)}
        for pair in group:
            others = [p for digest, p in distinct.items() if digest != pair.stats.digest]
            if others:
                other = min(others, key=lambda o: box_iou(pair.stats.box, o.stats.box))
                iou = box_iou(pair.stats.box, other.stats.box)
                note = f"the same query has another mask in {other.key} (box IoU {iou:.2f})"
                yield Issue(pair.key, 0.1 + 0.6 * iou, note, group=group[0].key)
    yield from ambiguous_by_count(batch)


def mask_digests(batch: Batch) -> NDArray[Any]:
    """The head of the mask's digest."""
    return heads(batch.values(f"{STATS}.digest"))


def distinctive_areas(batch: Batch) -> NDArray[Any]:
    """The area of each mask, 0 for a mask of the whole image."""
    pixels = batch.stat("width") * batch.stat("height")
    return np.where(batch.area < pixels, batch.area, 0).astype(np.int64)


@check(
    "split_leak",
    severity="error",
    scope="dataset",
    needs=(f"{STATS}.width", f"{STATS}.height", f"{STATS}.area", f"{STATS}.digest", "source"),
    about="The same image, or the identical mask, stands in two splits.",
    keeps=(splits, image_digests, mask_digests, distinctive_areas),
    kinds=ALL_KINDS,
    topic="Pairs against each other",
    fires=(example(), example("gres/test/2#0")),
    silent=(example(), example("gres/train/2#0")),
)
def split_leak(dataset: DatasetStatistics, *, min_area: int = 64) -> Iterator[Issue]:
    """Compares digests of images and masks, without small masks, which can coincide."""
    leaking_images = [np.empty(0, np.uint64)]
    for rows, marks, split in dataset.parts(image_digests, splits):
        leaking = _in_several(marks, split)
        leaking_images.append(leaking)
        yield from _leaks(dataset, "image", rows[np.isin(marks, leaking)])
    reported_images = np.sort(np.concatenate(leaking_images))
    for rows, marks, split, area in dataset.parts(mask_digests, splits, distinctive_areas):
        marks = np.where(area >= max(1, min_area), marks, 0)
        found = (marks != 0) & np.isin(marks, _in_several(marks, split))
        yield from _leaks(dataset, "mask", rows[found], reported_images)


def _in_several(marks: NDArray[Any], split: NDArray[Any]) -> NDArray[Any]:
    """The marks, without 0, that are in more than one split."""
    order = np.lexsort((split, marks))
    marks, split = marks[order], split[order]
    changes = (marks[1:] == marks[:-1]) & (split[1:] != split[:-1]) & (marks[1:] != 0)
    return np.unique(marks[1:][changes])


class _Concern(NamedTuple):
    """A pair that leaks, with the head of the digest of its image or mask."""

    key: str
    split: str
    area: int
    mark: int


_NONE = np.empty(0, np.uint64)


def _leaks(
    dataset: DatasetStatistics,
    what: str,
    rows: NDArray[np.int64],
    reported_images: NDArray[np.uint64] = _NONE,
) -> Iterator[Issue]:
    """Yields an issue for each pair whose image or mask is in several splits.

    Args:
        dataset: all samples
        what: ``image`` or ``mask``
        rows: the pairs, with all that share an image or mask
        reported_images: images that are reported already
    """
    concerned = ObjectSpool[_Concern]()
    examples: dict[int, dict[str, str]] = {}
    for batch in dataset.read(rows):
        images = image_digests(batch)
        marks = (images if what == "image" else mask_digests(batch)).tolist()
        for pair, mark, done in zip(
            batch, marks, np.isin(images, reported_images).tolist(), strict=True
        ):
            examples.setdefault(mark, {}).setdefault(pair.split, pair.key)
            if not done:
                concerned.add(_Concern(pair.key, pair.split, pair.stats.area, mark))
    for one in concerned:
        others = (key for split, key in examples[one.mark].items() if split != one.split)
        if other := next(others, None):
            yield _leak(what, one, other)


def _leak(what: str, one: _Concern, other: str) -> Issue:
    group = f"{what} {one.mark}"
    if what == "image":
        note = f"the same image stands in another split: {other}"
        return Issue(one.key, 0.0, note, group=group)
    note = (
        f"the identical mask ({one.area} pixels) stands in another split: {other}; "
        "compare the images"
    )
    return Issue(one.key, 0.1, note, "warning", group)
