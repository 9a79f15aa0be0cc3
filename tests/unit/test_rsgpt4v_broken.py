"""Files and records that are broken or meant to break the reader: reported, the rest is read."""

from __future__ import annotations

import json
import os
import tracemalloc
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import RecordError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats import instructions as reader
from pairlens.importers.json_items import MAX_RECORD
from tests.unit.instructions import QUESTION, evaluated, put, read, talk, trained

SOUND = json.dumps(trained("b.jpg")).encode()


def said(*messages: Any) -> dict[str, Any]:
    return trained(conversations=list(messages))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        pytest.param("a.json", b"", "is empty", id="empty"),
        pytest.param("a.json", b" \n\n", "is empty", id="blank"),
        pytest.param("a.json", SOUND.decode().encode("utf-16"), "is UTF-16", id="utf-16"),
        pytest.param("a.json", b"\x89PNG\r\n", "begins with neither", id="an image"),
        pytest.param("a.jsonl", b"\x89PNG\r\n", "is not UTF-8 text", id="an image as lines"),
        pytest.param("a.json", b"null", "begins with neither", id="null"),
        pytest.param("a.json", b"[", "in the middle of its list", id="opened"),
        pytest.param("a.json", b'[{"image": "a', "in the middle of its list", id="cut off"),
        pytest.param("a.jsonl", b'{"image": "a', "is not valid JSON", id="cut off line"),
        pytest.param("a.json", b"[\x80\x81]", "is not UTF-8 text (byte 0)", id="bytes"),
        pytest.param("a.json", b"[" * 5000, "in the middle of its list", id="deep and open"),
    ],
)
def test_a_broken_file_is_reported(tmp_path: Path, name: str, data: bytes, reason: str):
    put(tmp_path, name, data)
    put(tmp_path, "b.json", [trained("b.jpg")])
    found, errors, _ = read(tmp_path)
    assert [r.image_id for r in found] == ["b.jpg"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{name}: ")
    assert reason in errors[0]
    with pytest.raises(RecordError):
        list(FORMATS["rsgpt4v"].read(tmp_path))


@pytest.mark.parametrize(
    ("name", "data", "holds"),
    [
        ("a.json", b"[]", "no records of questions and answers"),
        ("a.json", b"[[1], 2]", "no records of questions and answers"),
        ("a.jsonl", b'{"question_id": 1, "text": "a"}\n', "no records of questions"),
        ("info.json", b'{\n "name": "RS-GPT4V"\n}', "one object, not records"),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, name: str, data: bytes, holds: str):
    put(tmp_path, name, data)
    put(tmp_path, "z.json", [trained("b.jpg")])
    found, errors, notes = read(tmp_path)
    assert (len(found), errors) == (1, [])
    assert notes[0].startswith(f"{name} holds {holds}")
    assert notes[0].endswith("and was left alone")


def test_many_files_of_something_else_are_told_in_one_note(tmp_path: Path):
    for number in range(3):
        put(tmp_path, f"{number}.json", b"[]")
    put(tmp_path, "z.json", [trained()])
    assert read(tmp_path)[2][0] == (
        "0.json (and 2 more JSON files) holds no records of questions and answers "
        "and was left alone"
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(7, "a record is an object, not a number", id="number"),
        pytest.param([trained()], "a record is an object, not a list", id="list"),
        pytest.param(None, "a record is an object, not null", id="null"),
        pytest.param("a", "a record is an object, not a text", id="text"),
        pytest.param({}, "names no image", id="nothing"),
        pytest.param(trained(None), "names no image", id="null image"),
        pytest.param(trained(7), "'image' is a number", id="number for an image"),
        pytest.param(trained(["a.jpg", "b.jpg"]), "'image' is a list", id="two images"),
        pytest.param(trained("/etc/passwd"), "'/etc/passwd' is absolute", id="absolute"),
        pytest.param(trained("../../a.jpg"), "leads out of", id="parents"),
        pytest.param(trained("a\0.jpg"), "characters that no path has", id="NUL"),
        pytest.param(trained("\ud83d.jpg"), "characters that no path", id="half a character"),
        pytest.param(trained("x" * 5000), "longer than any path", id="long path"),
        pytest.param({"image": "a.jpg"}, "neither 'conversations' nor a 'text'", id="image alone"),
        pytest.param(trained(conversations=None), "is null, not a list", id="null conversation"),
        pytest.param(trained(conversations={}), "is an object, not a list", id="mapping"),
        pytest.param(said(), "holds no question and no answer", id="no messages"),
        pytest.param(said({"from": "system", "value": "s"}), "holds no question", id="system"),
        pytest.param(said("hello"), "message 0 does not say who", id="a text for a message"),
        pytest.param(said({"value": "q"}), "message 0 does not say who", id="from nobody"),
        pytest.param(said({"from": 1, "value": "q"}), "does not say who", id="from a number"),
        pytest.param(said({"from": "robot", "value": "q"}), "is from 'robot'", id="robot"),
        pytest.param(said({"from": "human"}), "value of message 0 is null", id="no value"),
        pytest.param(
            said({"from": "human", "value": [7]}), "message 0 has no part of text", id="list value"
        ),
        pytest.param(trained("a.jpg", "q", "\udc00"), "message 1 holds half", id="surrogate"),
        pytest.param(said(*[{"from": "gpt", "value": ""}] * 10_001), "10,000 messages", id="many"),
        pytest.param(evaluated(text=None), "'text' is null", id="null question"),
        pytest.param(evaluated(answer=None), "'answer' is null", id="null answer"),
        pytest.param(evaluated(answer=True), "'answer' is true or false", id="true"),
        pytest.param(evaluated(answer=["a", None]), "answer 1 is null", id="null in answers"),
        pytest.param(evaluated(answer={"a": 1}), "'answer' is an object", id="object"),
        pytest.param(evaluated(answer=[""] * 10_001), "10,000 answers", id="many answers"),
        pytest.param(
            {"question_id": 1, "image": "a.jpg", "text": "q"}, "no 'answer'", id="no answer"
        ),
        pytest.param(trained("a.jpg", "x" * MAX_RECORD, "a"), "longer than 1,048", id="large"),
    ],
)
@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_a_broken_record_is_reported(tmp_path: Path, name: str, record: Any, reason: str):
    put(tmp_path, name, [trained("b.jpg"), record, trained("c.jpg")])
    found, errors, notes = read(tmp_path)
    assert [r.image_id for r in found] == ["b.jpg", "c.jpg"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{name}[1]: ")
    assert reason in errors[0]
    assert errors[0].isprintable()
    assert "3 records, 1 broken" in notes[0]
    with pytest.raises(RecordError):
        list(FORMATS["rsgpt4v"].read(tmp_path))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        pytest.param(b'{"image": "a.jpg"', "is not valid JSON", id="not closed"),
        pytest.param(b'{"image": "a.jpg\xff"}', "is not UTF-8 text (byte 16)", id="encoding"),
        pytest.param(b'{"image": "\x00"}', "is not valid JSON", id="NUL in a text"),
        pytest.param(b'{"a": ' * 9000 + b"1" + b"}" * 9000, "nested too deeply", id="deep"),
        pytest.param(b'{"id": ' + b"9" * 5000 + b"}", "is not valid JSON", id="long number"),
        pytest.param(b"\x1a", "is not valid JSON", id="a control character"),
    ],
)
def test_a_broken_line_is_reported(tmp_path: Path, broken: bytes, reason: str):
    put(tmp_path, "t.jsonl", SOUND + b"\n" + broken + b"\n\n" + SOUND)
    (found,), errors, _ = read(tmp_path)
    assert [turn.source.index for turn in found.turns] == [0, 2]
    assert [e.startswith("t.jsonl[1]: ") and reason in e for e in errors] == [True]


