"""What one file may take in time and memory."""

from __future__ import annotations

import json
import os
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.fiftyone_plugin.predictors.results_files import read_content
from pairlens.importers.bounded_json import is_number, load_json
from pairlens.importers.digests import file_sha256
from pairlens.importers.errors import LayoutError, MaskError, RecordError
from pairlens.importers.files import lines
from pairlens.importers.formats import gres, refsegrs_hub
from pairlens.importers.formats.vrsbench_files import read_target
from pairlens.importers.high_bit_depth import MAX_MEASURED, to_rgb8
from pairlens.importers.json_stream import read_items
from pairlens.importers.masks import read_mask
from pairlens.importers.media import ImageError, inspect_image, read_rgb
from pairlens.importers.polygons import MAX_POINTS, MAX_SHAPES, polygon_faults, rasterize
from pairlens.importers.records import Shape
from tests.unit import hostile_files as hostile

SIDE = 8192


# ---------------------------------------------------------------------------------- polygons


def drawn_whole(shapes: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """As LISAt's loader: each area from a drawing of its own in the whole image."""
    areas = []
    for points in shapes:
        alone = np.zeros((height, width), np.uint8)
        cv2.polylines(alone, [points], True, 1, 1)
        cv2.fillPoly(alone, [points], 1)
        areas.append(int(alone.sum()))
    pixels = np.zeros((height, width), np.uint8)
    for at in np.argsort(areas, kind="stable")[::-1]:
        cv2.polylines(pixels, [shapes[at]], True, int(at) % 2 or 255, 1)
        cv2.fillPoly(pixels, [shapes[at]], int(at) % 2 or 255)
    return pixels


def test_areas_measured_in_a_part_of_the_image_order_polygons_as_those_in_all_of_it() -> None:
    rng = np.random.default_rng(3)
    for _ in range(400):
        size = rng.integers(1, 40, 2)
        count, spread = rng.integers(2, 9), rng.choice((10, 60, 3000))
        shapes = [
            rng.integers(-spread, spread, (rng.integers(1, 7), 2)).astype(np.int32)
            for _ in range(count)
        ]
        given = tuple(
            Shape(tuple(map(tuple, points.tolist())), ignore=at % 2 == 0)
            for at, points in enumerate(shapes)
        )
        expected = drawn_whole(shapes, *size.tolist())
        np.testing.assert_array_equal(rasterize(given, *size.tolist()).pixels, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("points", "count"),
    [
        pytest.param(((5, 5),), 300, id="dots"),
        pytest.param(((0, 0), (9000, 9000), (9000, 9000)), 300, id="lines"),
        pytest.param(((0, 0), (9000, 0), (0, 0)), 300, id="no area"),
        pytest.param(((5, 5), (9, 5), (9, 9)), MAX_SHAPES, id="many"),
    ],
)
def test_many_polygons_on_a_large_image_are_drawn_soon_or_refused(
    points: tuple[tuple[float, float], ...], count: int
) -> None:
    began = time.process_time()
    shapes = (Shape(points),) * count
    try:
        rasterize(shapes, SIDE, SIDE)
    except MaskError as error:
        assert "are not drawn" in str(error)
    polygon_faults(shapes, SIDE, SIDE)
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"text": ["a"], "shapes": [{"label": "a", "points": [[0, 0]]}] * (MAX_SHAPES + 1)},
         "has 50,001 shapes, over 50,000"),
        ({"text": ["a"], "shapes": [{"label": "a", "points": [[0, 0]] * (MAX_POINTS + 1)}]},
         "has over 500,000 points"),
        ({"text": ["a"] * 10_001, "shapes": []}, "has 10,001 queries, over 10,000"),
    ],
)  # fmt: skip
def test_an_annotation_of_more_than_any_has_is_refused(
    tmp_path: Path, content: dict[str, object], reason: str
) -> None:
    folder = tmp_path / "gres_annotations" / "val"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(content))
    (folder / "b.json").write_text('{"text": ["b"], "shapes": []}')
    told: list[RecordError] = []
    assert [pair.phrase for pair in gres.read(tmp_path, on_error=told.append)] == ["b"]
    assert [error.reason for error in told] == [reason]


