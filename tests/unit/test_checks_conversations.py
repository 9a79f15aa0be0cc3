"""Checks of conversations: their form, their answers, the boxes in them."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from tests.unit.subjects import issues
from tests.unit.texts import joined, talk

BRIEF = "\nAnswer the question using a single word or phrase."


def asked(*said: str) -> Sample:
    """One image with a record a question, as evaluation data has them."""
    records = [
        talk(said[n], said[n + 1], file="v.jsonl", index=n // 2) for n in range(0, len(said), 2)
    ]
    return joined(*records)


# ----------------------------------------------------------------------------- must not


@pytest.mark.parametrize(
    ("check", "sample"),
    [
        pytest.param("turn_order", talk("<image>\nWhat?", "A", "Why?", "B"), id="in turn"),
        pytest.param("turn_order", asked("What?", "A", "Why?", "B"), id="records of one turn"),
        pytest.param("empty_answer", talk("How many?", "7"), id="a digit"),
        pytest.param("empty_answer", talk("What?", "\u6c34"), id="another script"),
        pytest.param("empty_answer", talk("What?", "-"), id="no answer at all"),
        pytest.param("box_unparsable", talk("Where?", "[0.1, 0.2, 0.3, 0.4]"), id="a box"),
        pytest.param("box_unparsable", talk("Where?", "ships (two), [see above]"), id="brackets"),
        pytest.param("box_unparsable", talk("Which bands?", "[3, 2]"), id="a point"),
        pytest.param(
            "answer_conflict",
            asked("Is there a road?", "yes", "Is there a road?", "Yes."),
            id="the same in other case",
        ),
        pytest.param(
            "answer_conflict",
            asked("How many cars?", "2", "how many cars", "two cars"),
            id="the same in words",
        ),
        pytest.param(
            "answer_conflict",
            asked("What is it?", "road", "What is it?", "paved roads"),
            id="told more exactly",
        ),
        pytest.param(
            "answer_conflict",
            asked(
                "Describe it.",
                "A long road with many cars on it.",
                "Describe it.",
                "There are fields to the left and a farm.",
            ),
            id="prose",
        ),
        pytest.param(
            "answer_conflict",
            asked(
                "Is there a road?" + BRIEF,
                "yes",
                "What is the number of roads?" + BRIEF,
                "403",
                "Is a large road present?" + BRIEF,
                "no",
            ),
            id="a large road (RSVQA 232)",
        ),
        pytest.param(
            "answer_conflict",
            asked("Is there a road on the left?", "no", "How many roads are there?", "3"),
            id="somewhere alone",
        ),
        pytest.param(
            "answer_conflict",
            asked("Is there a ship?", "no", "How many ships are there?", "0"),
            id="none",
        ),
        pytest.param(
            "answer_form",
            asked("Is it a rural or an urban area" + BRIEF, "urban"),
            id="one or the other (RSVQA 232)",
        ),
        pytest.param(
            "answer_form", asked("Are there less buildings than farmlands?", "no"), id="comparison"
        ),
        pytest.param(
            "answer_form",
            asked("Is the weather clear in the image?", "There is no visible weather."),
            id="a sentence (DIOR-RSVG 18029)",
        ),
        pytest.param(
            "answer_form",
            asked("Is there a sign of work?", "There are no clear signs."),
            id="there are no",
        ),
        pytest.param(
            "answer_conflict",
            asked("Is there more than one bridge?", "No", "How many bridges are there?", "1"),
            id="not more than one",
        ),
        pytest.param(
            "answer_conflict",
            asked("Are there less than 3 cars?", "no", "How many cars are there?", "3"),
            id="not less than three",
        ),
        pytest.param(
            "answer_conflict",
            asked("Are there many trees?", "No", "How many trees are there?", "2"),
            id="not many",
        ),
        pytest.param(
            "answer_form", asked("Is there a ship or a boat?", "yes"), id="any of the two"
        ),
        pytest.param("answer_form", asked("Is it old?", "Not clear"), id="undecided"),
        pytest.param("answer_form", asked("Can you describe it?", "A lake"), id="a request"),
        pytest.param("answer_form", asked("How many ships?", "No"), id="no ships"),
        pytest.param("answer_form", asked("What is it?", "a lake"), id="another question"),
    ],
)
def test_sound_conversations(check: str, sample: Sample) -> None:
    assert issues(check, sample) == []


def files(*records: tuple[str, ...], file: str = "a.json") -> list[Sample]:
    """A file of records, each about an image of its own."""
    return [
        talk(*said, key=f"rsgpt4v/train/{file}{n}", file=file, index=n)
        for n, said in enumerate(records)
    ]


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([], id="nothing"),
        pytest.param(files(("<image>\nWhat?", "A", "Why?", "B")), id="in the first question"),
        pytest.param(files(("What?\n<image>", "A")), id="at its end"),
        pytest.param(files(*[("What?", "A")] * 5, file="v.jsonl"), id="evaluation"),
        pytest.param(files(("What?", "A", "Why?", "B"), ("How?", "C")), id="none in the file"),
        pytest.param(files(("<image> What?", "A"), *[("What?", "A")] * 5), id="few in the file"),
    ],
)
def test_image_tokens_in_their_place(samples: list[Sample]) -> None:
    assert issues("missing_image_token", samples) == []


def boxed(*boxes: Any, file: str = "a.json", **changes: Any) -> list[Sample]:
    return [
        talk("Where?", str(list(box)), key=f"rsgpt4v/train/{n}", file=file, index=n, **changes)
        for n, box in enumerate(boxes)
    ]


UNIT, PERCENT, PIXELS = (0.1, 0.2, 0.5, 1.0), (10, 20, 50, 100), (100, 200, 400, 900)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(boxed(*[UNIT] * 5), id="shares"),
        pytest.param(boxed(*[PERCENT] * 20, UNIT), id="a small box in percent"),
        pytest.param(boxed(*[PIXELS] * 9, (1, 1, 900, 1600), image_size=(1024, 2048)), id="pixels"),
        pytest.param(boxed((1, 1, 900, 4600), image_missing=True, image_size=(512, 512)),
                     id="a placeholder has no size"),
        pytest.param(boxed((1, 2, 3)), id="no box"),
    ],
)  # fmt: skip
def test_boxes_in_range(samples: list[Sample]) -> None:
    assert issues("box_out_of_range", samples) == []


# --------------------------------------------------------------------------------- must


@pytest.mark.parametrize(
    ("check", "sample", "words"),
    [
        pytest.param(
            "turn_order",
            talk("What?", "-", "Why?", "B"),
            "turn 1 (a.json[0]) has no answer: the next question follows",
            id="two questions",
        ),
        pytest.param(
            "turn_order", talk("What?", "A", "Why?", "-"), "the conversation ends", id="at the end"
        ),
        pytest.param(
            "turn_order",
            talk("What?", "A", "-", "B"),
            "answers what nobody asked",
            id="two answers",
        ),
        pytest.param(
            "empty_answer",
            talk("What?", " \n"),
            "the answer of turn 1 (a.json[0]) has no words; it is ' \\n'",
            id="blank",
        ),
        pytest.param(
            "box_unparsable",
            talk("Where?", "<p>ship</p> [0.1, 0.2, 0.3]"),
            "is not four numbers: '[0.1, 0.2, 0.3]'",
            id="three numbers",
        ),
        pytest.param(
            "box_unparsable", talk("Where?", "<box>north</box>"), "not four numbers", id="a word"
        ),
        pytest.param(
            "box_unparsable",
            talk("Where?", "[0.5, 0.2, 0.3, 0.4]"),
            "wrong way round",
            id="corners exchanged",
        ),
        pytest.param(
            "box_unparsable",
            talk("What is at [4, 4, 4, 9]?", "A car"),
            "no area",
            id="in the question",
        ),
        pytest.param(
            "answer_conflict",
            asked("Is there a road?" + BRIEF, "yes", "is there a road" + BRIEF, "No"),
            "turn 2 (v.jsonl[1]) answers 'no' and turn 1 (v.jsonl[0]) 'yes'",
            id="yes and no",
        ),
        pytest.param(
            "answer_conflict",
            asked("How many cars?", "2", "How many cars?", "three"),
            "'3'",
            id="numbers",
        ),
        pytest.param(
            "answer_conflict",
            asked("What is it?", "a lake", "What is it?", "a farm"),
            "'a farm'",
            id="things",
        ),
        pytest.param(
            "answer_conflict",
            asked(
                "Is there a ship in the image?", "no", "What is the number of ships?" + BRIEF, "4"
            ),
            "turn 1 (v.jsonl[0]) says 'no'",
            id="absent and counted",
        ),
        pytest.param(
            "answer_conflict",
            asked("Are there any houses?", "yes", "How many houses are there?", "none"),
            "'0' to 'how many houses are there'",
            id="present and not counted",
        ),
        pytest.param(
            "answer_conflict",
            asked("How many cars are there?", "7", "What is the number of cars?", "9"),
            "'7' to 'how many cars are there'",
            id="counted twice",
        ),
        pytest.param(
            "answer_conflict",
            asked("How many cars are there?", "two", "Are there more than three cars?", "yes"),
            "'yes' to 'are there more than three cars'",
            id="more than are counted",
        ),
        pytest.param(
            "answer_conflict",
            asked("Is there any water?", "Yes.", "Can you see any water?", "No, there is none."),
            "to 'can you see any water'",
            id="seen and not there",
        ),
        pytest.param(
            "answer_form",
            asked("Is it a rural or an urban area?", "yes"),
            "answered with 'yes'",
            id="a choice",
        ),
        pytest.param(
            "answer_form",
            asked("Is there a road?" + BRIEF, "3"),
            "answered with '3'",
            id="a number",
        ),
        pytest.param(
            "answer_form",
            asked("Is a road present?", "residential area"),
            "'residential area'",
            id="a thing",
        ),
        pytest.param(
            "answer_form", asked("How many roads are there?", "Yes."), "with 'yes'", id="how many"
        ),
    ],
)
def test_unsound_conversations(check: str, sample: Sample, words: str) -> None:
    (issue,) = issues(check, sample)
    assert words in issue.note
    assert 0 <= issue.score <= 0.4


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param(("What?", "A", "Why?", "B"), "no question of the record", id="none"),
        pytest.param(("<image>\nWhat?", "A", "<image> Why?", "B"), "2 times", id="twice"),
        pytest.param(("What?", "A", "<image> Why?", "B"), "not in the first question", id="late"),
        pytest.param(("<image> What?", "A <image>"), "an answer", id="in an answer"),
    ],
)
def test_image_tokens_out_of_place(said: tuple[str, ...], words: str) -> None:
    sound = [("<image>\nWhat?", "A")] * 4
    (issue,) = issues("missing_image_token", files(*sound, said))
    assert words in issue.note
    assert issue.key == "rsgpt4v/train/a.json4"


@pytest.mark.parametrize(
    ("samples", "words", "severity"),
    [
        pytest.param(
            boxed(*[UNIT] * 19, (0.1, 0.2, 0.5, 1.4)), "40.0 % of a side", None, id="shares"
        ),
        pytest.param(
            boxed(*[PERCENT] * 19, (-5, 2, 5, 14)), "5.0 % of a side", None, id="negative"
        ),
        pytest.param(
            boxed(*[UNIT] * 19, (0.1, 0.2, 0.5, 1.005)), "0.5 % of a side", "info", id="rounding"
        ),
        pytest.param(
            boxed(*[(9, 9, 400, 500)] * 19, (1, 1, 768, 9), image_size=(512, 512)),
            "read as pixels",
            None,
            id="pixels",
        ),
    ],
)
def test_boxes_out_of_range(samples: list[Sample], words: str, severity: str | None) -> None:
    (issue,) = issues("box_out_of_range", samples)
    assert words in issue.note
    assert (issue.key, issue.severity) == ("rsgpt4v/train/19", severity)


def test_each_file_has_its_scale() -> None:
    samples = [*boxed(*[UNIT] * 9), *boxed(*[PERCENT] * 9, file="b.json")]
    assert issues("box_out_of_range", samples) == []
