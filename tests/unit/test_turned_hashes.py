"""Hashes of turned images, made of those of the images; and near hashes of two collections."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.scenes import draw_scene
from pairlens.fiftyone_plugin.leaks.matching import turned_extents
from pairlens.fiftyone_plugin.leaks.turned_hashes import ORIENTATIONS, turned
from pairlens.fiftyone_plugin.near_hashes import between
from pairlens.importers.errors import UsageError
from pairlens.importers.image_stats import perceptual_hash

LAID = (
    lambda image: image,
    np.fliplr,
    np.flipud,
    lambda image: np.rot90(image, 2),
    lambda image: image.transpose(1, 0),
    lambda image: np.rot90(image, -1),
    np.rot90,
    lambda image: np.rot90(image, 2).transpose(1, 0),
)
"""What each turn does to pixels."""


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    drawn = (draw_scene(seed, 128).image for seed in range(6))
    return [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in drawn]


def hashes_of(images: list[np.ndarray]) -> np.ndarray:
    return np.array([int(perceptual_hash(image), 16) for image in images], np.uint64)


@pytest.mark.parametrize("turn", range(len(ORIENTATIONS)), ids=lambda n: ORIENTATIONS[n])
def test_a_turned_hash_is_nearly_that_of_the_turned_image(
    images: list[np.ndarray], turn: int
) -> None:
    of_turned = hashes_of([np.ascontiguousarray(LAID[turn](image)) for image in images])
    made = turned(hashes_of(images), turn)
    own = [int(a ^ b).bit_count() for a, b in zip(of_turned, made, strict=True)]
    assert np.median(own) <= 8 and (turn or own == [0] * len(images))
    others = [int(a ^ b).bit_count() for n, a in enumerate(of_turned) for b in np.delete(made, n)]
    assert min(others) > max(own)


@pytest.mark.parametrize("turn", range(len(ORIENTATIONS)), ids=lambda n: ORIENTATIONS[n])
def test_the_extent_of_a_mask_turns_as_its_pixels_do(turn: int) -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[3:10, 20:38] = 1

    def extent(pixels: np.ndarray) -> np.ndarray:
        rows, columns = np.nonzero(pixels)
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, pixels.sum() / 40)
        return np.array([box]) / 40

    assert np.allclose(turned_extents(extent(mask), turn), extent(LAID[turn](mask)))


def test_turning_both_leaves_the_distance() -> None:
    some = np.random.default_rng(0).integers(2**63, size=(2, 50)).astype(np.uint64)
    before = [int(a ^ b).bit_count() for a, b in zip(*some, strict=True)]
    for turn in range(len(ORIENTATIONS)):
        after = zip(turned(some[0], turn), turned(some[1], turn), strict=True)
        assert [int(a ^ b).bit_count() for a, b in after] == before


@pytest.mark.parametrize("most", [0, 6, 8])
def test_near_hashes_between_two_collections_are_those_of_comparing_all(most: int) -> None:
    rng = np.random.default_rng(most)
    left = rng.integers(2**63, size=150).astype(np.uint64)
    right = left.copy()
    for number in range(len(right)):
        for bit in rng.choice(64, int(rng.integers(0, 12)), replace=False):
            right[number] ^= np.uint64(1) << np.uint64(bit)
    wanted = [
        (a, b, bits)
        for a, one in enumerate(left)
        for b, other in enumerate(right)
        if (bits := int(one ^ other).bit_count()) <= most
    ]
    rows, there, bits = between(left, right, most)
    assert list(zip(rows.tolist(), there.tolist(), bits.tolist(), strict=True)) == wanted
    assert len(between(left[:0], right, most)[0]) == len(between(left, right[:0], most)[0]) == 0


def test_a_distance_that_says_nothing_is_refused() -> None:
    none = np.empty(0, np.uint64)
    with pytest.raises(UsageError, match="is not 0 to 8"):
        between(none, none, 9)
