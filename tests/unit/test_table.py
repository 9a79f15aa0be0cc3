"""Tables in every notation: read alike, and written back as they were but for what was edited."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bson import ObjectId

from pairlens.importers.documents import values
from pairlens.importers.errors import UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.contract import check_format
from pairlens.importers.formats.example_files import image_bytes, picture, put, target
from pairlens.importers.formats.instruction_files import split_word
from pairlens.importers.formats.table_literals import structure
from pairlens.importers.formats.table_masks import with_mask
from pairlens.importers.masks import load_stored
from pairlens.importers.prepare import MediaPlace, PreparedPair, group_by_image, prepare
from pairlens.importers.reading import Reading
from pairlens.importers.records import CaptionedImage, Instruction, Pair, Polygons, Raster
from tests import tables

TABLE = FORMATS["table"]


@pytest.mark.parametrize("make", tables.NOTATIONS.values(), ids=tables.NOTATIONS)
def test_every_notation_keeps_the_contract(make: Callable[[Path], Path], tmp_path: Path) -> None:
    check_format(replace(TABLE, example=make, faults=()), tmp_path)


def test_its_example_keeps_the_contract(tmp_path: Path) -> None:
    check_format(TABLE, tmp_path)


@pytest.mark.parametrize("make", tables.PAIRS.values(), ids=tables.PAIRS)
def test_every_notation_gives_the_same_pairs(make: Callable[[Path], Path], tmp_path: Path) -> None:
    root = make(tmp_path / "own")
    expected = [(row["split"], row["phrase"]) for row in tables.rows_of()]
    pairs: list[Any] = []
    settled = TABLE.settled(root, {})
    for group in group_by_image(TABLE.read(root, **TABLE.parsed(settled.params))):
        pairs += prepare(group, MediaPlace(tmp_path / "media", placeholders=False))
    assert [(p.record.split, p.record.phrase) for p in pairs] == expected
    for pair in pairs:
        assert isinstance(pair, PreparedPair) and pair.mask_path is not None
        assert not pair.stats.error and pair.stats.area == int(np.count_nonzero(target()))


@pytest.mark.parametrize("make", tables.TEXTS.values(), ids=tables.TEXTS)
def test_texts_are_as_they_stand(make: Callable[[Path], Path], tmp_path: Path) -> None:
    records = list(TABLE.read(make(tmp_path)))
    assert [record.split for record in records] == list(tables.SPLIT)
    first = records[0]
    if isinstance(first, CaptionedImage):
        assert [c.text for c in first.captions] == ["a house 0", "red, 0"]
    else:
        assert isinstance(first, Instruction)
        said = [message["value"] for message in tables.talk(0)]
        assert [t for turn in first.turns for t in (turn.question, *turn.answers)] == said


def test_several_queries_of_a_cell_are_pairs_of_their_own(tmp_path: Path) -> None:
    tables.write_files(tmp_path)
    row = {"image": "images/0.png", "mask": "masks/0.png"}
    cells = ['["the roof", "a roof"]', "['the roof', 'a roof']", "['the roof' 'a roof']"]
    put(tmp_path / "t.csv", tables.csv_of([row | {"phrases": cell} for cell in cells]))
    pairs = [record for record in TABLE.read(tmp_path / "t.csv") if isinstance(record, Pair)]
    assert [pair.phrase for pair in pairs] == ["the roof", "a roof"] * 3
    keys = ["2.0", "2.1", "3.0", "3.1", "4.0", "4.1"]
    assert [pair.key for pair in pairs] == [f"table/train/images/0.png#{n}" for n in keys]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("['it is' \"a car's\"\n 'c d']", ["it is", "a car's", "c d"]),
        ("['it\\'s a' 'b']", ["it's a", "b"]),
        ("[\"it is 'a' b\", 'c d']", ["it is 'a' b", "c d"]),
        ("[[ 1.  2.5]\n [ 3. -4. ]]", [[1.0, 2.5], [3.0, -4.0]]),
        ("[ True False]", [True, False]),
        ("{'size': [8 , 8], 'counts': b'a 1'}", {"size": [8, 8], "counts": b"a 1"}),
    ],
)
def test_what_numpy_prints_without_commas_is_read_as_it_was_meant(cell: str, value: Any) -> None:
    assert structure(cell) == value


def decided(root: Path, **given: str) -> dict[str, str]:
    return TABLE.settled(root, given).params


def test_boxes_are_corners_unless_one_of_them_cannot_be(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    table = tmp_path / "t.json"
    put(table, json.dumps(tables.rows_of(tables.sides)))
    assert decided(table)["box"] == "xyxy"
    assert decided(table, box="xywh")["box"] == "xywh"
    # What ends outside of an image of 64 pixels, or before it begins, is no second corner.
    for box, form in (
        ([40, 40, 20, 20], "xywh"),
        ([40, 40, 60, 60], "xyxy"),
        ([0.5, 0.5, 0.6, 0.6], "xyxy"),
    ):
        put(
            table, json.dumps(tables.rows_of(lambda n, box=box: box if n == 3 else [8, 12, 31, 31]))
        )
        assert decided(table)["box"] == form
    pair = next(iter(TABLE.read(table, box="xywh")))
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
    assert pair.target.shapes[0].points[2] == (39, 43)


@pytest.mark.parametrize(
    ("boxes", "form", "told"),
    [
        ([[40, 40, 20, 20]] * 9 + [[50, 50, 15, 9]], "", False),  # one a pixel out of its image
        ([[8, 12, 16, 20], [40, 40, 20, 20]], "xywh", True),
        ([[2, 12, 16, 20], [40, 40, 20, 20]], "xywh", False),
        ([[8, 12, 16, 20], [50, 40, 20, 20]], "cxcywh", False),
        ([[0.2, 0.2, 0.1, 0.1], [0.8, 0.8, 0.3, 0.400001]], "cxcywh", False),
    ],
    ids=["one mistake", "either", "no centre", "centre", "shares"],
)
def test_boxes_are_told_by_their_centre_where_they_can_be_nothing_else(
    tmp_path: Path, boxes: list[list[float]], form: str, told: bool
) -> None:
    tables.write_files(tmp_path, masks=False)
    row = tables.rows_of()[0]
    put(tmp_path / "t.json", json.dumps([row | {"mask": box} for box in boxes]))
    settled = TABLE.settled(tmp_path / "t.json", {})
    assert settled.params["box"] == (form or "xyxy")
    assert [one.override for one in settled.decisions if one.kind == "box"] == ["box=cxcywh"] * told


def test_a_box_about_its_centre(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    put(tmp_path / "t.json", json.dumps(tables.rows_of(lambda n: [20, 30, 10, 8])))
    pair = next(iter(TABLE.read(tmp_path / "t.json", box="cxcywh")))
    (made,) = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False))
    assert isinstance(made, PreparedPair)
    assert made.stats.box == (15, 26, 10, 8) and made.stats.area == 80


@pytest.mark.parametrize("on", [255, 3, 1.0, True])
def test_pixels_of_any_two_values(tmp_path: Path, on: Any) -> None:
    rows = [[on if pixel else type(on)(0) for pixel in line] for line in target().tolist()]
    tables.write_files(tmp_path, masks=False)
    put(tmp_path / "t.json", json.dumps(tables.rows_of(lambda n: rows)))
    for record in TABLE.read(tmp_path / "t.json"):
        (made,) = prepare((record,), MediaPlace(tmp_path / "media", placeholders=False))
        assert isinstance(made, PreparedPair) and made.mask_path is not None
        assert (load_stored(made.mask_path) == target()).all()
    mended = np.zeros_like(target())
    mended[3:9, 4:20] = 1
    assert [[int(pixel > 0) for pixel in row] for row in with_mask(rows, mended)] == mended.tolist()
    assert {*chain(*with_mask(rows, mended))} == {on, type(on)(0)}


def test_pixels_of_many_values_are_no_outlines(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    rotated = [[8 * n, 8, 8 * n + 6, 8, 8 * n + 6, 20, 8 * n, 20] for n in range(8)]
    classes = np.arange(64 * 64).reshape(64, 64) % 5
    rows = tables.rows_of(lambda n: classes.tolist() if n else rotated)
    put(tmp_path / "t.json", json.dumps(rows))
    errors: list[Any] = []
    pairs = list(TABLE.read(tmp_path / "t.json", on_error=errors.append))
    assert [len(p.target.shapes) for p in pairs] == [8, 8]  # boxes, of four corners each
    assert len(errors) == 6
    assert "holds an array of pixels with more values than 0 and another one" in str(errors[0])


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([[100, 200, 500, 600], [8, 12, 31, 31]], {"box": "xyxy", "polygons": "thousand"}),
        ([[600, 500, 300, 400], [8, 12, 31, 31]], {"box": "xywh", "polygons": "thousand"}),
        ([[100, 200, 500, 1200], [8, 12, 31, 31]], {"box": "xyxy"}),
        ([[8, 12, 66, 65], [8, 12, 31, 31]], {"box": "xyxy"}),
        ([[100, 200, 500, 600], *[[8, 12, 31, 31]] * 11], {"box": "xyxy"}),
    ],
    ids=["corners", "sides", "over a thousand", "some pixels over", "one mistake"],
)
def test_boxes_far_out_of_their_images_are_thousandths(
    tmp_path: Path, boxes: list[list[float]], expected: dict[str, str]
) -> None:
    tables.write_files(tmp_path, masks=False)
    table = tmp_path / "t.json"
    row = tables.rows_of()[0]
    put(table, json.dumps([row | {"mask": box} for box in boxes]))
    params = decided(table)
    assert {name: params[name] for name in ("box", "polygons") if name in params} == expected
    assert decided(table, polygons="pixels")["polygons"] == "pixels"


@pytest.mark.parametrize(
    ("box", "scale"), [([0.25, 0.5, 0.75, 1], "auto"), ([250, 500, 750, 1000], "thousand")]
)
def test_a_target_box_is_the_same_for_each_query_of_it(
    tmp_path: Path, box: list[float], scale: Any
) -> None:
    tables.write_files(tmp_path, masks=False)
    table = tmp_path / "t.json"
    row = tables.rows_of(lambda n: box)[0] | {"phrase": ["the one", "the other"]}
    put(table, json.dumps([row]))
    pairs = tuple(TABLE.read(table, box="xyxy"))
    place = MediaPlace(tmp_path / "media", False, Reading(polygons=scale))
    made = [values(one, ObjectId()) for one in prepare(pairs, place)]
    found = [one["target_box"]["bounding_box"] for one in made]
    assert found == [[0.25, 0.5, 0.5, 0.5]] * 2
    assert [one["mask_stats"]["box"] for one in made] == [[16, 32, 32, 32]] * 2


@pytest.mark.parametrize(
    ("box", "form", "left", "top", "width", "height"),
    [
        ([5, 6, 20, 30], "xywh", 5, 6, 20, 30),
        ([5, 6, 25, 36], "xyxy", 5, 6, 20, 30),
        ([4.6, 6.4, 20.2, 30], "xywh", 5, 6, 20, 30),
        ([0, 0, 64, 64], "xywh", 0, 0, 64, 64),
        ([63, 0, 1, 64], "xywh", 63, 0, 1, 64),
        ([10.6, 10.6, 0.3, 0.3], "xywh", 10, 10, 1, 1),
        ([0.25, 0.5, 0.75, 1.0], "xyxy", 16, 32, 32, 32),
    ],
)
def test_a_box_marks_as_many_pixels_as_its_sides_say(
    tmp_path: Path, box: list[float], form: str, left: int, top: int, width: int, height: int
) -> None:
    tables.write_files(tmp_path, masks=False)
    table = tmp_path / "t.json"
    put(table, json.dumps(tables.rows_of(lambda n: box)))
    pair = next(iter(TABLE.read(table, box=form)))
    assert isinstance(pair, Pair)
    (made,) = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False))
    assert isinstance(made, PreparedPair) and not made.stats.polygon_faults
    expected = np.zeros((64, 64), np.uint8)
    expected[top : top + height, left : left + width] = 1
    np.testing.assert_array_equal(load_stored(str(made.mask_path)), expected)


def test_targets_are_boxes_where_each_cell_of_masks_holds_one(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    table = tmp_path / "t.json"
    for cell, boxes in (
        (lambda n: [5, 6, 25, 36], True),
        (lambda n: {"bbox": [5, 6, 25, 36]}, True),
        (lambda n: "5 6 25 36" if n else "", True),
        (lambda n: [[5, 6, 25, 36], [1, 2, 3, 4]], False),
        (lambda n: [5, 6, 25, 36] if n else tables.outline(n), False),
        (tables.outline, False),
    ):
        put(table, json.dumps(tables.rows_of(cell)))
        given = {"no_target": "mask", "mask": "mask"}
        assert TABLE.settled(table, given).format.box_targets == boxes
        pairs = [p for p in TABLE.read(table, **given) if isinstance(p, Pair) and not p.no_target]
        assert {isinstance(p.target, Polygons) and p.target.box for p in pairs} == {boxes}


@pytest.mark.parametrize(("line", "given"), [("sep=;", {}), ('"SEP=;"', {}),
                                              ("sep=,", {"delimiter": "semicolon"})])  # fmt: skip
def test_the_line_that_tells_the_separator_is_no_row(
    line: str, given: dict[str, str], tmp_path: Path
) -> None:
    tables.write_files(tmp_path)
    row = "images/0.png;masks/0.png;one, two, three, four"
    put(tmp_path / "t.csv", f"{line}\nimage;mask;phrase\n{row}\n")
    assert decided(tmp_path / "t.csv", **given)["delimiter"] == "semicolon"
    (pair,) = TABLE.read(tmp_path / "t.csv", **given)
    assert isinstance(pair, Pair)
    assert (pair.phrase, pair.source.index) == ("one, two, three, four", 2)


def test_what_pandas_writes_where_a_value_is_missing_is_an_empty_cell(tmp_path: Path) -> None:
    tables.write_files(tmp_path)
    rows = ["images/0.png,masks/0.png,nan of the sea,no"]
    rows += [f"images/0.png,{word},a house,nan" for word in ("nan", "NaN", "None", "null", "N/A")]
    put(tmp_path / "t.csv", "\n".join(["image,mask,phrase,other", *rows]) + "\n")
    settled = TABLE.settled(tmp_path / "t.csv", {"no_target": "mask"})
    assert settled.params["mask"] == "mask"
    first, *others = TABLE.read(tmp_path / "t.csv", **settled.params)
    assert isinstance(first, Pair) and (first.phrase, first.no_target) == ("nan of the sea", False)
    assert [isinstance(pair, Pair) and pair.no_target for pair in others] == [True] * 5
    put(tmp_path / "t.json", '[{"image": "images/0.png", "mask": NaN, "phrase": "a"}]')
    given = {"image": "image", "mask": "mask", "phrase": "phrase", "no_target": "mask"}
    (pair,) = TABLE.read(tmp_path / "t.json", **given)
    assert isinstance(pair, Pair) and pair.no_target


def test_what_is_guessed_is_told_in_full(tmp_path: Path) -> None:
    make = tables.PAIRS["csv of a spreadsheet"]
    settled = TABLE.settled(make(tmp_path) / "pairs.csv", {})
    assert settled.params == {
        "image": "image",
        "mask": "mask",
        "phrase": "phrase",
        "split": "split",
        "delimiter": "semicolon",
    }
    assert settled.guessed
    again = TABLE.settled(tmp_path / "pairs.csv", settled.params)
    assert (again.params, again.guessed) == (settled.params, False)


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        ("a,b,c", "x/1.jpg,the big barn,masks/1.tif", ("phrase", "b")),
        ("img_path,gt_path,expression", "1.jpg,1.png,barn", ("mask", "gt_path")),
        ("picture,gt,q", "1.jpg,1.png,red", ("phrase", "q")),
        ("file,caption", "1.jpg,a barn", ("captions", "caption")),
        ("Image File,Mask Path,Query", "1.jpg,1.png,barn", ("phrase", "Query")),
        ("filename,label,bbox,sentence", '1.jpg,ship,"[1, 2, 3, 4]",a ship', ("mask", "bbox")),
    ],
)
def test_columns_are_guessed_by_name_and_content(
    header: str, row: str, found: tuple[str, str], tmp_path: Path
) -> None:
    put(tmp_path / "t.csv", f"{header}\n{row}\n")
    assert decided(tmp_path / "t.csv")[found[0]] == found[1]


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        ("image,mask\n1.jpg,1.png\n", {}, "it is not clear which column has the phrase"),
        ("a,b,c\n1.jpg,1.png,x y\n", {}, "not clear which column has the image and which the mask"),
        ("image,mask,q\n", {"mask": "gt"}, "mask='gt': there is no such column; the columns are"),
        ("image,mask,mask,text\n1.jpg,a.png,b.png,x\n", {}, "two columns are named 'mask'"),
        ("image,mask,c\n", {"mask": "mask", "captions": "c"}, "captions and mask contradict"),
        ("image,mask,text\n", {"box": "corners"}, "give one of xyxy, xywh, cxcywh"),
        ("image,mask,text\n", {"delimiter": "#"}, "give one of comma, semicolon, tab, pipe"),
        ("image,mask,text\n1.jpg,1.png,x\n", {"image_root": "nowhere"}, "no such folder in"),
        ("image,mask,text\n", {"pictures": "image"}, "there is no parameter of table 'pictures'"),
    ],
)
def test_what_cannot_be_settled_is_refused(
    text: str, given: dict[str, str], told: str, tmp_path: Path
) -> None:
    put(tmp_path / "t.csv", text)
    with pytest.raises(UsageError, match=re.escape(told)):
        decided(tmp_path / "t.csv", **given)


def test_boxes_that_a_conversation_names_are_read(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    said = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "[8, 12, 40, 44]"},
    ]
    put(tmp_path / "t.jsonl", tables.lines([{"image": "images/0.png", "messages": said}]))
    notes: list[str] = []
    (record,) = TABLE.read(tmp_path / "t.jsonl", on_note=notes.append)
    assert isinstance(record, Instruction) and len(record.boxes) == 1
    assert any("--param boxes sets it" in note for note in notes)
    (record,) = TABLE.read(tmp_path / "t.jsonl", boxes="pixels")
    assert isinstance(record, Instruction)
    assert [box.bounds for box in record.boxes] == [(0.125, 0.1875, 0.5, 0.5)]
    (record,) = TABLE.read(tmp_path / "t.jsonl", boxes="none")
    assert isinstance(record, Instruction) and not record.boxes


def test_what_no_name_tells_is_not_guessed(tmp_path: Path) -> None:
    head = "image,mask,text,set,no_target\n"
    put(tmp_path / "t.csv", f"{head}1.jpg,1.png,a barn,fold 1,maybe\n")
    assert decided(tmp_path / "t.csv").keys() == {"image", "mask", "phrase"}
    put(tmp_path / "t.csv", f"{head}1.jpg,1.png,a barn,val,no\n2.jpg,,a ship,dev,yes\n")
    found = decided(tmp_path / "t.csv")
    assert (found["split"], found["no_target"]) == ("set", "no_target")
    given = decided(tmp_path / "t.csv", split="")
    assert (given["split"], given["no_target"]) == ("", "no_target")
    assert [pair.split for pair in TABLE.read(tmp_path / "t.csv", **given)] == ["train"] * 2
    # Words beside something that may be a mask are no captions.
    put(tmp_path / "t.csv", "image,m,query\n1.jpg,m_1,a barn\n")
    with pytest.raises(UsageError, match="which column has the mask"):
        decided(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("cells", "given", "told"),
    [
        (("train", "val"), {}, ""),
        (("testA", "testB", "test-dev"), {}, ""),
        (("", ""), {}, ""),
        (("fold 1", "fold 2"), {"split": ""}, ""),
        (
            ("fold 1", "fold 2", "test"),
            {},
            "name no split, such as 'fold 1', 'fold 2', so that",
        ),
    ],
)
def test_a_column_of_splits_that_is_not_read_is_told(
    cells: Sequence[str], given: dict[str, str], told: str, tmp_path: Path
) -> None:
    rows = "".join(f"{n}.jpg,{n}.png,a barn,{cell},x\n" for n, cell in enumerate(cells))
    put(tmp_path / "t.csv", f"image,mask,text,split,notes\n{rows}")
    said = TABLE.settled(tmp_path / "t.csv", given).decisions
    assert [told in one for one in said] == ([True] if told else [])
    assert [one.override for one in said] == (["split=split"] if told else [])


@pytest.mark.parametrize(
    ("text", "split"),
    [
        *((text, "test") for text in ("testA", "gres_testB", "COCO_test-dev2017", "test dev")),
        *((text, None) for text in ("contest", "latest", "attest_a", "trainval", "train_testA")),
        ("dev", "val"),
    ],
)
def test_parts_of_test_are_test(text: str, split: str | None) -> None:
    assert split_word(text) == split


def test_images_of_two_folders_are_told_apart(tmp_path: Path) -> None:
    for number, folder in enumerate(("train/a", "train/b", "validation")):
        put(tmp_path / folder / "0.png", image_bytes(picture(number), "PNG"))
        put(tmp_path / folder / "0_mask.png", image_bytes(target(), "PNG"))
        row = {"file_name": "0.png", "mask": "0_mask.png", "text": f"house {number}"}
        put(tmp_path / folder / "metadata.jsonl", tables.lines([row]))
    put(tmp_path / "README.md", "")
    pairs = [record for record in TABLE.read(tmp_path) if isinstance(record, Pair)]
    found = [(pair.split, pair.image_id, pair.image) for pair in pairs]
    assert found == [
        ("train", "train/a/0.png", tmp_path / "train/a/0.png"),
        ("train", "train/b/0.png", tmp_path / "train/b/0.png"),
        ("val", "validation/0.png", tmp_path / "validation/0.png"),
    ]
    assert [pair.target for pair in pairs] == [
        Raster(tmp_path / folder / "0_mask.png") for folder in ("train/a", "train/b", "validation")
    ]


def test_pixels_one_behind_the_other_are_no_outline(tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    flat = target().ravel().tolist()
    put(
        tmp_path / "t.json", json.dumps(tables.rows_of(lambda n: flat if n else [1, 2, 5, 9, 8, 3]))
    )
    errors: list[Any] = []
    assert len(list(TABLE.read(tmp_path / "t.json", on_error=errors.append))) == 2
    assert "holds 4,096 numbers of 0 and one other value, which may be pixels" in str(errors[0])


def test_tables_of_another_ending_are_told_where_they_have_the_columns(tmp_path: Path) -> None:
    root, notes = tables.NOTATIONS["csv"](tmp_path / "own"), list[Any]()
    root = root if root.is_dir() else root.parent
    put(root / "other.csv", (next(root.glob("*.csv"))).read_text())
    put(root / "classes.json", json.dumps([{"id": 1, "name": "house"}]))
    list(TABLE.read(root, on_note=notes.append))
    assert not any("not read" in note for note in notes)
    put(root / "more.jsonl", tables.lines(tables.rows_of()))
    list(TABLE.read(root, on_note=notes.append))
    assert any(note.startswith("more.jsonl: not read") for note in notes)


def test_boxes_in_pixels_of_images_in_cells(tmp_path: Path) -> None:
    said = [{"from": "human", "value": "Where?"}, {"from": "gpt", "value": "[8, 6, 40, 60]"}]
    rows = [
        {"image": {"bytes": image_bytes(picture(n), "PNG")}, "conversations": said}
        for n in range(4)
    ]
    tables.write_parquet(tmp_path / "t.parquet", rows)
    for record in TABLE.read(tmp_path / "t.parquet"):
        assert isinstance(record, Instruction)
        assert [box.bounds for box in record.boxes] == [(8 / 64, 6 / 64, 32 / 64, 54 / 64)]
