"""Finds what stands in several places: the same by digest, near by look, alike by embedding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.leaks.reading import Gathered
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
"""What is found, and how it is called."""

CHUNK = 1024

LIKE = 0.9
"""From which IoU of their boxes, and ratio of their areas, on masks of one image are alike."""

MOST_MASKS = 200
"""Masks of an image in a place that are compared."""

Rows = NDArray[np.int64]


class Match(NamedTuple):
    """Something that stands in two places or more.

    Attributes:
        kind: what it is
        first: rows of the samples that have it; of two images that are near, those of one
        second: rows of the samples of the other one; the same rows where it is one thing
        bits: of near images, how many of 64 differ
        turn: of near images and masks, the index in :data:`ORIENTATIONS` of what was done to the
            second
        cosine: of alike ones
    """

    kind: Kind
    first: Rows
    second: Rows
    bits: int = 0
    turn: int = 0
    cosine: float = 0.0


def every_row(found: Gathered) -> Rows:
    """The rows of all samples."""
    return np.arange(len(found.keys))


def same(kind: Kind, marks: NDArray[np.uint64], rows: Rows, places: Rows) -> Iterator[Match]:
    """What has the same mark in several places.

    Args:
        kind: of what
        marks: (n,), 0 for none
        rows: (n,), the sample of each
        places: of the samples, by row
    """
    for some in _groups(marks, rows, places):
        yield Match(kind, some, some)


def _groups(marks: NDArray[np.uint64], rows: Rows, places: Rows) -> Iterator[Rows]:
    """Rows of equal marks that stand in several places."""
    there = np.flatnonzero(marks)
    order = there[np.argsort(marks[there], kind="stable")]
    edges = np.flatnonzero(np.diff(marks[order])) + 1
    for low, high in pairwise([0, *edges.tolist(), len(order)]):
        found = np.unique(rows[order[low:high]])
        if len(found) > 1 and len(np.unique(places[found])) > 1:
            yield found


def near(found: Gathered, max_distance: int) -> list[Match]:
    """Images that look the same in different places, but are not the same file.

    Args:
        found: samples, with the looks of their images
        max_distance: bits of 64 that may differ, 0 to 8; two more of turned images

    Returns:
        the nearest first

    Raises:
        UsageError: for a larger distance
    """
    if not 0 <= max_distance <= MAX_DISTANCE:
        raise UsageError(f"--max-distance {max_distance} is not 0 to {MAX_DISTANCE}")
    rows = np.flatnonzero(found.seen)
    looks, of = np.unique(found.look[rows], return_inverse=True)
    if not len(looks) or len(np.unique(found.place[rows])) < 2:
        return []
    order = np.argsort(of.ravel(), kind="stable")
    members = np.split(rows[order], np.flatnonzero(np.diff(of.ravel()[order])) + 1)
    links = _links(looks, max_distance)
    matches = [
        Match("near_image", members[a], members[b], bits, turn)
        for (a, b), (bits, turn) in links.items()
        if _apart(found, members[a], members[b])
    ]
    return sorted(matches, key=lambda one: (one.bits, one.turn))


def _links(looks: NDArray[np.uint64], max_distance: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Of looks that are near, upright or turned: the bits that differ and the turn.

    Each look is linked with itself: several files may have it.
    """
    links = {(n, n): (0, 0) for n in range(len(looks))}
    for turn in range(len(ORIENTATIONS)):
        most = min(MAX_DISTANCE, max_distance + SLACK) if turn else max_distance
        first, second, bits = between(looks, turned(looks, turn), most)
        for a, b, differing in zip(first.tolist(), second.tolist(), bits.tolist(), strict=True):
            if a < b:
                links[a, b] = min(links.get((a, b), (99, 0)), (differing, turn))
    return links


def _apart(found: Gathered, first: Rows, second: Rows) -> bool:
    """Whether two of the samples stand in different places and show different files."""

    def files(rows: Rows) -> set[tuple[int, int]]:
        return set(zip(found.place[rows].tolist(), found.image[rows].tolist(), strict=True))

    return any(a != b and f != g for a, f in files(first) for b, g in files(second))


