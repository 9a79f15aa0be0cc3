"""Mask arrays and files: what they mean, and that broken and hostile ones are refused."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from pairlens.importers.arrays import read_arrays
from pairlens.importers.errors import MaskError
from pairlens.importers.mask_stats import digest
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.masks import encode_png, from_array, load_stored, read_mask
from tests.unit import hostile_files as hostile

ONES = np.zeros((6, 7), np.uint8)
ONES[2:4, 3:6] = 1
WITH_IGNORE = ONES.copy()
WITH_IGNORE[5] = 255


@pytest.mark.parametrize(
    ("array", "values"),
    [
        pytest.param(ONES, (0, 1), id="0/1"),
        pytest.param(ONES * 255, (0, 255), id="0/255"),
        pytest.param(ONES.astype(bool), (0, 1), id="bool"),
        pytest.param(ONES.astype(np.int64), (0, 1), id="int64"),
        pytest.param(ONES.astype(np.uint16) * 255, (0, 255), id="uint16"),
        pytest.param(ONES.astype(np.float32), (0, 1), id="float, whole numbers"),
        pytest.param(ONES.astype(">f8") * 255, (0, 255), id="the other byte order"),
        pytest.param(ONES[..., None], (0, 1), id="(H, W, 1)"),
        pytest.param(ONES[None], (0, 1), id="(1, H, W)"),
        pytest.param(np.repeat(ONES[..., None] * 255, 3, 2), (0, 255), id="three equal bands"),
        pytest.param(
            np.dstack([ONES, ONES, ONES, np.full_like(ONES, 9)]), (0, 1), id="and any alpha"
        ),
        pytest.param(np.asfortranarray(ONES), (0, 1), id="column by column"),
    ],
)
def test_sound_arrays(array: np.ndarray, values: tuple[int, ...]):
    mask = from_array(array)
    np.testing.assert_array_equal(mask.pixels, ONES)
    assert (mask.values, mask.problem) == (values, "")


BYTES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=(
    st.sampled_from([0, 1, 255]) | st.sampled_from([0, 128, 255]) | st.integers(0, 255)
))  # fmt: skip


@given(BYTES, st.sampled_from([np.asarray, np.asfortranarray, np.fliplr, np.rot90]))
def test_values_of_bytes_are_those_that_occur(array: np.ndarray, lay: Any):
    mask = from_array(lay(array))
    assert mask.values == tuple(np.unique(array).tolist()[: len(mask.values)])
    assert len(mask.values) == min(8, len(np.unique(array)))
    # Whatever is decided, it is one cut, and no pixel is ignored.
    assert not mask.ignore.any()
    if mask.target.any():
        np.testing.assert_array_equal(mask.target, lay(array) >= lay(array)[mask.target].min())


@given(BYTES)
def test_a_byte_mask_is_read_the_same_whatever_its_type(array: np.ndarray):
    for dtype in (np.uint16, np.int32, np.float64):
        np.testing.assert_array_equal(
            from_array(array.astype(dtype)).pixels, from_array(array).pixels
        )


def test_sums_past_32_bits_are_right():
    white = np.full((4200, 4100), 255, np.uint8)
    assert from_array(white).values == (255,)
    white[-1, -1] = 254
    assert from_array(white).values == (254, 255)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_constant_arrays_are_sound(value: int):
    mask = from_array(np.full((3, 4), value, np.uint8))
    assert (mask.target.all(), mask.target.any()) == (value > 0, value > 0)
    assert (mask.values, mask.problem) == ((value,), "")


@pytest.mark.parametrize("values", [(0, 1, 255), (1, 255)])
def test_255_is_ignore_where_the_format_says_so(values: tuple[int, ...]):
    array = np.resize(np.array(values), (4, 5))
    for mask in (from_array(array, ignore=255), from_array(array, MaskValues(ignore=255))):
        np.testing.assert_array_equal(mask.pixels, array)
        assert mask.ignore.any()
    assert not from_array(array).ignore.any()


@pytest.mark.parametrize(
    ("row", "target", "problem"),
    [
        pytest.param([0, 127, 128, 255], [0, 0, 1, 1], "4 values: 0, 127, 128, 255", id="gray"),
        pytest.param([0, 2], [0, 1], "2 values: 0, 2", id="0 and another value"),
        pytest.param([-1, 0, 1], [0, 0, 1], "3 values: -1, 0, 1", id="negative"),
        pytest.param(
            list(range(9)), [0] + [1] * 8, "9 values: 0, 1, 2, 3, 4, 5, 6, 7 ...", id="many"
        ),
        pytest.param([0, 0.4, 0.6], [0, 0, 1], "fractional values, cut at 0.5", id="fractions"),
        pytest.param(
            [-3e38, 0.0, 1.0], [0, 0, 1], "3 values: -9223372036854775808, 0, 1", id="no-data"
        ),
    ],
)
def test_odd_values_are_read_and_told(row: list[float], target: list[int], problem: str):
    mask = from_array(np.array([row, row]))
    np.testing.assert_array_equal(mask.pixels[0], target)
    assert mask.problem == problem
    assert all(-(1 << 63) <= v < 1 << 63 for v in mask.values)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        pytest.param(np.zeros((0, 5)), "shape (0, 5)", id="empty"),
        pytest.param(np.zeros((5, 0, 3)), "shape (5, 0)", id="empty, three bands"),
        pytest.param(np.zeros(()), "shape ()", id="scalar"),
        pytest.param(np.zeros(5), "shape (5,)", id="a row"),
        pytest.param(np.zeros((2, 5, 5)), "shape (2, 5, 5)", id="two masks"),
        pytest.param(np.zeros((5, 5, 2)), "shape (5, 5, 2)", id="two bands"),
        pytest.param(np.array([[0, np.nan]]), "no numbers", id="NaN"),
        pytest.param(np.array([[0, np.inf]]), "no numbers", id="inf"),
        pytest.param(np.array([[0, 1j]]), "no numbers", id="complex"),
        pytest.param(np.array([["a", "b"]]), "no numbers", id="text"),
        pytest.param(np.array([[None, 1]]), "no numbers", id="objects"),
        pytest.param(
            np.tile(np.eye(3), (4, 1, 1)), "a colour picture, and not of black", id="colours"
        ),
    ],
)
def test_arrays_that_are_no_mask(array: np.ndarray, reason: str):
    with pytest.raises(MaskError) as raised:
        from_array(array)
    assert reason in str(raised.value)


def palette(pixels: np.ndarray) -> Image.Image:
    image = Image.fromarray(pixels, "L")
    image.putpalette([200, 10, 10, 10, 200, 10] + [0] * 762)
    return image


def gray_alpha(pixels: np.ndarray) -> Image.Image:
    return Image.merge("LA", [Image.fromarray(pixels), Image.new("L", pixels.shape[::-1], 255)])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.png", Image.fromarray(ONES * 255), id="8-bit"),
        pytest.param("a.png", Image.fromarray(ONES.astype(bool)), id="1-bit"),
        pytest.param("a.png", Image.fromarray(ONES.astype(np.uint16)), id="16-bit"),
        pytest.param("a.png", palette(ONES), id="palette, by index"),
        pytest.param("a.png", gray_alpha(ONES * 255), id="gray and alpha"),
        pytest.param("a.png", Image.fromarray(ONES * 255).convert("RGBA"), id="RGBA"),
        pytest.param("a.tif", Image.fromarray(ONES), id="TIFF"),
        pytest.param("a.TIFF", Image.fromarray(ONES.astype(np.int32)), id="32-bit TIFF"),
        pytest.param("a.tif", Image.fromarray(ONES.astype(np.float32)), id="float TIFF"),
    ],
)
def test_pictures(tmp_path: Path, name: str, content: Image.Image):
    content.save(tmp_path / name)
    np.testing.assert_array_equal(read_mask(tmp_path / name).pixels, ONES)


@pytest.mark.parametrize("name", ["a.npy", "a.NPY", "a.npz"])
def test_arrays(tmp_path: Path, name: str):
    stream = io.BytesIO()
    if name.endswith("z"):
        np.savez_compressed(stream, anything=np.asfortranarray(WITH_IGNORE))
    else:
        np.save(stream, np.asfortranarray(WITH_IGNORE))
    (tmp_path / name).write_bytes(stream.getvalue())
    mask = read_mask(tmp_path / name, MaskValues(ignore=255))
    np.testing.assert_array_equal(mask.pixels, WITH_IGNORE)


def test_only_the_arrays_asked_for_are_read(tmp_path: Path):
    (tmp_path / "a.npz").write_bytes(
        hostile.npz(good=hostile.npy((2, 2), data=b"\1\0\0\1"), bad=b"")
    )
    assert read_arrays(tmp_path / "a.npz", ["good"])["good"].tolist() == [[1, 0], [0, 1]]


def test_the_real_masks(shared_data: Path):
    for number in (1, 2):
        file = shared_data / "refsegrs" / "masks" / f"{number}.tif"
        mask, raw = read_mask(file), tifffile.imread(file)
        np.testing.assert_array_equal(mask.pixels, raw > 127 if raw.max() > 1 else raw)
        assert mask.target.any()


def encoded(name: str) -> bytes:
    stream = io.BytesIO()
    if name.endswith("npy"):
        np.save(stream, ONES)
    elif name.endswith("npz"):
        np.savez_compressed(stream, ONES)
    elif name == "lzw.tif":
        Image.fromarray(ONES).save(stream, "TIFF", compression="tiff_lzw")
    else:
        Image.fromarray(ONES).save(stream, {"png": "PNG", "tif": "TIFF"}[name[-3:]])
    return stream.getvalue()


NAMES = ["a.png", "a.tif", "lzw.tif", "a.npy", "a.npz"]


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses
@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_or_changed_anywhere_is_read_or_refused(tmp_path: Path, name: str):
    """Whatever a decoder raises, what arrives is a ``MaskError``."""
    whole = encoded(name)
    random = np.random.default_rng(7)
    refused = 0
    for round_ in range(150):
        data = bytearray(whole[: random.integers(len(whole))] if round_ % 3 == 0 else whole)
        for at in random.integers(len(data), size=random.integers(1, 4)) if data else ():
            data[at] = random.integers(256)
        (tmp_path / name).write_bytes(data)
        try:
            read_mask(tmp_path / name)
        except MaskError as error:
            refused += 1
            assert str(error).startswith(name)
    assert refused > 40


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npy", "a.npz"])
def test_no_file_no_content_no_sense(tmp_path: Path, name: str):
    with pytest.raises(MaskError, match=f"{name} does not exist"):
        read_mask(tmp_path / name)
    for content in (b"", b"not a mask at all", hostile.npz()):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MaskError, match=f"^{name}"):
            read_mask(tmp_path / name)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, make: Any):
    make(tmp_path / "a.tif")
    with pytest.raises(MaskError, match=r"a\.tif does not exist"):
        read_mask(tmp_path / "a.tif")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", hostile.MASKS)
def test_hostile_files_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(hostile.MASKS[name])
    with pytest.raises(MaskError, match=f"^{name}"):
        read_mask(tmp_path / name)


def test_hostile_files_take_no_memory(tmp_path: Path, repo_root: Path):
    for name, data in hostile.MASKS.items():
        (tmp_path / name).write_bytes(data)
    assert hostile.memory_of_refusing(read_mask, sorted(tmp_path.iterdir()), repo_root) < 100


MASKS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
                   elements=st.sampled_from([0, 1, 255]))  # fmt: skip


@given(pixels=MASKS)
def test_stored_masks_come_back(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray):
    file = tmp_path_factory.getbasetemp() / "stored.png"
    file.write_bytes(encode_png(pixels))
    np.testing.assert_array_equal(load_stored(file), pixels)
    with Image.open(file) as image:
        assert image.mode == "L"


def test_colours_are_stored_as_rgb():
    pixels = np.random.default_rng(1).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("image", [None, palette(ONES), Image.fromarray(ONES.astype(np.uint16))])
def test_a_stored_mask_that_was_changed_is_refused(tmp_path: Path, image: Image.Image | None):
    file = tmp_path / "stored.png"
    for content in (None, b"", b"no picture"):
        if content is not None:
            file.write_bytes(content)
        elif image is not None:
            image.save(file)
        with pytest.raises(MaskError, match=r"stored\.png"):
            load_stored(file)


def test_digests_tell_masks_not_encodings():
    column = np.asfortranarray(ONES)
    same = {digest(ONES), digest(column), digest(from_array(ONES * 255).pixels), digest(ONES[:, :])}
    assert len(same) == 1
    others = {digest(m) for m in (ONES.T, ONES.reshape(7, 6), ONES * 255, np.zeros_like(ONES))}
    assert len(others | same) == 5


def encrypted(data: bytes) -> bytes:
    """An archive whose members say that they are encrypted."""
    changed = bytearray(data)
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        changed[changed.index(signature) + place] |= 1
    return bytes(changed)


def damaged(data: bytes) -> bytes:
    """An archive with other bytes in the middle of what it holds."""
    middle = len(data) // 3
    return data[:middle] + bytes(40) + data[middle + 40 :]


@pytest.mark.parametrize(
    ("change", "said"), [(encrypted, "it is encrypted"), (damaged, "it is not a whole npz file")]
)
def test_an_archive_that_cannot_be_read_is_called_that(
    tmp_path: Path, change: Callable[[bytes], bytes], said: str
) -> None:
    noise = np.random.default_rng(2).integers(0, 2, (64, 64), np.uint8)
    stream = io.BytesIO()
    np.savez_compressed(stream, mask=noise)
    path = tmp_path / "a.npz"
    path.write_bytes(change(stream.getvalue()))
    with pytest.raises(MaskError, match=rf"\Aa\.npz: {said}\Z"):
        read_mask(path)


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize(
    ("second", "kind", "told"),
    [
        (None, 0, False),
        ((12, 16), 1, False),  # a smaller copy, as of a cloud-optimized GeoTIFF
        ((24, 32), 1, False),
        ((12, 16), 0, False),  # a preview
        ((24, 32), 0, True),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_of_several_pages_the_first_is_read_which_is_told(
    tmp_path: Path, second: Any, kind: int, told: bool, compression: Any, dtype: Any
):
    first = np.zeros((24, 32), dtype)
    first[4:9, 6:20] = 1
    with tifffile.TiffWriter(tmp_path / "m.tif") as tiff:
        tiff.write(first, compression=compression, photometric="minisblack", metadata=None)
        if second:
            page = np.ones(second, dtype)
            tiff.write(page, compression=compression, photometric="minisblack", subfiletype=kind,
                       metadata=None)  # fmt: skip
    mask = read_mask(tmp_path / "m.tif")
    assert (mask.target == (first > 0)).all()
    assert ("first of several pages" in mask.rule) == told
    assert ("several pages" in mask.problem) == told
