"""Near hashes: all of them, no others, and not by comparing all pairs."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pairlens.fiftyone_plugin.near_hashes import MAX_DISTANCE, nearest
from pairlens.importers.errors import UsageError


def near(hashes: list[int], max_distance: int) -> dict[int, tuple[int, int]]:
    """By hash that has others near it, the nearest and the bits that differ."""
    found = nearest(np.array(hashes, np.uint64), max_distance)
    pairs = zip(found.others.tolist(), found.bits.tolist(), strict=True)
    return dict(zip(found.hashes.tolist(), pairs, strict=True))


def flipped(value: int, rng: np.random.Generator, count: int) -> int:
    for bit in rng.choice(64, count, replace=False):
        value ^= 1 << int(bit)
    return value


def brute(hashes: list[int], distance: int) -> dict[int, int]:
    """By comparing all: the distance of the nearest other, where there is one near."""
    unique = sorted(set(hashes))
    best = {}
    for a in unique:
        near = min(((a ^ b).bit_count() for b in unique if b != a), default=65)
        if near <= distance:
            best[a] = near
    return best


@pytest.mark.parametrize("hashes", [[], [5], [5, 5, 5]], ids=["none", "one", "equal"])
def test_nothing_is_near(hashes: list[int]):
    assert near(hashes, 6) == {}


def test_a_bit_too_many_is_not_near():
    rng = np.random.default_rng(0)
    for _ in range(50):
        value = int(rng.integers(2**63))
        assert near([value, flipped(value, rng, 7)], 6) == {}


@pytest.mark.parametrize("distance", range(MAX_DISTANCE + 1))
def test_the_same_as_by_comparing_all(distance: int):
    rng = np.random.default_rng(distance)
    hashes = [int(v) for v in rng.integers(2**63, size=300)]
    hashes += [flipped(v, rng, int(rng.integers(1, 12))) for v in hashes[:200]]
    hashes += [0, 2**64 - 1, 1, 2**64 - 2]
    found = near(hashes, distance)
    assert {value: bits for value, (_, bits) in found.items()} == brute(hashes, distance)
    for value, (other, bits) in found.items():
        assert (value ^ other).bit_count() == bits


def test_the_nearest_of_several():
    assert near([0, 1, 0b111], 6)[0b111] == (1, 2)


@pytest.mark.parametrize("distance", [-1, MAX_DISTANCE + 1])
def test_a_distance_that_says_nothing(distance: int):
    with pytest.raises(UsageError, match="is not 0 to 8"):
        near([1, 2], distance)


def test_many_hashes_take_no_square_of_time():
    rng = np.random.default_rng(0)
    hashes = rng.integers(2**63, size=200_000)
    started = time.perf_counter()
    near([int(v) for v in hashes], 4)
    assert time.perf_counter() - started < 30  # all pairs would be 2e10
