"""The writer of masks: any picture comes back, from three other readers."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from pairlens.importers.masks import MaskError, encode_png
from pairlens.importers.png import encode_gray, plain_gray


def check(pixels: np.ndarray) -> None:
    data = encode_gray(pixels)
    by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert by_opencv is not None and np.array_equal(by_opencv, pixels)
    with Image.open(io.BytesIO(data)) as image:  # checks all checksums
        assert image.mode == "L" and np.array_equal(np.asarray(image), pixels)
    ours = plain_gray(data)
    assert ours is not None and np.array_equal(ours, pixels)


def square(rows: slice, columns: slice, value: int = 1, side: int = 512) -> np.ndarray:
    pixels = np.zeros((side, side), np.uint8)
    pixels[rows, columns] = value
    return pixels


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(square(slice(0), slice(0)), id="nothing"),
        pytest.param(square(slice(None), slice(None)), id="everything"),
        pytest.param(square(slice(100, 140), slice(30, 60)), id="in the middle"),
        pytest.param(square(slice(0, 1), slice(0, 1)), id="first pixel"),
        pytest.param(square(slice(-1, None), slice(-1, None), 255), id="last pixel"),
        pytest.param(np.ones((1, 1), np.uint8), id="one pixel"),
        pytest.param(np.zeros((1, 5000), np.uint8), id="one row"),
        pytest.param(np.zeros((5000, 1), np.uint8), id="one column"),
        pytest.param(np.random.default_rng(0).integers(0, 256, (300, 200), np.uint8), id="noise"),
        pytest.param(square(slice(9, 99), slice(9, 99))[::-1, ::2], id="not contiguous"),
    ],
)
def test_pictures(pixels: np.ndarray):
    check(pixels)


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.sampled_from(
    [0, 0, 0, 1, 255]
)))  # fmt: skip
def test_any_mask(pixels: np.ndarray):
    check(pixels)


def test_the_checksum_of_many_zeros_is_that_of_zlib():
    check(square(slice(2047, 2048), slice(5, 2000), 255, side=2048))


@pytest.mark.parametrize("shape", [(0, 0), (4,), (4, 0)])
def test_what_is_no_picture(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="is no gray picture"):
        encode_gray(np.zeros(shape, np.uint8))


def test_masks_are_stored_so():
    pixels = square(slice(100, 140), slice(30, 60))
    assert encode_png(pixels) == encode_gray(pixels)
    assert len(encode_png(pixels)) < 1000
    with pytest.raises((MaskError, cv2.error)):
        encode_png(np.zeros((0, 4), np.uint8))
