"""Checks of class, number, size, shape and leaked coordinates against the mask."""

from __future__ import annotations

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from tests.unit.subjects import SOUND, box, ellipse, issues, mask, subject

ROUND, LONG = ellipse(256, 256, 30, 30), ellipse(256, 256, 60, 12)

FINE = [
    ("fragmented_mask", "the car", {"components": 2, "largest": 0.6}, "cut in two"),
    ("fragmented_mask", "the car", {"components": 5, "largest": 0.95}, "crumbs"),
    ("fragmented_mask", "the cars", {"components": 9, "largest": 0.2}, "several asked for"),
    ("fragmented_mask", "car", {"components": 9, "largest": 0.2}, "a bare class"),
    ("fragmented_mask", "the road", {"components": 9, "largest": 0.2}, "roads go on"),
    ("fragmented_mask", "the low vegetation", {"components": 9, "largest": 0.2}, "a mass"),
    ("fragmented_mask", "the parking lot", {"components": 9, "largest": 0.2}, "a lot"),
    ("count_conflict", "the car", {"components": 3}, "one"),
    ("count_conflict", "two cars", {"components": 2}, "two"),
    ("count_conflict", "two cars", {"components": 4}, "each cut in two"),
    ("count_conflict", "four cars", {"components": 2}, "some touch"),
    ("count_conflict", "several cars", {"components": 2}, "several"),
    ("count_conflict", "vehicle", {"components": 7}, "a bare class"),
    ("count_conflict", "the car next to two trucks", {"components": 1}, "of others"),
    ("count_conflict", "roads", {"components": 1}, "roads that meet"),
    ("count_conflict", "the train cars", {"components": 1}, "coupled"),
    ("count_conflict", "the two large buildings", {"components": 1}, "side by side"),
    ("count_conflict", "two cars", {"components": 1, "area": 20}, "too small to tell"),
    ("coordinate_conflict", "the car", {}, "no coordinates"),
]


@pytest.mark.parametrize(
    ("check", "phrase", "stats"), [pytest.param(*row[:3], id=row[3]) for row in FINE]
)
def test_no_conflict(check: str, phrase: str, stats: dict) -> None:
    changes = {f"stats_{name}": value for name, value in stats.items()}
    assert issues(check, subject(phrase=phrase, **changes)) == []


@pytest.mark.parametrize(
    "check", ["fragmented_mask", "count_conflict", "shape_conflict", "truncated_target"]
)
def test_without_a_mask_there_is_no_conflict(check: str) -> None:
    phrase = "two round cars"
    assert issues(check, subject(phrase=phrase, no_target=True)) == []
    assert issues(check, subject(phrase=phrase, stats_error="unreadable")) == []
    assert issues(check, subject(phrase=phrase, stats_area=0, stats_components=0)) == []


def test_fragmented() -> None:
    few = subject(phrase="the car", stats_components=3, stats_largest=0.7)
    many = subject(phrase="the car", stats_components=8, stats_largest=0.3)
    (mild,), (plain,) = issues("fragmented_mask", few), issues("fragmented_mask", many)
    assert plain.score < mild.score < 0.6
    assert plain.note == "query asks for one object; the mask has 8 parts, the largest 30 % of it"
    assert issues("fragmented_mask", few, min_parts=4) == []


def test_speckle_whatever_the_query() -> None:
    (issue,) = issues("fragmented_mask", subject(phrase="vegetation", stats=mask(1000)))
    assert issue.note.startswith("the mask is speckle: ")


@pytest.mark.parametrize(
    ("phrase", "parts", "score", "severity"),
    [
        ("the two cars", 1, 0.35, "info"),
        ("a pair of planes", 1, 0.35, "info"),
        ("several ships", 1, 0.5, None),
        ("the storage tanks", 1, 0.5, None),
        ("the two cars", 9, 0.14, None),
        ("eight cars", 3, 0.23, "info"),
        ("the large airplanes", 1, 0.5, None),
    ],
)
def test_count_conflict(phrase: str, parts: int, score: float, severity: str | None) -> None:
    (issue,) = issues("count_conflict", subject(phrase=phrase, stats_components=parts))
    assert issue.severity == severity
    assert issue.score == pytest.approx(score, abs=0.02)
    assert ("one part" if parts == 1 else f"{parts} parts") in issue.note


