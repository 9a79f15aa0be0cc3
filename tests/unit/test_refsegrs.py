"""The RefSegRS reader: phrase lists, whole, odd and hostile."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import LayoutError, RecordError
from pairlens.importers.files import lines
from pairlens.importers.formats import find_format, refsegrs
from pairlens.importers.formats.refsegrs import MAX_LINE_BYTES, parse_line
from pairlens.importers.records import Pair, Raster


def put(root: Path, data: str | bytes, split: str = "test") -> Path:
    """Writes a phrase list beside the folders of the layout."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    file = root / f"output_phrase_{split}.txt"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def read(root: Path, **options: Any) -> tuple[list[Pair], list[str], list[str]]:
    """Pairs, errors as ``source: reason``, and notes."""
    errors: list[RecordError] = []
    notes: list[str] = []
    pairs = list(refsegrs.read(root, on_error=errors.append, on_note=notes.append, **options))
    return pairs, [str(e) for e in errors], notes


def test_a_pair_has_what_was_published(tmp_path: Path):
    put(tmp_path, "1361 paved road\n7 car\n")
    (tmp_path / "images" / "7.tif").touch()
    pairs, errors, _ = read(tmp_path)
    assert errors == []
    assert [(p.key, p.phrase, p.image) for p in pairs] == [
        ("refsegrs/test/1361#0", "paved road", None),
        ("refsegrs/test/7#0", "car", tmp_path / "images" / "7.tif"),
    ]
    first = pairs[0]
    assert (first.image_id, first.split, first.image_name) == ("1361", "test", "1361.tif")
    assert first.target == Raster(tmp_path / "masks" / "1361.tif")
    assert str(first.source) == "output_phrase_test.txt[0]"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("\n\n  \n\r\n", [], id="blank lines"),
        pytest.param("1 car", [("1", "car")], id="no line end"),
        pytest.param("1 car\r\n2 bus\r\n", [("1", "car"), ("2", "bus")], id="CRLF"),
        pytest.param("\ufeff1 car\n2 bus\n", [("1", "car"), ("2", "bus")], id="byte order mark"),
        pytest.param("1\tcar\n", [("1", "car")], id="tab"),
        pytest.param(b"\xef\xbb\xbf1 r\xf4le", [("1", "rôle")], id="byte order mark, cp1252"),
        pytest.param("1 two  spaces \n", [("1", "two  spaces ")], id="spaces are kept"),
        pytest.param("1  car\n2 \t bus\n", [("1", "car"), ("2", "bus")], id="wide separators"),
        pytest.param("1 \ufeffcar\n2  \n", [("1", "car"), ("2", "")], id="mark, no phrase"),
        pytest.param(b"1 \xef\xbb\xbfr\xf4le", [("1", "rôle")], id="mark in cp1252"),
        pytest.param("1 \u3000car\n", [("1", "\u3000car")], id="another space is no separator"),
        pytest.param("1\n2 \n", [("1", ""), ("2", "")], id="no phrase"),
        pytest.param("1 2 cars\n", [("1", "2 cars")], id="a number in the phrase"),
        pytest.param("007 car\n7 bus\n", [("007", "car"), ("7", "bus")], id="zeros"),
        pytest.param("1 caf\xe9\n".encode("cp1252"), [("1", "café")], id="cp1252"),
        pytest.param("1 café\n", [("1", "café")], id="utf-8"),
    ],
)
def test_lists(tmp_path: Path, data: str | bytes, expected: list[tuple[str, str]]):
    put(tmp_path, data)
    pairs, errors, _ = read(tmp_path)
    assert ([(p.image_id, p.phrase) for p in pairs], errors) == (expected, [])


def test_wide_separators_are_told(tmp_path: Path):
    put(tmp_path, "1 car\n2\tbus\n3 \n")
    assert not any("separates" in note for note in read(tmp_path)[2])
    put(tmp_path, "1 car\n2  bus\n")
    (note,) = (note for note in read(tmp_path)[2] if "separates" in note)
    assert isinstance(note, Decision) and note.example == "output_phrase_test.txt[1]"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("car", id="no id"),
        pytest.param(" 1 car", id="blank first"),
        pytest.param("1car", id="no blank between"),
        pytest.param("-1 car", id="negative"),
        pytest.param("1.5 car", id="fraction"),
        pytest.param("../1 car", id="path"),
        pytest.param("١٢ car", id="digits of another script"),
        pytest.param("9" * 19 + " car", id="19 digits"),
        pytest.param("1 car\r2 bus\r3 van", id="line ends of old Macs"),
        pytest.param("1\0car", id="NUL"),
        pytest.param("1 " + "x" * MAX_LINE_BYTES, id="long"),
    ],
)
def test_a_broken_line_is_reported_and_the_rest_read(tmp_path: Path, line: str):
    put(tmp_path, f"1 good\n{line}\n3 too\n")
    pairs, errors, _ = read(tmp_path)
    assert [(p.image_id, p.source.index) for p in pairs] == [("1", 0), ("3", 2)]
    assert len(errors) == 1
    assert errors[0].startswith("output_phrase_test.txt[1]: ")
    assert len(errors[0]) < 200
    with pytest.raises(RecordError):
        list(refsegrs.read(tmp_path))


