"""Checks of queries of one mask, and of pairs of one image, against each other."""

from __future__ import annotations

import time
from itertools import count

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from tests.unit.subjects import box, ellipse, issues, subject


def queries(*phrases: str) -> list[Sample]:
    """Pairs that ask for one mask."""
    return [subject(f"gres/train/a#{i}", phrase=phrase) for i, phrase in enumerate(phrases)]


@pytest.mark.parametrize(
    "phrases",
    [
        ["the truck"],
        ["the truck", "the vehicle", "the lorry"],
        ["the truck with a trailer", "the trailer bed"],
        ["the shed", "the edifice", "the small structure"],
        ["the barge", "the ship", "the vessel"],
        ["the white car", "the gray car", "the silver automobile"],
        ["the red car", "the car with a white roof"],
        ["the car at the top left of the image", "the car near the top of the image"],
        ["the car in the top left of the image", "the car left of the center of the image"],
        ["two cars", "the cars", "several cars"],
        ["the car", "car"],
        ["the bus next to the building", "the bus beside the truck"],
        ["the building", "the airplane hangar"],
        ["", "the car"],
        ["the storage tank", "the reservoir", "the large cylindrical vessel"],
        ["the locomotive", "the engine of the railway", "the train engine"],
        ["the crane", "the lattice tower", "the lifting machine"],
        ["the tank with wheels", "the truck", "the lorry"],
        ["the container", "the freight car", "the railway car"],
        ["the passenger coach", "the railway carriage", "the train car"],
        ["the helipad", "the helicopter landing pad", "the landing pad for a helicopter"],
        ["the facility", "the storage tank", "the machine"],
        ["the vehicle", "the boat", "the machine"],
        ["the parking area", "the lot for vehicles", "the vehicle lot"],
    ],
    ids=str,
)
def test_paraphrases_that_agree(phrases: list[str]) -> None:
    assert issues("paraphrase_conflict", queries(*phrases)) == []


def test_other_masks_and_no_target_are_other_objects() -> None:
    truck, shed = queries("the truck", "the shed")
    moved = subject("gres/train/a#1", phrase="the shed", stats=box(9, 9, 30, 30))
    assert issues("paraphrase_conflict", [truck, moved]) == []
    absent = subject("gres/train/a#1", phrase="the shed", no_target=True)
    assert issues("paraphrase_conflict", [truck, absent]) == []
    assert len(issues("paraphrase_conflict", [truck, shed])) == 2


@pytest.mark.parametrize(
    ("phrases", "accused", "says"),
    [
        (["the truck", "the building"], {0, 1}, "'truck'"),
        (["the truck", "the vehicle", "the building"], {2}, "'building'"),
        (["the ship", "the shipping container", "the cargo vessel"], {1}, "'container'"),
        (["the car in the top left", "the car in the bottom right"], {0, 1}, "'top-left'"),
        (["the car in the top left", "the car in the top right"], {0, 1}, "'top-left'"),
        (["the red car", "the blue car", "the red vehicle"], {1}, "'blue'"),
        (["two cars", "the car"], {0}, "2 objects"),
        (["the bus", "the truck"], {0, 1}, "'bus'"),
    ],
    ids=str,
)
def test_paraphrase_conflict(phrases: list[str], accused: set[int], says: str) -> None:
    found = issues("paraphrase_conflict", queries(*phrases))
    assert {int(issue.key[-1]) for issue in found} == accused
    assert f"query says {says}" in found[0].note


def test_the_odd_one_out_is_surer_and_far_classes_are_surer_than_near() -> None:
    def worst(*phrases: str) -> float:
        return min(issue.score for issue in issues("paraphrase_conflict", queries(*phrases)))

    assert worst("the truck", "the lorry", "the shed") < worst("the truck", "the shed")
    assert worst("the truck", "the shed") < worst("the truck", "the bus")


LEFT, RIGHT = box(20, 200, 60, 40), box(420, 200, 60, 40)


def test_the_place_that_the_mask_contradicts_is_accused_alone() -> None:
    phrases = ("the car on the left side", "the car on the right side")
    at_left = [subject(f"gres/train/a#{i}", phrase=p, stats=LEFT) for i, p in enumerate(phrases)]
    (wrong,) = issues("paraphrase_conflict", at_left)
    assert (wrong.key, wrong.severity) == ("gres/train/a#1", None)
    assert wrong.score == pytest.approx(0.07)
    assert wrong.note.endswith("'left', where the mask lies")


