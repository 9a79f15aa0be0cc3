"""Lists of records under keys of one object: all are read, of their splits, and written back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.decisions import Decision
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.example_files import image_bytes, picture
from pairlens.importers.formats.example_files import put as put_bytes
from tests.unit.instructions import put, put_image, read, trained
from tests.unit.test_conversations_export import export, turns_of, without

OF_SPLITS = {
    "info": {"version": 1},
    "licenses": [],
    "train": [trained("a.jpg", id=1), trained("b.jpg", id=2)],
    "test": [trained("b.jpg", id=3), trained("c.jpg", id=4)],
    "val": [],
}


def layout(root: Path, text: str, name: str = "all.json") -> Path:
    put(root, name, text.encode())
    for image in "abc":
        put_image(root, f"{image}.jpg")
    return root


def spread(lists: dict[str, list[Any]]) -> str:
    """An object of lists with a record a line."""
    written = (
        f'"{key}": [\n' + ",\n".join(map(json.dumps, records)) + "\n]"
        for key, records in lists.items()
    )
    return "{" + ", ".join(written) + "}\n"


@pytest.mark.parametrize("indent", [None, 2])
def test_lists_of_splits_are_read_as_these(tmp_path: Path, indent: int | None):
    layout(tmp_path, json.dumps(OF_SPLITS, indent=indent))
    records, errors, notes = read(tmp_path, "llava")
    found = [(record.split, record.image_id) for record in records]
    assert found == [("train", "a.jpg"), ("train", "b.jpg"), ("test", "b.jpg"), ("test", "c.jpg")]
    assert not errors
    said = next(note for note in notes if isinstance(note, Decision))
    assert "taken as train (2), test (2)" in said and said.override == "split_from=file"
    tests = [record.key for record in read(tmp_path, "llava", splits=("test",))[0]]
    assert tests == ["llava/test/b.jpg", "llava/test/c.jpg"]
    as_file = read(tmp_path, "llava", split_from="file")[0]
    assert [record.key for record in as_file] == [f"llava/train/{name}.jpg" for name in "abc"]


def test_a_record_a_line_under_a_key_is_no_file_of_lines(tmp_path: Path):
    text = spread({"data": [trained("a.jpg"), trained("b.jpg")]})
    layout(tmp_path / "in", text)
    records, errors, _ = read(tmp_path / "in", "llava")
    assert [record.image_id for record in records] == ["a.jpg", "b.jpg"]
    assert not errors
    files, tally, _ = export(tmp_path / "in", turns_of(tmp_path / "in", "llava"), "llava")
    assert files["all.json"].decode() == text
    assert tally.not_imported == 0


def test_records_may_name_their_split(tmp_path: Path):
    layout(tmp_path, "")
    put(tmp_path, "train.json", [trained("a.jpg"), trained("b.jpg", split="validation")])
    put(tmp_path, "all.json", [trained("c.jpg", split="odd")])
    records = read(tmp_path, "llava")[0]
    found = {record.image_id: record.split for record in records}
    assert found == {"a.jpg": "train", "b.jpg": "val", "c.jpg": "train"}


def test_records_behind_the_first_may_name_their_split(tmp_path: Path):
    layout(tmp_path, "")
    many = [trained("a.jpg", id=number) for number in range(20)]
    put(tmp_path, "all.json", [*many, trained("b.jpg", split="test"), trained("c.jpg", split="x")])
    records, _, notes = read(tmp_path, "llava")
    found = {record.image_id: record.split for record in records}
    assert found == {"a.jpg": "train", "b.jpg": "test", "c.jpg": "train"}
    whole = "all.json: 22 records, taken as train (21), test (1)"
    assert notes[0] == f"{whole}: as 1 or their keys say, else train (records for training)"
    assert notes[1] == "all.json: of 1 the own split is none of train, val, test, 'x' the first"
    tests = read(tmp_path, "llava", splits=("test",))[0]
    assert [record.image_id for record in tests] == ["b.jpg"]
    assert not read(tmp_path, "llava", splits=("test",), split_from="file")[0]


def test_a_list_behind_others_may_be_of_another_split(tmp_path: Path):
    lists = {"more": [trained("a.jpg", id=n) for n in range(20)], "test": [trained("b.jpg")]}
    layout(tmp_path, json.dumps(lists))
    for splits in (("train", "test"), ("test",)):
        found = [record.key for record in read(tmp_path, "llava", splits=splits)[0]]
        assert found == ["llava/train/a.jpg", "llava/test/b.jpg"][-len(splits) :]


@pytest.mark.parametrize("first", [None, {}, "a comment"])
def test_a_list_that_begins_with_no_record_is_read(tmp_path: Path, first: Any):
    lists = {"train": [first, trained("a.jpg")], "test": [trained("b.jpg")], "tags": ["x", "y"]}
    layout(tmp_path, json.dumps(lists))
    records, errors, _ = read(tmp_path, "llava")
    assert [record.key for record in records] == ["llava/train/a.jpg", "llava/test/b.jpg"]
    assert len(errors) == 1 and errors[0].startswith("all.json[0]")


def test_of_lists_of_one_key_the_last_counts(tmp_path: Path):
    one, other = json.dumps([trained("a.jpg")]), json.dumps([trained("b.jpg")])
    layout(tmp_path / "in", f'{{"data": {one}, "data": {other}}}')
    assert [record.image_id for record in read(tmp_path / "in", "llava")[0]] == ["b.jpg"]
    files, _, _ = export(tmp_path / "in", turns_of(tmp_path / "in", "llava"), "llava")
    assert files["all.json"] == (tmp_path / "in/all.json").read_bytes()


def test_lists_of_other_objects_are_told(tmp_path: Path):
    lists = {"data": [trained("a.jpg")], "sources": [{"name": "x", "url": "y"}]}
    layout(tmp_path, json.dumps(lists))
    records, _, notes = read(tmp_path, "llava")
    assert [record.image_id for record in records] == ["a.jpg"]
    told = "lists of other objects are not read: 'sources'; the records are those under 'data'"
    assert f"all.json: {told}" in notes


def test_a_shorter_list_of_other_objects_before_the_records_is_none_of_theirs(tmp_path: Path):
    lists = {"licenses": [{"name": "x"}], "data": [trained("a.jpg"), trained("b.jpg")]}
    layout(tmp_path, json.dumps(lists))
    records, _, notes = read(tmp_path, "llava")
    assert [record.image_id for record in records] == ["a.jpg", "b.jpg"]
    assert any("not read: 'licenses'; the records are those under 'data'" in n for n in notes)
    rows = {"licenses": [{"name": "x"}], "data": [row("a.png"), row("test/b.png")]}
    file = table(tmp_path / "table", json.dumps(rows))
    assert len(list(FORMATS["table"].read(file))) == 2


def test_behind_a_broken_record_lists_that_are_not_read_are_told(tmp_path: Path):
    text = spread({"train": [trained("a.jpg"), trained("b.jpg")], "test": [trained("c.jpg")]})
    layout(tmp_path, text.replace('"b.jpg"', '"b.jpg"oops'))
    records, errors, notes = read(tmp_path, "llava")
    assert [record.image_id for record in records] == ["a.jpg"]
    assert len(errors) == 1
    assert any("lists under other keys behind that are not read" in note for note in notes)


@pytest.mark.parametrize("text", [json.dumps(OF_SPLITS), spread({"x": OF_SPLITS["train"]})])
@pytest.mark.parametrize("image", ["a.jpg", "b.jpg", "c.jpg"])
def test_what_is_left_out_leaves_the_lists(tmp_path: Path, text: str, image: str):
    layout(tmp_path / "in", text)
    turns = without(turns_of(tmp_path / "in", "llava"), image)
    written = json.loads(export(tmp_path / "in", turns, "llava")[0]["all.json"])
    expected = {
        key: [one for one in value if one.get("image") != image]
        if isinstance(value, list)
        else value
        for key, value in json.loads(text).items()
    }
    assert written == expected


def test_a_list_that_is_cut_short_is_closed_with_its_object(tmp_path: Path):
    text = spread({"data": [trained("a.jpg"), trained("b.jpg"), trained("c.jpg")]})
    layout(tmp_path / "in", text[:-40])
    turns = without(turns_of(tmp_path / "in", "llava"), "a.jpg")
    written = json.loads(export(tmp_path / "in", turns, "llava")[0]["all.json"])
    assert [record["image"] for record in written["data"]] == ["b.jpg"]


def row(image: str) -> dict[str, str]:
    return {"image": image, "text": f"the scene of {image} with a road"}


def table(root: Path, text: str, name: str = "t.json") -> Path:
    for number, image in enumerate(("a.png", "test/b.png")):
        put_bytes(root / image, image_bytes(picture(number), "PNG"))
    put_bytes(root / name, text)
    return root / name


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_table_of_a_list_for_each_split(tmp_path: Path, split: str):
    lists = {"train": [row("a.png")], "test": [row("test/b.png")]}
    file, notes = table(tmp_path, json.dumps(lists)), list[Any]()
    records = list(FORMATS["table"].read(file, splits=(split,), on_note=notes.append))
    assert [record.split for record in records] == [split]
    assert [record.image_name for record in records] == [lists[split][0]["image"]]
    told = [note for note in notes if isinstance(note, Decision) and note.kind == "split"]
    assert told[0].times == 2 and told[0].override == "split="
    assert not list(FORMATS["table"].read(file, splits=("test",), split=""))


def test_folders_of_images_tell_splits_where_nothing_else_does(tmp_path: Path):
    text = "".join(json.dumps(row(image)) + "\n" for image in ("a.png", "test/b.png"))
    file = table(tmp_path, text, "metadata.jsonl")
    found = [record.split for record in FORMATS["table"].read(file)]
    assert found == ["train", "test"]  # as the hub's image folders
    assert {record.split for record in FORMATS["table"].read(file, split="")} == {"train"}
    named = table(tmp_path / "named", text, "val.jsonl")
    assert {record.split for record in FORMATS["table"].read(named)} == {"val"}


@pytest.mark.parametrize("cut", ['"c.jpg"', '"test"', '"b.jpg"'])
def test_a_file_that_ends_early_is_an_error_wherever_it_ends(tmp_path: Path, cut: str):
    text = json.dumps({"train": [trained("a.jpg"), trained("b.jpg")], "test": [trained("c.jpg")]})
    layout(tmp_path, text[: text.index(cut) + 2])
    records, errors, _ = read(tmp_path, "llava")
    assert [record.image_id for record in records] == ["a.jpg", "b.jpg"][: 1 + (cut != '"b.jpg"')]
    assert len(errors) == 1
