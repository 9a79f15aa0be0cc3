"""Contents of messages that are lists of parts are read as texts, and written back part by part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.decisions import Decision
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.llava import parse
from pairlens.importers.formats.message_parts import OTHERS, joined, text_edits, text_places
from pairlens.importers.formats.record_edit import with_turns
from pairlens.importers.formats.table_conversations import TalkEdits, talk_in, with_talk
from pairlens.importers.records import Instruction
from tests.unit.instructions import put, put_image, read, talk
from tests.unit.test_record_forms import rewritten

TEXT = {"type": "text", "text": "How many?"}
NAMED = {"type": "image", "image": "a.jpg"}
URL = {"type": "image_url", "image_url": {"url": "a.jpg"}}


def said(*parts: Any, answer: Any = "Two.", **members: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": list(parts)}, {"role": "assistant", "content": answer}]
    return {"messages": messages} | members


@pytest.mark.parametrize(
    ("record", "question"),
    [
        pytest.param(said({"type": "image"}, TEXT, images=["a.jpg"]), "How many?", id="one text"),
        pytest.param(said(NAMED, TEXT), "How many?", id="image named in a part"),
        pytest.param(said(TEXT, URL), "How many?", id="image_url"),
        pytest.param(said(TEXT, URL | {"image_url": "a.jpg"}), "How many?", id="plain image_url"),
        pytest.param(
            said(
                {"type": "input_image", "image_url": "a.jpg"}, {"type": "input_text", "text": "Q"}
            ),
            "Q",
            id="responses",
        ),
        pytest.param(said({"type": "image", "path": "a.jpg"}, TEXT), "How many?", id="path"),
        pytest.param(said({"image": "a.jpg"}, {"text": "Q"}), "Q", id="without types"),
        pytest.param(said(NAMED, "How", "many?"), "How\nmany?", id="plain strings"),
        pytest.param(
            said(TEXT, NAMED, {"type": "text", "text": "Say a number."}),
            "How many?\nSay a number.",
            id="text, image, text",
        ),
        pytest.param(said(NAMED, TEXT, NAMED), "How many?", id="one image twice"),
        pytest.param(said(NAMED, TEXT, image=None), "How many?", id="no image of the record's"),
        pytest.param(
            said({"type": "image", "image": "/else/a.jpg"}, TEXT, images=["a.jpg"]),
            "How many?",
            id="the record's own image counts",
        ),
        pytest.param(
            said(
                {"type": "image", "text": None, "image": "a.jpg"},
                {"type": "text", "text": "Q", "image": None},
                answer=[{"type": "text", "text": "Two.", "image": None}],
            ),
            "Q",
            id="padded by datasets",
        ),
    ],
)
def test_parts_are_read_as_texts_and_the_image(
    tmp_path: Path, record: dict[str, Any], question: str
) -> None:
    put_image(tmp_path / "in", "a.jpg")
    put(tmp_path / "in", "chats.jsonl", [record])
    assert find_format("auto", tmp_path / "in").name == "llava"
    (found,), errors, notes = read(tmp_path / "in", "llava")
    assert errors == [] and found.image is not None and found.image_id == "a.jpg"
    assert talk(found) == [(question, ("Two.",))]
    assert any("several parts of text" in note for note in notes) == ("\n" in question)
    published = (tmp_path / "in/chats.jsonl").read_bytes()
    assert rewritten(tmp_path / "in", tmp_path / "same", "llava") == published


@pytest.mark.parametrize("form", ["rsgpt4v", "pregres", "geochat", "llava"])
@pytest.mark.parametrize("names", [("from", "value"), ("role", "content")])
def test_every_format_of_conversations_reads_them(
    tmp_path: Path, form: str, names: tuple[str, str]
) -> None:
    who, text = names
    talks = [{who: "user", text: ["Where is", "the ship?"]}, {who: "assistant", text: [TEXT]}]
    put(tmp_path, f"{form}.json", [{"image": "a.jpg", "conversations": talks}])
    (found,), errors, notes = read(tmp_path, form)
    assert errors == [] and talk(found) == [("Where is\nthe ship?", ("How many?",))]
    assert isinstance(notes[1], Decision) and "several parts of text in a message" in notes[1]
    assert (notes[1].times, notes[1].example) == (1, f"{form}.json")


@pytest.mark.parametrize("parts", [(TEXT,), ({"type": "image"}, TEXT)])
def test_messages_that_name_no_image_are_no_records(tmp_path: Path, parts: Any) -> None:
    put(tmp_path, "chats.jsonl", [said(*parts)])
    (found, errors, notes) = read(tmp_path, "llava")
    assert found == [] and errors == []
    assert notes == ["chats.jsonl holds no records of questions and answers and was left alone"]


def test_an_image_alone_asks_nothing_and_other_parts_are_told(tmp_path: Path) -> None:
    put(tmp_path, "a.json", [said(NAMED), said(NAMED, TEXT, {"type": "audio", "audio": "a.wav"})])
    (found,), errors, notes = read(tmp_path, "llava")
    assert errors == [] and talk(found) == [("", ("Two.",)), ("How many?", ("Two.",))]
    assert notes[1] == OTHERS


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("A\nBB\nC", ["A", "BB", "C"]),
        ("X\nB\nC", ["X", "B", "C"]),
        ("A\nB\nC D", ["A", "B", "C D"]),
        ("A B\nC", ["A B", "", "C"]),
        ("all else", ["all else", "", ""]),
        ("", ["", "", ""]),
    ],
)
def test_an_edit_stays_in_its_part(tmp_path: Path, question: str, expected: list[str]) -> None:
    record = said("A", NAMED, {"type": "text", "text": "B"}, "C")
    put(tmp_path / "in", "a.jsonl", [record])
    data = rewritten(tmp_path / "in", tmp_path / "out", "llava", question=question)
    one, two, three = expected
    assert json.loads(data) == said(one, NAMED, {"type": "text", "text": two}, three)
    (turn,) = parse(json.loads(data)).turns
    assert turn.question == question


@given(st.lists(st.text("ab \n", max_size=4), min_size=2, max_size=4), st.text("ab \n", max_size=9))
def test_an_edit_is_read_back(parts: list[str], text: str) -> None:
    record = said(*parts)
    at = ("messages", 0, "content")
    for place, new in text_edits(record, at, text).items():
        record["messages"][0]["content"][place[-1]] = new
    content = record["messages"][0]["content"]
    assert joined(content, text_places(content)) == text


@pytest.mark.parametrize("cell", ["json", "literal", "list"])
def test_a_turn_that_goes_leaves_the_image(cell: str) -> None:
    record = said(NAMED, TEXT)
    record["messages"] += said("Where", "is it?")["messages"]
    left = {"role": "user", "content": [NAMED]}
    first, second = parse(record).turns
    written = json.loads(with_turns(json.dumps(record), record, [first], []))
    assert written == {"messages": [left, *record["messages"][2:]]}
    assert parse(written).turns == (
        second._replace(question_at=("messages", 1, "content"),
                        answers_at=(("messages", 2, "content"),)),
    )  # fmt: skip
    messages = record["messages"]
    held = {"json": json.dumps(messages), "literal": repr(messages), "list": messages}[cell]
    gone = talk_in(held, "a.jpg").turns[0]
    after = with_talk(held, TalkEdits({}, [gone]))
    assert [turn.question for turn in talk_in(after, "a.jpg").turns] == ["Where\nis it?"]
    assert (json.dumps(left) in after) if cell == "json" else ("a.jpg" in str(after))


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_table_reads_parts(tmp_path: Path, kind: str) -> None:
    put_image(tmp_path, "a.jpg")
    empty = {"type": None, "text": None}
    parts = [{"type": "image"}, {"type": "text", "text": "How many?"}]
    parts = [empty | part for part in [*parts, {"type": "text", "text": "Say a number."}]]
    answer = [{"type": "text", "text": "Two."}]
    row = {"images": ["a.jpg"], **said(*parts, answer=answer)}
    if kind == "jsonl":
        put(tmp_path, "t.jsonl", [row])
    else:
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / "t.parquet")
    notes: list[str] = []
    found = FORMATS["table"].read(tmp_path / f"t.{kind}", on_note=notes.append)
    ((question, answers),) = next(talk(one) for one in found if isinstance(one, Instruction))
    assert (question, answers) == ("How many?\nSay a number.", ("Two.",))
    assert sum("several parts of text in a message" in note for note in notes) == 1


def test_a_table_whose_messages_name_no_image_stays_one(tmp_path: Path) -> None:
    put_image(tmp_path, "a.jpg")
    put(tmp_path, "t.jsonl", [{"picture": "a.jpg", **said({"type": "image"}, TEXT)}] * 3)
    assert find_format("auto", tmp_path).name == "table"
