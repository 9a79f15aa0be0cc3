"""Edits of a list in JSON text: what is not edited keeps every character."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.formats.json_edit import edit_list, member_starts


def edit(text: str, keep: set[int], replacements: dict[int, str] | None = None) -> str:
    return edit_list(text, member_starts(text)["text"], keep, replacements or {})


@pytest.mark.parametrize(
    "text",
    [
        '{"text": ["a", "b"], "n": 1.50}',
        '{ "n" : 1e5 , "text" : [ ] }',
        '{\r\n\t"text": [\r\n\t\t"a",\r\n\t\t"b"\r\n\t]\r\n}\r\n',
    ],
    ids=["plain", "empty list", "tabs and CRLF"],
)
def test_keeping_every_item_changes_nothing(text: str) -> None:
    assert edit(text, {0, 1}) == text


@pytest.mark.parametrize(
    ("text", "keep", "replacements", "expected"),
    [
        ('{"text": ["a", "b", "c"], "n": 1.50}', {0, 2}, {}, '{"text": ["a", "c"], "n": 1.50}'),
        ('{"text": ["a", "b"]}', {1}, {}, '{"text": ["b"]}'),
        ('{"text": ["a","b"]}', {0}, {}, '{"text": ["a"]}'),
        ('{"text": [\n  "a",\n  "b"\n]}', {0}, {}, '{"text": [\n  "a"\n]}'),
        ('{"text": [\n  "a",\n  "b"\n]}', set(), {}, '{"text": []}'),
        ('{"text": ["],", "b"]}', {0}, {}, '{"text": ["],"]}'),
        ('{"text": ["\\"x", "b"]}', {0, 1}, {1: '"z"'}, '{"text": ["\\"x", "z"]}'),
        ('{"text": ["old"], "text": ["a", "b"]}', {1}, {}, '{"text": ["old"], "text": ["b"]}'),
        ('{"x": {"text": ["n"]}, "text": ["a", "b"]}', {0}, {},
         '{"x": {"text": ["n"]}, "text": ["a"]}'),
    ],
    ids=[
        "middle", "first", "tight", "indented", "all", "brackets in a query", "escapes",
        "the last of equal names", "a nested member of the same name",
    ],
)  # fmt: skip
def test_edits_cut_and_replace(
    text: str, keep: set[int], replacements: dict[int, str], expected: str
) -> None:
    assert edit(text, keep, replacements) == expected


@given(
    items=st.lists(st.text(), max_size=6),
    other=st.dictionaries(st.text(), st.none() | st.floats() | st.lists(st.text()), max_size=3),
    indent=st.sampled_from([None, 0, 1, 4, "\t"]),
    ascii_only=st.booleans(),
    data=st.data(),
)
def test_edits_mean_what_they_say(
    items: list[str], other: dict[str, Any], indent: Any, ascii_only: bool, data: st.DataObject
) -> None:
    other = {name: value for name, value in other.items() if name not in ("text", "z")}
    text = json.dumps({**other, "text": items, "z": 1}, indent=indent, ensure_ascii=ascii_only)
    numbers = range(len(items))
    keep = set(data.draw(st.sets(st.sampled_from(numbers)))) if items else set()
    new = {i: data.draw(st.text()) for i in keep if data.draw(st.booleans())}

    edited = edit(text, keep, {i: json.dumps(t) for i, t in new.items()})

    expected = [new.get(i, items[i]) for i in sorted(keep)]
    assert json.loads(edited)["text"] == expected
    start = member_starts(text)["text"]
    assert edited[: start + 1] == text[: start + 1]
    assert edited.endswith(text[text.rindex('"z"') :])