def near_masks(found: Gathered, images: Sequence[Match]) -> Iterator[Match]:
    """Masks that cover nearly the same of an image, where that stands in several places.

    By box and area, as they lie once the second image is turned as the match says; identical masks
    are left out.

    Args:
        found: samples, with the extents of their masks
        images: matches of the same or near images
    """
    told: set[tuple[int, int]] = set()
    for match in images:
        first, second = (_masks(found, rows) for rows in (match.first, match.second))
        if not len(first) or not len(second):
            continue
        ious = _ious(found.extent[first], turned_extents(found.extent[second], match.turn))
        apart = found.place[first][:, None] != found.place[second][None, :]
        other = found.mask[first][:, None] != found.mask[second][None, :]
        for a, b in np.argwhere((ious >= LIKE) & apart & other).tolist():
            pair = int(min(first[a], second[b])), int(max(first[a], second[b]))
            if pair not in told:
                told.add(pair)
                yield Match("near_mask", first[[a]], second[[b]], turn=match.turn)


def _masks(found: Gathered, rows: Rows) -> Rows:
    """The first row of each mask that tells something, in each place."""
    rows = rows[found.mask[rows] != 0]
    marks = np.stack((found.place[rows].astype(np.uint64), found.mask[rows]))
    _, first = np.unique(marks, axis=1, return_index=True)
    return rows[np.sort(first)][:MOST_MASKS]


def turned_extents(extents: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    """Extents of masks, (n, 5) as :class:`.Gathered` has them, of turned images."""
    left, top, right, bottom, area = extents.T
    if turn & 4:
        left, top, right, bottom = top, left, bottom, right
    if turn & 1:
        left, right = 1 - right, 1 - left
    if turn & 2:
        top, bottom = 1 - bottom, 1 - top
    return np.stack((left, top, right, bottom, area), 1)


def _ious(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m): IoU of the boxes, or the ratio of the areas where that is less."""
    a, b = first[:, None], second[None]
    sides = np.minimum(a[..., 2:4], b[..., 2:4]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.clip(sides, 0, None).prod(-1)
    each = ((box[..., 2:4] - box[..., :2]).prod(-1) for box in (a, b))
    union = sum(each) - shared
    areas = np.minimum(a[..., 4], b[..., 4]) / np.maximum(np.maximum(a[..., 4], b[..., 4]), 1e-12)
    return np.minimum(shared / np.maximum(union, 1e-12), areas)


def alike(found: Gathered, min_cosine: float) -> list[Match]:
    """Of each image with an embedding, the nearest one of another place, if it is near.

    Args:
        found: samples, with vectors
        min_cosine: of the two vectors, up to 1

    Returns:
        the nearest first, two images once
    """
    best: dict[tuple[int, int], float] = {}
    for rows, vectors in found.vectors.values():
        for start in range(0, len(rows), CHUNK):
            own = rows[start : start + CHUNK]
            cosines = vectors[start : start + CHUNK] @ vectors.T
            here = found.place[own][:, None] == found.place[rows][None, :]
            same_file = found.image[own][:, None] == found.image[rows][None, :]
            cosines[here | (same_file & (found.image[own] != 0)[:, None])] = -2
            nearest = cosines.argmax(1)
            values = cosines[np.arange(len(own)), nearest]
            for a, b, value in zip(own.tolist(), rows[nearest].tolist(), values.tolist(),
                                   strict=True):  # fmt: skip
                if value >= min_cosine:
                    best[min(a, b), max(a, b)] = value
    matches = [
        Match("alike_image", np.array([a]), np.array([b]), cosine=round(value, 4))
        for (a, b), value in best.items()
    ]
    return sorted(matches, key=lambda one: -one.cosine)


def places_of(match: Match, places: Rows) -> list[tuple[int, int]]:
    """The pairs of different places that a match stands in, each once."""
    first, second = (set(places[rows].tolist()) for rows in (match.first, match.second))
    if match.first is match.second:
        return list(combinations(sorted(first), 2))
    return sorted({(min(a, b), max(a, b)) for a in first for b in second if a != b})


def example_of(match: Match, places: Rows, pair: tuple[int, int]) -> tuple[int, int]:
    """Rows of two samples of a match, one in each of two places."""
    sides: Sequence[Rows] = (match.first, match.second)
    for first, second in (sides, sides[::-1]):
        here, there = first[places[first] == pair[0]], second[places[second] == pair[1]]
        if len(here) and len(there):
            return int(here[0]), int(there[0])
    raise AssertionError  # the places are those of the match
