"""What the image's border leaves of a target, against the whole ones of its class."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pairlens.fiftyone_plugin.checks import Issue, Sample
from pairlens.importers.mask_stats import MaskStats
from tests.unit.subjects import SOUND, box, issues, subject

USUAL = 1000
WHOLE = [
    subject(f"gres/train/{n}#0", phrase="the truck", stats_area=USUAL, stats_digest=f"{n:064x}")
    for n in range(40)
]


def found(stats: MaskStats, *phrases: str, whole: list[Sample] = WHOLE) -> list[Issue]:
    """Findings of one mask with these queries, in a dataset of whole trucks of 1,000 pixels."""
    asked = [subject(f"gres/val/a#{n}", phrase=p, stats=stats) for n, p in enumerate(phrases)]
    return issues("truncated_target", [*whole, *asked])


@pytest.mark.parametrize(
    ("phrase", "stats"),
    [
        ("the car", SOUND),
        ("the car", box(0, 100, 60, 60)),
        ("the car", box(0, 0, 20, 100)),
        ("the road", box(0, 100, 512, 20)),
        ("the river", box(0, 0, 512, 512)),
        ("the low vegetation", box(0, 0, 10, 300)),
        ("the ship", box(0, 300, 512, 212)),
        ("the truck", box(0, 100, 15, 56)),
        ("the truck", box(0, 100, 13, 70)),
        ("the ship", box(0, 100, 12, 100)),
        ("the truck", box(0, 100, 12, 60)),
        ("the truck", box(0, 100, 10, 52)),
        ("the ship", box(0, 100, 16, 60)),
        ("the truck, partially visible at the border", box(0, 100, 4, 40)),
        ("the small segment of the truck", box(0, 100, 4, 40)),
        ("the truck sticking out of the picture", box(0, 100, 4, 40)),
        ("the truck", replace(box(0, 100, 8, 7), components=2)),
    ],
)
def test_enough_is_left_or_a_part_is_asked_for(phrase: str, stats: MaskStats) -> None:
    assert found(stats, phrase) == []


def test_a_sliver_is_compared_with_its_class() -> None:
    (issue,) = found(box(0, 100, 4, 60), "the truck in the upper left part of the image")
    assert issue.note == (
        "the left border cuts the target: 60 pixels along it, 4 deep; 240, 23 % of the usual 1024 "
        "of a whole truck"
    )
    assert issue.severity == "warning"
    (thin,) = found(box(0, 100, 7, 60), "the truck")
    assert thin.severity == "warning"
    assert issue.score < thin.score


@pytest.mark.parametrize(("phrase", "most"), [("the truck", 46), ("the building", 68)])
def test_a_sliver_is_thin_in_pixels_of_the_image_too(phrase: str, most: int) -> None:
    whole = [replace(each, phrase=phrase) for each in WHOLE]
    assert found(box(0, 100, 10, most + 5), phrase, whole=whole) == []
    (issue,) = found(box(0, 100, 10, most), phrase, whole=whole)
    assert issue.severity == "warning"


def test_a_class_without_whole_members() -> None:
    (thin,) = found(box(0, 100, 4, 60), "the bus", whole=[])
    (thick,) = found(box(0, 100, 12, 60), "the bus", whole=[])
    assert found(box(0, 100, 15, 60), "the bus", whole=[]) == []
    assert thin.note == "the left border cuts the target: 60 pixels along it, 4 deep"
    assert thin.score < thick.score
    assert (thin.severity, thick.severity) == ("warning", None)


@pytest.mark.parametrize(
    ("whole", "severity"), [(WHOLE, "warning"), ([], None)], ids=["class known", "unknown"]
)
def test_specks_at_the_border_whatever_their_shape(
    whole: list[Sample], severity: str | None
) -> None:
    (corner,) = found(box(504, 0, 8, 7), "the truck", whole=whole)
    assert corner.note.startswith("the image's border cuts the target: 56 pixels are left")
    (side,) = found(box(0, 100, 7, 8), "the truck", whole=whole)
    assert side.note.startswith("the left border cuts the target: 56 pixels are left")
    assert (corner.severity, side.severity) == (severity, severity)
    (shallow,) = found(box(0, 100, 5, 11), "the truck", whole=whole)
    assert shallow.severity == "warning"


def test_a_seventh_of_a_whole_one_is_too_little_in_any_shape() -> None:
    (issue,) = found(box(0, 100, 12, 12), "the truck")
    assert issue.note.endswith("144 pixels are left, 14 % of the usual 1024 of a whole truck")
    assert issue.severity == "warning"


def test_a_building_may_be_as_small_as_what_is_left_of_another() -> None:
    whole = [replace(each, phrase="the building") for each in WHOLE]
    assert found(box(0, 100, 12, 12), "the building", whole=whole) == []
    (sliver,) = found(box(0, 100, 5, 27), "the building", whole=whole)
    assert sliver.severity == "warning"


def test_a_large_sliver_is_enough_unless_little_is_left_of_its_class() -> None:
    sliver = box(0, 100, 15, 70)
    large, larger = (
        [replace(each, stats=replace(each.stats, area=area)) for each in WHOLE]
        for area in (2233, 4000)
    )
    assert found(sliver, "the truck", whole=large) == []
    (issue,) = found(sliver, "the truck", whole=larger)
    assert issue.severity == "warning"
    assert found(box(0, 100, 17, 70), "the truck", whole=larger) == []


def test_a_quarter_of_a_small_one_is_little_in_any_shape() -> None:
    small = [replace(each, stats=replace(each.stats, area=512)) for each in WHOLE]
    (issue,) = found(box(0, 100, 9, 11), "the truck", whole=small)
    assert issue.note.endswith("99 pixels are left, 19 % of the usual 512 of a whole truck")
    assert issue.severity is None
    assert found(box(0, 100, 12, 15), "the truck") == []


@pytest.mark.parametrize(
    "phrase",
    [
        "the truck in the top part of the aerial image",
        "the truck with an arm extending out to the side",
        "the partially shaded truck at the end of the road",
        "the truck in the lower section of the picture",
    ],
)
def test_a_part_of_the_image_is_no_part_of_the_object(phrase: str) -> None:
    assert len(found(box(0, 100, 4, 40), phrase)) == 1


def test_all_queries_of_a_mask_are_told_but_those_that_ask_for_a_part() -> None:
    sliver = box(0, 100, 4, 60)
    queries = "the partially visible truck", "the truck", "the long vehicle"
    assert [issue.key for issue in found(sliver, *queries)] == ["gres/val/a#1", "gres/val/a#2"]


def test_a_mask_is_compared_with_the_class_that_any_of_its_queries_names() -> None:
    both = found(box(0, 100, 4, 60), "the white structure", "the truck")
    assert [issue.note.rpartition(" of a ")[2] for issue in both] == ["whole truck"] * 2
