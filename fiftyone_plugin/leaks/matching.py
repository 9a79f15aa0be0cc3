"""Finds matches between places: equal digests, near perceptual hashes, similar embeddings.

A place is a split of a dataset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.leaks.reading import SampleTable
from pairlens.fiftyone_plugin.leaks.turned_hashes import ORIENTATIONS, SLACK, turned
from pairlens.fiftyone_plugin.near_hashes import MAX_DISTANCE, between
from pairlens.importers.errors import UsageError

Kind = Literal["same_image", "near_image", "alike_image", "same_mask", "near_mask", "same_text"]

KINDS: dict[Kind, str] = {
    "same_image": "the same image file",
    "near_image": "nearly the same image",
    "alike_image": "alike by embedding",
    "same_mask": "the identical mask",
    "near_mask": "nearly the same mask on such an image",
    "same_text": "the same text",
}
"""Kinds of matches, with their names."""

CHUNK = 1024

MIN_MASK_IOU = 0.9
"""Minimum of the IoU of the boxes, and of the ratio of the areas, of nearly equal masks."""

MAX_MASKS = 200
"""Maximum of masks of an image in a place that are compared."""

Rows = NDArray[np.int64]


class Match(NamedTuple):
    """An image, mask or text in two or more places.

    Attributes:
        kind: the kind of match
        first: rows of the samples with it; for two near images, of those with the first image
        second: rows of the samples with the second image; the same rows for equal digests
        bits: for near images, the number of different bits of 64
        turn: for near images and masks, the index in :data:`ORIENTATIONS` by which the second is
            turned
        cosine: for similar embeddings, their cosine
    """

    kind: Kind
    first: Rows
    second: Rows
    bits: int = 0
    turn: int = 0
    cosine: float = 0.0


def all_rows(found: SampleTable) -> Rows:
    """The row numbers of all samples, (n,)."""
    return np.arange(len(found.keys))


def same(kind: Kind, marks: NDArray[np.uint64], rows: Rows, places: Rows) -> Iterator[Match]:
    """Yields matches of equal marks in several places.

    Args:
        kind: the kind of match
        marks: (n,) digests; 0 for none
        rows: (n,) the row of the sample of each
        places: the place of each sample, by row
    """
    for group in _groups(marks, rows, places):
        yield Match(kind, group, group)


def _groups(marks: NDArray[np.uint64], rows: Rows, places: Rows) -> Iterator[Rows]:
    """Yields the rows of each mark that is in several places."""
    marked = np.flatnonzero(marks)
    order = marked[np.argsort(marks[marked], kind="stable")]
    edges = np.flatnonzero(np.diff(marks[order])) + 1
    for low, high in pairwise([0, *edges.tolist(), len(order)]):
        group = np.unique(rows[order[low:high]])
        if len(group) > 1 and len(np.unique(places[group])) > 1:
            yield group


def near(found: SampleTable, max_distance: int) -> list[Match]:
    """Different image files in different places with near perceptual hashes.

    Args:
        found: the samples
        max_distance: maximum of different bits of 64, 0 to 8; two more for turned images

    Returns:
        matches, the nearest first

    Raises:
        UsageError: for a distance out of range
    """
    if not 0 <= max_distance <= MAX_DISTANCE:
        raise UsageError(f"--max-distance {max_distance} is not 0 to {MAX_DISTANCE}")
    rows = np.flatnonzero(found.seen)
    looks, look_index = np.unique(found.look[rows], return_inverse=True)
    if not len(looks) or len(np.unique(found.place[rows])) < 2:
        return []
    order = np.argsort(look_index.ravel(), kind="stable")
    members = np.split(rows[order], np.flatnonzero(np.diff(look_index.ravel()[order])) + 1)
    links = _near_pairs(looks, max_distance)
    matches = [
        Match("near_image", members[a], members[b], bits, turn)
        for (a, b), (bits, turn) in links.items()
        if _are_different_files(found, members[a], members[b])
    ]
    return sorted(matches, key=lambda match: (match.bits, match.turn))


def _near_pairs(
    looks: NDArray[np.uint64], max_distance: int
) -> dict[tuple[int, int], tuple[int, int]]:
    """Different bits and turn by pair of near hashes, upright or turned.

    Each hash is paired with itself, too, since several files can have it.
    """
    links = {(n, n): (0, 0) for n in range(len(looks))}
    for turn in range(len(ORIENTATIONS)):
        limit = min(MAX_DISTANCE, max_distance + SLACK) if turn else max_distance
        first, second, bits = between(looks, turned(looks, turn), limit)
        for a, b, differing in zip(first.tolist(), second.tolist(), bits.tolist(), strict=True):
            if a < b:
                links[a, b] = min(links.get((a, b), (99, 0)), (differing, turn))
    return links


def _are_different_files(found: SampleTable, first: Rows, second: Rows) -> bool:
    """Whether two samples in different places have different image files."""

    def files(rows: Rows) -> set[tuple[int, int]]:
        return set(zip(found.place[rows].tolist(), found.image[rows].tolist(), strict=True))

    return any(a != b and f != g for a, f in files(first) for b, g in files(second))


def near_masks(found: SampleTable, images: Sequence[Match]) -> Iterator[Match]:
    """Yields nearly equal masks on images that are in several places.

    Boxes and areas are compared, after the second image is turned as in its match. Identical masks
    are left out.

    Args:
        found: the samples
        images: matches of same or near images
    """
    seen: set[tuple[int, int]] = set()
    for match in images:
        first, second = (_masks(found, rows) for rows in (match.first, match.second))
        if not len(first) or not len(second):
            continue
        ious = _ious(found.extent[first], turned_extents(found.extent[second], match.turn))
        different_places = found.place[first][:, None] != found.place[second][None, :]
        different_masks = found.mask[first][:, None] != found.mask[second][None, :]
        for a, b in np.argwhere(
            (ious >= MIN_MASK_IOU) & different_places & different_masks
        ).tolist():
            pair = int(min(first[a], second[b])), int(max(first[a], second[b]))
            if pair not in seen:
                seen.add(pair)
                yield Match("near_mask", first[[a]], second[[b]], turn=match.turn)


def _masks(found: SampleTable, rows: Rows) -> Rows:
    """The first row of each mask with a digest, in each place."""
    rows = rows[found.mask[rows] != 0]
    marks = np.stack((found.place[rows].astype(np.uint64), found.mask[rows]))
    _, first = np.unique(marks, axis=1, return_index=True)
    return rows[np.sort(first)][:MAX_MASKS]


def turned_extents(extents: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    """The extents of masks after their images are turned.

    Args:
        extents: (n, 5), as in :class:`.SampleTable`
        turn: index in :data:`ORIENTATIONS`
    """
    left, top, right, bottom, area = extents.T
    if turn & 4:
        left, top, right, bottom = top, left, bottom, right
    if turn & 1:
        left, right = 1 - right, 1 - left
    if turn & 2:
        top, bottom = 1 - bottom, 1 - top
    return np.stack((left, top, right, bottom, area), 1)


def _ious(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m): the lesser of the IoU of the boxes and the ratio of the areas, in [0, 1]."""
    a, b = first[:, None], second[None]
    sides = np.minimum(a[..., 2:4], b[..., 2:4]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.clip(sides, 0, None).prod(-1)
    areas_of_boxes = ((box[..., 2:4] - box[..., :2]).prod(-1) for box in (a, b))
    union = sum(areas_of_boxes) - shared
    areas = np.minimum(a[..., 4], b[..., 4]) / np.maximum(np.maximum(a[..., 4], b[..., 4]), 1e-12)
    return np.minimum(shared / np.maximum(union, 1e-12), areas)


def alike(found: SampleTable, min_cosine: float) -> list[Match]:
    """The nearest image of another place for each image with an embedding.

    Args:
        found: the samples
        min_cosine: minimum of the cosine, up to 1

    Returns:
        matches, the nearest first; each pair of images once
    """
    best: dict[tuple[int, int], float] = {}
    for rows, vectors in found.vectors.values():
        for start in range(0, len(rows), CHUNK):
            chunk_rows = rows[start : start + CHUNK]
            cosines = vectors[start : start + CHUNK] @ vectors.T
            same_place = found.place[chunk_rows][:, None] == found.place[rows][None, :]
            same_file = found.image[chunk_rows][:, None] == found.image[rows][None, :]
            cosines[same_place | (same_file & (found.image[chunk_rows] != 0)[:, None])] = -2
            nearest = cosines.argmax(1)
            values = cosines[np.arange(len(chunk_rows)), nearest]
            for a, b, value in zip(chunk_rows.tolist(), rows[nearest].tolist(), values.tolist(),
                                   strict=True):  # fmt: skip
                if value >= min_cosine:
                    best[min(a, b), max(a, b)] = value
    matches = [
        Match("alike_image", np.array([a]), np.array([b]), cosine=round(value, 4))
        for (a, b), value in best.items()
    ]
    return sorted(matches, key=lambda match: -match.cosine)


def places_of(match: Match, places: Rows) -> list[tuple[int, int]]:
    """The pairs of different places of a match, each once."""
    first, second = (set(places[rows].tolist()) for rows in (match.first, match.second))
    if match.first is match.second:
        return list(combinations(sorted(first), 2))
    return sorted({(min(a, b), max(a, b)) for a in first for b in second if a != b})


def example_of(match: Match, places: Rows, pair: tuple[int, int]) -> tuple[int, int]:
    """Rows of two samples of a match, one in each of two places."""
    sides: Sequence[Rows] = (match.first, match.second)
    for first, second in (sides, sides[::-1]):
        in_first, in_second = first[places[first] == pair[0]], second[places[second] == pair[1]]
        if len(in_first) and len(in_second):
            return int(in_first[0]), int(in_second[0])
    raise AssertionError  # unreachable: the places are those of the match
