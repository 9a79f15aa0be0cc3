"""Objects of JSON with two members of one name are told, in every reader."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from pairlens.importers.explain import explain
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.json_members import loads, reporting_duplicate_members

TOLD = "members of one name, of which the last counts"
READ_AS_JSON = (
    "gres", "llava", "pregres", "rsgpt4v", "geochat", "earthreason", "refdior", "vrsbench", "coco",
)  # fmt: skip
"""Formats whose examples hold JSON in the open."""


def notes_of(name: str, root: Path) -> list[str]:
    found = explain(name, root)
    assert found.records
    return [note for note in found.notes if TOLD in note]


@pytest.mark.parametrize("name", READ_AS_JSON)
def test_one_note_says_how_many_and_which(tmp_path: Path, name: str):
    make = FORMATS[name].example
    assert make is not None
    root = make(tmp_path)
    assert notes_of(name, root) == []
    changed = 0
    for file in sorted(root.rglob("*.json*")):
        text = file.read_text("utf-8")
        # The first member of some object, in front of it with another value.
        inner = r"(\[\s*)" if re.search(r"\[\s*\{", text) else "()"
        new = re.sub(inner + r'\{\s*("[a-z_]+"):', r'\1{\2: "caf\\u00e9", \2:', text, count=1)
        changed += new != text
        file.write_text(new, "utf-8")
    (note,) = notes_of(name, root)
    assert changed and re.match(r"[\d,]+ objects? of JSON ha(s|ve) two members", note)
    assert "'café'" in note


def test_each_object_counts_once():
    notes: list[str] = []
    texts = ['{"a": 1, "a": 2}', '{"a": 1, "a": 2}', '{"b": {"c": 1, "c": 1}}', '{"a": 1}']
    assert list(reporting_duplicate_members(map(loads, texts), notes.append)) == list(
        map(json.loads, texts)
    )
    assert notes == [
        "2 objects of JSON have two members of one name, of which the last counts: "
        "'a' in {'a': 1, 'a': 2}"
    ]


def test_what_is_decoded_elsewhere_meanwhile_is_not_told():
    notes: list[str] = []
    for _ in reporting_duplicate_members(iter([1]), notes.append):
        loads('{"a": 1, "a": 2}')
    assert notes == []


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}x', "[1,]", "\ufeff{}", "nul", '"\\ud8"'])
def test_errors_are_those_of_python(text: str):
    with pytest.raises(ValueError) as expected:
        json.loads(text)
    with pytest.raises(ValueError, match=re.escape(str(expected.value))):
        loads(text)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_bytes_are_decoded_as_by_python(coding: str):
    data = '{"é": "\U0001f6a2"}'.encode(coding)
    assert loads(data) == json.loads(data)


def test_an_edit_changes_the_member_that_counts():
    text = '{"q": "old", "q": "read", "l": [{"v": 1, "v": 2}]}'
    made = replace_values(text, {("q",): '"new"', ("l", 0, "v"): "3"})
    assert json.loads(made) == {"q": "new", "l": [{"v": 3}]}


def test_a_large_object_is_told_in_a_line_and_soon():
    notes: list[str] = []
    members = ", ".join(f'"m{n}": "{"x" * 20}"' for n in range(100_000))
    texts = [f'{{{members}, "m99999": {n}}}' for n in range(2)]
    assert len(list(reporting_duplicate_members(map(loads, texts), notes.append))) == 2
    (note,) = notes
    assert note.startswith("2 objects of JSON have") and "'m99999' in {'m0': 'xx" in note
    assert len(note) < 300


@pytest.mark.parametrize("depth", [100, 900])
def test_a_deep_object_is_read_as_by_python(depth: int):
    notes: list[str] = []
    text = '{"a": 1, "a": ' + "[" * depth + "]" * depth + "}"
    assert list(reporting_duplicate_members(map(loads, [text]), notes.append)) == [json.loads(text)]
    assert len(notes) == 1


def with_list_twice(file: Path, name: str) -> None:
    """Has a list stand twice, with values that are wrong in the first one."""
    content = json.loads(file.read_bytes())
    right = json.dumps(content[name])
    named = re.sub(r'("(?:caption|phrase|file_name)": ")[^"]*', r"\1wrong", right)
    wrong = re.sub(r"\d+(?=[,\]])", "1", named)
    assert wrong != right
    file.write_text(f'{{"{name}": {wrong}, {json.dumps(content)[1:]}')


LISTS = {
    ("refcoco", "refcoco/instances.json"): ("annotations", "images"),
    ("rrsisd", "rrsisd/instances.json"): ("annotations", "images"),
    ("coco", "annotations/instances_train.json"): ("annotations", "images"),
    ("fiftyone", "samples.json"): ("samples",),
}


@pytest.mark.parametrize(("name", "file"), LISTS)
def test_of_lists_of_one_name_the_last_counts(tmp_path: Path, name: str, file: str):
    make = FORMATS[name].example
    assert make is not None
    made = make(tmp_path / "once")
    once = [_placed(one, made) for one in FORMATS[name].read(made)]
    for listed in LISTS[name, file]:
        root = make(tmp_path / listed)
        with_list_twice(root / file, listed)
        assert json.loads((root / file).read_bytes()) == json.loads(
            (tmp_path / "once" / file).read_bytes()
        )
        (note,) = notes_of(name, root)
        assert note.startswith("1 object of JSON has") and f"'{listed}' in" in note
        assert [_placed(one, root) for one in FORMATS[name].read(root)] == once


def _placed(record: object, root: Path) -> str:
    return repr(record).replace(str(root), "")


def test_a_list_of_which_none_is_left_gives_nothing(tmp_path: Path):
    make = FORMATS["coco"].example
    assert make is not None
    root = make(tmp_path)
    file = root / "annotations/instances_train.json"
    for last in ("[]", "null"):
        text = file.read_text().rstrip()
        file.write_text(f'{text[:-1]}, "annotations": {last}}}')
        assert not [r for r in FORMATS["coco"].read(root) if r.split == "train"]


def test_a_name_in_a_text_is_no_list(tmp_path: Path):
    make = FORMATS["coco"].example
    assert make is not None
    root = make(tmp_path)
    once = list(FORMATS["coco"].read(root))
    file = root / "annotations/instances_train.json"
    file.write_text(file.read_text().replace("{", '{"info": ["annotations", "annotations"], ', 1))
    assert list(FORMATS["coco"].read(root)) == once
    assert notes_of("coco", root) == []


def test_zeros_without_end_behind_a_file_are_not_read(tmp_path: Path):
    make = FORMATS["coco"].example
    assert make is not None
    root = make(tmp_path)
    once = list(FORMATS["coco"].read(root))
    os.truncate(root / "annotations/instances_train.json", 1 << 40)  # hours, if it is read
    assert list(FORMATS["coco"].read(root)) == once
