"""Cutting JSON files into records, in pieces of any size, as ``json`` itself would read them."""

from __future__ import annotations

import io
import json
from codecs import BOM_UTF8
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.json_stream import Form, Item, form_of, read_items

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


def cut(data: bytes, form: Form = "list", **options: int) -> list[Item]:
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
        pytest.param(b"[1] 2", ["", "behind the end"], id="goes on"),
        pytest.param(b"[1][2]", ["", "behind the end"], id="two lists"),
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
