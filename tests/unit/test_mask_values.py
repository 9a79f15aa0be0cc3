"""Masks that can be read in two ways: what is decided, what is said of it, what overrides it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.importers.errors import MaskError
from pairlens.importers.mask_values import parse_mask_values
from pairlens.importers.masks import from_array, of_values, read_mask

OBJECT = np.zeros((40, 60), bool)
OBJECT[8:30, 10:34] = True
BYTES = OBJECT.astype(np.uint8)


def with_pixels(array: np.ndarray, value: float, places: Any = np.s_[0, :3]) -> np.ndarray:
    changed = array.copy()
    changed[places] = value
    return changed


def soft(top: float) -> np.ndarray:
    """Values of many sizes: high on the object, low beside it."""
    ramp = np.linspace(0, 0.4, OBJECT.size).reshape(OBJECT.shape)
    return np.where(OBJECT, 0.6 + ramp, ramp) * top


EDGE = np.s_[8, 10:34]

ARRAYS = [
    pytest.param(BYTES * 2, "0 and 2", id="0 and 2"),
    pytest.param(BYTES * 7.0, "0 and 7", id="0 and 7, float"),
    pytest.param(BYTES.astype(np.uint16) * 65535, "0 and 65535", id="16 bits"),
    pytest.param(np.where(OBJECT, 4.0, -4.0), "logits", id="logits of two values"),
    pytest.param(np.where(OBJECT, 4, -4), "logits", id="whole logits"),
    pytest.param(soft(1) - 0.5, "logits", id="logits"),
    pytest.param(soft(1), "above 0.5", id="probabilities"),
    pytest.param(soft(1).astype(np.float16), "above 0.5", id="half precision"),
    pytest.param((soft(255)).astype(np.uint8), "above 127", id="probabilities as bytes"),
    pytest.param(soft(255), "above 127", id="a mask that was resized"),
    pytest.param((soft(65535)).astype(np.uint16), "above 32767", id="probabilities in 16 bits"),
    pytest.param(with_pixels(BYTES * 255, 1), "255 is the target", id="stray ones"),
    pytest.param(with_pixels(BYTES * 255, 3), "255 is the target", id="stray threes"),
    pytest.param(with_pixels(BYTES * 255, 254, EDGE), "above 127", id="an edge of 254"),
    pytest.param(with_pixels(BYTES * 255, 128, EDGE), "above 127", id="an edge of 128"),
    pytest.param(with_pixels(BYTES, 255, EDGE), "what is not 0", id="some 255"),
    pytest.param(np.where(OBJECT, 255, 1).astype(np.uint8), "255 is the target", id="1 and 255"),
    pytest.param(np.where(OBJECT, 2, 1).astype(np.uint8), "2 is the target", id="1 and 2"),
    pytest.param(with_pixels(BYTES * 3, 5, EDGE), "class ids", id="two classes"),
    pytest.param(with_pixels(BYTES * 11, 40, EDGE), "class ids", id="two greater classes"),
    pytest.param(np.dstack([BYTES * 0, BYTES * 0, BYTES * 0, BYTES * 255]), "alpha", id="alpha"),
    pytest.param(np.dstack([BYTES * 0 + 255] * 3 + [BYTES * 200]), "alpha", id="white, alpha"),
]


@pytest.mark.parametrize(("array", "said"), ARRAYS)
def test_arrays(array: np.ndarray, said: str):
    mask = from_array(array)
    np.testing.assert_array_equal(mask.pixels, BYTES)
    assert said in mask.rule


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(BYTES * 0 - 4.0, id="logits below 0"),
        pytest.param(soft(1) * 0.4, id="probabilities below the half"),
        pytest.param(BYTES * 0, id="zeros"),
        pytest.param((soft(90)).astype(np.uint8)[::-1] * 0, id="nothing"),
    ],
)
def test_nothing_is_there(array: np.ndarray):
    assert not from_array(array).target.any()


def jpeg(high: int, quality: int = 75) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(BYTES * np.uint8(high)).save(path, quality=quality)


def quantized(colors: tuple[Any, Any]) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        rgb = np.where(OBJECT[..., None], colors[1], colors[0]).astype(np.uint8)
        Image.fromarray(rgb).quantize(2).save(path)

    return save


def indexed(palette: dict[int, tuple[int, int, int]], indices: np.ndarray) -> Any:
    def save(path: Path) -> None:
        image = Image.fromarray(indices)
        image.putpalette([v for i in range(256) for v in palette.get(i, (0, 0, 0))])
        image.save(path)

    return save


VOC = {1: (128, 0, 0), 2: (0, 128, 0), 15: (192, 128, 128), 255: (224, 224, 192)}
WHITE_FIRST = {0: (255, 255, 255), 1: (0, 0, 0)}

FILES: list[Any] = [
    pytest.param("a.jpg", jpeg(255), id="jpeg of 255"),
    pytest.param("a.jpg", jpeg(255, 20), id="jpeg of 255, poor"),
    pytest.param("a.jpg", jpeg(1, 95), id="jpeg of 1"),
    pytest.param("a.jpg", jpeg(128), id="jpeg of 128"),
    pytest.param("a.jpg", jpeg(40), id="jpeg of 40"),
    pytest.param("a.tif", lambda p: tifffile.imwrite(p, OBJECT), id="bool tiff, white is zero"),
    pytest.param(
        "a.tif", lambda p: tifffile.imwrite(p, BYTES * 255, photometric="miniswhite"), id="bytes"
    ),
    pytest.param(
        "a.tif", lambda p: tifffile.imwrite(p, BYTES, photometric="minisblack"), id="black is zero"
    ),
    pytest.param("a.png", quantized(((0,) * 3, (255,) * 3)), id="quantized"),
    pytest.param("a.png", quantized(((0,) * 3, (255, 0, 0))), id="red on black, quantized"),
    pytest.param("a.png", indexed(WHITE_FIRST, 1 - BYTES), id="white at index 0"),
    pytest.param("a.png", indexed(VOC, BYTES * 15), id="a class of VOC"),
    pytest.param("a.png", indexed(VOC | {0: (9, 9, 9)}, BYTES), id="no black at all"),
    pytest.param("a.gif", lambda p: Image.fromarray(BYTES * 255).save(p), id="gif"),
    pytest.param("a.bmp", lambda p: Image.fromarray(OBJECT).save(p), id="bmp of a bit"),
    pytest.param(
        "a.png",
        lambda p: Image.merge("LA", [Image.new("L", (60, 40)), Image.fromarray(BYTES * 255)]).save(
            p
        ),
        id="gray and alpha, alpha alone",
    ),
]


@pytest.mark.parametrize(("name", "save"), FILES)
def test_files(tmp_path: Path, name: str, save: Callable[[Path], None]):
    save(tmp_path / name)
    mask = read_mask(tmp_path / name)
    wrong = np.count_nonzero(mask.target != OBJECT)
    # A poor picture can lose a corner.
    assert wrong <= (8 if name.endswith("jpg") else 0)


def test_the_void_of_voc_is_ignored(tmp_path: Path):
    indices = with_pixels(BYTES, 255, EDGE)
    indexed(VOC, indices)(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png").pixels, indices)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("nonzero", [0, 1, 1, 1], id="nonzero"),
        pytest.param(">2", [0, 0, 0, 1], id="a bound"),
        pytest.param("2", [0, 0, 1, 0], id="a value"),
        pytest.param("1, 255", [0, 1, 0, 1], id="values"),
        pytest.param("1,ignore=255", [0, 1, 0, 255], id="values and ignore"),
        pytest.param("ignore=255", [0, 1, 1, 255], id="ignore"),
        pytest.param("nonzero,inverted", [1, 1, 1, 0], id="inverted"),
    ],
)
def test_what_is_set_counts(text: str, expected: list[int]):
    array = np.array([[0, 1, 2, 255]], np.uint8)
    assert from_array(array, parse_mask_values(text)).pixels.tolist() == [expected]


@pytest.mark.parametrize("text", ["white", "1.5", ">", "ignore=x", "1,>2", ">1e9", "1;2"])
def test_settings_that_cannot_be_meant(text: str):
    with pytest.raises(ValueError, match=r"."):
        parse_mask_values(text)


def test_auto_sets_nothing():
    assert parse_mask_values("auto") is None


@pytest.mark.parametrize(
    ("target", "around"),
    [((255, 0, 0), (255, 255, 255)), ((255, 0, 0), (0, 0, 255)), ((0, 1, 0), (1, 0, 0))],
)
def test_a_colour_picture_without_black_is_no_mask(
    tmp_path: Path, target: tuple[int, ...], around: tuple[int, ...]
):
    rgb = np.where(OBJECT[..., None], target, around).astype(np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    with pytest.raises(MaskError, match="and not of black and one other colour"):
        read_mask(tmp_path / "a.png")
    rgb[0, 0] = 0
    Image.fromarray(rgb).save(tmp_path / "a.png")
    with pytest.raises(MaskError, match="and not of black and one other colour"):
        read_mask(tmp_path / "a.png")


@pytest.mark.parametrize("color", [(255, 0, 0), (0, 0, 29), (255, 255, 0)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_one_colour_beside_black_is_the_target(tmp_path: Path, color: tuple[int, ...], mode: str):
    rgb = np.where(OBJECT[..., None], color, (0, 0, 0)).astype(np.uint8)
    Image.fromarray(rgb).convert(mode).save(tmp_path / "a.png")
    mask = read_mask(tmp_path / "a.png")
    np.testing.assert_array_equal(mask.pixels, OBJECT)
    (told,) = of_values(mask, "a.png")
    assert not told.usual and "1 is the one colour beside black" in told
    inverted = read_mask(tmp_path / "a.png", parse_mask_values("inverted"))
    np.testing.assert_array_equal(inverted.pixels, 1 - OBJECT)


def palette(indices: np.ndarray, *colors: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(indices.astype(np.uint8), "P")
    image.putpalette([level for color in colors for level in color])
    return image


@pytest.mark.parametrize(
    ("indices", "colors", "clear"),
    [
        pytest.param(OBJECT, [(0, 0, 0), (0, 0, 0)], 0, id="black beside transparent black"),
        pytest.param(OBJECT, [(255, 255, 255), (255, 255, 255)], 0, id="white beside white"),
        pytest.param(1 - OBJECT, [(255, 0, 0), (0, 0, 255)], 1, id="a transparent 1"),
        pytest.param(OBJECT, [(0, 0, 255), (255, 0, 0)], 0, id="a transparent 0"),
    ],
)
def test_transparent_entries_of_a_palette_are_background(
    tmp_path: Path, indices: np.ndarray, colors: list[tuple[int, int, int]], clear: int
):
    palette(indices, *colors).save(tmp_path / "a.png", transparency=clear)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png").pixels, OBJECT)


def test_what_is_transparent_has_no_color(tmp_path: Path):
    white_unseen = np.where(OBJECT[..., None], (0, 0, 0, 255), (255, 255, 255, 0))
    Image.fromarray(white_unseen.astype(np.uint8)).save(tmp_path / "a.png")
    mask = read_mask(tmp_path / "a.png")
    np.testing.assert_array_equal(mask.pixels, OBJECT)
    assert mask.rule.endswith("in the alpha band")


@pytest.mark.parametrize("quality", [50, 80])
def test_lossy_webp(tmp_path: Path, quality: int):
    Image.fromarray(BYTES * 255).convert("RGB").save(tmp_path / "a.webp", quality=quality)
    mask = read_mask(tmp_path / "a.webp")
    np.testing.assert_array_equal(mask.pixels, OBJECT)


@pytest.mark.parametrize("kind", ["float64", "float16", "int64", "uint64"])
def test_tiffs_of_samples_that_pillow_does_not_know(tmp_path: Path, kind: str):
    tifffile.imwrite(tmp_path / "a.tif", OBJECT.astype(kind))
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif").pixels, OBJECT)


@pytest.mark.parametrize(
    ("array", "declared", "expected"),
    [
        pytest.param(np.array([[0, 1, 255]], np.uint8), "255", [0, 1, 255], id="beside 0 and 1"),
        pytest.param(np.array([[1, 1, 255]], np.uint8), "255", [1, 1, 0], id="for background"),
        pytest.param(np.array([[0, 1, 0]], np.uint8), "0", [0, 1, 0], id="which is background"),
        pytest.param(np.array([[1, 0, 1]], np.uint8), "255", [1, 0, 1], id="which does not occur"),
        pytest.param(np.array([[1, np.nan, 1]], np.float32), "nan", [1, 0, 1], id="NaN"),
        pytest.param(np.array([[1, -9999, 0]], np.float32), "-9999", [1, 255, 0], id="-9999"),
    ],
)
def test_what_a_file_declares_for_no_data(
    tmp_path: Path, array: np.ndarray, declared: str, expected: list[int]
):
    tags = [(42113, "s", 0, declared, True)]
    tifffile.imwrite(tmp_path / "a.tif", array, extratags=tags)
    assert read_mask(tmp_path / "a.tif").pixels.tolist() == [expected]


def test_of_several_arrays_one_is_named_the_mask(tmp_path: Path):
    np.savez(tmp_path / "a.npz", image=OBJECT * 0, mask=OBJECT)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.npz").pixels, OBJECT)
    np.savez(tmp_path / "b.npz", one=OBJECT * 0, other=OBJECT)
    with pytest.raises(MaskError, match="it holds 2 arrays and none is called 'mask'"):
        read_mask(tmp_path / "b.npz")


def test_log_probabilities_below_0_are_empty():
    mask = from_array(np.array([[-0.5, -9.25]], np.float32))
    assert not mask.target.any() and "taken as empty" in mask.rule
