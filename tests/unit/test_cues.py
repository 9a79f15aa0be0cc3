"""The built-in baseline, on drawn images whose regions are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.fiftyone_plugin import language
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.builtin.cues import CACHED_IMAGES, color_words
from pairlens.fiftyone_plugin.predictors.cue_colors import color_fit
from tests.predictor_contract import PredictorContract

SIZE = 256
GROUND = (118, 110, 100)
BLOCKS = {
    "red bottom-right": ((176, 180, 216, 224), (190, 40, 35)),
    "blue top-left": ((30, 24, 70, 60), (45, 70, 190)),
    "large white": ((150, 20, 230, 110), (240, 240, 238)),
    "small white": ((40, 180, 56, 194), (240, 240, 238)),
    "green": ((100, 130, 140, 170), (60, 140, 60)),
    "black": ((112, 70, 140, 98), (16, 16, 18)),
}
"""Name to box (x0, y0, x1, y1) and RGB."""


def drawn(seed: int = 0) -> np.ndarray:
    """(SIZE, SIZE, 3) uint8: the blocks on noisy ground."""
    image = np.full((SIZE, SIZE, 3), GROUND, np.float32)
    for (x0, y0, x1, y1), color in BLOCKS.values():
        image[y0:y1, x0:x1] = color
    image += np.random.default_rng(seed).normal(0, 4, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def block(name: str) -> np.ndarray:
    """(SIZE, SIZE) bool, true on a block."""
    (x0, y0, x1, y1), _ = BLOCKS[name]
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def iou(mask: Any, truth: np.ndarray) -> float:
    return float(((mask > 0) & truth).sum() / ((mask > 0) | truth).sum())


def query(image: Path, phrase: str) -> Query:
    with Image.open(image) as opened:
        return Query("d/test/a#0", "a", "test", phrase, image, image.name, opened.size)


def predict(image: Path, phrase: str, **params: str) -> np.ndarray:
    (mask,) = PREDICTORS["cues"].load(params, "cpu").predict([query(image, phrase)])
    assert isinstance(mask, np.ndarray), mask
    assert mask.dtype == np.uint8 and set(np.unique(mask)) <= {0, 1}
    return mask


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cues") / "blocks.png"
    Image.fromarray(drawn()).save(path)
    return path


@pytest.mark.parametrize(
    ("phrase", "target"),
    [
        ("Find the red car.", "red bottom-right"),
        ("the blue roof", "blue top-left"),
        ("a green field", "green"),
        ("Identify the black tank", "black"),
        ("the vehicle in the bottom-right corner of the image", "red bottom-right"),
        ("the building in the top-left corner of the image", "blue top-left"),
        ("the large white building", "large white"),
        ("the small white car", "small white"),
        ("the white car in the bottom-left of the picture", "small white"),
        ("the dark-colored tank", "black"),
        ("the light-colored, sizable building", "large white"),
        ("the red car on the dark road", "red bottom-right"),
        ("THE RED CAR IN THE LOWER-RIGHT PART", "red bottom-right"),
    ],
)
def test_finds_the_block_that_the_words_mean(picture: Path, phrase: str, target: str):
    mask = predict(picture, phrase)
    found = {name: iou(mask, block(name)) for name in BLOCKS}
    assert found.pop(target) > 0.8
    assert max(found.values()) < 0.05


@pytest.mark.parametrize(
    "phrase",
    ["", "   ", "the car", "日本語", "\x00\ud800", "red " * 2000],
    ids=["empty", "blank", "no cue", "not English", "no text", "long"],
)
def test_a_query_without_cues_gets_one_distinct_region(picture: Path, phrase: str):
    mask = predict(picture, phrase)
    assert max(iou(mask, block(name)) for name in BLOCKS) > 0.8


NAMED = {
    "red": (200, 30, 30),
    "orange": (240, 140, 20),
    "yellow": (240, 220, 40),
    "green": (60, 140, 60),
    "blue": (40, 70, 190),
    "purple": (130, 50, 160),
    "pink": (240, 140, 180),
    "brown": (115, 75, 45),
    "white": (240, 240, 238),
    "gray": (135, 135, 135),
    "black": (14, 14, 16),
}


@pytest.mark.parametrize("word", NAMED)
def test_each_color_fits_its_own_word_best(word: str):
    rgb = np.array([list(NAMED.values())], np.float32) / 255
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0]
    fit = color_fit(word, lab)
    assert fit is not None and (fit >= 0).all() and (fit <= 1).all()
    assert list(NAMED)[int(np.argmax(fit))] == word


@pytest.mark.parametrize("word", NAMED)
def test_each_color_is_one_that_language_gives(word: str):
    assert [w.value for w in language.colors(f"the {word} car")] == [word]


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("a car on a dark background", []),
        ("the traffic light", []),
        ("the lightly toned", []),
        ("the dark car", ["dark"]),
        ("the darker-colored truck", ["dark"]),
        ("a truck light in color", ["light"]),
        ("a Light-toned, red-roofed house", ["light", "red"]),
        ("the bright red car, dark gray", ["light", "red", "dark", "gray"]),
        (
            "Locate the truck that is elongated and light-colored, diagonally positioned on the "
            "road, contrasting with the surrounding darker pavement.",
            ["light"],
        ),
    ],
)
def test_words_of_lightness_count_as_colors_do(phrase: str, words: list[str]):
    assert color_words(phrase) == words


def test_an_unknown_color_says_nothing():
    assert color_fit("plaid", np.zeros((1, 3))) is None


def test_the_same_again_for_another_instance_and_order(picture: Path, tmp_path: Path):
    phrases = ["the red car", "", "the large building on the left", "white"]
    other = tmp_path / "other.png"
    Image.fromarray(drawn(seed=7)[::-1]).save(other)
    there = [query(picture, p) for p in phrases]
    mixed = [q for p in phrases for q in (query(other, p), query(picture, p))]
    first = list(PREDICTORS["cues"].load({}, "cpu").predict(there))
    second = list(PREDICTORS["cues"].load({}, "cuda:3").predict(mixed))[1::2]
    for one, same in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, same)


def test_an_image_is_segmented_once_for_all_its_queries(picture: Path, tmp_path: Path):
    copy = tmp_path / "copy.png"
    copy.write_bytes(picture.read_bytes())
    predictor = PREDICTORS["cues"].load({}, "cpu")
    (first,) = predictor.predict([query(copy, "red")])
    asked = query(copy, "blue")
    copy.unlink()
    (second,) = predictor.predict([asked])
    assert iou(first, block("red bottom-right")) > 0.8
    assert iou(second, block("blue top-left")) > 0.8


def test_the_cache_is_bounded(tmp_path: Path):
    asked = []
    for number in range(CACHED_IMAGES + 1):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
        asked.append(query(path, ""))
    predictor = PREDICTORS["cues"].load({}, "cpu")
    assert all(isinstance(m, np.ndarray) for m in predictor.predict(asked))
    for path in (asked[0].image, asked[-1].image):
        path.unlink()
    gone, kept = predictor.predict([asked[0], asked[-1]])
    assert isinstance(gone, Exception)
    assert isinstance(kept, np.ndarray)


def write_rgb(path: Path, image: np.ndarray) -> None:
    Image.fromarray(image).save(path, quality=95)


def write_tiff(path: Path, image: np.ndarray) -> None:
    tifffile.imwrite(path, image, photometric="rgb")


def write_four_bands(path: Path, image: np.ndarray) -> None:
    infrared = np.full((*image.shape[:2], 1), 9, np.uint8)
    tifffile.imwrite(path, np.concatenate((image, infrared), 2), photometric="rgb")


def write_deep(path: Path, image: np.ndarray) -> None:
    tifffile.imwrite(path, image.astype(np.uint16) * 40, photometric="rgb")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jpg", write_rgb),
        ("8bit.tif", write_tiff),
        ("4band.tif", write_four_bands),
        ("16bit.tiff", write_deep),
    ],
)
def test_file_kinds_give_the_same_region(tmp_path: Path, name: str, write):
    write(tmp_path / name, drawn())
    predictor = PREDICTORS["cues"].load({}, "cpu")
    asked = Query("k", "a", "test", "the blue roof", tmp_path / name, name, (SIZE, SIZE))
    (mask,) = predictor.predict([asked])
    assert iou(mask, block("blue top-left")) > 0.8


@pytest.mark.parametrize("kind", ["gray8.png", "gray16.png", "gray16.tif"])
def test_gray_images_go_by_place_and_lightness(tmp_path: Path, kind: str):
    gray = drawn().mean(axis=2).astype(np.uint8)
    deep = gray.astype(np.uint16) * 200
    path = tmp_path / kind
    if kind.endswith("tif"):
        tifffile.imwrite(path, deep)
    else:
        cv2.imwrite(str(path), deep if "16" in kind else gray)
    predictor = PREDICTORS["cues"].load({}, "cpu")
    asked = Query("k", "a", "test", "the large white building", path, kind, (SIZE, SIZE))
    (mask,) = predictor.predict([asked])
    assert iou(mask, block("large white")) > 0.8


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 1), (1, 9), (3, 3), (2000, 2), (7, 1000), (255, 256)], ids=str
)
@pytest.mark.parametrize("flat", [True, False], ids=["flat", "noise"])
def test_any_size_gives_a_mask_of_that_size(tmp_path: Path, size: tuple[int, int], flat: bool):
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(noise * (not flat)).save(path)
    mask = predict(path, "the small red car in the top-left corner")
    assert mask.shape == (size[1], size[0])
    assert mask.any()


def test_a_large_image_is_answered_at_its_own_size(tmp_path: Path):
    path = tmp_path / "large.png"
    Image.fromarray(drawn().repeat(5, 0).repeat(5, 1)).save(path)
    mask = predict(path, "the red car")
    assert iou(mask, block("red bottom-right").repeat(5, 0).repeat(5, 1)) > 0.8


def test_a_broken_image_is_its_own_failure(picture: Path, tmp_path: Path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture.read_bytes()[:3000])
    broken = Query("k", "b", "test", "red", cut, cut.name, (SIZE, SIZE))
    absent = Query("k", "c", "test", "red", tmp_path / "no.png", "no.png", (SIZE, SIZE))
    batch = [query(picture, "red"), broken, absent, query(picture, "blue")]
    first, second, third, last = PREDICTORS["cues"].load({}, "cpu").predict(batch)
    assert iou(first, block("red bottom-right")) > 0.8
    assert isinstance(second, Exception) and "cut.png" in str(second)
    assert isinstance(third, Exception) and "no.png" in str(third)
    assert iou(last, block("blue top-left")) > 0.8


def test_fewer_segments_and_a_smaller_side_still_find_a_block(picture: Path):
    mask = predict(picture, "the red car", segments="300", side="128", compactness="3.5")
    assert iou(mask, block("red bottom-right")) > 0.7


def test_the_real_chips_are_answered(shared_data: Path):
    chips = sorted((shared_data / "gres" / "gres_images" / "test").glob("*.jpg"))
    assert chips
    annotations = shared_data / "gres" / "gres_annotations" / "test"
    for chip in chips:
        phrase = json.loads((annotations / f"{chip.stem}.json").read_text())["text"][0]
        mask = predict(chip, phrase)
        assert mask.shape == (512, 512)
        assert 0.0005 < mask.mean() < 0.1


class TestContract(PredictorContract):
    name = "cues"
