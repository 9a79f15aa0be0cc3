"""Turns taken out of records of questions and answers, and added to them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pairlens.importers.formats.llava import parse
from pairlens.importers.formats.record_edit import largest_id, new_record, with_turns
from tests.unit.instructions import evaluated, trained

SAID = ("<image>\nHow many?", "Two.", "Where?", "Left.", "Why?", "So.")


def chatted(*texts: str, parts: bool = False) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You see."}]
    for number, text in enumerate(texts):
        content: Any = [{"type": "image"}, {"type": "text", "text": text}] if parts else text
        role = ("user", "assistant")[number % 2]
        messages.append({"role": role, "content": text if number % 2 else content})
    return {"messages": messages, "images": ["a.jpg"], "n": 1.5}


RECORDS = {
    "llava": trained("a.jpg", *SAID),
    "roles": chatted(*SAID),
    "parts": chatted(*SAID, parts=True),
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", RECORDS)
def test_turns_go_and_come(form: str, indent: int | None) -> None:
    record = RECORDS[form]
    text = json.dumps(record, indent=indent)
    turns = parse(record).turns
    written = json.loads(with_turns(text, record, [turns[0], turns[2]], [("Is it new?", "Yes.")]))
    found = [(one.question, one.answers) for one in parse(written).turns]
    assert found == [("Where?", ("Left.",)), ("Is it new?", ("Yes.",))]
    name = "messages" if "messages" in record else "conversations"
    assert {k: v for k, v in written.items() if k != name} == {
        k: v for k, v in record.items() if k != name
    }
    assert with_turns(text, record, [], []) == text


def test_half_a_turn_goes_alone() -> None:
    record = trained("a.jpg", "Where?", "Left.", "Why?")
    written = with_turns(json.dumps(record), record, [parse(record).turns[1]], [])
    assert json.loads(written) == trained("a.jpg", "Where?", "Left.")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (evaluated(), evaluated(question_id=8, text="Q", answer="A")),
        (evaluated(answer=["2", "two"]), evaluated(question_id=8, text="Q", answer=["A"])),
        (evaluated(question_id="x"), evaluated(question_id="x-8", text="Q", answer="A")),
        (
            {"image_id": "p.png", "description": "A port."},
            {"image_id": "p.png", "question": "Q", "answer": "A"},
        ),
        (
            {"question_id": 0, "image_id": "p", "question": "ship", "type": "ref",
             "ground_truth": "{<1><2><3><4>}", "obj_corner": [0.1] * 8},
            {"question_id": 8, "image_id": "p", "question": "Q", "type": "ref",
             "ground_truth": "A"},
        ),
    ],
)  # fmt: skip
def test_an_evaluation_record_gets_one_beside_it(
    record: dict[str, Any], expected: dict[str, Any]
) -> None:
    written = json.loads(new_record(json.dumps(record), record, ("Q", "A"), 8))
    assert written == expected
    (turn,) = parse(written).turns
    assert (turn.question, turn.answers) == ("Q", ("A",))


def test_an_id_is_new() -> None:
    assert largest_id([evaluated(), None, [], evaluated(question_id=12), {"id": "9"}]) == 12
    assert largest_id(iter([{}, {}])) == 2
