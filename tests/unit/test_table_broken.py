"""Tables that are damaged or hostile: what is told, and that nothing else is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import LayoutError, PairLensError
from pairlens.importers.formats import FORMATS, find_format, table_csv
from pairlens.importers.formats.example_files import put
from pairlens.importers.formats.table_cells import is_pixels
from pairlens.importers.prepare import MediaPlace, prepare
from pairlens.importers.records import Raster
from pairlens.importers.source_files import boundary_of
from tests import tables

TABLE = FORMATS["table"]
GIVEN = {"image": "image", "mask": "mask", "phrase": "phrase"}
HEAD = "image,mask,phrase\n"
GOOD = "images/0.png,masks/0.png,a house\n"


def read(root: Path, **params: str) -> tuple[list[Any], list[str]]:
    errors: list[str] = []
    found = TABLE.read(root, on_error=lambda e: errors.append(str(e)), **params)
    return list(found), errors


def table(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    tables.write_files(tmp_path)
    put(tmp_path / name, content)
    return tmp_path / name


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("images/0.png,masks/0.png", "row 3: it has 2 cells for 3 columns"),
        ("images/0.png,masks/0.png,a, b", "row 3: it has 4 cells for 3 columns; quote cells"),
        ('images/0.png,"masks/0.png,a', "row 3: a quote is opened and not closed"),
        ("images/0.png,masks/0.png,a\0b", "row 3: it holds NUL bytes"),
        ("images/0.png,masks/0.png,caf\udce9", "row 3: column 'phrase' is no UTF-8 text (byte"),
        ("images/0.png,masks/0.png,", "row 3, column 'phrase' is empty"),
        (",masks/0.png,a", "row 3, column 'image' is empty"),
        ("images/0.png,,a", "row 3, column 'mask' is empty, which does not say that there is no"),
        ("images/0.png,masks/0.png,nan", "row 3, column 'phrase' is empty ('nan')"),
        ('images/0.png,masks/0.png,"[""a"", ""NaN""]"', "column 'phrase' holds an empty text"),
        ("N/A,masks/0.png,a", "row 3, column 'image' is empty ('N/A')"),
        ("images/0.png,None ,a", "column 'mask' is empty ('None'), which does not say that"),
        ("../0.png,masks/0.png,a", "row 3, column 'image' holds '../0.png', which leads out of"),
        ("/etc/passwd,masks/0.png,a", "column 'image' holds a path outside of the folder; give "
                                      "--param image_root=DIR ('/etc/passwd')"),
        ("s3://a/0.png,masks/0.png,a", "column 'image' holds the address 's3://a/0.png'; fetch"),
        ("images/0.png,/etc/passwd,a", "give --param mask_root=DIR"),
        ('images/0.png,"[1, 2, 3",a', "row 3, column 'mask' is neither JSON nor a text"),
        ('images/0.png,"[1, 2, 0, 5]",a', "row 3, column 'mask' is a box without area"),
        ('images/0.png,"[[1, 2, 3, 4, 5, 6, 7]]",a', "a polygon of fewer than three points"),
        ('images/0.png,"[[1, 2, 3, 4, 5]]",a', "five numbers, of a box with an angle or a score"),
        ('images/0.png,"[[1, 2, NaN, 4, 5, 6]]",a', "is a list that is neither a box nor poly"),
        ('images/0.png,"{""size"": [4, 4]}",a', "is an object without 'counts' and 'size'"),
        ('images/0.png,"{""counts"": ""x""}",a', "row 3, column 'mask' is an RLE without 'size'"),
        ('images/0.png,"{""size"": [4, [4]], ""counts"": [16]}",a', "other things than numbers"),
        ('images/0.png,"{""size"": [4, 4], ""counts"": [[16]]}",a', "other things than numbers"),
        ("images/0.png,1 3 10 5 20 2,a", "numbers without brackets, which can be points or runs"),
        (f"images/0.png,{'[' * 100_000},a", "row 3, column 'mask' is n"),
        ("images/0.png,[" + r"\'" * 60_000 + ",a", "row 3, column 'mask' is n"),
        (f"images/0.png,masks/0.png,{'a' * (10 << 20)}", "the text is longer than 65,536 char"),
        (f"images/0.png,{'m' * (10 << 20)},a", "row 3, column 'mask' holds more than a path"),
    ],
)  # fmt: skip
def test_a_broken_row_is_told_and_costs_no_other(row: str, told: str, tmp_path: Path) -> None:
    content = f"{HEAD}{GOOD}{row}\n{GOOD}".encode("utf-8", "surrogateescape")
    pairs, errors = read(table(tmp_path, content), **GIVEN)
    assert [pair.source.index for pair in pairs] == [2, 4]
    (error,) = errors
    assert error.startswith("t.csv[3]: row 3") and told in error


@pytest.mark.parametrize("more", [-10, 100, 1 << 20])
def test_a_row_that_is_too_long_is_passed_over(
    more: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_csv, "MAX_ROW", 1 << 20)
    long = b"images/0.png,masks/0.png," + b"a" * ((1 << 20) + more) + b"\n"
    pairs, errors = read(table(tmp_path, f"{HEAD}{GOOD}".encode() + long + GOOD.encode()), **GIVEN)
    assert [pair.source.index for pair in pairs] == [2, 4]
    assert errors == [f"t.csv[3]: row 3: it is longer than {1 << 20:,} bytes"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", "", "t.csv is empty; its first line names the columns"),
        ("t.csv", HEAD, "t.csv: it has no rows"),
        ("t.csv", GOOD * 2, "the first line of t.csv is a row; write a line with the names"),
        ("t.csv", (HEAD + GOOD).encode("utf-16"), "t.csv is UTF-16; save it as CSV in UTF-8"),
        ("t.csv", f"sep=#\n{HEAD}{GOOD}", "the first line of t.csv tells the separator '#'; a"),
        ("t.csv", "image,m\udce9,p\n", "the first line of t.csv is no UTF-8 (byte"),
        ("t.csv", HEAD + "a\n" * 3, "t.csv: row 2 is broken: it has 1 cells for 3 columns"),
        ("t.json", "", "t.json begins with neither a list nor an object"),
        ("t.json", "[1, 2]", "t.json holds no list of objects"),
        ("t.json", '{"a": 1}', "it is not clear which column has the"),
        ("t.jsonl", "not json\n", "t.jsonl begins with neither a list nor an object"),
        ("t.parquet", "PAR1 but no more", "t.parquet: it is no Parquet that can be read"),
        ("t.parquet", "", "t.parquet: it is no Parquet that can be read"),
    ],
)
def test_a_file_that_is_no_table_is_told(
    name: str, content: str | bytes, told: str, tmp_path: Path
) -> None:
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogateescape")
    put(tmp_path / name, content)
    with pytest.raises(PairLensError) as refusal:
        TABLE.settled(tmp_path / name, {})
    assert told in str(refusal.value)
    assert not TABLE.detect(tmp_path / name)


def test_a_broken_record_of_json_costs_no_other(tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in tables.rows_of()]
    rows[1], rows[3] = '{"image": ', "[]"
    for name, text in (("t.jsonl", "\n".join(rows)), ("t.json", f"[{','.join(rows)}]")):
        pairs, errors = read(table(tmp_path, text, name), **GIVEN)
        assert len(pairs) == len(rows) - 2 and len(errors) == 2, name
        assert "row 2" in errors[0] and "row 4: it is no object" in errors[1]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    file = table(tmp_path / "own", HEAD + GOOD)
    mask = tmp_path / "own" / "masks" / "0.png"
    mask.rename(tmp_path / "secret.png")
    mask.symlink_to(tmp_path / "secret.png")
    (pair,), _ = read(file, **GIVEN)
    place = MediaPlace(tmp_path / "media", placeholders=False, boundary=boundary_of(file.parent))
    (made,) = prepare((pair,), place)
    assert "leads out of the dataset's folder" in made.stats.error  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("file,gt,query\n1,2,3\n".encode("utf-16"), "; as table: t.csv is UTF-16; save it as CSV"),
        (
            b"image,mask,phrase\nimages/0.png,masks/0.png,7\n",
            "it is not clear which column has the phrase",
        ),
    ],
    ids=["encoding", "columns"],
)
@pytest.mark.parametrize("root", ["", "t.csv"], ids=["folder", "file"])
def test_what_keeps_a_table_from_being_found_is_told(
    content: bytes, told: str, root: str, tmp_path: Path
) -> None:
    put(tmp_path / "t.csv", content)
    with pytest.raises(LayoutError, match="looks like no known format; name the format") as raised:
        find_format("auto", tmp_path / root)
    assert told in str(raised.value)


def test_an_image_is_not_its_own_mask(tmp_path: Path) -> None:
    """Gray images beside the table, and masks of the same names in a folder."""
    file = table(tmp_path, HEAD + "0.png,0.png,a house\n")
    (tmp_path / "images/0.png").rename(tmp_path / "0.png")
    (pair,), errors = read(file)
    assert errors == [] and isinstance(pair.target, Raster)
    assert (pair.image, pair.target.path) == (tmp_path / "0.png", tmp_path / "masks/0.png")
    (tmp_path / "masks/0.png").unlink()
    pairs, (told,) = read(file)
    assert not pairs and "row 2, column 'mask' names the image itself ('0.png')" in told


def test_no_target_is_what_the_table_says(tmp_path: Path) -> None:
    rows = "images/0.png,masks/0.png,a,no\nimages/1.png,,b,yes\nimages/2.png,,c,\n"
    file = table(tmp_path, "image,mask,phrase,none\n" + rows)
    pairs, errors = read(file, **GIVEN, no_target="none")
    assert [(p.phrase, p.no_target) for p in pairs] == [("a", False), ("b", True)]
    assert "row 4, column 'mask' is empty" in errors[0]
    pairs, errors = read(file, **GIVEN, no_target="mask")
    assert [p.no_target for p in pairs] == [False, True, True] and not errors
    file = table(tmp_path, "image,mask,phrase,none\nimages/0.png,masks/0.png,a,perhaps\n")
    assert (
        "column 'none' 'perhaps' is neither true nor false"
        in read(file, **GIVEN, no_target="none")[1][0]
    )


def test_ids_are_keys_and_have_to_be_there(tmp_path: Path) -> None:
    row = "images/0.png,masks/0.png,a,"
    rows = f"{row}x-1\n{row}\nimages/1.png,masks/1.png,b,x-1\n{row}x-1\n"
    pairs, errors = read(table(tmp_path, "image,mask,phrase,id\n" + rows), **GIVEN, key="id")
    assert [pair.key for pair in pairs] == [f"table/train/images/{n}.png#x-1" for n in (0, 1)]
    assert errors == [
        "t.csv[3]: row 3, column 'id' holds no id",
        "t.csv[5]: its id is that of t.csv[2] too",
    ]


def test_splits_are_known_words(tmp_path: Path) -> None:
    rows = "".join(f"images/0.png,masks/0.png,{s},{s}\n" for s in ("Validation", "dev", "fold 3"))
    pairs, errors = read(table(tmp_path, "image,mask,phrase,s\n" + rows), **GIVEN, split="s")
    assert [pair.split for pair in pairs] == ["val", "val"]
    assert errors == ["t.csv[4]: row 4, column 's' holds 'fold 3', not train, val or test"]


def test_paths_begin_in_the_folders_that_are_given(tmp_path: Path) -> None:
    tables.write_files(tmp_path / "files")
    here = tmp_path / "files"
    rows = f"0.png,0.png,a\n{here}/images/1.png,{here}/masks/1.png,b\n"
    put(tmp_path / "t.csv", HEAD + rows)
    roots = {"image_root": "files/images", "mask_root": str(here / "masks")}
    settled = TABLE.settled(tmp_path / "t.csv", {**GIVEN, **roots})
    assert settled.params | GIVEN == {**GIVEN, **roots, "mask_root": "files/masks"}
    pairs, errors = read(tmp_path / "t.csv", **GIVEN, **roots)
    assert not errors
    assert [pair.image for pair in pairs] == [here / "images/0.png", here / "images/1.png"]
    assert [p.target for p in pairs] == [Raster(here / f"masks/{n}.png") for n in (0, 1)]


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.json", "pairs.parquet"])
def test_a_table_that_is_gone_or_a_pipe_is_refused(name: str, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / name)
    assert not TABLE.holds(tmp_path / name) and not TABLE.holds(tmp_path / "absent.csv")
    with pytest.raises(PairLensError):
        TABLE.settled(tmp_path, {})


def test_tables_of_one_folder_share_their_columns(tmp_path: Path) -> None:
    put(tmp_path / "train.csv", HEAD + GOOD)
    put(tmp_path / "test.csv", "a,b\n1,2\n")
    with pytest.raises(LayoutError, match=r"test\.csv and train\.csv have no column in common"):
        TABLE.settled(tmp_path, {})


@pytest.mark.parametrize("name", ["dataset_dict.json", "state.json"])
def test_a_dataset_that_was_saved_to_disk_is_told_from_a_table(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(LayoutError, match="write each split with to_parquet"):
        TABLE.settled(tmp_path, {})


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"image,phrase\na.png,house\n")
    with open(path, "r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(LayoutError, match="has a line of over 1,073,741,824 bytes, so it is no"):
        list(FORMATS["table"].read(tmp_path))


def test_a_long_text_among_pixels_takes_no_memory_for_each_pixel() -> None:
    pixels: list[list[object]] = [[0] * 64 for _ in range(64)]
    pixels[3][4] = "x" * 20_000_000
    assert not is_pixels(pixels)
