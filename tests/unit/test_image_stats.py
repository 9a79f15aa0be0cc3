"""What is measured of images and of the colors of targets."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.scenes import draw_scenes
from pairlens.importers import image_stats
from pairlens.importers.image_stats import (
    COLORS,
    measure_image,
    measure_target,
    perceptual_hash,
    to_lab,
)
from pairlens.importers.masks import Mask

SCENES = [scene.image for scene in draw_scenes(8, seed=3, size=256)]


def flat(color: tuple[int, int, int], side: int = 64) -> np.ndarray:
    return np.full((side, side, 3), color, np.uint8)


def bits(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def painted(color: tuple[int, int, int], around: tuple[int, int, int] = (90, 100, 80)):
    """An image with a square of a color on ground of another, and the square's mask."""
    rgb, mask = flat(around), np.zeros((64, 64), np.uint8)
    rgb[20:40, 20:40] = color
    mask[20:40, 20:40] = 1
    return rgb, Mask(mask)


def test_scenes_are_neither_blank_nor_dark_nor_alike():
    stats = [measure_image(image) for image in SCENES]
    assert max(s.blank for s in stats) < 0.2
    assert min(s.brightness for s in stats) > 0.2
    assert min(s.contrast for s in stats) > 0.2
    hashes = [s.phash for s in stats]
    assert min(bits(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 12


@pytest.mark.parametrize("level", [0, 74, 255], ids=str)
def test_one_color_with_noise_is_blank_and_has_no_hash(level: int):
    noise = np.random.default_rng(0).integers(-1, 2, (64, 64, 3))
    stats = measure_image(np.clip(level + noise, 0, 255).astype(np.uint8))
    assert stats.blank == 1.0
    assert stats.phash == ""
    assert stats.contrast < 0.02


def test_the_share_of_no_data_is_told():
    half = SCENES[0].copy()
    half[:, :160] = 0
    assert measure_image(half).blank == pytest.approx(160 / 256, abs=0.01)


@pytest.mark.parametrize(
    ("color", "brightness"), [((0, 0, 0), 0.0), ((255, 255, 255), 1.0), ((128,) * 3, 128 / 255)],
    ids=["black", "white", "gray"],
)  # fmt: skip
def test_brightness(color: tuple[int, int, int], brightness: float):
    assert measure_image(flat(color)).brightness == pytest.approx(brightness, abs=1e-3)


def test_contrast_and_chroma():
    steps = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, 0)
    stats = measure_image(np.repeat(steps, 3, 2))
    assert stats.contrast == pytest.approx(0.96, abs=0.03)
    assert stats.chroma < 0.5
    assert measure_image(flat((200, 30, 30))).chroma > 50


@pytest.mark.parametrize("image", range(len(SCENES)))
def test_the_hash_survives_scaling_brightening_and_compression(image: int):
    rgb = SCENES[image]
    small = cv2.resize(rgb, (150, 150), interpolation=cv2.INTER_AREA)
    lighter = np.clip(small * 1.1 + 6, 0, 255).astype(np.uint8)
    again = cv2.imdecode(cv2.imencode(".jpg", lighter, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 1)
    assert again is not None
    hashes = [perceptual_hash(cv2.cvtColor(i, cv2.COLOR_RGB2GRAY)) for i in (rgb, again)]
    assert bits(*hashes) <= 6


def test_lab_agrees_with_known_values():
    """sRGB primaries under D65, after Lindbloom's tables."""
    lab = to_lab(np.array([[[255, 0, 0], [0, 0, 255], [255, 255, 255]]], np.uint8))[0]
    expected = [(53.24, 80.09, 67.20), (32.30, 79.19, -107.86), (100.0, 0.0, 0.0)]
    assert np.allclose(lab, expected, atol=0.3)


@pytest.mark.parametrize(
    ("rgb", "names", "never"),
    [
        pytest.param((180, 40, 40), {"red"}, {"blue", "green", "white"}, id="red"),
        pytest.param((140, 80, 60), {"red", "brown"}, {"blue", "green"}, id="tiled roof"),
        pytest.param((60, 90, 150), {"blue"}, {"red", "green", "yellow"}, id="blue"),
        pytest.param((60, 80, 50), {"green"}, {"blue", "red", "white"}, id="trees"),
        pytest.param((230, 230, 225), {"white"}, {"black", "red", "blue"}, id="white"),
        pytest.param((175, 175, 170), {"white", "gray"}, {"black", "red"}, id="pale roof"),
        pytest.param((25, 25, 30), {"black"}, {"white", "yellow"}, id="shadow"),
        pytest.param((210, 180, 40), {"yellow"}, {"blue", "black"}, id="yellow"),
        pytest.param((205, 110, 40), {"orange"}, {"blue", "green"}, id="orange"),
    ],
)
def test_what_a_color_can_be_called(
    rgb: tuple[int, int, int], names: set[str], never: set[str]
):  # fmt: skip
    measured = measure_target(*painted(rgb))
    assert measured is not None
    called = {name for name, share in zip(COLORS, measured.shares, strict=True) if share > 0.9}
    assert names <= called
    assert not called & never


def test_target_and_ring_are_apart():
    measured = measure_target(*painted((255, 255, 255), (0, 0, 0)))
    assert measured is not None
    assert measured.target[0] == pytest.approx(100, abs=0.5)
    assert measured.ring[0] == pytest.approx(0, abs=0.5)


def test_ignored_pixels_are_in_neither():
    rgb, mask = painted((255, 255, 255), (0, 0, 0))
    pixels = mask.pixels.copy()
    pixels[18:42, 18:42] = np.where(pixels[18:42, 18:42] == 1, 1, 255)
    rgb[18:42, 18:42][pixels[18:42, 18:42] == 255] = (255, 0, 0)
    measured = measure_target(rgb, Mask(pixels))
    assert measured is not None
    assert max(map(abs, measured.ring)) < 1


def test_a_mask_that_fills_the_image_has_no_ring_of_its_own():
    measured = measure_target(flat((255, 0, 0)), Mask(np.ones((64, 64), np.uint8)))
    assert measured is not None
    assert measured.ring == measured.target


@pytest.mark.parametrize(
    "mask", [np.zeros((64, 64), np.uint8), np.ones((32, 64), np.uint8)], ids=["empty", "size"]
)
def test_nothing_is_measured_under_no_mask(mask: np.ndarray):
    assert measure_target(flat((1, 2, 3)), Mask(mask)) is None


@pytest.mark.parametrize("counted", [0, 1 << 24])
def test_levels_are_counted_exactly(monkeypatch: pytest.MonkeyPatch, counted: int) -> None:
    monkeypatch.setattr(image_stats, "_COUNTED", counted)
    band = np.random.default_rng(2).integers(0, 200, (37, 53), dtype=np.uint8)
    assert image_stats._levels(band).tolist() == np.bincount(band.ravel(), minlength=256).tolist()
    assert image_stats._levels(band).dtype == np.int64


def test_a_hash_says_which_frequencies_are_above_their_median() -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        gray = rng.integers(0, 256, (rng.integers(8, 90), rng.integers(8, 90)), dtype=np.uint8)
        small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
        lowest = cv2.dct(small)[1:9, 1:9].ravel()
        expected = np.packbits(lowest > np.median(lowest)).tobytes().hex()
        assert image_stats.perceptual_hash(gray) == expected
