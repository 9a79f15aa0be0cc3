"""Queries against the boxes of the images' source."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Issue, Sample
from pairlens.fiftyone_plugin.checks.engine import choose
from pairlens.fiftyone_plugin.language.source_classes import class_of_label
from pairlens.importers.source_boxes import SourceBox
from pairlens.importers.xview import CLASSES
from tests.unit.subjects import ellipse, issues, subject

UNDER = (0.45, 0.475, 0.1, 0.05)
"""Of the mask of :func:`subject`."""


def boxed(phrase: str, *boxes: tuple[str, tuple[float, ...]], **changes: Any) -> Sample:
    listed: Any = tuple(SourceBox(label, box) for label, box in boxes)  # type: ignore[arg-type]
    return subject(phrase=phrase, source_boxes=listed, **changes)


def found(check: str, *samples: Sample) -> list[Issue]:
    return issues(check, samples)


# The class under the mask.


@pytest.mark.parametrize(
    ("phrase", "label"),
    [
        ("the truck", "Trailer"), ("the vehicle", "Bus"), ("the automobile", "Small Car"),
        ("the plane", "Boeing737"), ("the lorry", "Truck w/Box"), ("the house", "Building"),
        ("the sports field", "golffield"), ("the ship", "Dry Cargo Ship"),
        ("the structure", "storage-tank"), ("the thing in the middle", "Building"),
        ("the ship", "no class that is known"),
    ],
)  # fmt: skip
def test_a_query_of_the_boxs_class_is_right(phrase: str, label: str) -> None:
    assert found("source_conflict", boxed(phrase, (label, UNDER))) == []


def test_no_box_under_the_mask_says_nothing() -> None:
    beside = (0.6, 0.475, 0.1, 0.05)
    large = (0.3, 0.3, 0.4, 0.4)
    assert found("source_conflict", boxed("the ship", ("Bus", beside), ("Building", large))) == []
    assert found("source_conflict", boxed("the ship")) == []
    no_target = boxed("the ship", ("Bus", UNDER), no_target=True)
    assert found("source_conflict", no_target) == []


def test_a_box_of_the_querys_class_nearly_there_says_nothing() -> None:
    near = (0.47, 0.475, 0.12, 0.06)
    assert found("source_conflict", boxed("the ship", ("Bus", UNDER), ("Ferry", near))) == []


@pytest.mark.parametrize(
    ("phrase", "label"),
    [("the ship", "Bus"), ("the red car", "Storage Tank"), ("find the plane", "tenniscourt")],
)
def test_another_class_is_told(phrase: str, label: str) -> None:
    (issue,) = found("source_conflict", boxed(phrase, (label, UNDER)))
    assert issue.severity is None and issue.score < 0.2
    assert f"the mask lies on a box of {label!r} of the source (box IoU 0.9" in issue.note


def test_a_class_of_the_same_kind_is_info() -> None:
    (issue,) = found("source_conflict", boxed("the bus", ("Excavator", UNDER)))
    assert issue.severity == "info"


# As many objects in the named place.

CORNER = {"stats": ellipse(60, 60, 25, 13)}
HERE = (35 / 512, 47 / 512, 50 / 512, 26 / 512)


def other(x: float, y: float) -> tuple[float, ...]:
    return (x, y, 0.08, 0.05)


def crowd(phrase: str, *boxes: tuple[str, tuple[float, ...]]) -> list[Issue]:
    return found("ambiguous_query", boxed(phrase, ("Small Car", HERE), *boxes, **CORNER))


@pytest.mark.parametrize(
    "phrase",
    [
        "the red car in the top-left corner", "the largest car in the top-left corner",
        "the cars in the top-left corner", "the car beside the road in the top-left corner",
        "the elongated car in the top-left corner", "the object in the top-left corner",
    ],
)  # fmt: skip
def test_a_query_that_says_more_is_not_counted(phrase: str) -> None:
    assert crowd(phrase, ("Small Car", other(0.1, 0.2)), ("Small Car", other(0.2, 0.1))) == []


def test_other_classes_and_other_places_do_not_count() -> None:
    phrase = "Find the car in the top-left corner."
    assert crowd(phrase) == []
    assert crowd(phrase, ("Bus", other(0.1, 0.2)), ("Building", other(0.2, 0.1))) == []
    assert crowd(phrase, ("Small Car", other(0.7, 0.7)), ("Small Car", other(0.8, 0.1))) == []
    inward = (("Small Car", other(0.25, 0.25)), ("Small Car", other(0.27, 0.2)))
    assert crowd(phrase, *inward) == []
    left = "Find the car on the left side."
    assert crowd(left, ("Small Car", other(0.35, 0.2)), ("Small Car", other(0.3, 0.9))) == []


def test_several_of_the_class_in_the_place_are_told() -> None:
    phrase = "Find the car in the top-left corner."
    two = (("Small Car", other(0.05, 0.15)), ("Small Car", other(0.12, 0.05)))
    (issue,) = crowd(phrase, *two)
    assert issue.severity is None
    assert "2 more objects called car lie there (top-left" in issue.note
    (issue,) = crowd(phrase, two[0])
    assert issue.severity == "info" and "1 more object called car lies there" in issue.note
    assert len(crowd("Find the car on the left side.", *two)) == 1
    (issue,) = crowd("Find the car.", ("Small Car", other(0.9, 0.9)), ("Small Car", other(0.5, 0)))
    assert "2 more objects called car lie in the image" in issue.note


# Words and conditions.


def test_every_class_of_xview_is_known() -> None:
    assert {label for label in CLASSES.values() if not class_of_label(label)} == set()
    assert class_of_label("") == class_of_label("no such thing") == class_of_label("w/") == ""


def test_without_boxes_the_check_says_what_it_needs() -> None:
    lacking: dict[str, str] = {}
    chosen = choose(None, {}, with_predictions=False, lacking=lacking)
    assert "source_conflict" not in {one.name for one in chosen}
    assert "pairlens sources DATASET PATH" in lacking["source_conflict"]
    assert "ambiguous_query" in {one.name for one in chosen}
    with_field = choose(None, {}, with_predictions=False, has_field="source_boxes".__eq__)
    assert CHECKS["source_conflict"] in with_field
