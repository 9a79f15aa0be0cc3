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
