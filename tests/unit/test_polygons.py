"""LISAt's raster against integer arithmetic, and what is wrong with polygons."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pairlens.importers.formats import gres
from pairlens.importers.mask_stats import digest
from pairlens.importers.polygons import MAX_COORDINATE, MAX_LISTED_FAULTS, polygon_faults, rasterize
from pairlens.importers.records import Pair, Polygons, Shape
from tests.unit import raster_reference as reference

NAN, INF = float("nan"), float("inf")
SQUARE = ((2, 3), (8, 3), (8, 9), (2, 9))
RING = ((1, 1), (11, 1), (11, 11), (1, 11), (1, 1), (4, 4), (8, 4), (8, 8), (4, 8), (4, 4))
EIGHT = ((0, 0), (10, 10), (10, 0), (0, 10))


def drawn(*outlines: reference.Points, size: int = 16) -> np.ndarray:
    return rasterize(tuple(Shape(tuple(o)) for o in outlines), size, size).pixels


def one_a_file(root: Path) -> list[Pair]:
    """One pair of each annotation file."""
    pairs = gres.read(root / "gres")
    return [pair for pair in pairs if pair.source.index == 0]


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[Pair]:
    return one_a_file(shared_data)[::20]


def outlines_of(pair: Pair) -> list[reference.Points]:
    assert isinstance(pair.target, Polygons)
    return [shape.points for shape in pair.target.shapes]


def test_real_outlines_are_drawn_exactly(real: list[Pair]):
    exact = [p for p in real if all(map(reference.is_octilinear, outlines_of(p)))]
    assert len(exact) > 100
    for pair in exact:
        expected = reference.paint([(o, 1) for o in outlines_of(pair)], 512, 512)
        np.testing.assert_array_equal(drawn(*outlines_of(pair), size=512), expected, pair.key)


def test_real_outlines_with_other_edges_differ_beside_them_only(real: list[Pair]):
    others = [p for p in real if not all(map(reference.is_octilinear, outlines_of(p)))]
    assert others
    for pair in others:
        (points,) = outlines_of(pair)
        differs = drawn(points, size=512) != reference.draw(points, 512, 512)
        assert not (differs & ~reference.near_outline(points, 512, 512)).any(), pair.key
        assert differs.sum() <= 0.02 * max(100, drawn(points, size=512).sum()), pair.key


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(SQUARE, id="square"),
        pytest.param((*SQUARE, SQUARE[0]), id="closed"),
        pytest.param(SQUARE[::-1], id="other way round"),
        pytest.param(((0, 0), (16, 0), (16, 16), (0, 16)), id="to the border, inclusive"),
        pytest.param(((16, 0), (16, 16), (18, 8)), id="on the far border only"),
        pytest.param(((-5, -5), (30, -5), (30, 30), (-5, 30)), id="around the image"),
        pytest.param(RING, id="touches itself, with a hole"),
        pytest.param(EIGHT, id="crosses itself"),
        pytest.param((*SQUARE, *SQUARE), id="twice round, which even-odd leaves empty"),
        pytest.param(((3, 3), (9, 3), (9, 9), (9, 3), (3, 3)), id="there and back"),
        pytest.param(((5, 5),), id="a point"),
        pytest.param(((5, 5), (9, 9)), id="a line"),
        pytest.param((), id="no point"),
    ],
)
def test_hand_made_outlines_are_drawn_exactly(points: reference.Points):
    expected = reference.draw(points, 16, 16) if points else np.zeros((16, 16), bool)
    np.testing.assert_array_equal(drawn(points), expected)


INSIDE, INCLUSIVE = st.integers(0, 23), st.integers(0, 24)


def polygons(coordinate: st.SearchStrategy[int]) -> st.SearchStrategy[list[list[tuple[int, int]]]]:
    return st.lists(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=8), max_size=4)


def joined(corners: list[tuple[int, int]], diagonally: bool) -> list[tuple[int, int]]:
    """Joins points by a diagonal and a straight edge each, or by two straight ones."""
    points = []
    for (x, y), (u, v) in zip(corners, corners[1:] + corners[:1], strict=True):
        steps = min(abs(u - x), abs(v - y))
        diagonal = (x + int(np.sign(u - x)) * steps, y + int(np.sign(v - y)) * steps)
        points += [(x, y), diagonal if diagonally else (u, y)]
    return points


def assert_drawn_exactly(outlines: list[list[tuple[int, int]]]) -> None:
    values = [(points, 255 if number % 2 else 1) for number, points in enumerate(outlines)]
    shapes = tuple(Shape(tuple(points), ignore=value == 255) for points, value in values)
    expected = reference.paint(values, 24, 24)
    np.testing.assert_array_equal(rasterize(shapes, 24, 24).pixels, expected)


@given(polygons(INSIDE))
def test_any_outlines_along_axes_and_diagonals_are_drawn_exactly(
    corners: list[list[tuple[int, int]]],
):
    assert_drawn_exactly([joined(one, diagonally=True) for one in corners])


@given(polygons(INCLUSIVE))
def test_any_upright_outlines_are_drawn_exactly_up_to_the_far_border(
    corners: list[list[tuple[int, int]]],
):
    assert_drawn_exactly([joined(one, diagonally=False) for one in corners])


NEAR = st.integers(-6, 30)
FAR = st.integers(-MAX_COORDINATE, MAX_COORDINATE)


@given(st.lists(st.tuples(NEAR, NEAR) | st.tuples(FAR, FAR), min_size=1, max_size=8))
def test_any_outline_differs_beside_itself_only(points: list[tuple[int, int]]):
    differs = drawn(points, size=24) != reference.draw(points, 24, 24)
    # Of slanted edges that leave the image sideways, OpenCV draws the rest in its last column.
    differs[:, [0, -1]] &= all(0 <= x < 24 for x, _ in points)
    assert not (differs & ~reference.near_outline(points, 24, 24)).any()


def test_fractions_are_cut_towards_zero():
    given_points = ((2.9, 3.99), (8.5, 3.1), (8.999, 9.5), (-0.9, 9.0))
    np.testing.assert_array_equal(drawn(given_points), drawn(((2, 3), (8, 3), (8, 9), (0, 9))))


BIG, SMALL = SQUARE, ((4, 5), (6, 5), (6, 7), (4, 7))


@pytest.mark.parametrize(
    ("shapes", "center", "corner"),
    [
        pytest.param(((BIG, True), (SMALL, False)), 1, 255, id="target inside ignore"),
        pytest.param(((SMALL, False), (BIG, True)), 1, 255, id="the same, other order"),
        pytest.param(((BIG, False), (SMALL, True)), 255, 1, id="ignore inside target"),
        pytest.param(((SMALL, True), (BIG, False)), 255, 1, id="the same, in other order"),
        pytest.param(((BIG, False), (BIG, True)), 1, 1, id="a tie: the first stays on top"),
        pytest.param(((BIG, True), (BIG, False)), 255, 255, id="a tie the other way"),
    ],
)
def test_paint_order(shapes: tuple[tuple[reference.Points, bool], ...], center: int, corner: int):
    made = tuple(Shape(tuple(points), ignore) for points, ignore in shapes)
    pixels = rasterize(made, 16, 16).pixels
    assert (pixels[6, 5], pixels[3, 2]) == (center, corner)
    assert rasterize(made, 16, 16).ignore.sum() == (pixels == 255).sum()


def test_ties_among_many_are_broken_as_among_two():
    """Numpy's default sort is not stable from 17 items on, and on some processors never."""
    shapes = tuple(Shape(SQUARE, ignore=i > 0) for i in range(60))
    assert rasterize(shapes, 16, 16).pixels[5, 5] == 1