def test_a_list_in_utf_16_gives_no_pair(tmp_path: Path):
    put(tmp_path, "1 car\n2 bus\n".encode("utf-16"))
    pairs, errors, _ = read(tmp_path)
    said = "output_phrase_test.txt: is UTF-16, not utf-8 or cp1252 text; convert it"
    assert (pairs, errors) == ([], [said])


def test_equal_ids_are_told_apart(tmp_path: Path):
    put(tmp_path, "1 car\n2 bus\n1 red car\n1 car\n")
    put(tmp_path, "1 car\n", "train")
    assert [p.key for p in read(tmp_path)[0]] == [
        "refsegrs/train/1#0",
        "refsegrs/test/1#0", "refsegrs/test/2#0", "refsegrs/test/1#1", "refsegrs/test/1#2",
    ]  # fmt: skip


def test_notes_and_splits(tmp_path: Path):
    put(tmp_path, "1 car\nbroken\n\n2 bus\n")
    assert read(tmp_path)[2] == [
        "train: no phrase list output_phrase_train.txt",
        "val: no phrase list output_phrase_val.txt",
        "test: 2 pairs; the card says 1,817",
    ]
    assert read(tmp_path, splits=("val",)) == ([], [], [read(tmp_path)[2][1]])
    assert refsegrs.count(tmp_path) == 4
    assert refsegrs.count(tmp_path, ("val",)) == 0


@pytest.mark.parametrize("missing", ["images", "masks", "output_phrase_test.txt"])
def test_all_parts_of_the_layout_are_needed(tmp_path: Path, missing: str):
    put(tmp_path, "1 car\n")
    assert find_format("auto", tmp_path).name == "refsegrs"
    (tmp_path / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(LayoutError, match="does not hold refsegrs: expected images/, masks/ and"):
        find_format("refsegrs", tmp_path)


def test_gres_is_not_what_this_is(tmp_path: Path):
    put(tmp_path, "1 car\n")
    with pytest.raises(LayoutError, match=r"does not hold gres.* It looks like refsegrs"):
        find_format("gres", tmp_path)


def test_the_reader_is_lazy(tmp_path: Path):
    file = put(tmp_path, "1 car\n" * 10_000)
    reader = refsegrs.read(tmp_path)
    assert next(reader).key == "refsegrs/test/1#0"
    with open(file, "ab") as stream:
        stream.write(b"2 bus\n")
    assert list(reader)[-1].phrase == "bus"


def test_two_hundred_megabytes_in_one_line_take_no_memory(tmp_path: Path):
    file = put(tmp_path, "1 good\n2 ")
    with open(file, "r+b") as stream:
        stream.truncate(200 << 20)
        stream.seek(0, 2)
        stream.write(b"\n3 too\n")
    tracemalloc.start()
    pairs, errors, _ = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [p.image_id for p in pairs] == ["1", "3"]
    assert errors == [f"{file.name}[1]: the line is longer than 65,536 bytes"]
    assert peak < 2 << 20
    assert refsegrs.count(tmp_path) == 3


@given(st.lists(st.integers(0, 40), max_size=6), st.booleans())
def test_lines_are_cut_and_never_joined(lengths: list[int], ends: bool):
    """Around the bound, which is made small here."""
    whole = [b"x" * length + b"\n" for length in lengths]
    if whole and not ends:
        whole[-1] = whole[-1][:-1]
    with TemporaryDirectory() as folder:
        file = Path(folder, "list")
        file.write_bytes(b"".join(whole))
        assert list(lines(file, 8)) == [line[:9] for line in whole if line]


@given(st.binary(max_size=40))
def test_any_bytes_are_a_pair_a_blank_or_refused(data: bytes):
    line = data.replace(b"\n", b"") + b"\n"
    try:
        image_id, phrase = parse_line(line)
    except ValueError as error:
        assert str(error)
        return
    assert image_id.isascii()
    assert image_id.isdigit() or (image_id, phrase) == ("", "")
    assert not set(phrase) & set("\r\n")
    phrase.encode()
