"""The words of queries: places, colors, sizes and coordinates."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.checks.base import CHECKS, Sample
from pairlens.fiftyone_plugin.language import (
    Region,
    classes,
    colors,
    combine,
    coordinates,
    counts,
    places,
    shapes,
    sizes,
)
from pairlens.fiftyone_plugin.language import vocabulary as v
from tests.unit.language_cases import GRES_NO_PLACE, GRES_PLACES, NO_PLACE, PLACES
from tests.unit.subjects import issues

Row = tuple[str, str]


def rows(*blocks: str) -> list[Row]:
    """The (query, expected) lines of blocks."""
    lines = [line for block in blocks for line in block.splitlines() if line]
    parts = (line.partition("=>") for line in lines)
    return [(query.strip(), want.strip()) for query, _, want in parts]


def named(query: str) -> str:
    """The places of a query as the tables write them."""
    return "+".join(place.name + "~" * place.hedged for place in places(query))


@pytest.mark.parametrize("query", [query for query, _ in rows(GRES_NO_PLACE, NO_PLACE)])
def test_no_place(query: str) -> None:
    assert named(query) == ""


@pytest.mark.parametrize(("query", "want"), rows(GRES_PLACES, PLACES))
def test_places(query: str, want: str) -> None:
    assert named(query) == want


def test_quoted_queries_are_in_gres(shared_data: Path) -> None:
    published = set()
    for path in (shared_data / "gres" / "gres_annotations").glob("*/*.json"):
        published.update(json.loads(path.read_bytes().decode("utf-8", "replace"))["text"])
    quoted = {query for query, _ in rows(GRES_NO_PLACE, GRES_PLACES, GRES_COLORS, GRES_SIZES)}
    assert quoted - published == set()


@pytest.mark.parametrize(
    ("query", "region"),
    [
        ("the car in the top-left of the image", Region(0, 0, 0.5, 0.5)),
        ("the car on the right side of the image", Region(0.5, 0, 1, 1)),
        ("the car in the center of the image", Region(0.335, 0.335, 0.665, 0.665)),
        ("the car near the center of the image", Region(0.15, 0.15, 0.85, 0.85)),
        ("the car at the bottom center of the image", Region(0.335, 0.5, 0.665, 1)),
        ("the car at the center-right of the image", Region(0.5, 0.335, 1, 0.665)),
        ("the car in the left third of the image", Region(0, 0, 1 / 3, 1)),
        ("the upper two thirds of the image", Region(0, 0, 1, 2 / 3)),
        ("the road along the bottom edge of the image", Region(0, 2 / 3, 1, 1)),
        ("the car to the left of the center of the image", Region(0, 0.335, 0.5, 0.665)),
        ("the car slightly left of the center", Region(0.05, 0.235, 0.51, 0.765)),
        ("the car near the top left of the image", Region(0, 0, 0.51, 0.51)),
        ("the car near the left edge of the image", Region(0, 0, 1 / 3 + 0.1, 1)),
        ("the car on the left side, towards the bottom", Region(0, 0.49, 0.5, 1)),
        ("the car in the top left of the image near the center", Region(0.15, 0.15, 0.5, 0.5)),
        ("a car in the top left, or in the bottom right", Region(0, 0, 1, 1)),
    ],
)
def test_region(query: str, region: Region) -> None:
    combined = combine(place.region for place in places(query))
    assert combined is not None
    got = (combined.x0, combined.y0, combined.x1, combined.y1)
    assert got == pytest.approx((region.x0, region.y0, region.x1, region.y1))


def test_combine_nothing() -> None:
    assert combine([]) is None


@pytest.mark.parametrize(
    ("xs", "ys", "excess"),
    [
        pytest.param([0.1] * 5, [0.2] * 5, 0.0, id="inside"),
        pytest.param([0.5] * 5, [0.5] * 5, 0.0, id="on the border"),
        pytest.param([0.8] * 5, [0.2] * 5, 0.3, id="small, beside"),
        pytest.param([0.8] * 5, [0.9] * 5, 0.5, id="small, opposite corner"),
        pytest.param([0.1, 0.3, 0.5, 0.7, 0.9], [0.2] * 5, 0.04, id="large, half inside"),
        pytest.param([], [], 0.0, id="no mask"),
    ],
)
def test_excess_of_a_mask(xs: list[float], ys: list[float], excess: float) -> None:
    assert Region(0, 0, 0.5, 0.5).excess_of(xs, ys) == pytest.approx(excess)


NO_COLOR = """
the whitewashed house
greenery along the road
the redoubt
the car in front of the red building
the car against a brown background
the house next to a green field
the plane on the gray tarmac
the car to the right of the white truck
the building surrounded by a red track
"""

COLORS = """
the RED car => red
the blue-roofed house => blue
the grey truck => gray
a bluish pool => blue
the silver tank, near the white building => gray
the white van next to the black car, with a red stripe => white red
the car in the image that is green => green
a green field to the right => green
the car with a green field to the right =>
the boat on the blue sea =>
"""

GRES_COLORS = """\
Find the red automobile with the glossy finish and a noticeable form. => red
Spot the car with a dark upper section and a red-colored body in front of a brown background. => red
Find the sizable gray circle bordered by green and brown surroundings. => gray
Search for the car that features a distinctive pink tint and a bold, round appearance. => pink
Spot the facility by looking for the orange rectangular areas near the blue-roofed building. => orange
Find the rust-colored building encircled by darker, rugged land in the photo. => brown
Find the stretched brown truck with a white cab as it rests on the gray road. => brown white
Find the small, dark plane that has a T-shaped figure standing out against the brown background. =>
Look for the truck that has a white long form set against a dark backdrop. => white
Identify the building with a red roof and a white section in the center. => red white
Locate the structure that is rectangular with a flat roof, characterized by unique grey and white hues. => gray white
Find the ship characterized by a white hull, a pointed front, and a dark deck in the water. => white
"""  # noqa: E501

NO_SIZE = """
the car with large windows
the car next to the large building
the truck a little higher than the center
the bus with tiny wheels
the car to the left of the bigger trucks
smallholding
"""

SIZES = """
the small car => small
the Large, flat building => large
a tiny white boat with big engines => small
the medium-sized truck => medium
the truck with a large body => large
the biggest tank => large
"""

GRES_SIZES = """\
Locate the large blue truck with a distinct rectangular cargo area and prominent headlights. => large
Identify the truck with a high, open bed and massive wheels designed for transporting heavy loads. =>
Find the little boat situated in the bottom-right area of the image. => small
Find the truck that has a big, rectangular, yellow body and stands out with its prominent wheels, often located on dirt or gravel surfaces. => large
Locate the pylon placed slightly above the central point of the photo. =>
Locate the dozer that is situated a little higher than the image's center. =>
Search for the truck by locating the smaller, darker vehicle that is situated to the right of the bigger white trucks. => small
Spot the yellow truck featuring a flat bed and giant wheels meant for transporting substantial weights. =>
"""  # noqa: E501


@pytest.mark.parametrize(("query", "want"), rows(NO_COLOR, COLORS, GRES_COLORS))
def test_colors(query: str, want: str) -> None:
    assert " ".join(word.value for word in colors(query)) == want


@pytest.mark.parametrize(("query", "want"), rows(NO_SIZE, SIZES, GRES_SIZES))
def test_sizes(query: str, want: str) -> None:
    assert " ".join(word.value for word in sizes(query)) == want


NO_COORDINATES = [
    "Find the structure with white letters displaying 'Gasol' and '20', between two streets.",
    "Identify the car in the center of the image at the specified coordinates.",
    "Identify the truck in the lower-right corner using the designated bounding box.",
    "3 boats and two piers",
    "the roof of 1,200 square metres (1,200)",
    "a stadium (built 2019, 2020)",
    "trucks (1, 2, 3) in a row",
    "Route 66 and the 401",
    "Routes 10, 12, 14, 16",
    "a 3x4 grid of tanks at 45 degrees",
    "box 3 of 12",
    "tax=5",
    "the [red] car (left)",
    "Terminal 2, Gate 14",
]

COORDINATES = [
    ("within the bounding box coordinates [188, 116, 25, 16]", ["188 116 25 16"]),
    ("the point (195, 435)", ["195 435"]),
    ("the car at (195,435)", ["195 435"]),
    ("at x=12, y=40", ["12", "40"]),
    ("x1: 3.5 y1: 4", ["3.5", "4"]),
    ("coordinates: 188, 116, 25, 16", ["188 116 25 16"]),
    ("<box>(12,40),(50,60)</box>", ["", "12 40", "50 60", ""]),
    ("{<12><40><50><60>}", ["12 40 50 60"]),
    ("[0.1 0.2 0.3 0.4]", ["0.1 0.2 0.3 0.4"]),
    ("<loc0123>", [""]),
]


@pytest.mark.parametrize("query", NO_COORDINATES)
def test_no_coordinates(query: str) -> None:
    assert coordinates(query) == ()


@pytest.mark.parametrize(("query", "want"), COORDINATES)
def test_coordinates(query: str, want: list[str]) -> None:
    assert [word.value for word in coordinates(query)] == want


Finder = Callable[[str], tuple[Any, ...]]
FINDERS: list[Finder] = [places, colors, sizes, coordinates, classes, counts, shapes]
_WORDS = sorted({*v.VERTICAL, *v.HORIZONTAL, *v.CENTER, *v.BRIDGE, *v.RELATION, *v.AREA, *v.FRAME})
_SENTENCES = st.lists(
    st.sampled_from(
        [
            *_WORDS,
            *v.COLOR,
            *v.SIZE,
            "image's",
            "truck",
            "find",
            "two",
            "round",
            ",",
            ".",
            "-",
            "[1, 2]",
        ]
    )
).map(" ".join)


@pytest.mark.parametrize("find", FINDERS)
@given(query=st.text() | _SENTENCES)
def test_spans_index_the_query(find: Finder, query: str) -> None:
    found = find(query)
    assert all(query[word.start : word.end] == word.text != "" for word in found)
    spans = [(word.start, word.end) for word in found]
    assert spans == sorted(spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@given(query=_SENTENCES)
def test_regions_lie_in_the_image(query: str) -> None:
    for place in places(query):
        region = place.region
        assert 0 <= region.x0 < region.x1 <= 1
        assert 0 <= region.y0 < region.y1 <= 1


@pytest.mark.parametrize("find", FINDERS)
@pytest.mark.parametrize(
    "piece", ["a", " ", "-", "[1 ", "top of the ", "near ", "(1,", "x= ", "'s ", "left ", "<1>"]
)
def test_long_texts_take_no_longer_per_character(find: Finder, piece: str) -> None:
    started = time.process_time()
    find(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 5


@pytest.mark.parametrize("phrase", ["car", "3", "der See", "汽车", "¿qué?", "é"])
def test_empty_query_leaves_words_alone(phrase: str) -> None:
    assert issues("empty_query", Sample("k", "i", "train", phrase)) == []


@pytest.mark.parametrize("phrase", ["", " ", "\t\n", "...", "\u200b\ufeff", "?!", "\u00a0-", "'"])
def test_empty_query(phrase: str) -> None:
    (issue,) = issues("empty_query", Sample("k", "i", "train", phrase))
    assert issue.score == 0
    assert issue.note.isascii()
    assert CHECKS["empty_query"].severity == "error"


def test_coordinate_leak_quotes_what_it_found() -> None:
    box, point = "the bus at [188, 116, 25, 16]", "the bus at (188, 116)"
    (surer,) = issues("coordinate_leak", Sample("k", "i", "train", box))
    (other,) = issues("coordinate_leak", Sample("k", "i", "train", point))
    assert surer.note == "the query holds coordinates: [188, 116, 25, 16]"
    assert surer.score < other.score
    assert issues("coordinate_leak", Sample("k", "i", "train", "the bus")) == []
