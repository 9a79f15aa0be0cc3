"""What chat models write, and the boxes and polygons in it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.predictors.vlm_answers import (
    MAX_SHAPES,
    ShapeKind,
    read_answer,
)
from pairlens.importers.errors import MaskError
from pairlens.importers.reading import PolygonScale

SIZE = (200, 100)


def boxes(
    text: str, scale: PolygonScale = "auto", size: tuple[int, int] = SIZE
) -> list[list[float]]:
    """The upper left and lower right corners of what is read, in pixels."""
    return [corners(ring) for ring in read_answer(text, "boxes", size, scale).rings]


def corners(ring: tuple[tuple[float, float], ...]) -> list[float]:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return [round(v, 6) for v in (min(xs), min(ys), max(xs), max(ys))]


REFUSED: dict[str, tuple[ShapeKind, str]] = {
    "nothing": ("boxes", ""),
    "a refusal": ("boxes", "I'm sorry, I cannot see images."),
    "no image": ("boxes", "There is no image attached to your message."),
    "a description": ("boxes", "The truck is not red but white, near the upper left."),
    "an empty object": ("boxes", "{}"),
    "a point": ("boxes", '{"point_2d": [10, 20]}'),
    "three numbers": ("boxes", "[1, 2, 3]"),
    "texts": ("boxes", '["1", "2", "3", "4"]'),
    "truths": ("boxes", "[true, false, true, true]"),
    "not a number": ("boxes", "[NaN, 1, 2, 3]"),
    "infinity": ("boxes", "[0, 0, Infinity, 3]"),
    "no json": ("boxes", "[1, 2, 3, 4"),
    "code": ("boxes", "__import__('os').system('true') or [1, 2, '3', 4]"),
    "far away": ("boxes", "[0, 0, 10000000, 5]"),
    "beyond floats": ("boxes", "[0, 0, 1e999, 5]"),
    "beyond integers": ("boxes", f"[0, 0, {'9' * 400}, 5]"),
    "many digits": ("boxes", f"[0, 0, {'9' * 5000}, 5]"),
    "a box for a polygon": ("polygons", "[10, 20, 30, 40]"),
    "two points": ("polygons", '{"polygon": [[1, 2], [3, 4]]}'),
    "odd numbers": ("polygons", "[1, 2, 3, 4, 5, 6, 7]"),
    "a long no": ("boxes", "There is no issue. " * 40),
    "thought, not said": ("boxes", "<think>[1, 2, 3, 4]</think> I do not know."),
    "thought without end": ("boxes", "<think>maybe [1, 2, 3, 4]"),
}


@pytest.mark.parametrize(("kind", "text"), REFUSED.values(), ids=REFUSED)
def test_what_holds_no_shape_is_refused(kind: ShapeKind, text: str):
    with pytest.raises(MaskError) as caught:
        read_answer(text, kind, SIZE)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 150_000, id="deep"),
        pytest.param('{"a":' * 30_000, id="deep objects"),
        pytest.param("[1," * 60_000, id="unfinished"),
        pytest.param("({" * 90_000, id="brackets"),
        pytest.param("(1,1),(" * 25_000, id="pairs"),
        pytest.param("{<1><1><1>" * 15_000, id="angles"),
        pytest.param("```" * 60_000, id="fences"),
        pytest.param("<think>" * 25_000, id="thoughts"),
        pytest.param("there is no " * 15_000, id="noes"),
        pytest.param(" " * 190_000, id="blanks"),
        pytest.param("x" * 200_001, id="too long"),
        pytest.param(f"[{'[1,2,3,4],' * MAX_SHAPES}[1,2,3,4]]", id="too many"),
        pytest.param("(1,1),(2,2) " * (MAX_SHAPES + 1), id="too many pairs"),
        pytest.param("{<1><1><2><2>}" * (MAX_SHAPES + 1), id="too many angled"),
    ],
)
def test_texts_of_hostile_size_end_soon(text: str):
    started = time.monotonic()
    with pytest.raises(MaskError):
        read_answer(text, "boxes", SIZE)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[]", id="empty list"),
        pytest.param('{"boxes": []}', id="no boxes"),
        pytest.param('```json\n{"polygons": []}\n```', id="fenced"),
        pytest.param('{"bbox_2d": null}', id="null"),
        pytest.param("null", id="bare null"),
        pytest.param("None.", id="none"),
        pytest.param('{"no_target": true}', id="declared"),
        pytest.param('Sure! {"found": false}', id="not found"),
        pytest.param("There is no truck in this image.", id="sentence"),
        pytest.param("The airplane is not visible.", id="not visible"),
        pytest.param("The object cannot be found here.", id="cannot be found"),
        pytest.param("<think>[1,2,3,4]?</think>\n[]", id="after thought"),
    ],
)
@pytest.mark.parametrize("kind", ["boxes", "polygons"])
def test_no_target_is_an_answer(text: str, kind: ShapeKind):
    assert read_answer(text, kind, SIZE).rings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[10, 20, 30, 40]", [[10, 20, 30, 40]], id="bare"),
        pytest.param('{"boxes": [[10, 20, 30, 40]]}', [[10, 20, 30, 40]], id="as asked"),
        pytest.param(
            'Here it is:\n```json\n[{"bbox_2d": [10, 20, 30, 40], "label": "car"}]\n```\nBye [1]',
            [[10, 20, 30, 40]],
            id="fenced",
        ),
        pytest.param('so {"box": [30, 40, 10, 20]} is it', [[10, 20, 30, 40]], id="other corner"),
        pytest.param("[[10, 20], [30, 40]]", [[10, 20, 30, 40]], id="two points"),
        pytest.param('{"x1": 10, "y1": 20, "x2": 30, "y2": 40}', [[10, 20, 30, 40]], id="corners"),
        pytest.param(
            '[{"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}, {"xmin": 5, "ymin": 6, "xmax": 7, '
            '"ymax": 8}]',
            [[1, 2, 3, 4], [5, 6, 7, 8]],
            id="two of them",
        ),
        pytest.param(
            '{"scores": [1, 2, 3, 4], "boxes": [[10, 20, 30, 40]]}',
            [[10, 20, 30, 40]],
            id="what is named counts",
        ),
        pytest.param("(10, 20), (30, 40)", [[10, 20, 30, 40]], id="pairs"),
        pytest.param("[-5, 20.5, 30, 40]", [[-5, 20.5, 30, 40]], id="over the edge"),
        pytest.param(
            "<think>or [1, 1, 2, 2]</think>[10, 20, 30, 40]", [[10, 20, 30, 40]], id="thought"
        ),
    ],
)
def test_boxes(text: str, expected: list[list[float]]):
    assert boxes(text) == expected


@pytest.mark.parametrize(
    ("text", "scale", "expected", "decided"),
    [
        pytest.param("[0.1, 0.2, 0.5, 1]", "auto", [20, 20, 100, 100], "unit", id="fractions"),
        pytest.param("[0, 0, 1, 1]", "auto", [0, 0, 200, 100], "unit", id="all of it"),
        pytest.param("[0, 0, 1, 1]", "pixels", [0, 0, 1, 1], "pixels", id="one pixel"),
        pytest.param("[10, 20, 200, 100]", "auto", [10, 20, 200, 100], "pixels", id="to the edge"),
        pytest.param("[10, 20, 30, 101]", "auto", [2, 2, 6, 10.1], "thousand", id="beyond"),
        pytest.param("[10, 20, 30, 40]", "thousand", [2, 2, 6, 4], "thousand", id="told"),
        pytest.param("[10, 20, 30, 1001]", "auto", [10, 20, 30, 1001], "pixels", id="over 1000"),
        pytest.param("[10, 20, 30, 40]", "percent", [20, 20, 60, 40], "percent", id="percent"),
        pytest.param(
            "<|box_start|>(100,200),(300,400)<|box_end|>", "auto", [20, 20, 60, 40], "thousand",
            id="qwen",
        ),
        pytest.param(
            "<ref>it</ref><box>(10,20),(30,40)</box>", "auto", [2, 2, 6, 4], "thousand", id="old"
        ),
        pytest.param("{<10><20><30><40>}", "auto", [20, 20, 60, 40], "percent", id="geochat"),
        pytest.param("{<10><20><30><40>|<0>}", "auto", [20, 20, 60, 40], "percent", id="upright"),
        pytest.param(
            "{<40><40><60><44>|<90>}", "auto", [96, 32, 104, 52], "percent", id="turned"
        ),
    ],
)  # fmt: skip
def test_scales(text: str, scale: PolygonScale, expected: list[float], decided: str):
    read = read_answer(text, "boxes", SIZE, scale)
    assert [corners(ring) for ring in read.rings] == [expected]
    assert read.scale == decided


def test_the_scale_is_of_the_whole_answer():
    assert boxes("[[0, 0, 1, 1], [10, 20, 30, 40]]") == [[0, 0, 1, 1], [10, 20, 30, 40]]


TRIANGLE = [(10.0, 20.0), (30.0, 20.0), (30.0, 40.0)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param('{"polygons": [[[10, 20], [30, 20], [30, 40]]]}', 1, id="as asked"),
        pytest.param("[[10, 20], [30, 20], [30, 40]]", 1, id="bare"),
        pytest.param("[10, 20, 30, 20, 30, 40]", 1, id="flat"),
        pytest.param(
            '{"label": "a", "points": [{"x": 10, "y": 20}, {"x": 30, "y": 20}, '
            '{"x": 30, "y": 40}]}',
            1,
            id="objects",
        ),
        pytest.param('{"segmentation": [[10,20,30,20,30,40],[10,20,30,20,30,40]]}', 2, id="coco"),
    ],
)
def test_polygons(text: str, count: int):
    read = read_answer(text, "polygons", SIZE)
    assert [list(ring) for ring in read.rings] == [TRIANGLE] * count


@given(st.text(alphabet="[]{}<>(),.0123456789-|eE\"'`:xyboxnul \n", max_size=200))
def test_any_text_is_read_or_refused(text: str):
    for kind in ("boxes", "polygons"):
        try:
            read = read_answer(text, kind, SIZE)
        except MaskError:
            continue
        assert all(abs(v) <= 2e8 for ring in read.rings for point in ring for v in point)
