"""Plain PNGs and those of OpenCV inflated straight; all others left to OpenCV."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pairlens.importers import png
from pairlens.importers.masks import encode_png
from pairlens.importers.png import plain_gray, read_gray

MASK = np.zeros((6, 9), np.uint8)
MASK[2:4, 3:7] = 1
LARGE = np.zeros((200, 300), np.uint8)
LARGE[50:150, 100:200] = 1
PLAIN = b"\x08\0\0\0\0"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def rows(mask: np.ndarray, kind: int = 0) -> bytes:
    return b"".join(bytes([kind]) + row.tobytes() for row in mask)


def file(*chunks: bytes, size: tuple[int, int] = (9, 6), form: bytes = PLAIN) -> bytes:
    head = chunk(b"IHDR", struct.pack(">II", *size) + form)
    return b"\x89PNG\r\n\x1a\n" + b"".join((head, *chunks, chunk(b"IEND", b"")))


def data(raw: bytes, level: int = 1) -> bytes:
    return chunk(b"IDAT", zlib.compress(raw, level))


def altered(place: int) -> bytes:
    whole = bytearray(file(data(rows(MASK))))
    whole[place] ^= 1
    return bytes(whole)


def by_pillow(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "png")
    return stream.getvalue()


OTHERS = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\x89PNG\r\n\x1a\n", id="a-signature-alone"),
    pytest.param(b"II*\0" + bytes(60), id="another-format"),
    pytest.param(file(data(rows(MASK)))[:-1], id="cut-short"),
    pytest.param(file(data(rows(MASK))) + b"more", id="more-behind"),
    pytest.param(file(), id="no-data"),
    pytest.param(file(data(rows(MASK)), form=b"\x10\0\0\0\0"), id="sixteen-bits"),
    pytest.param(file(data(rows(MASK)), form=b"\x01\0\0\0\0"), id="one-bit"),
    pytest.param(file(data(rows(MASK)), form=b"\x08\x02\0\0\0"), id="color"),
    pytest.param(file(data(rows(MASK)), form=b"\x08\x03\0\0\0"), id="palette"),
    pytest.param(file(data(rows(MASK)), form=b"\x08\0\0\0\1"), id="interlaced"),
    pytest.param(file(data(rows(MASK)), size=(0, 6)), id="no-columns"),
    pytest.param(file(data(rows(MASK)), size=(9, 7)), id="a-row-too-few"),
    pytest.param(file(data(rows(MASK)), size=(9, 5)), id="a-row-too-many"),
    pytest.param(file(data(rows(MASK)), size=(2**31, 2**31)), id="a-size-beyond-memory"),
    pytest.param(file(data(rows(MASK)), size=(20_000, 20_000)), id="a-size-beyond-its-data"),
    pytest.param(file(data(rows(MASK, 2))), id="filtered-up"),
    pytest.param(file(data(rows(MASK[:3]) + rows(MASK[3:], 2))), id="some-rows-filtered-up"),
    pytest.param(file(data(rows(MASK[:3]) + rows(MASK[3:], 1))), id="some-rows-filtered-sub"),
    pytest.param(file(data(rows(MASK[:3], 1) + rows(MASK[3:], 4))), id="other-rows-filtered-paeth"),
    pytest.param(file(data(rows(MASK, 5))), id="no-such-filter"),
    pytest.param(file(data(rows(MASK), 6)), id="deflated-harder"),
    pytest.param(file(chunk(b"tRNS", b"\0\0"), data(rows(MASK))), id="a-transparent-value"),
    pytest.param(file(chunk(b"IDAT", b"\x78\x01no stream")), id="no-deflate-stream"),
    pytest.param(altered(-13 - 4), id="checksum-of-the-data"),
    pytest.param(altered(19), id="checksum-of-the-head"),
    pytest.param(altered(45), id="an-altered-bit"),
    pytest.param(by_pillow(Image.fromarray(LARGE)), id="as-pillow-writes"),
]


@pytest.mark.parametrize("content", OTHERS)
def test_leaves_what_is_not_plain_to_opencv(content: bytes, tmp_path: Path):
    assert plain_gray(content) is None
    path = tmp_path / "a.png"
    path.write_bytes(content)
    theirs = cv2.imdecode(np.frombuffer(content, np.uint8), -1) if content else None
    gray = theirs is not None and theirs.ndim == 2 and theirs.dtype == np.uint8
    np.testing.assert_array_equal(read_gray(path), theirs if gray else None)  # type: ignore[arg-type]


def test_rows_too_wide_to_sum_are_left_to_opencv(monkeypatch: pytest.MonkeyPatch):
    content = cv2.imencode(".png", LARGE)[1].tobytes()
    assert plain_gray(content) is not None
    monkeypatch.setattr(png, "_WIDEST", LARGE.shape[1])
    assert plain_gray(content) is None


LARGE_FILES = [
    pytest.param(encode_png(LARGE), id="plain"),
    pytest.param(by_pillow(Image.fromarray(LARGE)), id="as-pillow-writes"),
    pytest.param(cv2.imencode(".tif", LARGE)[1].tobytes(), id="tiff"),
    pytest.param(cv2.imencode(".bmp", LARGE)[1].tobytes(), id="bmp"),
]


@pytest.mark.parametrize("content", LARGE_FILES)
def test_pictures_larger_than_any_mask_are_not_decoded(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "large"
    path.write_bytes(content)
    monkeypatch.setattr(png, "MAX_PIXELS", LARGE.size)
    np.testing.assert_array_equal(read_gray(path), LARGE)  # type: ignore[arg-type]
    png._plain_size.cache_clear()
    monkeypatch.setattr(png, "MAX_PIXELS", LARGE.size - 1)
    assert read_gray(path) is None
    png._plain_size.cache_clear()


def test_a_file_larger_than_any_picture_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "large.bin"
    with open(path, "wb") as stream:
        stream.truncate(png.MOST_INFLATED + 1)  # which takes no room on the disk
    monkeypatch.setattr(png, "_by_opencv", None)
    assert read_gray(path) is None


def test_inflates_no_bomb(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(png, "MOST_INFLATED", 10 * png._DEFLATE_RATIO)
    assert plain_gray(file(data(rows(MASK)))) is None


@pytest.mark.parametrize("read", [read_gray, cv2.imread], ids=["ours", "opencv"])
def test_reads_what_is_stored_in_several_chunks(read: Callable, tmp_path: Path):
    random = np.random.default_rng(0).integers(0, 256, (400, 300), np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(random))
    assert path.stat().st_size > png.AT_ONCE
    read_as = read(path) if read is read_gray else read(str(path), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read_as, random)
    assert plain_gray(path.read_bytes()) is not None


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        elements=st.sampled_from([0, 1, 255]),
    )
)
def test_reads_every_mask_that_is_stored(mask: np.ndarray):
    np.testing.assert_array_equal(plain_gray(encode_png(mask)), mask)  # type: ignore[arg-type]


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        elements=st.sampled_from([0, 1, 255]) | st.integers(0, 255),
    )
)
def test_reads_whatever_opencv_writes(picture: np.ndarray):
    content = cv2.imencode(".png", picture)[1].tobytes()
    np.testing.assert_array_equal(plain_gray(content), picture)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(700, 300), (3, 70_000), (70_000, 3), (1, 1)], ids=str)
def test_large_pictures_of_opencv_are_summed_strip_by_strip(shape: tuple[int, int]):
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    content = cv2.imencode(".png", noise)[1].tobytes()
    np.testing.assert_array_equal(plain_gray(content), noise)  # type: ignore[arg-type]


def test_a_file_that_is_gone_is_said(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_gray(tmp_path / "none.png")
