"""Units of captions and conversations, edited in memory."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks.suggestions.offered import Suggestion
from pairlens.fiftyone_plugin.curation.text_edits import edited, edits_of, replayed, suggested
from pairlens.fiftyone_plugin.curation.text_units import fields_of, names, units_of
from pairlens.fiftyone_plugin.curation.text_views import claims_of
from pairlens.fiftyone_plugin.curation.texts import check_edits
from pairlens.importers.documents import _add_captions, _add_conversations
from pairlens.importers.errors import UsageError
from pairlens.importers.records import Caption, Instruction, Source, Turn

TOKEN = "<image>\n"
A, B = Source("data/a.json", 0), Source("data/b.jsonl", 3)


def captioned() -> dict[str, Any]:
    document: dict[str, Any] = {"source": {}}
    texts = ("A lake.", 1), ("A pond.", 3), ("Water.", 3)
    _add_captions(document, tuple(Caption(text, task, "gpt") for text, task in texts))
    return document


def talked() -> dict[str, Any]:
    document: dict[str, Any] = {"source": {}}
    turns = (
        Turn(f"{TOKEN}Describe it.", ("A lake.",), "caption", A, 0),
        Turn("Is it deep?", ("yes",), "", A, 1),
        Turn("How many ships?", ("2", "two"), "count", B, 0),
    )
    captions = (Caption("A lake."),)
    _add_conversations(
        document,
        Instruction("k", "i", "train", None, "i", turns, captions, (), A),
    )
    return document


def after(document: dict[str, Any], *edits: dict[str, Any]) -> dict[str, Any]:
    """The document as edits store it; what is read of it is what they made."""
    units = edited(units_of(document), check_edits(list(edits)))
    changed = document | fields_of(units)
    assert units_of(changed) == units
    assert replayed(units_of(document), edits_of(units)) == units
    return changed


@pytest.mark.parametrize("make", [captioned, talked])
def test_without_an_edit_the_document_is_as_published(make: Any) -> None:
    document = make()
    found = fields_of(units_of(document))
    assert found.pop("text_edits") is found.pop("original_phrase") is None
    assert found == {name: document.get(name) for name in found}


@pytest.mark.parametrize("make", [captioned, talked])
def test_edits_that_are_taken_back_leave_nothing(make: Any) -> None:
    document = make()
    units = units_of(document)
    first, second = names(units)[:2]
    new = ["Q?", "A."] if units[0].is_turn else ["New."]
    changed = after(
        document,
        {"unit": first, "texts": [*units[0].texts[:-1], "Other."]},
        {"unit": second, "removed": True},
        {"unit": "new", "texts": new},
    )
    assert changed["text_edits"]["added"] == len(changed["text_edits"]["removed"]) == 1
    added = names(units_of(changed))
    (plus,) = [name for name in added if "+" in name]
    back = after(
        changed,
        {"unit": first, "texts": list(units[0].texts)},
        {"unit": second, "removed": False},
        {"unit": plus, "removed": True},
    )
    assert {k: v for k, v in back.items() if v is not None} == document


def test_the_caption_follows_the_captions() -> None:
    changed = after(captioned(), {"unit": "caption 1", "removed": True})
    assert (changed["caption"], changed["original_phrase"]) == ("A pond.", "A lake.")
    changed = after(talked(), {"unit": "turn 1", "texts": [f"{TOKEN}Describe it.", "A pond."]})
    assert changed["caption"] == changed["captions"][0]["text"] == "A pond."
    assert changed["conversations"][0]["answer"] == "A pond."
    changed = after(talked(), {"unit": "turn 1", "removed": True})
    assert (changed["caption"], changed["captions"]) == (None, None)


def test_a_question_that_has_its_image_token_is_taken_as_it_is_written() -> None:
    moved = after(talked(), {"unit": "turn 1", "texts": ["Describe it.\n<image>", "A lake."]})
    assert moved["conversations"][0]["question"] == "Describe it.\n<image>"
    untold = after(talked(), {"unit": "turn 3", "texts": ["How many boats?", "2", "two"]})
    assert untold["conversations"][2]["question"] == "How many boats?"


def test_a_question_that_is_written_anew_keeps_the_image_token() -> None:
    changed = after(talked(), {"unit": "turn 1", "texts": ["What is it?", "A lake."]})
    questions = [one["question"] for one in changed["conversations"]]
    assert questions[:2] == [f"{TOKEN}What is it?", "Is it deep?"]


def test_the_image_token_stays_at_the_first_turn_of_a_record() -> None:
    changed = after(talked(), {"unit": "turn 1", "removed": True})
    assert [one["question"] for one in changed["conversations"]] == [
        f"{TOKEN}Is it deep?",
        "How many ships?",
    ]
    back = after(changed, {"unit": "turn 1", "removed": False})
    assert back["conversations"] == talked()["conversations"]


def test_an_added_turn_joins_the_record_of_the_one_it_is_added_to() -> None:
    changed = after(talked(), {"unit": "new", "texts": ["Why?", "So."], "with": "turn 1"})
    found = [(one["file"], one["index"], one["turn"]) for one in changed["conversations"]]
    assert found == [(A.file, 0, 0), (A.file, 0, 1), (A.file, 0, 2), (B.file, 3, 0)]
    assert names(units_of(changed)) == ["turn 1", "turn 2", "turn +1", "turn 3"]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"unit": "turn 9", "removed": True}, "there are turn 1 to turn 3"),
        ({"unit": "turn 3", "texts": ["Q", "2"]}, "'turn 3' has 3 texts, not 2"),
        ({"unit": "turn 2", "texts": ["Is it deep?", " "]}, "a text of 'turn 2' is empty"),
        ({"unit": "turn 2", "texts": ["Is it deep?", "\x07"]}, "control character"),
        ({"unit": "turn 2", "texts": ["\ud800", "a"]}, "half a surrogate"),
        ({"unit": "new", "texts": ["Q"]}, "a turn a question and an answer"),
        ({"unit": "new", "texts": ["Q", "A"], "with": "turn 7"}, "no turn 'turn 7'"),
        ({"unit": "new"}, "has no 'texts'"),
        ({"unit": "turn 2", "texts": "yes"}, "are no list"),
        ({"removed": True}, "no object with the name of its unit"),
        ({"unit": "turn 2", "task": True}, "not a whole number"),
    ],
)
def test_what_is_no_edit_is_refused(edit: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        edited(units_of(talked()), check_edits([edit]))


def test_a_caption_is_one_line_and_an_answer_need_not_be() -> None:
    with pytest.raises(UsageError, match="a caption is one line"):
        after(captioned(), {"unit": "caption 2", "texts": ["two\nlines"]})
    changed = after(talked(), {"unit": "turn 2", "texts": ["Is it deep?", "two\nlines"]})
    assert changed["conversations"][1]["answer"] == "two\nlines"


def test_an_earlier_edit_of_the_caption_alone_is_one_of_its_text() -> None:
    for document, unit in ((captioned(), 0), (talked(), 0)):
        stored = document | {"caption": "A sea.", "original_phrase": "A lake."}
        found = units_of(stored)[unit]
        assert found.texts[-1] == "A sea." and (found.published or ())[-1] == "A lake."


def test_suggested_removals_count_what_is_there() -> None:
    changed = after(captioned(), {"unit": "caption 1", "removed": True})
    found = suggested(
        units_of(changed), Suggestion((), text="B.", at=(0, 0), removes=frozenset({1}))
    )
    assert found == [
        {"unit": "caption 2", "texts": ["B."]},
        {"unit": "caption 3", "removed": True},
    ]
    found = suggested(units_of(talked()), Suggestion((), text="two", at=(2, 1)))
    assert found == [{"unit": "turn 3", "texts": ["How many ships?", "2", "two"]}]


@pytest.mark.parametrize(
    ("note", "places"),
    [
        ("turn 3 (b.jsonl[3]) says '2', and turn 2 (a.json[0]) 'yes' to 'is it deep'", {1, 2}),
        ("the record of turn 1 (a.json[0]) repeats record 3 of b.jsonl: 'Describe it.'", {0, 1, 2}),
        ("turn 9 (b.jsonl[3]) has no answer: the conversation ends", {2}),
        ("caption 1: it says 'a lake'", {0}),
        ("the conversation has no image token", set()),
    ],
)
def test_a_note_names_what_it_is_about(note: str, places: set[int]) -> None:
    (claim,) = claims_of(units_of(talked()), [("check", note)])
    assert claim.places == places
