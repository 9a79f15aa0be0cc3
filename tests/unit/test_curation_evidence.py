"""Words that a finding is about, and shapes that it rests on."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.curation.highlights import KINDS, finding_shapes, marked, mask_shapes
from pairlens.importers.mask_stats import MaskStats

STATS = MaskStats(200, 100, 50, 0, (20, 10, 40, 20), (40.0, 20.0))


def test_every_check_that_points_at_words_is_a_check() -> None:
    assert set(KINDS) <= set(CHECKS)


@pytest.mark.parametrize(
    ("query", "findings"),
    [
        pytest.param("", [("position_conflict", "")], id="empty"),
        pytest.param("the red car", [], id="no finding"),
        pytest.param("the red car in the top left corner", [("tiny_mask", "")], id="no words"),
        pytest.param("the car", [("position_conflict", "")], id="nothing said"),
        pytest.param("a car", [("boilerplate", "it says 'sorry'")], id="edited since"),
        pytest.param("a car", [("boilerplate", "no quote")], id="no quote"),
        pytest.param("a ' car", [("somebody's own", "'a'")], id="unknown check"),
    ],
)
def test_nothing_is_marked_where_no_word_is_meant(
    query: str, findings: list[tuple[str, str]]
) -> None:
    assert marked(query, findings) == []


@pytest.mark.parametrize(
    ("query", "check", "note", "words"),
    [
        ("the red car in the top left corner", "position_conflict", "", ["top left corner"]),
        ("the red car in the top left corner", "color_conflict", "", ["red"]),
        ("the two small cars", "count_conflict", "", ["two"]),
        ("the small house", "size_conflict", "", ["small", "house"]),
        ("car at [188, 116, 25, 16]", "coordinate_leak", "", ["[188, 116, 25, 16]"]),
        ("I'm sorry, I cannot", "boilerplate", "a refusal: 'I'm sorry'", ["I'm sorry"]),
        ("x" * 70 + " here", "boilerplate", f"words: '{'x' * 60} ...'", ["x" * 60]),
    ],
)
def test_the_words_of_a_finding_are_marked(
    query: str, check: str, note: str, words: list[str]
) -> None:
    found = marked(query, [(check, note)])
    assert [one["text"] for one in found] == words
    assert all(one["checks"] == [check] for one in found)


def test_positions_are_those_of_a_browser_and_marks_do_not_overlap() -> None:
    query = "🛰 the <b>red</b> car in the top left corner"
    findings = [("position_conflict", ""), ("color_conflict", ""), ("swapped_pair", "")]
    found = marked(query, findings)
    units = query.encode("utf-16-le")
    for one in found:
        assert units[2 * one["start"] : 2 * one["end"]].decode("utf-16-le") == one["text"]
    assert all(a["end"] <= b["start"] for a, b in pairwise(found))
    place = next(one for one in found if one["kind"] == "place")
    assert place["checks"] == ["position_conflict", "swapped_pair"]


def test_an_empty_mask_has_no_shapes() -> None:
    assert mask_shapes(MaskStats()) == mask_shapes(MaskStats(200, 100)) == []


def test_box_and_centre_are_fractions_of_the_image() -> None:
    box, center = mask_shapes(STATS)
    assert (box["x"], box["y"], box["w"], box["h"]) == (0.1, 0.1, 0.2, 0.2)
    assert (center["x"], center["y"], center["role"]) == (0.2, 0.2, "mask_center")


@pytest.mark.parametrize(
    ("check", "query"),
    [
        ("tiny_mask", "in the top left corner"),
        ("position_conflict", "the car"),
        ("coordinate_leak", "the car"),
        ("coordinate_leak", "the car at x=12"),
    ],
)
def test_findings_that_lie_nowhere_draw_nothing(check: str, query: str) -> None:
    assert finding_shapes(check, query, STATS) == []


def test_a_named_place_is_drawn_with_its_soft_edge() -> None:
    [shape] = finding_shapes("position_conflict", "the car in the top left corner", STATS)
    assert (shape["role"], shape["x"], shape["y"]) == ("named_region", 0.0, 0.0)
    assert 0 < shape["w"] < 1 and 0 < shape["h"] < 1 and shape["soft"] > 0
    assert "left" in shape["label"]


@pytest.mark.parametrize(
    "numbers", ["[20, 10, 40, 20]", "[20, 10, 60, 30]", "[100, 100, 200, 200]"]
)
def test_leaked_boxes_are_drawn_as_they_fit_best(numbers: str) -> None:
    # In pixels as width and height or as corners, and in thousandths.
    [shape] = finding_shapes("coordinate_conflict", f"the car at {numbers}", STATS)
    assert [round(shape[name], 2) for name in "xywh"] == [0.1, 0.1, 0.2, 0.2]
    assert shape["label"] == numbers


def test_coordinates_outside_the_image_are_drawn_at_its_edge() -> None:
    [shape] = finding_shapes("coordinate_leak", "at [5000, -20, 9000, 3000]", STATS)
    assert all(0 <= shape[name] <= 1 for name in "xywh")
    [point] = finding_shapes("coordinate_leak", "the point (5000, 50)", STATS)
    assert (point["type"], point["x"], point["y"]) == ("point", 1.0, 0.5)