# ------------------------------------------------------------------------------------ images


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npy", "a.npz"])
def test_a_picture_with_zeros_behind_it_without_end_is_read_by_nobody(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    if file.suffix == ".npy":
        np.save(file, np.ones((4, 4), np.uint8))
    elif file.suffix == ".npz":
        np.savez(file, np.ones((4, 4), np.uint8))
    else:
        Image.new("L", (4, 4), 1).save(file)
    assert read_mask(file).target.all() and len(file_sha256(file) or "") == 64
    os.truncate(file, 1 << 40)  # takes no place on the disk
    began = time.process_time()
    for read in (read_mask, read_rgb):
        with pytest.raises((MaskError, ImageError), match=r"1,099,511,627,776 bytes, too many"):
            read(file)
    assert file_sha256(file) is None
    assert time.process_time() - began < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bits", "bands", "side"),
    [(16, 1, SIDE), (32, 1, SIDE), (16, 3, SIDE), (64, 1, 10_000), (16, 1, 10_000), (64, 1, 5000)],
)
def test_a_small_tiff_that_claims_much_takes_less_than_a_gigabyte(
    tmp_path: Path, bits: int, bands: int, side: int
) -> None:
    path = tmp_path / "a.tif"
    kind = {16: np.uint16, 32: np.float32, 64: np.float64}[bits]
    shape = (side, side, bands) if bands > 1 else (side, side)
    strips = -(-side // 64)
    # Strips that are alike are compressed once.
    rows = [64] * (strips - 1) + [side - 64 * (strips - 1)]
    packed = {n: zlib.compress(np.zeros((n, *shape[1:]), kind).tobytes()) for n in set(rows)}
    tifffile.imwrite(
        path, (packed[n] for n in rows), shape=shape, dtype=kind, compression="zlib",
        rowsperstrip=64,
    )  # fmt: skip
    assert path.stat().st_size < 4_000_000
    took = hostile.memory_of(_read_both, path)
    assert took < 750, f"{took} MB"


def _read_both(path: Path) -> None:
    for read in (read_rgb, read_mask):
        try:
            read(path)
        except (ImageError, MaskError):
            continue


def test_large_images_are_stretched_like_small_ones() -> None:
    rng = np.random.default_rng(8)
    small = rng.integers(100, 9000, (600, 500, 3)).astype(np.uint16)
    small[:20] = 65535
    rows = -(-MAX_MEASURED // small[0].size) // len(small) + 1
    large = np.tile(small, (rows, 1, 1))
    assert large.size > MAX_MEASURED
    expected, told = to_rgb8(small, None)
    picture, told_of_large = to_rgb8(large, None)
    assert told == told_of_large == "65535"
    difference = np.abs(picture[: len(small)].astype(int) - expected)
    assert difference.max() <= 1 and not picture[:20].any()


def test_a_file_without_end_is_not_read_to_find_out(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif", "a.npy"):
        path = tmp_path / name
        path.write_bytes(b"II*\0")
        with open(path, "r+b") as stream:
            stream.truncate(1 << 42)
        began = time.process_time()
        with pytest.raises(ImageError, match=r"has 4,398,046,511,104 bytes, too many"):
            inspect_image(path)
        with pytest.raises(MaskError):
            read_mask(path)
        assert time.process_time() - began < 10


# -------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    ("begin", "middle", "count", "end"),
    [
        pytest.param("[", "[],", 20_000_000, "[]]", id="lists"),
        pytest.param("[", '"a",', 20_000_000, '""]', id="texts"),
        pytest.param("[", "1234,", 20_000_000, "1]", id="numbers"),
        pytest.param('"', "a", 250_000_000, '"', id="long"),
        pytest.param('"\U0001f600', "a", 90_000_000, '"', id="wide"),
    ],
)
@pytest.mark.slow
def test_json_that_would_fill_the_memory_is_not_parsed(
    tmp_path: Path, begin: str, middle: str, count: int, end: str
) -> None:
    data = begin.encode() + middle.encode() * count + end.encode()
    began = time.process_time()
    with pytest.raises(ValueError, match="MB of memory; split it"):
        load_json(data)
    (tmp_path / "samples.json").write_bytes(data)
    with pytest.raises(LayoutError, match=r"samples\.json would take"):
        refsegrs_hub.load_samples(tmp_path)
    assert time.process_time() - began < 10


def test_numbers_that_no_float_holds_are_none() -> None:
    assert [is_number(value) for value in (0, -1.5, 1e308, 1 << 1000)] == [True] * 4
    others = (10**400, -(10**400), float("nan"), float("inf"), True, "1", None, [1])
    assert [is_number(value) for value in others] == [False] * len(others)
    for value in (10**400, float("nan"), True):
        with pytest.raises(ValueError, match="is not eight numbers"):
            read_target({"obj_corner": [value] * 8})


def test_lines_that_would_fill_the_memory_are_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "preds.jsonl"
    path.write_bytes(b'{"key": "a"}\n')
    assert read_content(path) == [{"key": "a"}]
    os.truncate(path, 200_000_000)
    with pytest.raises(LayoutError, match=r"preds\.jsonl is not whole JSON \(would take \d+ MB"):
        read_content(path)


def test_a_line_without_end_is_not_passed_over_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1 road\n")
    with open(path, "r+b") as stream:
        stream.truncate(1 << 40)
    began = time.process_time()
    with pytest.raises(OSError, match="it has a line of over 268,435,456 bytes"):
        list(lines(path))
    with open(path, "rb") as stream:
        *_, last = read_items(stream, "lines")
    assert last.last and "longer than" in last.fault
    assert time.process_time() - began < 10
