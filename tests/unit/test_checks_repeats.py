"""Turns that stand there again or contradict each other; boxes on several scales."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Sample
from pairlens.importers.records import Caption
from tests.unit.subjects import issues, issues_of
from tests.unit.texts import joined, talk

SHIP = "<image>\nIs there a ship in the image?"


def notes(check: str, sample: Sample) -> list[str]:
    return [issue.note for issue in issues_of(CHECKS[check], sample)]


# ----------------------------------------------------------------------------- must not


@pytest.mark.parametrize(
    "sample",
    [
        talk(SHIP, "Yes.", "Is there a road in the image?", "Yes."),
        talk("Is a ship at [1, 2, 3, 4]?", "Yes.", "Is a ship at [1, 2, 3, 5]?", "Yes."),
        talk("Is there a car?", "Yes.", "Is it large?", "Yes.", "And a lake?", "Yes.",
             "Is it large?", "Yes."),
        talk("How many are there?", "2", "How many others are there?", "2",
             "How many others are there?", "2"),
        talk("Why?", "Rain.", "Why?", "Rain."),
        talk("Is this one a ship?", "Yes.", "Is this one a ship?", "Yes."),
    ],
)  # fmt: skip
def test_turns_that_do_not_repeat(sample: Sample) -> None:
    assert notes("repeated_turn", sample) == []


def test_repeated_captions_are_left_to_their_check() -> None:
    sample = talk(
        "Describe this image briefly.", "a lake", "Describe this image briefly.", "a lake"
    )
    captioned = replace(sample, captions=(Caption("a lake", None), Caption("a lake", None)))
    assert notes("repeated_turn", captioned) == []


@pytest.mark.parametrize(
    "sample",
    [
        talk("Is there a car?", "Yes, a red one.", "Is it large?", "Yes, it is very large.",
             "Is there a lake?", "Yes, a round one.", "Is it large?", "No, it is rather small."),
        talk(SHIP, "Yes, there are several ships.", SHIP, "Yes, there are many of them."),
        talk(SHIP, "Nothing of the kind is to be seen.", SHIP, "Yes, there are several ships."),
    ],
)  # fmt: skip
def test_answers_that_agree(sample: Sample) -> None:
    assert notes("answer_conflict", sample) == []


def boxed(*boxes: str, file: str = "a.json") -> list[Sample]:
    return [
        talk("Where?", box, key=f"rsgpt4v/train/{file}{n}", file=file, index=n)
        for n, box in enumerate(boxes)
    ]


UNIT, PERCENT = "[0.1, 0.2, 0.3, 0.4]", "[10, 20, 50, 40]"


@pytest.mark.parametrize(
    "samples",
    [
        boxed(UNIT, UNIT, "[0, 0, 1, 1]"),
        boxed(*[UNIT] * 9, "[0.1, 0.2, 0.5, 1.4]"),
        boxed(PERCENT, "[100, 200, 300, 400]", "[0, 0, 1, 1]"),
        [*boxed(*[UNIT] * 5), *boxed(PERCENT, file="b.json")],
        boxed(*[UNIT] * 5, "<10><20><50><40>"),
        boxed("none", "none"),
    ],
)
def test_boxes_on_one_scale(samples: list[Sample]) -> None:
    assert issues("box_scale_mixed", samples) == []


# ----------------------------------------------------------------------------- must


def test_a_turn_again() -> None:
    (note,) = notes("repeated_turn", talk(SHIP, "Yes.", "How many?", "2", SHIP.lower(), "yes"))
    assert "turn 3 (a.json[0]) asks and answers what turn 1 (a.json[0]) does" in note


def test_a_record_again_is_one_remark() -> None:
    said = (SHIP, "Yes.", "Is it large?", "Yes.")
    (note,) = notes("repeated_turn", joined(talk(*said), talk(*said, index=4)))
    assert note.startswith("the record of turn 3 (a.json[4]) repeats record 0 of a.json")
    assert "more" not in note


def test_several_turns_again() -> None:
    said = (SHIP, "Yes.", "How many roads are there?", "2")
    (note,) = notes("repeated_turn", talk(*said, "Why is that?", "Rain.", *said))
    assert "turn 4 " in note and note.endswith("1 more of the kind")


def test_longer_answers_that_contradict() -> None:
    (note,) = notes("answer_conflict", talk(SHIP, "Yes.", SHIP, "No, there is no ship."))
    assert "'No, there is no ship.'" in note and "'Yes.'" in note


def test_a_box_on_another_scale() -> None:
    found = issues("box_scale_mixed", boxed(*[UNIT] * 7, PERCENT))
    (issue,) = found
    assert issue.severity is None
    assert "one of 1 in percent or greater, and 7 of its file are in shares" in issue.note


def test_two_scales_on_purpose_are_worth_knowing() -> None:
    found = issues("box_scale_mixed", boxed(*[UNIT] * 4, *[PERCENT] * 5))
    assert [issue.severity for issue in found] == ["info"] * 4
