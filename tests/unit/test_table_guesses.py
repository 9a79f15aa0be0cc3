"""What the columns of a table are for: those that names and cells tell, and no others."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import LayoutError, RecordError, UsageError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.example_files import put
from pairlens.importers.formats.table_conversations import TalkEdits, with_talk
from pairlens.importers.formats.table_csv import CsvTable
from pairlens.importers.formats.table_joined import with_joined
from pairlens.importers.formats.table_texts import texts_of, with_texts
from pairlens.importers.records import Instruction
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate
from tests import tables

TABLE = FORMATS["table"]


def guessed(root: Path, *rows: dict[str, Any]) -> dict[str, str]:
    put(root / "t.json", json.dumps([*rows]))
    return dict(TABLE.settled(root / "t.json", {}).params)


# ------------------------------------------------------------------------------ must not


def test_outlines_under_any_name_are_masks(tmp_path: Path) -> None:
    rows = {"photo": "1.jpg", "area": [10, 20, 50, 20, 50, 60], "said": "a big ship"}
    assert guessed(tmp_path, rows)["mask"] == "area"


def test_boxes_of_four_numbers_in_a_row_are_masks_by_their_name(tmp_path: Path) -> None:
    rows = {"photo": "1.jpg", "box": [1, 2, 3, 4], "said": "a big ship"}
    assert guessed(tmp_path, rows)["mask"] == "box"


# ------------------------------------------------------------------------------ must


@pytest.mark.parametrize("ids", [[5, 6, 7, 8, 9], [5, 6, 7, 8], [5, 6, 7, 8, 9, 10], [12]])
def test_ids_of_sentences_are_no_masks(tmp_path: Path, ids: list[int]) -> None:
    row = {"filename": "1.jpg", "sentids": ids, "split": "train", "sentences": [{"raw": "a ship"}]}
    found = guessed(tmp_path, row)
    assert found == {"image": "filename", "captions": "sentences", "split": "split"}


@pytest.mark.parametrize("name", ["path", "filename", "file_name", "image_id"])
def test_names_of_images_are_no_masks(tmp_path: Path, name: str) -> None:
    row = {"image": "1.jpg", name: "airport/1.jpg", "captions": ["a ship", "a boat"]}
    assert guessed(tmp_path, row) == {"image": "image", "captions": "captions"}


def test_splits_are_no_queries(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not clear which column has the phrase"):
        guessed(tmp_path, {"image": "1.jpg", "bbox": [1, 2, 30, 40], "split": "train"})


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"mask": "1.png"}, {"mask": "mask", "phrase": "question"}),
        ({"caption": "a ship"}, {"captions": "caption"}),
        ({"messages": [{"role": "user", "content": "q"}]}, {"conversations": "messages"}),
        ({"n": 1}, {"conversations": "question,answer"}),
    ],
)
def test_questions_and_answers_are_conversations_where_nothing_else_is(
    tmp_path: Path, row: dict[str, Any], found: dict[str, str]
) -> None:
    asked = {"image": "1.jpg", "question": "How many ships?", "answer": 2}
    assert guessed(tmp_path, asked | row) == {"image": "image"} | found


def test_lists_can_stand_under_the_names_of_their_images(tmp_path: Path) -> None:
    root = tables.asked_by_image(tmp_path)
    settled = TABLE.settled(root, {})
    assert settled.params == {"image": "key", "conversations": "Question,Answer"}
    records = [record for record in TABLE.read(root) if isinstance(record, Instruction)]
    assert [(one.image_id, one.split) for one in records] == [
        (f"{number}.png", "train") for number in range(4) for _ in range(2)
    ]
    lists = {f"{number}.png": [{"Question": "q", "Answer": "a"}] for number in range(1200)}
    put(root / "Train_QA.json", json.dumps(lists))
    errors: list[RecordError] = []
    found = list(TABLE.read(root, on_error=errors.append))
    assert not errors and len(found) == 1200


def test_an_answer_that_is_edited_is_written_into_its_column(tmp_path: Path) -> None:
    rows = [{"image": "images/0.png", "question": "How many?", "answer": "1", "n": 5}]
    tables.write_files(tmp_path, masks=False)
    put(tmp_path / "t.csv", tables.csv_of(rows))
    (record,) = TABLE.read(tmp_path / "t.csv")
    assert isinstance(record, Instruction)
    (turn,) = record.turns
    assert (turn.question, turn.answers) == ("How many?", ("1",))
    table = with_joined(CsvTable(tmp_path / "t.csv", "t.csv"))
    (row,) = table.rows()
    new = with_talk(row.cells["question,answer"], TalkEdits({(1, "value"): "two, or 3"}))
    out = BytesIO()
    assert table.rewrite(out, lambda _: {"question,answer": new}) == (1, True)
    assert out.getvalue().decode() == tables.csv_of([rows[0] | {"answer": "two, or 3"}])
    more = with_talk(row.cells["question,answer"], TalkEdits({}, added=[("What?", "A ship.")]))
    with pytest.raises(UsageError, match="the columns question,answer hold no more than 2 texts"):
        table.rewrite(BytesIO(), lambda _: {"question,answer": more})


OLD = {"raw": "a ship .", "tokens": ["a", "ship"], "sentid": 7}


@pytest.mark.parametrize(
    ("changed", "objects"),
    [
        (["a ship .", "two"], [OLD, {"raw": "two"}]),
        ([None, "two"], [{"raw": "two"}]),
        (["a boat .", None], [{**OLD, "raw": "a boat .", "tokens": ["a", "boat", "."]}]),
        (["a ship .", "two", "3"], [OLD, {"raw": "two"}, {"raw": "3", "tokens": ["3"]}]),
    ],
)
def test_texts_of_objects_are_changed_within_them(
    changed: list[str | None], objects: list[dict[str, Any]]
) -> None:
    cell = [OLD, {"raw": "two"}]
    assert texts_of(cell, None) == ["a ship .", "two"]
    assert with_texts(cell, None, changed) == objects
    assert json.loads(with_texts(json.dumps(cell), None, changed)) == objects


@pytest.mark.parametrize("text", ["q", "caption"])
def test_columns_that_do_not_hold_what_they_are_named_for_are_told(
    tmp_path: Path, text: str
) -> None:
    row = {"image": "1.jpg", "bbox": "{<10><20><50><60>}", text: "a ship", "class": 3}
    if text == "q":
        with pytest.raises(UsageError) as found:
            guessed(tmp_path, row)
        said = str(found.value)
        assert "of a table without masks, give --param captions=COLUMN" in said
    else:
        put(tmp_path / "t.json", json.dumps([row]))
        (told,) = TABLE.settled(tmp_path / "t.json", {}).decisions
        assert told.override == "mask=bbox"
        said = str(told)
    assert "'bbox'" in said and "such as '{<10><20><50><60>}'" in said and "'class'" not in said


def test_nothing_is_told_of_columns_that_are_named_for_something_else_as_well(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError) as found:
        guessed(tmp_path, {"image": "1.jpg", "mask": "1.png", "q": 3})
    assert "such as" not in str(found.value) and "without masks" not in str(found.value)
    put(tmp_path / "t.json", json.dumps([{"image": "1.jpg", "text": "a ship", "label": "ship"}]))
    assert not TABLE.settled(tmp_path / "t.json", {}).decisions


def located(root: Path, form: str) -> Path:
    request = SourceRequest(form, ("train",), None)
    return locate(root, request, UnpackedPlace(root.parent / "unpacked", "")).path


@pytest.mark.parametrize("form", ["auto", "table"])
def test_a_folder_around_a_table_that_is_not_guessed_is_none(tmp_path: Path, form: str) -> None:
    around = tmp_path / "own"
    put(around / "notes" / "more" / "read.me", "nothing")
    assert located(around, form) == around, "what holds nothing is named as it was given"
    put(tmp_path / "table" / "data" / "t.jsonl", '{"a": "1.jpg", "b": 5}\n')
    assert located(tmp_path / "table", form) == tmp_path / "table" / "data"
    with pytest.raises(LayoutError, match="as table: it is not clear which column has the mask"):
        find_format("auto", located(tmp_path / "table", form))
