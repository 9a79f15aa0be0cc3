"""Compares datasets and their splits: finds samples that are in several of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pairlens.fiftyone_plugin.leaks import matching
from pairlens.fiftyone_plugin.leaks.matching import KINDS, Kind, Match
from pairlens.fiftyone_plugin.leaks.reading import (
    Place,
    SampleTable,
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
"""Kinds of matches between training and another split that are a failure, by ``--fail-on``."""


class Occurrence(NamedTuple):
    """A sample of a match."""

    dataset: str
    split: str
    key: str


class Shared(NamedTuple):
    """A match between two places, with an example.

    Attributes:
        kind: one of :data:`KINDS`
        leak: whether one place is for training and the other is not
        first, second: a sample of each place
        bits: for near images, the number of different bits of 64
        turned: for near images and masks, how the second one is turned
        cosine: for similar embeddings, their cosine
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
    """Summary of a comparison of places.

    Attributes:
        places: number of samples by place
        between: number of matches by kind, for each two places that have any
        leaks: number of matches that are a failure
        shared: all matches between two places, leaks first
        images_read: number of images that were measured
        notes: notes on samples that were not compared
        seconds: duration of the run
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
    """Compares the splits of datasets.

    Args:
        names: names of datasets that PairLens imported
        thresholds: the thresholds for masks, texts and embeddings
        max_distance: maximum of different bits of the perceptual hash, 0 to 8
        min_cosine: minimum of the cosine of embeddings, in (0, 1]
        exact: whether only digests are compared, and no image is decoded
        fail_on: the matches that count as ``leaks``, by :data:`FAIL_ON`
        progress: called while images are measured, which is done once

    Raises:
        UsageError: for a repeated name, or a value out of range
        StateError: if PairLens did not import a dataset, or there is no sample
    """
    started = time.perf_counter()
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise UsageError(f"{repeated[0]} is named twice")
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
    """Refuses a field that no dataset has, unless it is the default."""
    if name != Thresholds().embedding and not any(one.has_field(name) for one in datasets):
        raise UsageError(f"--embedding {name}: none of the datasets has such a field")


def _same(found: SampleTable) -> Iterable[Match]:
    rows = matching.all_rows(found)
    yield from matching.same("same_image", found.image, rows, found.place)
    yield from matching.same("same_mask", found.mask, rows, found.place)
    yield from matching.same("same_text", found.texts, found.text_rows, found.place)


def _add(summary: LeakSummary, found: SampleTable, matches: Iterable[Match]) -> None:
    for match in matches:
        for pair in matching.places_of(match, found.place):
            first, second = found.places[pair[0]], found.places[pair[1]]
            counts = summary.between.setdefault((first, second), dict.fromkeys(KINDS, 0))
            counts[match.kind] += 1
            rows = matching.example_of(match, found.place, pair)
            occurrences = [
                Occurrence(*place, found.keys[row])
                for place, row in zip((first, second), rows, strict=True)
            ]
            near, alike = match.kind == "near_image", match.kind == "alike_image"
            turn = ORIENTATIONS[match.turn] if match.turn else None
            shared = Shared(
                match.kind, leaks_between(first, second), occurrences[0], occurrences[1],
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


def _notes(datasets: Sequence[Any], found: SampleTable, exact: bool) -> list[str]:
    notes = []
    for dataset in datasets:
        where = {fields.IMAGE_MISSING: True}
        if missing := sum(1 for _ in store.stream(dataset, ("_id",), where=where)):
            notes.append(f"{dataset.name}: samples without their image: {missing:,}")
        if foreign := working_set.left_out(dataset):
            notes.append(f"{dataset.name}: samples that PairLens did not import: {foreign:,}")
    if exact:
        notes.append("images were compared by their digests alone")
    if found.unread:
        compared = sum(len(rows) for rows, _ in found.vectors.values())
        notes.append(f"of the embeddings only the first {compared:,} were compared")
    return notes
