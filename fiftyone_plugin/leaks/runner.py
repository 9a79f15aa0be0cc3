"""Compares datasets and their splits: what stands in several of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pairlens.fiftyone_plugin.leaks import matching
from pairlens.fiftyone_plugin.leaks.matching import KINDS, Kind, Match
from pairlens.fiftyone_plugin.leaks.reading import (
    Gathered,
    Place,
    Thresholds,
    gather,
    leaks_between,
)
from pairlens.fiftyone_plugin.leaks.turned_hashes import ORIENTATIONS
from pairlens.fiftyone_plugin.measuring.runner import measure_images
from pairlens.importers import fields, store, working_set
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.parallel import Progress, no_progress

FAIL_ON: dict[str, frozenset[Kind]] = {
    "same": frozenset({"same_image"}),
    "near": frozenset({"same_image", "near_image"}),
    "never": frozenset(),
}
"""What between training and another split is a failure."""


class Occurrence(NamedTuple):
    """A sample that shows what stands in several places."""

    dataset: str
    split: str
    key: str


class Shared(NamedTuple):
    """Something that stands in two places, shown by a sample of each.

    Attributes:
        kind: what it is, one of :data:`KINDS`
        leak: whether one of the two is for training and the other is not
        first, second: the samples
        bits: of near images, how many of 64 bits of the hash differ
        turned: of near images and masks, what was done to the second
        cosine: of images alike by embedding
    """

    kind: Kind
    leak: bool
    first: Occurrence
    second: Occurrence
    bits: int | None = None
    turned: str | None = None
    cosine: float | None = None


@dataclass
class LeakSummary:
    """What stands in several places.

    Attributes:
        places: samples by place
        between: of two places that have something in common, how much of each kind
        leaks: the images between training and other splits that are a failure
        shared: each of what was found, between each two places; leaks first
        images_read: images that were decoded, since nobody had measured them yet
        notes: what was left out
        seconds: that it took
    """

    places: dict[Place, int] = field(default_factory=dict[Place, int])
    between: dict[tuple[Place, Place], dict[Kind, int]] = field(default_factory=dict[Any, Any])
    leaks: int = 0
    shared: list[Shared] = field(default_factory=list[Shared])
    images_read: int = 0
    notes: list[str] = field(default_factory=list[str])
    seconds: float = 0.0


def find_leaks(
    names: Sequence[str],
    *,
    thresholds: Thresholds,
    max_distance: int = 6,
    min_cosine: float = 0.98,
    exact: bool = False,
    fail_on: str = "near",
    progress: Progress = no_progress,
) -> LeakSummary:
    """Compares datasets, each split a place.

    Args:
        names: of datasets that PairLens imported
        thresholds: which masks, texts and embeddings count
        max_distance: bits of the perceptual hash that may differ, 0 to 8
        min_cosine: of embeddings
        exact: compare digests alone, and decode no image
        fail_on: what is counted as ``leaks``: :data:`FAIL_ON`
        progress: of measuring images, which is done once

    Raises:
        UsageError: for a name that is given twice, or a setting out of its range
        StateError: if PairLens did not import a dataset, or there is no sample
    """
    started = time.perf_counter()
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UsageError(f"{twice[0]} is named twice")
    if not 0 < min_cosine <= 1:
        raise UsageError(f"--min-cosine {min_cosine} is not above 0 and up to 1")
    datasets = [store.load(name) for name in names]
    _check_embedding(datasets, thresholds.embedding)
    summary = LeakSummary()
    if not exact:
        for one in datasets:
            summary.images_read += measure_images(one, progress=progress, notes=summary.notes)
    found = gather(datasets, thresholds)
    if not found.keys:
        raise StateError(f"there are no samples in {', '.join(names)}")
    counted = Counter(found.place.tolist())
    summary.places = {place: counted[n] for n, place in enumerate(found.places)}
    matches = [*_same(found)]
    if not exact:
        matches += matching.near(found, max_distance)
        matches += matching.alike(found, min_cosine)
    images = [one for one in matches if one.kind in ("same_image", "near_image")]
    matches += matching.near_masks(found, images)
    _add(summary, found, matches)
    summary.leaks = _leaks(summary, FAIL_ON[fail_on])
    summary.notes += _notes(datasets, found, exact)
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _check_embedding(datasets: Sequence[Any], name: str) -> None:
    """Refuses a field that was named and is nowhere; the usual one may be missing."""
    if name != Thresholds().embedding and not any(one.has_field(name) for one in datasets):
        raise UsageError(f"--embedding {name}: none of the datasets has such a field")


def _same(found: Gathered) -> Iterable[Match]:
    rows = matching.every_row(found)
    yield from matching.same("same_image", found.image, rows, found.place)
    yield from matching.same("same_mask", found.mask, rows, found.place)
    yield from matching.same("same_text", found.texts, found.text_rows, found.place)


def _add(summary: LeakSummary, found: Gathered, matches: Iterable[Match]) -> None:
    for match in matches:
        for pair in matching.places_of(match, found.place):
            first, second = found.places[pair[0]], found.places[pair[1]]
            counts = summary.between.setdefault((first, second), dict.fromkeys(KINDS, 0))
            counts[match.kind] += 1
            rows = matching.example_of(match, found.place, pair)
            standing = [
                Occurrence(*place, found.keys[row])
                for place, row in zip((first, second), rows, strict=True)
            ]
            near, alike = match.kind == "near_image", match.kind == "alike_image"
            turn = ORIENTATIONS[match.turn] if match.turn else None
            shared = Shared(
                match.kind, leaks_between(first, second), standing[0], standing[1],
                bits=match.bits if near else None,
                turned=turn,
                cosine=match.cosine if alike else None,
            )  # fmt: skip
            summary.shared.append(shared)
    summary.shared.sort(key=lambda one: not one.leak)


def _leaks(summary: LeakSummary, kinds: frozenset[Kind]) -> int:
    return sum(
        counts[kind]
        for places, counts in summary.between.items()
        if leaks_between(*places)
        for kind in kinds
    )


def _notes(datasets: Sequence[Any], found: Gathered, exact: bool) -> list[str]:
    notes = []
    for dataset in datasets:
        where = {fields.IMAGE_MISSING: True}
        if missing := sum(1 for _ in store.stream(dataset, ("_id",), where=where)):
            notes.append(f"{dataset.name}: samples without their image: {missing:,}")
        if left := working_set.left_out(dataset):
            notes.append(f"{dataset.name}: samples that PairLens did not import: {left:,}")
    if exact:
        notes.append("images were compared by their digests alone")
    if found.unread:
        most = sum(len(rows) for rows, _ in found.vectors.values())
        notes.append(f"of the embeddings only the first {most:,} were compared")
    return notes
