"""The items of lists in a JSON object, streamed."""

from __future__ import annotations

import io
import json

import pytest

from pairlens.importers import list_items
from pairlens.importers.list_items import read_list_items

CONTENT = {
    "info": {"images": [1, 2]},
    "images": [{"id": 1, "file_name": "caf\u00e9 \U0001f600.jpg"}, {"id": 2}],
    "none": [],
    "n": 1.5e3,
    "annotations": [{"id": n, "segmentation": [[1.25] * n]} for n in range(60)],
    "mixed": [1, "]", None, [[]]],
}


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 16])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_items_are_those_of_the_object(
    monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None, mark: bytes
) -> None:
    monkeypatch.setattr(list_items, "CHUNK", chunk)
    data = mark + json.dumps(CONTENT, indent=indent, ensure_ascii=False).encode()
    found: dict[str, list[object]] = {}
    for item in read_list_items(io.BytesIO(data)):
        assert json.loads(data[item.start : item.end]) == item.value
        found.setdefault(item.name, []).append(item.value)
    assert found == {name: v for name, v in CONTENT.items() if isinstance(v, list) and v}


@pytest.mark.parametrize(
    ("text", "items", "words"),
    [
        ("", 0, r"line 1: expected '\{'"),
        ("[1]", 0, r"expected '\{'"),
        ('{"a": [1, 2', 2, "line 1"),
        ('{"a": [1,\n2,\nx]}', 2, "line 3: Expecting value"),
        ('{"a" [1]}', 0, "expected ':'"),
        ("{1: [1]}", 0, "expected a name"),
        ('{"a": [1]', 1, "expected ','"),
        ('{"a": [' + "[" * 100_000, 0, "nested too deeply"),
    ],
)
def test_what_is_broken_is_told_with_its_line(text: str, items: int, words: str) -> None:
    found = []
    with pytest.raises(ValueError, match=f"is no JSON object of lists .*{words}"):
        for item in read_list_items(io.BytesIO(text.encode())):
            found.append(item.value)
    assert found == [1, 2][:items]


def test_an_item_without_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_items, "MAX_ITEM", 1000)
    stream = io.BytesIO(b'{"a": [[' + b"1," * 10_000_000)
    with pytest.raises(ValueError, match="no value of under 1,000 bytes"):
        list(read_list_items(stream))
    assert stream.tell() < 1_000_000


def test_items_without_end_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_items, "MAX_ITEMS", 100)
    found = []
    with pytest.raises(ValueError, match="has over 100 items"):
        for item in read_list_items(io.BytesIO(b'{"a": [' + b"[]," * 1000)):
            found.append(item)
    assert len(found) == 100
    with pytest.raises(ValueError, match="over 20,000 members"):
        list(read_list_items(io.BytesIO(b"{" + b'"a": [],' * 30_000)))
