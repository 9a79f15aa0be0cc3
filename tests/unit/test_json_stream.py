"""Cutting JSON files into records, in pieces of any size, as ``json`` itself would read them."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.importers.json_items import Item
from pairlens.importers.json_stream import Form, form_of, read_items

CHUNKS = st.integers(1, 40)
TEXTS = st.text(
    st.one_of(st.sampled_from('"\\{}[],:\n \u2028é😀'), st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
STYLES = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, 0, 3]), "ensure_ascii": st.booleans()}
)


def cut(data: bytes, form: Form = "list", **options: Any) -> list[Item]:
    return list(read_items(io.BytesIO(data), form, **options))


def values_of(items: list[Item]) -> list[Any]:
    assert not any(item.fault for item in items)
    return [json.loads(item.data) for item in items]


@given(st.lists(VALUES, max_size=6), STYLES, CHUNKS, st.booleans())
@settings(max_examples=200)
def test_a_list_is_cut_as_json_reads_it(
    values: list[Any], style: dict[str, Any], chunk: int, marked: bool
):
    data = (BOM_UTF8 if marked else b" \n") + json.dumps(values, **style).encode() + b"\r\n "
    items = cut(data, chunk=chunk)
    assert values_of(items) == values
    assert [item.number for item in items] == list(range(len(values)))
    assert all(data[item.start : item.end] == item.data for item in items)


@given(st.lists(VALUES, max_size=6), st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n \n"]))
def test_lines_are_cut_as_json_reads_them(values: list[Any], marked: bool, end: str):
    data = BOM_UTF8 * marked + end.join(map(json.dumps, values)).encode()
    items = cut(data, "lines")
    assert values_of(items) == values
    assert all(data[item.start : item.end] == item.data for item in items)


@given(st.binary(max_size=60) | st.text('[]{}",:\\ 1a', max_size=60).map(str.encode), CHUNKS)
@settings(max_examples=300)
def test_garbage_gives_faults_and_never_more_than_there_is(data: bytes, chunk: int):
    for form in ("list", "lines"):
        items = cut(data, form, chunk=chunk, limit=16)
        assert all(0 <= i.start <= i.end <= len(data) and len(i.data) <= 16 for i in items)
        assert all(item.fault or item.data for item in items)
        assert not any(item.last for item in items[:-1])


@given(st.lists(VALUES, min_size=1, max_size=4), st.data(), CHUNKS)
def test_a_cut_off_list_keeps_its_whole_items(values: list[Any], data: st.DataObject, chunk: int):
    whole = json.dumps(values).encode()
    length = data.draw(st.integers(1, len(whole) - 1))
    items = cut(whole[:length], chunk=chunk)
    assert items[-1].last
    assert "in the middle of its list" in items[-1].fault
    ended = [item for item in items if whole[item.end : item.end + 1] in (b",", b"]")][:-1]
    assert [json.loads(i.data) for i in ended if not i.fault] == values[: len(ended)]


@pytest.mark.parametrize(
    ("data", "form"),
    [
        pytest.param(b"", None, id="empty"),
        pytest.param(b" \n", None, id="blank"),
        pytest.param(b"a,b\n1,2", None, id="csv"),
        pytest.param(b'"text"', None, id="text"),
        pytest.param(b"\xff\xfe[\0", None, id="utf-16"),
        pytest.param(b" \r\n\t[1]", "list", id="list"),
        pytest.param(BOM_UTF8 + b"[", "list", id="marked list"),
        pytest.param(b'{"a": 1}\n', "lines", id="lines"),
        pytest.param(BOM_UTF8 + b"\n{", "lines", id="marked lines"),
    ],
)
def test_the_form_shows_in_the_first_bytes(data: bytes, form: Form | None):
    assert form_of(data) == form


@pytest.mark.parametrize("chunk", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("data", "faults"),
    [
        pytest.param(b"[]", [], id="no item"),
        pytest.param(b"[1, 2]", ["", ""], id="sound"),
        pytest.param(b"[1,, 2]", ["", "nothing stands", ""], id="two commas"),
        pytest.param(b"[1, 2,]", ["", "", "nothing stands"], id="comma at the end"),
        pytest.param(b"[,]", ["nothing stands", "nothing stands"], id="comma alone"),
        pytest.param(b"[1 2]", ["", ""], id="no comma"),
        pytest.param(b"[1] 2", ["", "behind the end"], id="goes on"),
        pytest.param(b"[1][2]", ["", "behind the end"], id="two lists of numbers"),
        pytest.param(b"[", ["in the middle"], id="opened"),
        pytest.param(b"[1", ["", "in the middle"], id="not closed"),
        pytest.param(b'[1, {"a": [', ["", "in the middle"], id="cut off"),
        pytest.param(b'[1, "a\\"', ["", "in the middle"], id="cut off in a text"),
        pytest.param(b"[1, ", ["", "in the middle"], id="cut off behind a comma"),
        pytest.param(b'[1, "' + b"x" * 99 + b'", 2]', ["", "longer than 50", ""], id="long text"),
        pytest.param(b"[1, " + b"[" * 60 + b"]" * 60 + b", 2]", ["", "longer", ""], id="deep"),
        pytest.param(b"[1, " + b" " * 99 + b"2]", ["", ""], id="much white space"),
        pytest.param(b'[1, "' + b"\\" * 120 + b'", 2]', ["", "longer", ""], id="backslashes"),
        pytest.param(b'[1, "' + b"x" * 99, ["", "in the middle"], id="long and cut off"),
    ],
)
def test_faults_of_lists(data: bytes, faults: list[str], chunk: int):
    items = cut(data, chunk=chunk, limit=50)
    assert len(items) == len(faults)
    for item, fault in zip(items, faults, strict=True):
        assert fault in item.fault if fault else not item.fault


def test_a_long_line_is_left_out_and_never_held():
    data = b'{"a": 1}\n{"b": "' + b"x" * 100 + b'"}\n\n{"c": 3}'
    items = cut(data, "lines", limit=20)
    assert [item.data for item in items] == [b'{"a": 1}', b"", b'{"c": 3}']
    assert items[1].fault == "the record is longer than 20 bytes"
    assert data[items[1].end :] == b'\n\n{"c": 3}'


def record(number: int, text: str = "How many ships?") -> str:
    turns = [{"from": "human", "value": text}, {"from": "gpt", "value": "Two."}]
    return json.dumps({"id": str(number), "image": f"{number}.jpg", "conversations": turns})


def numbers(items: list[Item]) -> list[int]:
    return [int(item.load()["id"]) for item in items if not item.fault]


BROKEN = [
    pytest.param(lambda r: r.replace("How many", 'A 24" pipe, how many'), id="unescaped quote"),
    pytest.param(lambda r: r.replace("ships?", "ships\\"), id="trailing backslash"),
    pytest.param(lambda r: r.replace('ships?"', "ships?"), id="unclosed text"),
    pytest.param(lambda r: r.replace("}]}", "}}}"), id="brace for bracket"),
    pytest.param(lambda r: r.replace("}]}", "}"), id="two closers missing"),
    pytest.param(lambda r: r.replace("}]}", "}]"), id="a closer missing"),
    pytest.param(lambda r: r.replace('", "image"', '" "image"'), id="comma missing within"),
    pytest.param(lambda r: r.replace('"id"', "id"), id="key without quotes"),
    pytest.param(lambda r: r.replace("many", "ma\nny"), id="line end in a text"),
    pytest.param(lambda r: r.replace("Two.", "Tw\\o."), id="escape that is none"),
    pytest.param(lambda r: r[: len(r) // 2], id="half a record"),
    pytest.param(lambda r: r.replace('"', "'"), id="single quotes"),
    pytest.param(lambda r: "null_record", id="a word"),
    pytest.param(lambda r: r[:-1] + ', "x": ' + "[" * 200_000 + "}", id="many brackets"),
]
LAYOUTS = [", ", ",\n", ",", "\n,\n  "]


@pytest.mark.parametrize("chunk", [7, 300, 1 << 18])
@pytest.mark.parametrize("between", LAYOUTS)
@pytest.mark.parametrize("place", [0, 1, 2, 25, 49])
@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_record_is_the_only_one_lost(
    damage: Callable[[str], str], place: int, between: str, chunk: int
):
    texts = [record(n) for n in range(50)]
    texts[place] = damage(texts[place])
    # A long record in pieces of seven bytes would take minutes.
    pieces = max(chunk, len(texts[place]) // 1000)
    items = cut(f"[{between.join(texts)}]".encode(), chunk=pieces)
    assert numbers(items) == [n for n in range(50) if n != place]
    assert [item.number for item in items] == list(range(50))
    assert [item.number for item in items if item.fault] == [place]
    assert not any(item.last for item in items[:-1])


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_record_of_a_spread_list(damage: Callable[[str], str]):
    texts = [json.dumps(json.loads(record(n)), indent=2) for n in range(9)]
    texts[3] = damage(json.dumps(json.loads(record(3))))
    items = cut(("[\n" + ",\n".join(texts) + "\n]\n").encode())
    assert numbers(items) == [0, 1, 2, 4, 5, 6, 7, 8]
    assert [(item.number, item.line) for item in items if item.fault] == [(3, 2 + 3 * 14)]


def test_of_twenty_thousand_records_one_is_lost():
    texts = [record(n) for n in range(20_000)]
    texts[1] = texts[1].replace("How", 'A 24" pipe')
    items = cut(("[" + ", ".join(texts) + "]").encode())
    assert len(items) == 20_000
    fault = "the record is not valid JSON (Expecting ',' delimiter: line 1, byte 214)"
    assert [(item.number, item.fault) for item in items if item.fault] == [(1, fault)]


def test_broken_records_in_a_row_and_apart():
    texts = [record(n) for n in range(30)]
    for place in (4, 5, 6, 11, 29):
        texts[place] = texts[place].replace("How", 'A 24" pipe')
    items = cut(("[" + ",\n".join(texts) + "]").encode())
    assert [item.number for item in items if item.fault] == [4, 5, 6, 11, 29]
    assert [item.line for item in items if item.fault] == [5, 6, 7, 12, 30]
    assert len(numbers(items)) == 25


@pytest.mark.parametrize(
    ("text", "read", "notes"),
    [
        pytest.param("[A, B][C]", 3, ["1 more lists"], id="two lists"),
        pytest.param("[A]\n[B]\n[C]\n", 3, ["2 more lists"], id="a list a line"),
        pytest.param("[A], [B]", 2, ["1 more lists"], id="lists with a comma"),
        pytest.param("[A], B, C]", 3, ["the list is closed 1 times"], id="closed too early"),
        pytest.param("[A B\nC]", 3, ["2 records without a comma"], id="commas missing"),
        pytest.param('{"data": [A, B]}', 2, [], id="under a key"),
        pytest.param('{"info": {"n": [1]}, "data": [A, B], "more": [1]}', 2, [], id="among others"),
    ],
)
def test_what_is_odd_between_records_costs_none(text: str, read: int, notes: list[str]):
    for letter, number in (("A", 1), ("B", 2), ("C", 3)):
        text = text.replace(letter, record(number))
    said: list[str] = []
    items = cut(text.encode(), on_note=said.append)
    assert numbers(items) == list(range(1, read + 1))
    assert not any(item.fault for item in items)
    assert len(said) == len(notes)
    assert all(one.startswith(start) for one, start in zip(said, notes, strict=True))


@pytest.mark.parametrize("between", ["\n", " ", "", ",\n", "\n\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_records_without_brackets(between: str, indent: int | None):
    texts = [json.dumps(json.loads(record(n)), indent=indent) for n in range(5)]
    items = cut(between.join(texts).encode(), "values", chunk=11)
    assert numbers(items) == list(range(5))
    texts[2] = texts[2].replace("How", 'A 24" pipe')
    items = cut(between.join(texts).encode(), "values")
    assert numbers(items) == [0, 1, 3, 4]
    assert [item.number for item in items if item.fault] == [2]


def test_lines_may_end_in_commas():
    items = cut(f"{record(1)},\n{record(2)},\n".encode(), "lines")
    assert numbers(items) == [1, 2]


def test_bytes_that_are_no_text_are_one_records_fault():
    data = ("[" + ", ".join(record(n, "Zahl der Bäume é") for n in range(4)) + "]").encode()
    data = data.replace(b'"1"', b'"1\xff"')
    items = cut(data)
    assert [int(item.load()["id"]) for item in items if item.number != 1] == [0, 2, 3]
    with pytest.raises(ValueError, match="not UTF-8 text"):
        items[1].load()


@pytest.mark.parametrize("make", [
    lambda: b'[{"id": "' + b"x" * (8 << 20) + b'"}]',
    lambda: b"[" * 1_000_000,
    lambda: b"[" + b'{"id":' * 1_000_000,
    lambda: b'[{"id": 1}, ' + b"1, " * 20_000 + b"]",
    lambda: b'[{"id": 1}, ' + b'{"id": "' * 5_000,
    lambda: b" " * (8 << 20) + b"[1]",
    lambda: b'{"a": "' + b"\\" * (8 << 20),
], ids=["text", "brackets", "objects", "numbers", "open texts", "spaces", "escapes"])  # fmt: skip
def test_hostile_files_take_little_memory(make: Callable[[], bytes]):
    data = make()
    tracemalloc.start()
    started = time.perf_counter()
    for form in ("list", "values"):
        for _ in read_items(io.BytesIO(data), form):
            pass
    seconds, most = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 12 << 20
    assert seconds < 60


@pytest.mark.parametrize("between", [b"", b" ", b",", b" , "])
def test_records_that_share_a_line(between: bytes):
    data = b'{"id": 0}' + between + b'{"id": 1, "turns": [{"a": 1}, {"b": 2}]}\n{"id": 2}\n'
    items = list(read_items(io.BytesIO(data), "lines"))
    assert [item.load()["id"] for item in items] == [0, 1, 2]
    assert [data[item.start : item.end] for item in items] == [item.data for item in items]
    assert [item.line for item in items] == [1, 1, 2]


def test_what_stands_behind_a_record_on_its_line_is_one_that_is_broken():
    items = list(read_items(io.BytesIO(b'{"id": 0} {"id": \n{"id": 2}'), "lines"))
    assert items[0].load() == {"id": 0} and items[2].load() == {"id": 2}
    with pytest.raises(ValueError, match="not valid JSON"):
        items[1].load()
