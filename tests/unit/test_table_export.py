"""What an export of a table writes: all as it was, but for edits and mended masks."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.importers.digests import target_digest
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.example_files import put, target
from pairlens.importers.formats.export_items import ExportPair, HeldMask
from pairlens.importers.formats.table_csv import DELIMITERS, CsvTable
from pairlens.importers.prepare import MediaPlace, prepare
from pairlens.importers.records import Pair
from tests import tables

TABLE = FORMATS["table"]
HEAD = "image,mask,phrase,more\n"


def exported(root: Path, out: Path, change: Any, **params: str) -> Path:
    """Exports the pairs of a root as a function changes them."""
    settled = TABLE.settled(root, params)
    assert settled.format.exporter is not None
    pairs = [
        ExportPair(
            p.key, p.source, p.image if isinstance(p.image, Path) else None, True, p.phrase,
            p.phrase, True, target_digest=target_digest(p.target),
        )
        for p in TABLE.read(root, **settled.params)
        if isinstance(p, Pair)
    ]  # fmt: skip
    out.mkdir()
    exporter = settled.format.exporter(root, out)
    items = sorted(
        (change(pair) for pair in pairs), key=lambda pair: (pair.source.file, pair.source.index)
    )
    exporter.write_file(items[0].source.file, iter(items))
    assert exporter.tally.records == len(pairs) + exporter.tally.not_imported
    return out


def of_text(tmp_path: Path, text: str, change: Any, **params: str) -> str:
    tables.write_files(tmp_path / "own")
    put(tmp_path / "own" / "t.csv", text)
    out = exported(tmp_path / "own" / "t.csv", tmp_path / "out", change, **params)
    return (out / "t.csv").read_bytes().decode()


def test_only_the_cell_of_an_edit_changes(tmp_path: Path) -> None:
    rows = (
        'images/0.png ,"masks/0.png",a house,"1,0"\r\n\r\n'
        "images/1.png,masks/1.png,barn,\r\n"
        'images/2.png,masks/2.png,"x","a ""b""\n c"'
    )
    new = {"a house": 'a "red", house', "x": "y"}
    found = of_text(
        tmp_path,
        "\ufeff" + HEAD + rows,
        lambda p: replace(p, phrase=new.get(p.phrase, p.phrase), selected=p.phrase != "barn"),
    )
    assert found == "\ufeff" + HEAD + (
        'images/0.png ,"masks/0.png","a ""red"", house","1,0"\r\n\r\n'
        'images/2.png,masks/2.png,"y","a ""b""\n c"'
    )


def test_of_several_queries_those_that_stay_keep_their_notation(tmp_path: Path) -> None:
    rows = (
        'images/0.png,masks/0.png,"[""a b"", ""c""]",1\n'
        "images/1.png,masks/1.png,\"['a b', 'c']\",2\n"
    )
    found = of_text(tmp_path, HEAD + rows, lambda p: replace(p, selected=p.phrase != "c"))
    assert found == HEAD + (
        'images/0.png,masks/0.png,"[""a b""]",1\nimages/1.png,masks/1.png,"[\'a b\']",2\n'
    )


def test_queries_between_separators(tmp_path: Path) -> None:
    rows = "images/0.png,masks/0.png,a b; c;d,1\n"
    keep = of_text(
        tmp_path, HEAD + rows, lambda p: replace(p, selected=p.phrase != "c"), separator=";"
    )
    assert keep == HEAD + "images/0.png,masks/0.png,a b; d,1\n"
    with pytest.raises(UsageError, match="a text with ';' in it cannot stand between such"):
        exported(
            tmp_path / "own" / "t.csv",
            tmp_path / "refused",
            lambda p: replace(p, phrase="x; y") if p.phrase == "c" else p,
            separator=";",
        )


@pytest.mark.parametrize("edited", ['["a", "b"]', "['a']", "[1]", "{}", ' "a" '])
def test_a_text_that_looks_like_a_list_comes_back_as_one(tmp_path: Path, edited: str) -> None:
    rows = "images/0.png,masks/0.png,a house,1\nimages/1.png,masks/1.png,barn,2\n"
    change = {"barn": edited}
    of_text(tmp_path, HEAD + rows, lambda p: replace(p, phrase=change.get(p.phrase, p.phrase)))
    pairs = list(TABLE.read(tmp_path / "out" / "t.csv", phrase="phrase"))
    assert [p.phrase for p in pairs if isinstance(p, Pair)] == ["a house", edited]


@pytest.mark.parametrize(
    ("cell", "params"),
    [("barn", {}), ('"[""barn"", ""hut""]"', {}), ("barn; hut", {"separator": ";"})],
    ids=["text", "list", "separator"],
)
def test_a_text_that_is_read_as_a_missing_value_is_refused(
    tmp_path: Path, cell: str, params: dict[str, str]
) -> None:
    rows = f"images/0.png,masks/0.png,a house,1\nimages/1.png,masks/1.png,{cell},2\n"
    with pytest.raises(UsageError, match=r"images/1\.png#3.*(empty|other texts)"):
        of_text(
            tmp_path,
            HEAD + rows,
            lambda p: replace(p, phrase="n/a" if p.phrase == "barn" else p.phrase),
            **params,
        )


def test_absolute_paths_in_the_tables_folder_become_relative(tmp_path: Path) -> None:
    own = tmp_path / "own"
    rows = f'"{own}/images/0.png",{own}/masks/0.png,a,{own}/more\n'
    assert of_text(tmp_path, HEAD + rows, lambda p: p) == (
        HEAD + f'"images/0.png",masks/0.png,a,{own}/more\n'
    )
    own.rename(tmp_path / "gone")
    (pair,) = TABLE.read(tmp_path / "out" / "t.csv")
    assert pair.image == tmp_path / "out" / "images" / "0.png"


def test_a_table_that_has_changed_is_told(tmp_path: Path) -> None:
    rows = "images/0.png,masks/0.png,a,1\n"
    with pytest.raises(StateError, match=r"t\.csv: record 2 is not what was imported"):
        of_text(tmp_path, HEAD + rows, lambda p: replace(p, published="b"))


MENDED = target().copy()
MENDED[20:30, 40:60] = 1
PLAIN = [name for name in tables.PAIRS if not {"boxes", "split", "annotations"} & set(name.split())]


@pytest.mark.parametrize("name", PLAIN)
def test_a_mended_mask_is_written_as_the_others_are(name: str, tmp_path: Path) -> None:
    root = tables.PAIRS[name](tmp_path / "own")
    held = HeldMask("digest", MENDED, "")
    number = next(iter(TABLE.read(root))).source.index
    # Both pairs of the first image: they share a mask where it is a file.
    rows = (number, number + 1)
    out = exported(
        root,
        tmp_path / "out",
        lambda p: replace(p, mask=held) if p.source.index in rows else p,
    )
    pairs = [p for p in TABLE.read(out) if isinstance(p, Pair)]
    for pair in pairs:
        (made,) = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False))
        mended = pair.source.index in rows
        expected = MENDED if mended else target()
        assert made.stats.area == int(np.count_nonzero(expected)), pair.key  # type: ignore[union-attr]


def test_a_box_does_not_take_a_mended_mask(tmp_path: Path) -> None:
    root = tables.PAIRS["boxes of corners"](tmp_path / "own")
    held = HeldMask("digest", MENDED, "")
    with pytest.raises(UsageError, match="its mask was mended, and the cell holds a box"):
        exported(root, tmp_path / "out", lambda p: replace(p, mask=held))


def test_files_elsewhere_stay_where_they_are(tmp_path: Path) -> None:
    tables.write_files(tmp_path / "far")
    put(tmp_path / "own" / "t.csv", HEAD + "0.png,0.png,a,1\n")
    roots = {k: str(tmp_path / "far" / f"{k}s") for k in ("image", "mask")}
    roots = {f"{name}_root": folder for name, folder in roots.items()}
    out = exported(tmp_path / "own" / "t.csv", tmp_path / "out", lambda p: p, **roots)
    assert [file.name for file in out.iterdir()] == ["t.csv"]
    (pair,) = TABLE.read(out / "t.csv", **roots)
    assert pair.image == tmp_path / "far" / "images" / "0.png"


CELLS = st.text(st.sampled_from('ab",;\t|\n \u00e9'), max_size=6)
ROWS = st.lists(CELLS, min_size=3, max_size=3).filter(lambda row: any(map(str.strip, row)))


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=4),
    name=st.sampled_from(sorted(DELIMITERS)),
    end=st.sampled_from(["\n", "\r\n"]),
    edit=CELLS.filter(str.strip),
)
def test_cells_are_those_of_pythons_own_reader(
    rows: list[list[str]], name: str, end: str, edit: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=DELIMITERS[name], lineterminator=end)
    writer.writerows([["x", "y", "z"], *rows])
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    path.write_bytes(stream.getvalue().encode())
    table = CsvTable(path, "cells.csv", name)
    read = [list(row.cells.values()) for row in table.rows()]
    assert read == rows
    again = [table.row(row.number, row.start, row.size) for row in table.rows()]
    assert again == list(table.rows())
    out = io.BytesIO()
    assert table.rewrite(out, lambda _: {}) == (len(rows), False)
    assert out.getvalue() == path.read_bytes()
    out = io.BytesIO()
    table.rewrite(out, lambda row: {"y": edit} if row == again[0] else {})
    path.write_bytes(out.getvalue())
    after = [list(row.cells.values()) for row in table.rows()]
    assert after == [[rows[0][0], edit, rows[0][2]], *rows[1:]]