def test_two_records_on_a_line_are_two_records(tmp_path: Path):
    put(tmp_path, "t.jsonl", SOUND + b"\n" + SOUND + SOUND + b"\n\n" + SOUND)
    (found,), errors, _ = read(tmp_path)
    assert ([turn.source.index for turn in found.turns], errors) == ([0, 1, 2, 3], [])


@pytest.mark.parametrize(
    "first", [b"garbage", b"[1]", b"7", b"[cut off", BOM_UTF8 + b"[1]"], ids=ascii
)
def test_a_broken_first_line_hides_no_others(tmp_path: Path, first: bytes):
    put(tmp_path, "t.jsonl", first + b"\n" + SOUND + b"\n" + SOUND)
    (found,), errors, _ = read(tmp_path)
    assert len(found.turns) == 2
    assert [error.split(": ")[0] for error in errors] == ["t.jsonl[0]"]


@pytest.mark.parametrize("data", [b"[%s, %s]", b"[\n%s,\n%s\n]\n", b"[%s,\n%s]"], ids=ascii)
def test_a_list_in_a_file_of_lines_is_read_as_a_list(tmp_path: Path, data: bytes):
    put(tmp_path, "t.jsonl", data % (SOUND, SOUND))
    (found,), errors, _ = read(tmp_path)
    assert (len(found.turns), errors) == (2, [])


