"""DIOR-RSVG: splits by counting objects, XML that trusts nobody, and lists that stay right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import LayoutError, UsageError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.records import Pair, Polygons

FORMAT = FORMATS["dior_rsvg"]
BOX = (10, 20, 30, 44)
_ENTITY = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def an_object(text: str = "A ship", box: tuple[float, ...] = BOX, **members: str) -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in sides)
    known = {"bndbox": inner, "description": text} | members
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in known.items() if value)
    return f"\n  <object>{inner}</object>"


def put(root: Path, name: str, *objects: str, head: str = "") -> Path:
    file = root / "Annotations" / f"{name}.xml"
    file.parent.mkdir(parents=True, exist_ok=True)
    body = f"<filename>{name}.jpg</filename>" + "".join(objects)
    file.write_text(f"{head}<annotation>{body}\n</annotation>\n", "utf-8")
    return file


def lists(root: Path, **numbers: Any) -> None:
    for split, listed in numbers.items():
        (root / f"{split}.txt").write_text("".join(f"{number}\n" for number in listed))


def read(root: Path, **params: Any) -> tuple[list[Pair], list[str], list[str]]:
    errors: list[str] = []
    notes: list[str] = []
    found = FORMAT.read(
        root, on_error=lambda e: errors.append(str(e)), on_note=notes.append, **params
    )
    return [pair for pair in found if isinstance(pair, Pair)], errors, notes


@pytest.mark.parametrize(
    "head",
    [
        _ENTITY,
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE annotation SYSTEM "http://127.0.0.1/a.dtd">',
    ],
)
def test_a_document_type_is_refused_and_nothing_of_it_read(head: str, tmp_path: Path) -> None:
    put(tmp_path, "1", an_object("&e;" if "SYSTEM" in head else "&b;"), head=head)
    found, errors, _ = read(tmp_path)
    assert found == []
    (error,) = errors
    assert "Annotations/1.xml: is not valid XML (it declares a document type" in error


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (an_object(bndbox=""), "has no 'xmin' in a 'bndbox'"),
        (an_object(description=""), "has no 'description'"),
        (an_object(box=(30, 20, 10, 44)), "corners the wrong way round"),
        (an_object(bndbox="<xmin>a</xmin><ymin>1</ymin><xmax>2</xmax><ymax>3</ymax>"), "are none"),
        (an_object(box=(1, 2, float("inf"), 4)), "has no area"),
        (an_object("One</description><description>Two"), "'description' stands there several"),
        (an_object("A <b>big</b> house"), "'description' holds an element 'b', not text alone"),
        (
            an_object().replace("<bndbox>", "<bndbox><xmin>1</xmin></bndbox><bndbox>"),
            "'bndbox/xmin' stands there several times",
        ),
    ],
)
def test_a_broken_object_is_told_and_still_counted(entry: str, told: str, tmp_path: Path) -> None:
    put(tmp_path, "1", entry, an_object("The second"))
    lists(tmp_path, train=[0], test=[1])
    found, errors, _ = read(tmp_path)
    assert [(pair.key, pair.phrase) for pair in found] == [("dior_rsvg/test/1.jpg#1", "The second")]
    (error,) = errors
    assert error.startswith("Annotations/1.xml[0]: ") and told in error


def test_objects_are_counted_over_all_files_by_name(tmp_path: Path) -> None:
    """Not file by file, and not as the disk lists them."""
    for name in ("3", "1", "2"):
        put(tmp_path, name, an_object(f"{name}a"), an_object(f"{name}b"))
    lists(tmp_path, train=[0, 3], val=[1, 4], test=[2, 5])
    found, errors, _ = read(tmp_path)
    assert errors == []
    assert [(pair.split, pair.phrase) for pair in found] == [
        ("train", "1a"), ("val", "1b"), ("train", "2b"), ("test", "2a"), ("val", "3a"),
        ("test", "3b"),
    ]  # fmt: skip
    target = found[0].target
    assert isinstance(target, Polygons) and target.box
    assert target.shapes[0].points == ((10, 20), (30, 20), (30, 44), (10, 44))


@pytest.mark.parametrize(
    "numbers",
    [
        {"train": [0, 1, 2], "val": [3], "test": [4]},
        {"train": [0], "val": [1], "test": [2]},
        {"test": [4]},
    ],
    ids=["a file is lost", "a file was added", "a list alone reaches beyond"],
)
def test_lists_of_other_objects_are_refused(numbers: Any, tmp_path: Path) -> None:
    put(tmp_path, "1", an_object(), an_object())
    put(tmp_path, "2", an_object(), an_object())
    lists(tmp_path, **numbers)
    with pytest.raises(LayoutError, match="the annotations hold 4: with one lost or added"):
        read(tmp_path)
    found, errors, notes = read(tmp_path, lists="ignore")
    assert {pair.split for pair in found} == {"train"} and len(found) == 4
    assert errors == [] and notes == ["all objects are taken as train: as set"]


@pytest.mark.parametrize("kept", [0, 60, 400], ids=["empty", "first", "most"])
def test_a_broken_file_keeps_its_place_in_the_count(kept: int, tmp_path: Path) -> None:
    file = put(tmp_path, "1", an_object(), an_object())
    put(tmp_path, "2", an_object("The third"))
    lists(tmp_path, train=[0], val=[1], test=[2])
    file.write_text(file.read_text().replace("</annotation>", "")[:kept])
    found, errors, _ = read(tmp_path)
    assert [(pair.split, pair.phrase) for pair in found] == [("test", "The third")]
    (error,) = errors
    assert error.startswith("Annotations/1.xml: is ")


def test_what_is_odd_in_the_lists_is_told(tmp_path: Path) -> None:
    put(tmp_path, "1", an_object("a"), an_object("b"), an_object("c"))
    (tmp_path / "train.txt").write_text("0\nfirst\n\n-1\n")
    lists(tmp_path, test=[0, 2])
    found, errors, notes = read(tmp_path)
    assert [(pair.split, pair.phrase) for pair in found] == [("train", "a"), ("test", "c")]
    assert errors == ["train.txt[1]: 'first' is no number", "train.txt[3]: '-1' is no number"]
    assert "1 numbers stand more than once in the lists; the first counts" in notes
    assert "1 objects are in no list, and were left out" in notes


def exported(root: Path, out: Path, changes: dict[str, Any], **params: str) -> dict[str, str]:
    """The files that are written with some pairs changed, by their keys."""
    out.mkdir()
    exporter = FORMAT.exporter(root, out)  # type: ignore[misc]
    pairs = sorted(read(root, **params)[0], key=lambda pair: (pair.source.file, pair.source.index))
    for name in dict.fromkeys(pair.source.file for pair in pairs):
        exporter.write_file(
            name,
            iter(
                ExportPair(
                    pair.key, pair.source, None, True, pair.phrase,
                    changes.get(pair.phrase) or pair.phrase,
                    changes.get(pair.phrase, "") is not None,
                )
                for pair in pairs if pair.source.file == name
            ),
        )  # fmt: skip
    exporter.finish()
    return {f.relative_to(out).as_posix(): f.read_text() for f in out.rglob("*") if f.is_file()}


def test_what_is_left_out_moves_the_numbers_of_what_follows(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in ("1", "2", "3"):
        put(root, name, an_object(f"{name}a"), an_object(f"{name}b"))
    lists(root, train=[0, 3], val=[1, 4], test=[2, 5])
    before = {pair.phrase: pair.split for pair in read(root)[0]}
    same = exported(root, tmp_path / "same", {})
    assert same == {f.relative_to(root).as_posix(): f.read_text() for f in root.rglob("*.*")}
    out = exported(
        root, tmp_path / "out", {"1b": None, "2a": None, "2b": None, "3a": "A <new> & one"}
    )
    assert sorted(out) == [
        "Annotations/1.xml",
        "Annotations/3.xml",
        "test.txt",
        "train.txt",
        "val.txt",
    ]
    assert out["Annotations/1.xml"] == same["Annotations/1.xml"].replace(an_object("1b"), "")
    assert out["Annotations/3.xml"] == same["Annotations/3.xml"].replace(
        "3a", "A &lt;new&gt; &amp; one"
    )
    again, errors, _ = read(tmp_path / "out")
    assert errors == []
    assert {pair.phrase: pair.split for pair in again} == {
        "1a": before["1a"], "A <new> & one": before["3a"], "3b": before["3b"],
    }  # fmt: skip
    pasted = "a\u00a0house \U0001f469\u200d\U0001f680\u202e \x85"  # none of them prints
    exported(root, tmp_path / "pasted", {"1a": pasted})
    assert pasted in {pair.phrase for pair in read(tmp_path / "pasted")[0]}
    with pytest.raises(UsageError, match="a character that XML cannot hold"):
        exported(root, tmp_path / "odd", {"1a": "\x01"})


def test_numbers_of_lists_keep_their_digits(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in ("1", "2"):
        put(root, name, an_object(f"{name}a"), an_object(f"{name}b"))
    lists(root, train=["00000", "00003"], test=["1", "2"])
    same = exported(root, tmp_path / "same", {})
    assert (same["train.txt"], same["test.txt"]) == ("00000\n00003\n", "1\n2\n")
    out = exported(root, tmp_path / "out", {"1b": None})
    assert (out["train.txt"], out["test.txt"]) == ("00000\n00002\n", "1\n")


def test_lists_that_the_import_ignored_are_written_anew(tmp_path: Path) -> None:
    root = tmp_path / "in"
    put(root, "1", an_object("1a"))
    put(root, "2", an_object("2a"), an_object("2b"))
    lists(root, train=[0], val=[1], test=[2, 3])  # an annotation between them is lost
    out = exported(root, tmp_path / "out", {"2a": None}, lists="ignore")
    assert [name for name in sorted(out) if name.endswith(".txt")] == ["train.txt"]
    assert out["train.txt"] == "0\n1\n"
    found, errors, _ = read(tmp_path / "out")
    assert errors == []
    assert [(pair.split, pair.phrase) for pair in found] == [("train", "1a"), ("train", "2b")]


def test_what_is_broken_does_not_keep_the_rest_from_being_exported(tmp_path: Path) -> None:
    root = tmp_path / "in"
    put(root, "1", an_object("1a"))
    put(root, "2", an_object("2a"), an_object("2b")).write_text("<annotation><object>")
    put(root, "3", an_object("3a"))
    lists(root, val=[1, 2], test=[3])
    (root / "train.txt").write_bytes(b"\xef\xbb\xbf0\r\n")
    out = exported(root, tmp_path / "out", {})
    assert {name: out[name] for name in out if name.endswith(".txt")} == {
        "train.txt": "\ufeff0\n",
        "test.txt": "1\n",
    }
    found, errors, _ = read(tmp_path / "out")
    assert errors == [] and [(p.split, p.phrase) for p in found] == [
        ("train", "1a"),
        ("test", "3a"),
    ]


def test_texts_of_another_encoding_stay_in_it(tmp_path: Path) -> None:
    file = put(tmp_path / "in", "1", an_object("caf\xe9"), an_object("b"))
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + file.read_text("utf-8")
    file.write_bytes(text.encode("latin-1"))
    assert [pair.phrase for pair in read(tmp_path / "in")[0]] == ["caf\xe9", "b"]
    (tmp_path / "out").mkdir()
    exporter = FORMAT.exporter(tmp_path / "in", tmp_path / "out")  # type: ignore[misc]
    items = [
        ExportPair(p.key, p.source, None, True, p.phrase, f"{p.phrase}\xe9 \u2013", True)
        for p in read(tmp_path / "in")[0]
    ]
    exporter.write_file("Annotations/1.xml", iter(items))
    assert [pair.phrase for pair in read(tmp_path / "out")[0]] == [
        "caf\xe9\xe9 \u2013",
        "b\xe9 \u2013",
    ]


def test_annotations_without_descriptions_are_not_it(tmp_path: Path) -> None:
    put(tmp_path, "1", an_object(description=""))
    assert not FORMAT.detect(tmp_path)
    with pytest.raises(LayoutError):
        find_format("auto", tmp_path)
