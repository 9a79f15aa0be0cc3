"""Images: what their headers say, what a browser gets to see, and what is refused."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.importers import media
from pairlens.importers.masks import encode_png
from pairlens.importers.media import CHIP, ImageError, inspect_image, placeholder, read_rgb
from tests.unit import hostile_files as hostile

RANDOM = np.random.default_rng(11)
RGB = RANDOM.integers(0, 256, (12, 17, 3)).astype(np.uint8)
GRAY = RGB[..., 0]
DEEP = np.linspace(0, 40_000, 12 * 17 * 3).reshape(12, 17, 3).astype(np.uint16)
THRICE = np.repeat(GRAY[..., None], 3, 2)
MANY = RANDOM.integers(0, 256, (12, 17, 8)).astype(np.uint8)


def bands_first(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def pillow(pixels: np.ndarray, mode: str | None = None, **options: str) -> Callable[[Path], None]:
    image = Image.fromarray(pixels)
    return lambda path: (image.convert(mode) if mode else image).save(path, **options)


def tiff(pixels: np.ndarray, **options: object) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, pixels, **options)  # type: ignore[arg-type]


def palette(path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    image.putpalette([250, 0, 0, 0, 0, 250])
    image.save(path)


TWO_COLOURS = np.array([[[250, 0, 0], [0, 0, 250]], [[0, 0, 250], [250, 0, 0]]], np.uint8)

EXACT = [
    pytest.param("a.png", pillow(RGB), RGB, id="PNG"),
    pytest.param("a.png", pillow(GRAY), THRICE, id="gray PNG"),
    pytest.param("a.png", pillow(np.dstack([RGB, GRAY])), RGB, id="PNG, alpha left out"),
    pytest.param("a.png", palette, TWO_COLOURS, id="palette PNG"),
    pytest.param("a.bmp", pillow(RGB), RGB, id="BMP"),
    pytest.param("a.tif", pillow(RGB), RGB, id="TIFF"),
    pytest.param("a.tif", pillow(GRAY), THRICE, id="gray TIFF"),
    pytest.param("a.tif", palette, TWO_COLOURS, id="palette TIFF"),
    pytest.param("a.tif", pillow(RGB, compression="tiff_lzw"), RGB, id="TIFF, LZW"),
    pytest.param("a.tif", pillow(RGB, compression="tiff_deflate"), RGB, id="TIFF, deflate"),
    pytest.param("a.tif", tiff(bands_first(RGB), photometric="rgb", planarconfig="separate"),
                 RGB, id="TIFF, planar"),
    pytest.param("a.tif", tiff(np.dstack([RGB, GRAY]), photometric="rgb"), RGB, id="4 bands, RGB"),
    pytest.param("a.tif", tiff(np.dstack([RGB, GRAY]), photometric="minisblack",
                               planarconfig="contig"),
                 RGB, id="4 bands, none named"),
    pytest.param("a.tif", tiff(bands_first(MANY), photometric="minisblack",
                               planarconfig="separate"), MANY[..., :3], id="8 bands, planar"),
    pytest.param("a.tif", tiff(MANY, photometric="minisblack", planarconfig="contig"),
                 MANY[..., :3], id="8 bands"),
    pytest.param("a.tif", tiff(MANY[:3], photometric="minisblack", planarconfig="contig"),
                 MANY[:3, :, :3], id="8 bands, three rows"),
    pytest.param("a.tif", tiff(255 - GRAY, photometric="miniswhite"), THRICE, id="white is zero"),
    pytest.param("a.dat", pillow(RGB, format="PNG"), RGB, id="by content, not by name"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "write", "expected"), EXACT)
def test_images_are_read_exactly(
    tmp_path: Path, name: str, write: Callable[[Path], None], expected: np.ndarray
):
    write(tmp_path / name)
    np.testing.assert_array_equal(read_rgb(tmp_path / name), expected)
    facts = inspect_image(tmp_path / name)
    assert (facts.height, facts.width) == expected.shape[:2]


STRETCHED = [
    pytest.param("a.png", pillow(DEEP[..., 0]), id="16-bit gray PNG"),
    pytest.param("a.tif", pillow(DEEP[..., 0]), id="16-bit gray TIFF"),
    pytest.param("a.tif", tiff(DEEP, photometric="rgb"), id="16-bit RGB"),
    pytest.param("a.tif", tiff(DEEP, photometric="rgb", compression="zlib"), id="and deflated"),
    pytest.param("a.tif", tiff(DEEP.astype(np.float32), photometric="rgb"), id="float RGB"),
    pytest.param("a.tif", tiff(DEEP.astype(np.float64)[..., 0]), id="double"),
    pytest.param("a.tif", tiff(DEEP.astype(np.int64)[..., 0]), id="64-bit"),
    pytest.param("a.tif", tiff(bands_first(DEEP), photometric="rgb", planarconfig="separate"),
                 id="16-bit planar"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "write"), STRETCHED)
def test_deep_images_are_stretched(tmp_path: Path, name: str, write: Callable[[Path], None]):
    write(tmp_path / name)
    pixels = read_rgb(tmp_path / name).astype(int)
    assert pixels.shape == (12, 17, 3)
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert (np.diff(pixels[..., 0].ravel()) >= 0).all()
    assert abs(pixels[6, 0].mean() - 127) < 5


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38], ids=str)
@pytest.mark.filterwarnings("error")
def test_no_data_values_do_not_hide_the_rest(tmp_path: Path, odd: float):
    values = np.tile(np.linspace(1, 2, 400, dtype=np.float32), (2, 1))
    values[0, 200] = odd
    tifffile.imwrite(tmp_path / "a.tif", values)
    row = read_rgb(tmp_path / "a.tif")[1, :, 0]
    assert row[0] < 10
    assert row[-1] > 245
    assert 100 < row[200] < 155


@pytest.mark.parametrize("value", [0, 7, 65_535])
def test_a_constant_deep_image_is_black(tmp_path: Path, value: int):
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 5), value, np.uint16))
    assert not read_rgb(tmp_path / "a.tif").any()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_lossy_and_print_colours(tmp_path: Path, mode: str, suffix: str):
    smooth = np.zeros((64, 64, 3), np.uint8) + np.arange(0, 256, 4, dtype=np.uint8)[:, None, None]
    file = tmp_path / f"a.{suffix}"
    Image.fromarray(smooth).convert(mode).save(file, quality=95)
    assert np.abs(read_rgb(file).astype(int) - smooth).max() < 12
    assert inspect_image(file).bands == len(mode)


@pytest.mark.parametrize(
    ("name", "write", "mime", "bands", "browsable"),
    [
        pytest.param("a.png", pillow(RGB), "image/png", 3, True, id="PNG"),
        pytest.param("a.jpg", pillow(RGB), "image/jpeg", 3, True, id="JPEG"),
        pytest.param("a.tif", pillow(GRAY), "image/tiff", 1, False, id="TIFF"),
        pytest.param("a.tif", tiff(DEEP, photometric="rgb"), "image/tiff", 3, False, id="16-bit"),
        pytest.param("a.png", tiff(RGB, photometric="rgb"), "image/tiff", 3, False,
                     id="a TIFF that is named PNG"),
    ],
)  # fmt: skip
def test_facts(
    tmp_path: Path, name: str, write: Callable[[Path], None], mime: str, bands: int, browsable: bool
):
    file = tmp_path / name
    write(file)
    facts = inspect_image(file)
    assert (facts.mime_type, facts.bands, facts.browsable) == (mime, bands, browsable)
    assert (facts.width, facts.height, facts.size_bytes) == (17, 12, file.stat().st_size)
    assert facts.digest == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_real_tiffs(shared_data: Path):
    files = [shared_data / "refsegrs" / "images" / f"{n}.tif" for n in (1, 2)]
    files += sorted((shared_data / "naip").glob("*.tif"))
    assert len(files) == 5
    for file in files:
        raw = tifffile.imread(file)
        np.testing.assert_array_equal(read_rgb(file), raw[..., :3])
        facts = inspect_image(file)
        assert (facts.height, facts.width, facts.bands, facts.browsable) == (*raw.shape, False)


@pytest.mark.parametrize("content", [b"", b"plain text\n" * 99, b"II*\0", b"MM\0*" + b"\xff" * 99])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "a.tif").write_bytes(content)
    for read in (inspect_image, read_rgb):
        with pytest.raises(ImageError, match=r"^a\.tif"):
            read(tmp_path / "a.tif")


def test_an_absent_image_is_refused(tmp_path: Path):
    (tmp_path / "folder.tif").mkdir()
    for name in ("absent.tif", "folder.tif"):
        with pytest.raises(ImageError, match=f"{name} does not exist"):
            inspect_image(tmp_path / name)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "deep.tif", "lzw.tif"])
def test_a_file_cut_or_changed_anywhere_is_read_or_refused(tmp_path: Path, name: str):
    file = tmp_path / name
    if name == "deep.tif":
        tifffile.imwrite(file, DEEP, photometric="rgb", compression="zlib")
    else:
        pillow(RGB, **({"compression": "tiff_lzw"} if name == "lzw.tif" else {}))(file)
    whole, refused, random = file.read_bytes(), 0, np.random.default_rng(3)
    for round_ in range(120):
        data = bytearray(whole[: random.integers(len(whole))] if round_ % 3 == 0 else whole)
        for at in random.integers(min(len(data), 300), size=2) if data else ():
            data[at] = random.integers(256)
        file.write_bytes(data)
        try:
            assert read_rgb(file).shape[2] == 3
        except ImageError:
            refused += 1
    assert refused > 20


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", hostile.IMAGES)
def test_claims_out_of_bounds_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(hostile.IMAGES[name])
    with pytest.raises(ImageError, match=f"^{name}"):
        read_rgb(tmp_path / name)


def test_hostile_images_take_no_memory(tmp_path: Path, repo_root: Path):
    for name, data in hostile.IMAGES.items():
        (tmp_path / name).write_bytes(data)
    with open(tmp_path / "sparse.tif", "wb") as stream:
        stream.truncate(300 << 20)
    assert hostile.memory_of_refusing(read_rgb, sorted(tmp_path.iterdir()), repo_root) < 100


@pytest.mark.parametrize(
    ("name", "size"),
    [("lisat_gres_000000000001.jpg", (CHIP, CHIP)), ("été \ud800 \0.jpg", (100, 40)), ("", (1, 1))],
    ids=["usual", "odd name", "one pixel"],
)
def test_placeholders(name: str, size: tuple[int, int]):
    chip = placeholder(name, *size)
    assert (chip.shape, chip.dtype) == (size[::-1], np.uint8)
    assert 60 < chip.mean() < 120
    with Image.open(io.BytesIO(encode_png(chip))) as image:
        assert image.size == size


def test_placeholders_tell_their_images_apart():
    assert (placeholder("a.jpg") != placeholder("b.jpg")).any()
    assert (placeholder("a.jpg") == placeholder("a.jpg")).all()


def jpegs() -> list[bytes]:
    """Files that begin alike and end otherwise, turned ones, and some that are cut or odd."""
    rng = np.random.default_rng(3)
    whole = []
    for mode, side, orientation in (("RGB", 40, 1), ("RGB", 40, 1), ("L", 40, 1), ("RGB", 41, 6)):
        pixels = rng.integers(0, 255, (side, 30, 3), dtype=np.uint8)
        stream = io.BytesIO()
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(pixels).convert(mode).save(stream, "JPEG", exif=exif)
        whole.append(stream.getvalue())
    cuts = [data[:end] for data in whole for end in (3, 20, 200, len(data) - 20)]
    marked = [data[:2] + b"\xff\xe2\0\x0aMPF\0abcd" + data[2:] for data in whole]
    padded = [data[:2] + b"\xff" + data[2:] for data in whole]
    no_length = [data[:2] + b"\xff\xfe\0\0" + data[2:] for data in whole]
    return whole + cuts + marked + padded + no_length


def facts_or_reason(read: Callable[[], media.ImageFacts]) -> media.ImageFacts | str:
    try:
        return read()
    except ImageError as error:
        return str(error)


def test_facts_do_not_depend_on_the_images_before() -> None:
    for data in [*jpegs(), *reversed(jpegs()), *jpegs()]:
        digest = hashlib.sha256(data).hexdigest()
        alone = facts_or_reason(
            lambda data=data, digest=digest: media._inspect(
                io.BytesIO(data), "a", len(data), digest
            )
        )
        assert facts_or_reason(lambda data=data: media.inspect_bytes(data, "a")) == alone
        view = memoryview(data)
        assert facts_or_reason(lambda view=view: media.inspect_bytes(view, "a")) == alone


def test_the_header_of_most_images_is_known() -> None:
    assert [bool(media._jpeg_header(data)) for data in jpegs()[:4]] == [True] * 4
    assert not any(media._jpeg_header(data) for data in jpegs()[-12:])