def test_one_part_is_one_object_and_several_parts_may_be_either() -> None:
    machines = queries("the machines", "the apparatus", "the yellow equipment")
    (plural,) = issues("paraphrase_conflict", machines)
    assert plural.key == "gres/train/a#0"
    assert plural.note.endswith("one object, and the mask has one part")
    parts = [subject(one.key, phrase=one.phrase, stats_components=3) for one in machines]
    assert [issue.severity for issue in issues("paraphrase_conflict", parts)] == ["info", "info"]


@pytest.mark.parametrize(
    "phrases",
    [
        ["the truck", "the shed"],
        ["the truck", "the shed", "the ship"],
        ["the bus", "the truck", "the lorry"],
        ["the truck", "the shed", "", "in the middle"],
    ],
    ids=["two", "all differ", "of one kind", "others say nothing"],
)
def test_what_nothing_decides_is_info(phrases: list[str]) -> None:
    found = issues("paraphrase_conflict", queries(*phrases))
    assert {issue.severity for issue in found} == {"info"}


def test_the_odd_one_out_of_three_is_no_mere_info() -> None:
    (odd,) = issues("paraphrase_conflict", queries("the truck", "the lorry", "the shed"))
    assert (odd.key, odd.severity) == ("gres/train/a#2", None)


ROUND, LONG = ellipse(100, 250, 30, 29), ellipse(350, 250, 80, 14)
SMALL, LARGE = ellipse(100, 250, 12, 10), ellipse(380, 250, 60, 50)


def image(*pairs: tuple) -> list[Sample]:
    numbers = count()
    return [subject(f"gres/train/a#{next(numbers)}", phrase=p, stats=s) for p, s in pairs]


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("the car on the right", LEFT)],
        [("the car on the left", LEFT), ("the car on the right", RIGHT)],
        [("the car on the right", LEFT), ("the red car", LEFT)],
        [("the car on the right", LEFT), ("the truck on the right", RIGHT)],
        [("the red car", LEFT), ("the blue car", RIGHT)],
        [("the small car", SMALL), ("the large truck", LARGE)],
        [("the car in the center", LEFT), ("the bus in the center", RIGHT)],
        [("the round tank", SMALL), ("the red car", LARGE)],
        [("the car on the right", LEFT), ("the red bus", RIGHT)],
        [("the large white tank", SMALL), ("the car in the center", LARGE)],
        [("the small building", LARGE), ("the large car", SMALL)],
        [("the car in the bottom right corner", box(20, 20, 60, 40)),
         ("the bus on the left", box(420, 20, 60, 40))],
    ],
    ids=["none", "one", "right", "one mask", "one wrong", "no place", "sizes", "both wrong",
         "shape", "helps one", "size helps one", "sizes of two kinds", "still outside"],
)  # fmt: skip
def test_not_swapped(pairs: list) -> None:
    assert issues("swapped_pair", image(*pairs)) == []


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([("the car on the right", LEFT), ("the bus on the left", RIGHT)], "outside the place"),
        ([("the large tank", SMALL), ("the small tank", LARGE)], "it says 'large'"),
        ([("the long ship", ROUND), ("the round tank", LONG)], "it says 'long'"),
    ],
)  # fmt: skip
def test_swapped(pairs: list, says: str) -> None:
    found = issues("swapped_pair", image(*pairs))
    assert [issue.key for issue in found] == ["gres/train/a#0", "gres/train/a#1"]
    assert says in found[0].note
    assert "gres/train/a#1" in found[0].note and "gres/train/a#0" in found[1].note


def test_the_farther_the_surer() -> None:
    near, far = box(200, 200, 30, 30), box(290, 200, 30, 30)
    mild = image(("the car on the far right", near), ("the bus on the far left", far))
    plain = image(("the car on the far right", LEFT), ("the bus on the far left", RIGHT))
    assert issues("swapped_pair", plain)[0].score < issues("swapped_pair", mild)[0].score


@pytest.mark.parametrize("check", ["paraphrase_conflict", "swapped_pair"])
def test_crowded_images_take_bounded_time(check: str) -> None:
    crowd = [
        subject(f"gres/train/a#{i}", phrase=f"the car {i} on the right",
                stats=LEFT, stats_digest=f"{i % 900:064x}")
        for i in range(2000)
    ]  # fmt: skip
    started = time.process_time()
    issues(check, crowd)
    assert time.process_time() - started < 10
