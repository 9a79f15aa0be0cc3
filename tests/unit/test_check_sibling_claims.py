"""Claims of rank, against the other masks and queries of an image."""

from __future__ import annotations

import time

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.examples import mask_at
from pairlens.fiftyone_plugin.language.rankings import ranking
from pairlens.importers.mask_stats import MaskStats
from tests.unit.subjects import box, ellipse, issues, subject

SMALL, LARGE = ellipse(100, 100, 10, 9), ellipse(350, 350, 40, 30)
LEFT, MIDDLE, RIGHT = mask_at(100, 300), mask_at(250, 300), mask_at(400, 300)


def image(*pairs: tuple[str, MaskStats]) -> list[Sample]:
    return [subject(f"gres/train/a#{n}", phrase=p, stats=s) for n, (p, s) in enumerate(pairs)]


@pytest.mark.parametrize(
    "query",
    [
        "the car",
        "one of the largest cars",
        "the largest cars",
        "the car next to the largest building",
        "the car with the largest windows",
        "the truck longer than cars",
        "the building on the first floor",
        "the first truck in the second row from the top",
        "the last car",
        "the tallest tower",
        "the larger building",
        "the car closest to the left building",
        "the nearest car on the road",
        "the highest tower",
        "",
    ],
)
def test_no_claim(query: str) -> None:
    assert ranking(query) is None


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ("Find the largest car in the image.", ("largest", "area", True, 1, "car", True)),
        ("the leftmost ship", ("leftmost", "x", False, 1, "vessel", True)),
        ("the largest red car", ("largest", "area", True, 1, "car", False)),
        ("the building which is the smallest", ("smallest", "area", False, 1, "building", True)),
        ("the second car from the left", ("second car from the left", "x", False, 2, "car", True)),
        ("the third-largest tank", ("third-largest", "area", True, 3, "storage tank", True)),
        ("the smaller of the two ships", ("smaller of the two", "area", False, 1, "vessel", True)),
        ("the smaller of the ships", ("smaller of the", "area", False, 1, "vessel", True)),
        ("the car farthest to the left", ("farthest to the left", "x", False, 1, "car", True)),
        ("the tank that is furthest right", ("furthest right", "x", True, 1, "storage tank", True)),
        ("the truck closest to the top", ("closest to the top", "y", False, 1, "truck", True)),
        ("the plane highest up", ("highest up", "y", False, 1, "airplane", True)),
        ("the ship longer than the others", ("longer than the others", "length", True, 1, "vessel",
                                             True)),
    ],
)  # fmt: skip
def test_claims(query: str, claim: tuple) -> None:
    assert ranking(query) == claim


@pytest.mark.parametrize(
    "pairs",
    [
        [("the largest car", LARGE)],
        [("the largest car", LARGE), ("the car", SMALL)],
        [("the largest car", SMALL), ("the truck", LARGE)],
        [("the largest car", SMALL), ("the cars", LARGE)],
        [("the largest car on the left", SMALL), ("the car", LARGE)],
        [("the largest car", box(0, 100, 20, 20)), ("the car", LARGE)],
        [("the smallest car", LARGE), ("the car", box(0, 100, 20, 20))],
        [("the largest car", LARGE), ("the car", ellipse(100, 100, 42, 32))],
        [("the leftmost car", LEFT), ("the car", RIGHT)],
        [("the second car from the left", MIDDLE), ("the car", LEFT), ("a car", RIGHT)],
        [("the second car from the left", LEFT), ("the car", RIGHT)],
        [("the second car from the left", LEFT), ("the last from the right", LEFT)],
        [("the largest car", LARGE), ("the biggest car", LARGE), ("the longest car", LARGE)],
        [("the leftmost car", MIDDLE), ("the truck", LEFT)],
    ],
)
def test_claims_that_nothing_denies(pairs: list[tuple[str, MaskStats]]) -> None:
    assert issues("sibling_claim", image(*pairs)) == []


@pytest.mark.parametrize(
    ("pairs", "note"),
    [
        ([("the largest car", SMALL), ("the car", LARGE)], "of the same class has 3760 pixels"),
        ([("the smaller of the two cars", LARGE), ("the car", SMALL)], "its mask 3760"),
        ([("the leftmost car", RIGHT), ("the car", LEFT), ("a car", MIDDLE)],
         "query says 'leftmost'; gres/train/a#1 of the same class lies farther to the left, as 1 "
         "more"),
        ([("the second car from the left", RIGHT), ("the car", LEFT), ("a car", MIDDLE)],
         "farther to the left, as 1 more"),
        ([("the topmost car", LARGE), ("the sedan", SMALL)], "farther to the top"),
    ],
)  # fmt: skip
def test_other_masks_deny(pairs: list[tuple[str, MaskStats]], note: str) -> None:
    (issue,) = issues("sibling_claim", image(*pairs))
    assert (issue.key, issue.severity) == ("gres/train/a#0", None)
    assert note in issue.note


@pytest.mark.parametrize(
    "pairs",
    [
        [("the largest red car", SMALL), ("the car", LARGE)],
        [("the second car from the left", LEFT), ("the car", RIGHT), ("a car", MIDDLE)],
        [("the leftmost car", mask_at(460, 100))],
    ],
    ids=["limited", "none before it", "the mask itself"],
)
def test_what_more_may_explain_is_info(pairs: list[tuple[str, MaskStats]]) -> None:
    (issue,) = issues("sibling_claim", image(*pairs))
    assert (issue.key, issue.severity) == ("gres/train/a#0", "info")


def test_other_queries_deny() -> None:
    two = image(("the leftmost car", MIDDLE), ("the rightmost car", MIDDLE))
    assert [issue.severity for issue in issues("sibling_claim", two)] == ["info", "info"]
    three = image(
        ("the largest car", LARGE), ("the smallest car", LARGE), ("the biggest car", LARGE)
    )
    (odd,) = issues("sibling_claim", three)
    assert (odd.key, odd.severity) == ("gres/train/a#1", None)
    assert odd.note == "query says 'smallest'; gres/train/a#0 of the same mask: 'largest'"


def test_crowded_images_take_bounded_time() -> None:
    crowd = [
        subject(f"gres/train/a#{n}", phrase="the largest car", stats_digest=f"{n:064x}")
        for n in range(2000)
    ]
    started = time.process_time()
    issues("sibling_claim", crowd)
    assert time.process_time() - started < 10
