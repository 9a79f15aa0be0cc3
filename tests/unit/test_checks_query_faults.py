"""Checks of queries that are no request for a mask, or describe what no mask can be of."""

from __future__ import annotations

import pytest

from tests.unit.subjects import issues, subject

SLIVER = {"stats_box": (505, 100, 7, 69), "stats_border": "r"}


@pytest.mark.parametrize(
    ("check", "phrase", "note"),
    [
        ("request_form", "Divide the bus.", "the query asks to divide an object: 'Divide'"),
        ("request_form", "Name the bus.", "the query asks for a name or an identity: 'Name'"),
        ("prompt_talk", "the bus, as stated", "the query speaks of a description: 'as stated'"),
        (
            "generic_query",
            "the bus, usually yellow",
            "'usually': the query says what its kind looks like, and nothing that tells this "
            "object from others",
        ),
        (
            "not_from_above",
            "the tower against the sky",
            "the query speaks of the sky, which no image from above shows: 'sky'",
        ),
        (
            "garbled_request",
            "the bus symbolized by a white owl",
            "it stands for something else: 'symbolized by a '",
        ),
        ("unanswerable_query", "the car in the dim image", "the query says 'dim image'"),
    ],
)
def test_notes(check: str, phrase: str, note: str) -> None:
    (issue,) = issues(check, subject(phrase=phrase))
    assert issue.note == note.replace("a '", "a'")
    assert 0 < issue.score <= 0.5


@pytest.mark.parametrize(
    "phrase",
    [
        pytest.param("the car within the given bounding box", id="boilerplate tells it"),
        pytest.param("the car at the coordinates [1, 2, 3, 4]", id="coordinate_leak tells it"),
    ],
)
def test_what_another_check_tells_is_not_told_again(phrase: str) -> None:
    assert issues("prompt_talk", subject(phrase=phrase)) == []


def test_an_aim_can_be_ignored() -> None:
    assert issues("prompt_talk", subject(phrase="Find the shed for better understanding.")) == []
    assert len(issues("prompt_talk", subject(phrase="Find the shed for the segmentation."))) == 1


@pytest.mark.parametrize(
    ("phrase", "told"),
    [
        ("the bus with windows, often seen on roads, its hue differing from the backdrop", False),
        ("the long bus, usually with windows, of a distinct color compared to the setting", False),
        ("the car with wheels, often reflecting light differently than the surroundings", False),
        ("the large truck with an open cargo section, often in industrial shades", False),
        ("the bus, usually in contrasting colors", True),
        ("the long bus in contrast to its surroundings, usually with windows", True),
        ("the large truck, usually with an open cargo section", True),
        ("the pickup with an open bed at the rear, often seen in various colors", True),
    ],
)
def test_a_color_that_contrasts_and_an_open_bed_help_where_a_hedge_does_not(
    phrase: str, told: bool
) -> None:
    assert len(issues("generic_query", subject(phrase=phrase))) == told


LINES = "the structure with horizontal brown lines"


@pytest.mark.parametrize(
    ("phrase", "changes", "count"),
    [
        pytest.param(LINES, {}, 0, id="an ordinary mask"),
        pytest.param(LINES, SLIVER | {"stats_border": ""}, 0, id="a sliver inside the image"),
        pytest.param(LINES, SLIVER | {"stats_box": (450, 90, 60, 69)}, 0, id="no sliver"),
        pytest.param("the bus with horizontal lines", SLIVER, 0, id="a bus has lines"),
        pytest.param(LINES, SLIVER, 1, id="a sliver at the border"),
        pytest.param("the building of warped stripes", {}, 1, id="no object is warped"),
    ],
)
def test_broken_crop(phrase: str, changes: dict, count: int) -> None:
    assert len(issues("broken_crop", subject(phrase=phrase, **changes))) == count


def test_the_bounds_of_a_sliver_are_parameters() -> None:
    sliver = subject(phrase=LINES, **SLIVER)
    assert issues("broken_crop", sliver, max_side=7) == []
    assert issues("broken_crop", sliver, min_ratio=10.0) == []