@pytest.mark.parametrize(
    ("phrase", "stats"),
    [
        ("the round tank", ROUND),
        ("the elongated ship", LONG),
        ("the rectangular building", box(100, 100, 80, 40)),
        ("the rectangular building", SOUND),
        ("the square house", box(100, 100, 60, 50)),
        ("the car with round wheels", LONG),
        ("the long and round tank", ROUND),
        ("the round tanks", mask(1000)),
        ("the round tank", box(0, 100, 200, 20)),
        ("the round tank", box(100, 100, 20, 5)),
        ("the irregular field", LONG),
        ("the truck with a long body", ROUND),
        ("the truck that has a long, rectangular trailer bed", ROUND),
        ("the vehicle featuring a long flat roof", ROUND),
        ("the loader, recognized by its round wheels", LONG),
        ("the car with circular headlights and a square cab", LONG),
        ("the round cylindrical tank with a visible side", LONG),
        ("the circular lattice tower", LONG),
        ("the white, square-shaped vehicle", ellipse(256, 256, 60, 15)),
        ("the boxy truck", box(100, 100, 80, 30)),
        ("the blocky square building", box(100, 100, 70, 30)),
        ("the narrow shed", ROUND),
        ("the longest ship", ROUND),
    ],
)
def test_shapes_that_fit(phrase: str, stats) -> None:
    assert issues("shape_conflict", subject(phrase=phrase, stats=stats)) == []


@pytest.mark.parametrize(
    ("phrase", "stats", "says"),
    [
        ("the round tank", LONG, "'round'; the mask is 4.98 times as long as wide"),
        ("the square house", LONG, "'square'; the mask is 4.98 times"),
        ("the elongated ship", ROUND, "'elongated'; the mask is 1.00 times"),
        ("the ship which is white and long", ROUND, "'long'; the mask is 1.00 times"),
        ("the tank with a circular, white outline", LONG, "'circular'; the mask is 4.98"),
        ("the triangular lawn", box(100, 100, 80, 60), "'triangular'; the mask fills 100 %"),
        ("the L-shaped building", box(100, 100, 80, 60), "'L-shaped'; the mask fills 100 %"),
    ],
)
def test_shape_conflict(phrase: str, stats, says: str) -> None:
    (issue,) = issues("shape_conflict", subject(phrase=phrase, stats=stats))
    assert says in issue.note and issue.score < 0.6


def test_plain_shapes_are_surer() -> None:
    mild, plain = ellipse(256, 256, 50, 20), ellipse(256, 256, 100, 20)
    scores = [issues("shape_conflict", subject(phrase="the round tank", stats=s))[0].score
              for s in (plain, mild)]  # fmt: skip
    assert scores[0] < scores[1]


CAR = box(100, 200, 60, 40)


@pytest.mark.parametrize(
    "phrase",
    [
        "the car at [100, 200, 60, 40]",
        "the car at [100, 200, 160, 240]",
        "the car at [160, 240, 100, 200]",
        "the car at [0.195, 0.39, 0.3125, 0.469]",
        "the car at [195, 390, 312, 468]",
        "the car at [20, 39, 31, 47]",
        "the car at (130, 220)",
        "the car at x=130",
        "the car at [98, 205, 66, 45]",
    ],
)
def test_coordinates_of_the_mask(phrase: str) -> None:
    assert issues("coordinate_conflict", subject(phrase=phrase, stats=CAR)) == []


@pytest.mark.parametrize(
    "phrase",
    ["the car at [400, 20, 60, 40]", "the car at [0.8, 0.1, 0.9, 0.2]", "the car at (450, 30)"],
)
def test_coordinates_of_another_place(phrase: str) -> None:
    (issue,) = issues("coordinate_conflict", subject(phrase=phrase, stats=CAR))
    assert "the mask's box is [100, 200, 60, 40] (x, y, w, h)" in issue.note
    assert issue.score < 0.5


def cars(areas: list[int], phrase: str = "the white car") -> list[Sample]:
    return [subject(f"gres/train/{i}#0", phrase=phrase, stats_area=a) for i, a in enumerate(areas)]


def test_size_words_that_fit() -> None:
    usual = cars(list(range(100, 200)))
    for phrase, area in (("the small car", 90), ("the large car", 900), ("the large car", 80),
                         ("the large car with small wheels", 10_000), ("the car", 9),
                         ("the small car beside the large truck", 30)):  # fmt: skip
        assert issues("size_conflict", [*usual, *cars([area], phrase)]) == []
    cut = subject("gres/val/b#0", phrase="the huge car", stats_area=12, stats_border="r")
    assert issues("size_conflict", [*usual, cut]) == []
    few = cars([100] * 10) + cars([9000], "the small car")
    assert issues("size_conflict", few) == []


def test_size_conflict() -> None:
    pairs = cars(list(range(100, 200)))
    pairs += [subject("gres/val/a#0", phrase="the small car", stats_area=9000),
              subject("gres/val/b#0", phrase="the huge car", stats_area=12)]  # fmt: skip
    small, large = issues("size_conflict", pairs)
    assert (small.key, large.key) == ("gres/val/a#0", "gres/val/b#0")
    assert small.note.startswith("query says 'small'; the mask has 9000 pixels, larger than ")
    assert "called car" in large.note
    assert small.score < large.score
