"""Boxes in texts: which are meant, what they hold, what their numbers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.box_scale import BoxNumbers
from pairlens.importers.boxes import (
    NO_AREA,
    NO_SIZE,
    OUT_OF_RANGE,
    UNPARSABLE,
    Corners,
    bounds,
    fault_of,
    find_boxes,
    find_corners,
    turn_boxes,
)

SHIP = (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    "text",
    [
        "There are 4 ships, 2 docks and 1 crane.",
        "between [1] and [2], as shown in [12, 15]",
        "the point (0.5, 0.5) lies at [0.5, 0.5]",
        "[a, b, c, d]",
        "[one, 0.2, 0.3, 0.4, five]",
        "(see the pier, left), (right)",
        "(1, 2) and then (3, 4)",
        "<image>\nWhat is in {this} picture?",
        "a set {1, 2, 3, 4}",
        "<b>bold</b> <boxer>",
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        "2021-03-04, 12:30",
        "",
    ],
    ids=ascii,
)
def test_other_numbers_are_no_boxes(text: str):
    assert find_boxes(text) == []


@pytest.mark.parametrize(
    ("text", "corners"),
    [
        ("[0.1, 0.2, 0.3, 0.4]", SHIP),
        ("It is at [ .1,0.20 ,\n0.3,4e-1 ].", SHIP),
        ("[[0.1, 0.2, 0.3, 0.4]]", SHIP),
        ("{<10><20><30><40>}", (10, 20, 30, 40)),
        ("{ <10> <20> <30> <40> }", (10, 20, 30, 40)),
        ("{<10><20><30><40>|<90>}", (10, 20, 30, 40)),
        ("(10,20),(30,40)", (10, 20, 30, 40)),
        ("( 10, 20 ) (30, 40)", (10, 20, 30, 40)),
        ("<box>(10,20),(30,40)</box>", (10, 20, 30, 40)),
        ("<box>[10, 20, 30, 40]</box>", (10, 20, 30, 40)),
        ("<box>10 20 30 40</box>", (10, 20, 30, 40)),
        ("<box><10><20><30><40></box>", (10, 20, 30, 40)),
        ("<|box_start|>(10,20),(30,40)<|box_end|>", (10, 20, 30, 40)),
        ("[-5, 0, 1200, 40]", (-5, 0, 1200, 40)),
    ],
    ids=ascii,
)
def test_forms(text: str, corners: Corners):
    (found,) = find_boxes(text)
    assert found.corners == pytest.approx(corners)
    assert text[found.start :].startswith(found.text)


@pytest.mark.parametrize(
    "text",
    [
        "[0.1, 0.2, 0.3]",
        "[0.1, 0.2, 0.3, 0.4, 0.5]",
        "[0.1, 0.2, left, 0.4]",
        "it is at [0.1, 0.2, 0.3",
        "[1e999, 0, 1, 1]",
        "{<10><20><30>}",
        "{<ten><20><30><40>}",
        "<box></box>",
        "<box>(10,20)</box>",
        "<box>upper left</box>",
        "<box>(10,20),(30,40)",
        "<|box_start|>(10,20)<|box_end|>",
        "(1,2),(3,4),(5,6),(7,8)",
    ],
    ids=ascii,
)
def test_what_was_meant_for_a_box(text: str):
    faults = [fault_of(found.corners, (1000, 1000)) for found in find_boxes(text)]
    expected = [""] if text.endswith("(30,40)") and "<box>" in text else [UNPARSABLE]
    assert faults == expected


@pytest.mark.parametrize(
    ("text", "asked", "labels"),
    [
        ("[1, 2, 3, 4]", "", [""]),
        ("[1, 2, 3, 4]", "Where is the ship?", [""]),
        ("[1, 2, 3, 4]", "<p>a</p> or <p>b</p>?", [""]),
        ("[1, 2, 3, 4]", "Give the box of <p>the ship</p>.", ["the ship"]),
        ("<p>ship</p>{<1><2><3><4>}", "", ["ship"]),
        ("<p> red ship </p> {<1><2><3><4>}<delim>{<5><6><7><8>}", "", ["red ship"] * 2),
        ("<ref>a</ref><box>(1,2),(3,4)</box> <ref>b</ref><box>(1,2),(3,4)</box>", "", ["a", "b"]),
        ("<p>ship</p> [1, 2, 3, 4] and [5, 6, 7, 8]. Then [9, 9, 9, 9]", "", ["ship"] * 2 + [""]),
        ("<p>a</p> near <p>b</p>: [1, 2, 3, 4]", "", ["b"]),
        ("<|object_ref_start|>c<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>", "", ["c"]),
        ("[1, 2, 3, 4] <p>late</p>", "<p>asked</p>", ["asked"]),
    ],
)
def test_labels(text: str, asked: str, labels: list[str]):
    assert [found.label for found in find_boxes(text, asked)] == labels


def test_a_turn_has_the_boxes_of_its_question_and_answers():
    found = turn_boxes("What is in <p>area</p> [1, 2, 3, 4]?", ["[5, 6, 7, 8]", "nothing"])
    assert [box.label for box in found] == ["area", "area"]


@given(st.text(st.sampled_from("[](){}<>|,.-+e0129 box_/startendpref\n"), max_size=80))
def test_any_text_can_be_searched(text: str):
    for found in find_boxes(text, text):
        assert text[found.start :].startswith(found.text)
        assert found.corners is None or len(found.corners) == 4


@pytest.mark.parametrize("part", ["[1,", "<box>", "{<1>", "(1,2),", "<p>", "[1, 2, 3", "<box><1>"])
def test_long_hostile_texts_take_no_long(part: str):
    assert isinstance(find_boxes(part * 20_000), list)  # quadratic time would never end


SHARES = st.tuples(*[st.floats(0, 1)] * 4)


@given(SHARES, st.sampled_from(["[{}, {}, {}, {}]", "{{<{}><{}><{}><{}>}}", "({},{}),({},{})"]))
def test_what_is_written_is_read(corners: Corners, form: str):
    (found,) = find_boxes(form.format(*corners))
    assert found.corners == corners


@pytest.mark.parametrize(
    ("corners", "full", "fault"),
    [
        ((0, 0, 1, 1), (1, 1), ""),
        ((0, 0, 100, 50), (100, 50), ""),
        ((0, 0, 100, 50), (100, 49), OUT_OF_RANGE),
        ((-0.1, 0, 1, 1), (1, 1), OUT_OF_RANGE),
        ((0.5, 0, 0.5, 1), (1, 1), NO_AREA),
        ((0, 0.6, 1, 0.5), (1, 1), NO_AREA),
        ((0, 0, 1, 1), None, NO_SIZE),
        (None, (1, 1), UNPARSABLE),
    ],
)
def test_faults(corners: Corners | None, full: tuple[float, float] | None, fault: str):
    assert fault_of(corners, full) == fault


def test_bounds_are_shares():
    assert bounds((10, 20, 30, 60), (100, 200)) == pytest.approx((0.1, 0.1, 0.2, 0.2))


def decided(boxes: list[Corners], size: tuple[int, int] | None = None) -> tuple[str, str]:
    numbers = BoxNumbers()
    for number, corners in enumerate(boxes):
        numbers.add(corners, f"{number}.jpg")
    return numbers.decide(lambda image: size)


@pytest.mark.parametrize(
    ("boxes", "size", "scale"),
    [
        pytest.param([SHIP], (256, 256), "unit", id="shares"),
        pytest.param([(0, 0, 1, 1)], None, "unit", id="the whole image"),
        pytest.param([SHIP] * 19 + [(1, 2, 300, 4)], None, "unit", id="one mistake"),
        pytest.param([(0, 0, 100, 99)], (800, 800), "percent", id="percent"),
        pytest.param([(1, 2, 60, 99)] * 9 + [SHIP], None, "percent", id="small shares"),
        pytest.param([(1, 2, 60, 63)], (64, 64), "pixels", id="within tiny images"),
        pytest.param([(1, 2, 60, 99)], (64, 64), "percent", id="beyond tiny images"),
        pytest.param([(1, 2, 60, 99)] * 19 + [(1, 2, 3, 400)], (512, 512), "pixels", id="far too"),
        pytest.param([(1, 2, 60, 99)] * 19 + [(1, 2, 3, 600)], (512, 512), "percent", id="slip"),
        pytest.param([(1, 2, 900, 1000)], None, "thousand", id="no images"),
        pytest.param([(1, 2, 900, 1000)], (800, 800), "thousand", id="beyond the images"),
        pytest.param([(1, 2, 700, 790)], (800, 800), "pixels", id="within small images"),
        pytest.param([(1, 2, 700, 790)], (4000, 4000), "thousand", id="within large images"),
        pytest.param([(1, 2, 700, 790)] * 19 + [(1, 2, 3, 3900)], (4000, 4000), "pixels", id="4k"),
        pytest.param([(1, 2, 3000, 1790)], None, "pixels", id="beyond thousandths"),
        pytest.param([(-500, 0, 10, 10)], None, "thousand", id="negative"),
    ],
)
def test_scales(boxes: list[Corners], size: tuple[int, int] | None, scale: str):
    assert decided(boxes, size)[0] == scale


def test_the_evidence_is_told():
    assert decided([(1, 2, 700, 790)] * 3, (800, 800))[1] == (
        "3 boxes with numbers up to 790 are read as pixels; "
        "3 of 3 looked at lie within their image's pixels"
    )
    assert "no image is there to tell pixels by" in decided([(1, 2, 700, 790)])[1]


@pytest.mark.parametrize(
    ("boxes", "size", "in_doubt"),
    [
        ([(1, 2, 60, 99)] * 20, (800, 800), False),
        ([(1, 2, 60, 99)] * 19, (800, 800), True),
        ([(1, 2, 60, 40)] * 20, (800, 800), True),
        ([(1, 2, 60, 40)] * 3, None, True),
        ([(1, 2, 60, 99)] * 3, (64, 64), False),
        ([(1, 2, 700, 990)] * 3, (512, 512), False),
        ([(1, 2, 700, 990)] * 3, (2000, 2000), True),
        ([(1, 2, 60, 63)] * 3, (64, 64), False),
        ([SHIP] * 3, (800, 800), False),
    ],
)
def test_few_boxes_are_told_that_may_be_pixels(
    boxes: list[Corners], size: tuple[int, int] | None, in_doubt: bool
):
    numbers = BoxNumbers()
    for number, corners in enumerate(boxes):
        numbers.add(corners, f"{number}.jpg")
    numbers.decide(lambda image: size)
    assert numbers.in_doubt == in_doubt


@pytest.mark.parametrize(
    ("text", "form", "corners"),
    [
        ('{"bbox_2d": [10, 20, 30, 40]}', "list", (10, 20, 30, 40)),
        ("box_2d: [10, 20, 30, 40]", "list", (10, 20, 30, 40)),
        ('```json\n[{"box_2d": [20, 10, 40, 30], "label": "ship"}]', "box_2d", (10, 20, 30, 40)),
        ("{'box_2d': [20, 10, 40, 30]}", "box_2d", (10, 20, 30, 40)),
    ],
)
def test_under_the_key_of_gemini_y_stands_first(text: str, form: str, corners: tuple[int, ...]):
    (box,) = find_boxes(text)
    assert (box.form, box.corners) == (form, corners)
    assert find_corners(text) == [(form, corners)]
