"""Finds perceptual hashes that differ in few bits, among a million, without comparing all pairs.

If two 64-bit hashes differ in at most ``d`` bits and are cut into ``d + 3`` bands, then at
least three bands are equal. So it is enough to compare the hashes that agree in some three
bands, which are few: Manku, Jain and Sarma, Detecting near-duplicates for web crawling (2007).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.errors import UsageError

BITS = 64
SHARED = 3
"""Minimum of equal bands of two near hashes: 84 keys of 21 bits for a distance of 6."""

MAX_DISTANCE = 8
MAX_BUCKET = 512
"""Maximum of neighbours in a bucket that a hash is compared with. Only collections of similar
images have more, and there every image finds a neighbour earlier."""

_AT_ONCE = 1 << 22
"""Pairs of hashes per batch of comparisons."""

Hashes = NDArray[np.uint64]


_PART = 1 << 16
"""Approximate number of hashes in a part; parts are searched one after the other."""

_SCATTER = np.uint64(0x9E3779B97F4A7C15)


class Nearest(NamedTuple):
    """Hashes that have near ones, in ascending order.

    Attributes:
        hashes: (n,) hashes
        others: (n,) nearest other hash of each
        bits: (n,) number of different bits
    """

    hashes: Hashes
    others: Hashes
    bits: NDArray[np.uint8]


def nearest(hashes: Hashes, max_distance: int) -> Nearest:
    """The hashes that have near ones, with the nearest.

    About 25 bytes per hash are used.

    Args:
        hashes: (n,) hashes in any order; ascending ones are not copied; duplicates are ignored
        max_distance: maximum of different bits, 0 to 8

    Raises:
        UsageError: for a larger distance, at which unrelated images would be near
    """
    _check_distance(max_distance)
    unique = np.asarray(hashes, np.uint64)
    if not (unique[1:] > unique[:-1]).all():
        unique = np.unique(unique)
    best = np.full(len(unique), max_distance + 1, np.uint8)
    other = np.zeros(len(unique), np.uint32)
    for key in _keys(unique, max_distance + SHARED):
        for rows in _in_parts(key):
            own = key[rows]
            order = np.argsort(own, kind="stable")
            for first, second in _neighbours(own[order]):
                _keep_nearest(unique, rows[order[first]], rows[order[second]], best, other)
    near = np.flatnonzero(best <= max_distance)
    return Nearest(unique[near], unique[other[near]], best[near])


def _in_parts(keys: Hashes) -> Iterator[NDArray[np.intp]]:
    """Positions part by part in ascending order, those of equal keys together."""
    count = 1 + len(keys) // _PART
    if count == 1:
        yield np.arange(len(keys))
        return
    part_of = np.empty(len(keys), np.uint16)
    for start in range(0, len(keys), _PART):
        scattered = (keys[start : start + _PART] * _SCATTER) >> np.uint64(32)
        part_of[start : start + _PART] = scattered % np.uint64(count)
    for part in range(count):
        yield np.flatnonzero(part_of == part)


def between(
    left: Hashes, right: Hashes, max_distance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """All near hashes of two collections.

    Args:
        left, right: (n,) and (m,), in any order
        max_distance: in bits, 0 to 8

    Returns:
        positions in ``left``, those in ``right``, and the bits that differ, sorted by both
        positions. Of a hash that shares three bands with more than 512 others, some may be lacking.

    Raises:
        UsageError: for a larger distance
    """
    _check_distance(max_distance)
    found = [np.empty((3, 0), np.int64)]
    bands = max_distance + SHARED
    for own, other in zip(_keys(left, bands), _keys(right, bands), strict=True):
        order = np.argsort(other, kind="stable")
        first = np.searchsorted(other[order], own, "left")
        counts = np.minimum(np.searchsorted(other[order], own, "right") - first, MAX_BUCKET)
        for some in _portions(counts):
            rows = np.repeat(some, counts[some])
            steps = np.arange(len(rows)) - np.repeat(
                np.cumsum(counts[some]) - counts[some], counts[some]
            )
            there = order[first[rows] + steps]
            bits = _distance(left[rows] ^ right[there])
            near = bits <= max_distance
            found.append(np.stack((rows[near], there[near], bits[near].astype(np.int64))))
    rows, there, bits = np.unique(np.concatenate(found, 1), axis=1)
    return rows, there, bits.astype(np.uint8)


def _check_distance(max_distance: int) -> None:
    if not 0 <= max_distance <= MAX_DISTANCE:
        raise UsageError(f"a distance of {max_distance} bits is not 0 to {MAX_DISTANCE}")


def _portions(counts: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Positions with a count, so many at a time that their counts add up to some millions."""
    there = np.flatnonzero(counts)
    number = np.cumsum(counts[there]) // _AT_ONCE
    yield from np.split(there, np.flatnonzero(np.diff(number)) + 1)


def _keys(hashes: Hashes, bands: int) -> Iterator[Hashes]:
    """For every choice of bands that may be the shared ones, those bands of all hashes."""
    edges = [BITS * band // bands for band in range(bands + 1)]
    masks = [(1 << high) - (1 << low) for low, high in pairwise(edges)]
    for chosen in combinations(masks, SHARED):
        yield hashes & np.uint64(sum(chosen))


def _neighbours(keys: Hashes) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Positions of equal keys in a sorted array, pair by pair in ever wider steps."""
    first = np.arange(len(keys))
    for step in range(1, MAX_BUCKET + 1):
        first = first[first + step < len(keys)]
        first = first[keys[first] == keys[first + step]]
        if not len(first):
            return
        yield first, first + step


def _keep_nearest(
    hashes: Hashes,
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    best: NDArray[np.uint8],
    other: NDArray[np.uint32],
) -> None:
    distance = _distance(hashes[a] ^ hashes[b])
    for here, there in ((a, b), (b, a)):
        # A position occurs once on each side at one step, so that nothing is written twice.
        closer = distance < best[here]
        best[here[closer]] = distance[closer]
        other[here[closer]] = there[closer]


def _distance(differing: Hashes) -> NDArray[np.uint8]:
    """Set bits of each value."""
    x = differing - ((differing >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return ((x * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.uint8)
