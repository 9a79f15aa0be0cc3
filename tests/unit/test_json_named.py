"""Records under names of their own in an object: cut as ``json`` reads them, and written back."""

from __future__ import annotations

import io
import json
import tracemalloc
from codecs import BOM_UTF8
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.contract import check_format
from pairlens.importers.json_items import Item
from pairlens.importers.json_named import is_of_named, name_and_record
from pairlens.importers.json_stream import read_items
from tests import tables
from tests.unit.instructions import put, put_image, read, talk, trained
from tests.unit.test_json_stream import CHUNKS, STYLES, TEXTS, VALUES


def cut(data: bytes, **options: Any) -> list[Item]:
    return list(read_items(io.BytesIO(data), "named", **options))


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize(
    "text",
    [
        '{"image": {"path": "a"}, "mask": {"path": "b"}}\n{"image": {"path": "c"}}',
        '{"image": {"path": "a"}, "mask": {"path": "b"}, "phrase": "x"}',
        '{"info": {"year": 1}, "images": [{"id": 1}]}',
        '{"info": {"year": 1}, "stats": {"rows": 2}}',
        '{"a": {}, "b": {}}',
        '[{"a": 1}, {"a": 2}]',
        '{"a": {"x": 1}} {"b": {"x": 2}}',
        "{",
    ],
)
def test_other_objects_are_no_records_under_names(text: str) -> None:
    assert not is_of_named(text.encode())


# ------------------------------------------------------------------------------ must


@pytest.mark.parametrize("end", ["}", ', "c": {"x": 3, "y', ', "c"'])
def test_records_under_names_are_known_by_their_beginning(end: str) -> None:
    assert is_of_named(BOM_UTF8 + b' {"a": {"x": 1, "y": 2}, "b": {"x": 3}' + end.encode())


@given(st.dictionaries(TEXTS, VALUES, max_size=6), STYLES, CHUNKS, st.booleans())
@settings(max_examples=200)
def test_an_object_is_cut_as_json_reads_it(
    values: dict[str, Any], style: dict[str, Any], chunk: int, marked: bool
) -> None:
    data = (BOM_UTF8 if marked else b" \n") + json.dumps(values, **style).encode() + b"\r\n "
    items = cut(data, chunk=chunk)
    assert not any(item.fault for item in items)
    assert {item.name: json.loads(item.data) for item in items} == values
    for item in items:
        assert data[item.start : item.end] == item.data
        whole = data[item.start - item.lead : item.end]
        assert name_and_record(whole) == (item.name, item.data)


@pytest.mark.parametrize(
    ("text", "read_so_far", "fault"),
    [
        ('{"a": {"x": 1}, "b": {"x": 2}', 2, "the file ends in the middle of its object"),
        ('{"a": {"x": 1}, "b": {"x"', 1, "the record is not valid JSON"),
        ('{"a": {"x": 1}, "b": {"x": 1 2}, "c": {"x": 3}}', 1, "the record is not valid JSON"),
        ('{"a": {"x": 1} "b": {"x": 1}}', 1, "no comma, name or end of the object"),
        ('{"a": {"x": 1}, b: {"x": 1}}', 1, "no comma, name or end of the object"),
        ('{"a": {"x": 1}, "b": ' + "[" * 200_000, 1, "nested too deeply"),
    ],
)
def test_a_broken_object_is_read_so_far(text: str, read_so_far: int, fault: str) -> None:
    *sound, broken = cut(text.encode())
    assert len(sound) == read_so_far and not any(item.fault for item in sound)
    assert fault in broken.fault and broken.last


def test_a_long_record_is_not_held() -> None:
    text = '{"a": {"x": 1}, "b": {"x": "' + "y" * (20 << 20) + '"}, "c": {"x": 1}}'
    stream = io.BytesIO(text.encode())
    tracemalloc.start()
    first, second = read_items(stream, "named")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not first.fault and "longer than 1,048,576 bytes" in second.fault
    assert peak < 15 << 20


def of_names(root: Path) -> Path:
    rows = {f"r{n} \u00e9": row for n, row in enumerate(tables.rows_of(tables.rle))}
    tables.write_files(root, masks=False)
    (root / "p.json").write_text(json.dumps(rows, indent=1))
    return root


def test_a_table_of_names_keeps_the_contract(tmp_path: Path) -> None:
    check_format(replace(FORMATS["table"], example=of_names, faults=()), tmp_path)


def test_a_name_can_be_that_of_the_image_or_the_id(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    rows = {f"{n}.png": {"caption": f"a house {n}"} for n in range(2)}
    (tmp_path / "c.json").write_text(json.dumps(rows))
    settled = FORMATS["table"].settled(tmp_path, {})
    assert settled.params == {"image": "key", "captions": "caption"}
    records = list(FORMATS["table"].read(tmp_path))
    assert [record.image_id for record in records] == ["0.png", "1.png"]
    given = settled.params | {"key": "key"}
    (first, _) = FORMATS["table"].read(tmp_path, **given)
    assert first.key == "table/train/0.png#0.png"


@pytest.mark.parametrize("indent", [None, 2])
def test_conversations_under_names_are_read(tmp_path: Path, indent: int | None) -> None:
    records = {f"{n}": trained(f"{n}.jpg", "<image>\nq", f"a{n}") for n in range(3)}
    put(tmp_path, "a.json", json.dumps(records, indent=indent).encode())
    for number in range(3):
        put_image(tmp_path, f"{number}.jpg")
    found, errors, _ = read(tmp_path, "llava")
    assert not errors and [talk(one) for one in found] == [
        [("<image>\nq", (f"a{n}",))] for n in range(3)
    ]


def of_talks(root: Path) -> Path:
    records = {
        f"{n}": trained(f"{n}.jpg", "<image>\nq", f"a{n}", split=split)
        for n, split in enumerate(tables.SPLIT)
    }
    put(root, "a.json", json.dumps(records, indent=2).encode())
    for number in range(len(records)):
        put_image(root, f"{number}.jpg")
    return root


def test_conversations_under_names_keep_the_contract(tmp_path: Path) -> None:
    check_format(replace(FORMATS["llava"], example=of_talks, faults=()), tmp_path)