@pytest.mark.parametrize(
    ("data", "records", "reason"),
    [
        pytest.param(b"[%s, %s", 2, "ends in the middle of its list", id="not closed"),
        pytest.param(b'[%s, %s, {"image', 2, "ends in the middle of its list", id="cut off"),
        pytest.param(b"[%s, %s] x", 2, "text stands behind the end", id="goes on"),
        pytest.param(b"[%s,, %s]", 2, "nothing stands where a record should", id="two commas"),
        pytest.param(b'[%s, {"a": NaN}, %s]', 2, "names no image", id="NaN"),
        pytest.param(b'[%s, {"a": 1]}, %s]', 2, "is not valid JSON", id="a bracket amiss"),
        pytest.param(b"[%s, {a: 1}, %s]", 2, "is not valid JSON", id="no quotes"),
        pytest.param(b"[%s, {'a': 1}, %s]", 2, "is not valid JSON", id="a Python literal"),
    ],
)
def test_a_broken_list_keeps_its_good_records(
    tmp_path: Path, data: bytes, records: int, reason: str
):
    put(tmp_path, "t.json", data % (SOUND, SOUND))
    (found,), errors, _ = read(tmp_path)
    assert len(found.turns) == records
    assert [reason in error for error in errors] == [True]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(BOM_UTF8 + b"[" + SOUND + b"]", id="byte order mark"),
        pytest.param(BOM_UTF8 + SOUND + b"\r\n", id="marked lines"),
        pytest.param(SOUND.replace(b'"id"', b'"i\\u0000d"'), id="NUL in a key"),
        pytest.param(SOUND.replace(b'"id"', b'"\\ud800"'), id="half a character in a key"),
        pytest.param(SOUND.replace(b'"1"', b"[1, {}]"), id="odd id"),
        pytest.param(SOUND.replace(b'"id"', b'"model": "x", "id"'), id="unknown field"),
        pytest.param(SOUND.replace(b'"image"', b'"image": "x", "image"'), id="a key twice"),
        pytest.param(SOUND.replace(b'"b.jpg"', b'["b.jpg"]'), id="image in a list"),
        pytest.param(SOUND.replace(b'"1"', b'1, "category": {"a": 1}'), id="odd category"),
    ],
)
def test_odd_but_sound(tmp_path: Path, data: bytes):
    put(tmp_path, "t.json", data)
    (found,), errors, _ = read(tmp_path)
    assert (found.image_id, talk(found), errors) == ("b.jpg", [(QUESTION, ("Two.",))], [])


def test_a_file_whose_name_is_no_text_is_reported(tmp_path: Path):
    name = os.fsdecode(b"\xff_train.json")
    (tmp_path / name).write_bytes(b"[" + SOUND + b"]")
    found, errors, _ = read(tmp_path)
    assert found == []
    assert errors == ["\\udcff_train.json: the file's name is no text; rename it"]


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path):
    put(tmp_path, "b.json", [trained()])
    (tmp_path / "a.json").symlink_to(tmp_path / "a.json")
    found, errors, _ = read(tmp_path)
    assert len(found) == 1
    assert errors[0].startswith("a.json: cannot be read (")


def test_files_that_change_under_the_reader_give_errors(tmp_path: Path):
    path = put(tmp_path, "t.json", [trained("a.jpg"), trained("b.jpg")])
    errors: list[str] = []
    records = FORMATS["rsgpt4v"].read(tmp_path, on_error=lambda e: errors.append(str(e)))
    next(records)
    path.write_bytes(b"x" * path.stat().st_size)
    assert list(records) == []
    assert errors == ["t.json[1]: changed while it was read; import again"]


def test_an_image_holds_no_more_than_a_document_does(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_SAMPLE", 3500)
    put(tmp_path, "t.json", [trained("a.jpg") for _ in range(5)] + [trained("b.jpg")])
    found, errors, _ = read(tmp_path)
    assert [len(r.turns) for r in found] == [3, 1]
    assert [e.split(": ")[0] for e in errors] == ["t.json[3]", "t.json[4]"]
    assert "more than one sample holds is said of 'a.jpg'" in errors[0]


def test_an_image_shows_no_more_boxes_than_a_document_holds(tmp_path: Path):
    put(tmp_path, "t.json", [trained("a.jpg", "q", "[0,0,1,1]" * 1100)] * 2)
    (found,), _, notes = read(tmp_path)
    assert len(found.boxes) == reader.MAX_BOXES
    assert notes[-1].startswith("t.json: boxes left out: 200 (each stands behind the first 2,000")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path):
    def peak(count: int) -> int:
        root = tmp_path / str(count)
        text = "An answer of some length. " * 40
        put(root, "t.json", (trained(f"{i % 97}/{i // 2}.jpg", "q", text) for i in range(count)))
        tracemalloc.start()
        read_count = sum(1 for _ in FORMATS["rsgpt4v"].read(root))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read_count > count // 3
        return size

    # A cache that other tests have filled may get more room once, in the middle of one reading.
    assert min(peak(3000), peak(3000)) < 1.2 * peak(1000)