@pytest.mark.parametrize("bad", [NAN, INF, -INF, 1e300, -1e300, MAX_COORDINATE + 1.0, 2.0**31])
def test_coordinates_in_no_image_are_left_out_and_named(bad: float):
    shapes = (Shape(((1, 1), (5, 1), (5, bad))), Shape(SQUARE))
    np.testing.assert_array_equal(rasterize(shapes, 16, 16).pixels, drawn(SQUARE))
    assert polygon_faults(shapes, 16, 16) == (
        "polygon 0 has coordinates that are not in any image",
    )


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(SQUARE, id="square"),
        pytest.param(RING, id="ring"),
        pytest.param(EIGHT, id="figure of eight, whose signed areas cancel out"),
        pytest.param(((-9, -9), (40, -9), (40, 40), (-9, 40)), id="around the image"),
        pytest.param(((-9, 5), (40, 2), (40, 12)), id="through the image, no point in it"),
        pytest.param(((15, 0), (16, 0), (16, 16)), id="at the border"),
        pytest.param(((0, 0), (1, 0), (0, 1)), id="the smallest triangle"),
    ],
)
def test_sound_polygons_have_no_fault(points: reference.Points):
    assert polygon_faults((Shape(tuple(points)),), 16, 16) == ()


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        pytest.param((), "has 0 distinct points", id="none"),
        pytest.param(((3, 3),) * 4, "has 1 distinct points", id="one, repeated"),
        pytest.param(((3, 3), (9, 9), (3, 3)), "has 2 distinct points", id="two, closed"),
        pytest.param(((3.1, 3), (3.9, 3), (3, 3.5)), "has 1 distinct points", id="one after cast"),
        pytest.param(((1, 1), (5, 5), (9, 9)), "encloses no area", id="on one line"),
        pytest.param(((3, 3), (9, 3), (9, 9), (9, 3)), "encloses no area", id="there and back"),
        pytest.param(((16, 0), (20, 0), (20, 9)), "lies outside the 16x16 image", id="right"),
        pytest.param(((0, -9), (9, -9), (5, -1)), "lies outside the 16x16 image", id="above"),
    ],
)
def test_faults_of_polygons(points: reference.Points, fault: str):
    shapes = (Shape(SQUARE), Shape(tuple(points)))
    assert polygon_faults(shapes, 16, 16) == (f"polygon 1 {fault}",)


def test_a_flood_of_faults_is_counted_not_listed():
    faults = polygon_faults((Shape(()),) * 100_000, 16, 16)
    assert len(faults) == MAX_LISTED_FAULTS + 1
    assert faults[-1] == f"{100_000 - MAX_LISTED_FAULTS} polygons more"


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 120), st.integers(1, 9)),
        elements=st.sampled_from([0, 0, 0, 1, 255]),
        fill=st.just(0),
    )
)
def test_a_digest_is_that_of_size_and_pixels(pixels: np.ndarray):
    height, width = pixels.shape
    plain = hashlib.sha256(f"{height}x{width}:".encode() + pixels.tobytes()).hexdigest()
    assert digest(pixels) == plain
    assert digest(np.asfortranarray(pixels)) == plain


@pytest.mark.parametrize("last", [0, 1, 255])
@pytest.mark.parametrize("shape", [(100_000, 1), (1, 100_000), (5_000, 40)])
def test_a_digest_of_a_tall_or_wide_mask(shape: tuple[int, int], last: int):
    pixels = np.zeros(shape, np.uint8)
    pixels[-1, -1] = last
    plain = hashlib.sha256(f"{shape[0]}x{shape[1]}:".encode() + pixels.tobytes()).hexdigest()
    assert digest(pixels) == plain
