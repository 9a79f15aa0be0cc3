"""Mended masks as polygons and as rasters."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pairlens.importers.errors import StateError
from pairlens.importers.formats.mask_export import polygons_of, raster_like
from pairlens.importers.masks import from_array, read_mask
from pairlens.importers.polygons import rasterize
from pairlens.importers.records import Shape

MASKS = arrays(
    np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.sampled_from([0, 1])
)


def drawn(pixels: np.ndarray) -> np.ndarray:
    shapes = tuple(
        Shape(tuple((x, y) for x, y in points), label == "ignore")
        for label, points in polygons_of(pixels)
    )
    return rasterize(shapes, *pixels.shape).pixels


def test_an_empty_mask_has_no_polygon() -> None:
    assert polygons_of(np.zeros((4, 5), np.uint8)) == []


@given(MASKS, MASKS)
def test_polygons_draw_the_mask_to_the_pixel(target: np.ndarray, ignored: np.ndarray) -> None:
    pixels = target.copy()
    height, width = (min(a, b) for a, b in zip(target.shape, ignored.shape, strict=True))
    corner = pixels[:height, :width]
    corner[(ignored[:height, :width] == 1) & (corner == 0)] = 255
    assert np.array_equal(drawn(pixels), pixels)


def test_rings_in_rings_are_cut_until_no_part_has_a_hole() -> None:
    pixels = np.zeros((128, 128), np.uint8)
    for radius, value in ((60, 1), (50, 0), (40, 255), (30, 1), (20, 0), (8, 1)):
        cv2.circle(pixels, (64, 64), radius, value, -1)
    assert np.array_equal(drawn(pixels), pixels)
    labels = [label for label, _ in polygons_of(pixels)]
    assert labels == sorted(labels, reverse=True)
    # Each ring is two halves, and the middle is whole.
    assert (labels.count("target"), labels.count("ignore")) == (5, 2)


@pytest.mark.parametrize(
    ("values", "dtype", "suffix"),
    [
        pytest.param((0, 1), np.uint8, "tif", id="0 and 1"),
        pytest.param((0, 255), np.uint8, "tif", id="0 and 255"),
        pytest.param((0, 255), np.uint8, "png", id="png"),
        pytest.param((0, 1), np.bool_, "tif", id="one bit"),
        pytest.param((0, 1), np.uint16, "tif", id="16 bits"),
        pytest.param((0, 1), np.int32, "tif", id="32 bits"),
        pytest.param((0, 0), np.uint8, "tif", id="empty before"),
        pytest.param((0, 200), np.uint8, "tif", id="an odd value"),
    ],
)
def test_a_raster_is_like_the_published_one(
    tmp_path: Path, values: tuple[int, int], dtype: type, suffix: str
) -> None:
    before = np.zeros((9, 7), dtype)
    before[:3] = values[1]
    published = tmp_path / f"before.{suffix}"
    Image.fromarray(before).save(published)
    pixels = np.zeros((9, 7), np.uint8)
    pixels[5:, 2:] = 1
    (tmp_path / "after").write_bytes(raster_like(published, pixels))
    with Image.open(published) as old, Image.open(tmp_path / "after") as new:
        assert (new.mode, new.format) == (old.mode, old.format)
        array = np.asarray(new)
    assert set(np.unique(array).tolist()) == {0, values[1] or 255}
    assert np.array_equal(read_mask(tmp_path / "after").pixels, pixels)


def test_ignored_pixels_stay_beside_a_target_of_one(tmp_path: Path) -> None:
    before = np.array([[0, 1, 255], [0, 1, 0]], np.uint8)
    Image.fromarray(before).save(tmp_path / "before.tif", compression="tiff_lzw")
    pixels = np.array([[1, 0, 255], [0, 0, 0]], np.uint8)
    (tmp_path / "after.tif").write_bytes(raster_like(tmp_path / "before.tif", pixels))
    with Image.open(tmp_path / "after.tif") as new:
        assert new.info["compression"] == "tiff_lzw"
        assert np.array_equal(np.asarray(new), pixels)
        assert np.array_equal(from_array(np.asarray(new), ignore=255).pixels, pixels)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_raster_of_another_size_or_none_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "small.tif")
    (tmp_path / "broken.tif").write_bytes(b"II*\0 nothing")
    pixels = np.ones((5, 5), np.uint8)
    with pytest.raises(StateError, match="another size"):
        raster_like(tmp_path / "small.tif", pixels)
    with pytest.raises(StateError, match="cannot be read"):
        raster_like(tmp_path / "broken.tif", pixels)
    half = np.eye(5, dtype=np.uint8)
    (tmp_path / "new.tif").write_bytes(raster_like(None, half))
    assert np.array_equal(read_mask(tmp_path / "new.tif").pixels, half)
