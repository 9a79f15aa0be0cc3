"""Rows of several queries and several masks: each about its own, or about all, never unsaid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pairlens.importers.errors import RecordError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.example_files import put, target
from pairlens.importers.formats.export_items import HeldMask
from pairlens.importers.formats.table_instances import parts_of, with_parts
from pairlens.importers.records import Pair, Polygons
from pairlens.importers.rle import decode_rle, encode_rle
from tests import tables
from tests.unit.test_table_export import exported

TABLE = FORMATS["table"]
LEFT, RIGHT = [4, 6, 20, 30], [34, 6, 60, 30]


def table(root: Path, *rows: tuple[Any, Any], ending: str = "jsonl") -> Path:
    tables.write_files(root)
    made = [{"image": f"images/{n}.png", "bbox": m, "text": t} for n, (m, t) in enumerate(rows)]
    put(root / f"t.{ending}", tables.lines(made))
    return root / f"t.{ending}"


def boxes(path: Path, **params: str) -> list[tuple[str, int]]:
    """The queries, and how many boxes each is about."""
    settled = TABLE.settled(path, params)
    found = []
    for pair in TABLE.read(path, **TABLE.parsed(settled.params)):
        assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
        found.append((pair.phrase, len(pair.target.shapes)))
    return found


def told(path: Path) -> list[str]:
    return [str(one) for one in TABLE.settled(path, {}).decisions if one.kind == "instances"]


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize(
    "row",
    [
        ([LEFT, RIGHT], "both houses"),
        (LEFT, ["left", "the left house"]),
        ([LEFT], ["left", "the left house"]),
        ([[4, 6], [20, 30]], ["left", "the left house"]),
    ],
)
def test_nothing_is_told_where_a_row_has_several_of_one_alone(
    tmp_path: Path, row: tuple[Any, Any]
) -> None:
    path = table(tmp_path, row)
    assert not told(path) and "instances" not in TABLE.settled(path, {}).params
    assert {number for _, number in boxes(path)} == {2 if isinstance(row[1], str) else 1}


@pytest.mark.parametrize("cell", [LEFT, encode_rle(target()), "a.png", "[1, 2, 3, 4]", None, 3])
def test_one_mask_is_one_part(cell: Any) -> None:
    assert parts_of(cell) == [cell]


# ------------------------------------------------------------------------------ must


def test_each_query_is_about_the_mask_with_its_number(tmp_path: Path) -> None:
    path = table(tmp_path, ([LEFT, RIGHT], ["left", "right"]), ([LEFT], ["one"]))
    (rule,) = told(path)
    assert "about the mask with the same number" in rule
    settled = TABLE.settled(path, {})
    assert settled.params["instances"] == "each" and settled.guessed
    pairs = [p for p in TABLE.read(path, **settled.params) if isinstance(p, Pair)]
    shapes = [p.target.shapes for p in pairs if isinstance(p.target, Polygons) and p.target.box]
    assert [min(shape.points) for (shape,) in shapes] == [(4, 6), (34, 6), (4, 6)]
    assert boxes(path, instances="all") == [("left", 2), ("right", 2), ("one", 1)]


def test_queries_are_about_all_masks_where_numbers_differ(tmp_path: Path) -> None:
    path = table(tmp_path, ([LEFT, RIGHT], ["left", "right"]), ([LEFT, RIGHT], ["both"]))
    (rule,) = told(path)
    assert "about all masks of its row" in rule
    assert boxes(path) == [("left", 2), ("right", 2), ("both", 2)]
    errors: list[RecordError] = []
    given = TABLE.parsed(TABLE.settled(path, {"instances": "each"}).params)
    assert len(list(TABLE.read(path, on_error=errors.append, **given))) == 2
    assert [
        "column 'bbox' holds 2 masks, and the row has 1 queries" in e.reason for e in errors
    ] == [True]


def test_a_late_row_of_several_is_an_error(tmp_path: Path) -> None:
    rows = [(LEFT, "left")] * 60 + [([LEFT, RIGHT], ["left", "right"])]
    tables.write_files(tmp_path)
    made = [{"image": "images/0.png", "bbox": mask, "text": text} for mask, text in rows]
    put(tmp_path / "t.jsonl", tables.lines(made))
    errors: list[RecordError] = []
    assert len(list(TABLE.read(tmp_path / "t.jsonl", on_error=errors.append))) == 60
    (error,) = errors
    assert "holds 2 masks for 2 queries; --param instances=each or all says" in error.reason


def test_boxes_in_an_annotation_are_several_too(tmp_path: Path) -> None:
    path = table(tmp_path, ({"bbox": [LEFT, RIGHT], "area": 9}, ["left", "right"]))
    assert boxes(path) == [("left", 1), ("right", 1)]
    cell = {"bbox": [LEFT, RIGHT], "area": 9}
    assert with_parts(cell, [RIGHT]) == {"bbox": [RIGHT], "area": 9}
    assert with_parts(json.dumps(cell), [RIGHT]) == json.dumps({"bbox": [RIGHT], "area": 9})
    assert with_parts(str(cell), [RIGHT]) == str({"bbox": [RIGHT], "area": 9})


def test_a_dropped_pair_takes_its_mask_along(tmp_path: Path) -> None:
    rows = tables.gathered(tables.rows_of(tables.rle))
    put(tmp_path / "own" / "t.jsonl", tables.lines(rows))
    tables.write_files(tmp_path / "own", masks=False)
    mended = np.roll(target(), 3, axis=1)

    def change(pair: Any) -> Any:
        if pair.key.endswith("#1.0"):
            return replace(pair, selected=False)
        return replace(pair, mask=HeldMask("new", mended)) if pair.key.endswith("#2.1") else pair

    out = exported(tmp_path / "own" / "t.jsonl", tmp_path / "out", change)
    first, second, *rest = map(json.loads, (out / "t.jsonl").read_text().splitlines())
    assert first == {**rows[0], "phrases": rows[0]["phrases"][1:], "masks": rows[0]["masks"][1:]}
    assert second["masks"][0] == rows[1]["masks"][0] and rest == rows[2:]
    one = second["masks"][1]
    assert np.array_equal(decode_rle(one), mended)


def test_lists_beside_them_in_a_struct_lose_the_same(tmp_path: Path) -> None:
    rows = tables.nested(tables.rows_of(tables.corners))
    tables.write_files(tmp_path / "own", masks=False)
    tables.write_parquet(tmp_path / "own" / "t.parquet", rows)
    out = exported(
        tmp_path / "own" / "t.parquet",
        tmp_path / "out",
        lambda pair: replace(pair, selected=not pair.key.endswith("#1.0")),
    )
    first, *rest = pq.read_table(out / "t.parquet").to_pylist()
    kept = {name: cells[1:] for name, cells in rows[0]["objects"].items()}
    assert first == {**rows[0], "objects": kept} and rest == rows[1:]


def test_objects_of_a_list_go_with_their_texts(tmp_path: Path) -> None:
    rows = tables.listed(tables.rows_of(tables.corners))
    put(tmp_path / "own" / "t.jsonl", tables.lines(rows))
    tables.write_files(tmp_path / "own", masks=False)

    def change(pair: Any) -> Any:
        if pair.key.endswith("#1.0"):
            return replace(pair, selected=False)
        return replace(pair, phrase="a barn") if pair.key.endswith("#2.1") else pair

    out = exported(tmp_path / "own" / "t.jsonl", tmp_path / "out", change)
    first, second, *rest = map(json.loads, (out / "t.jsonl").read_text().splitlines())
    assert first == {**rows[0], "objects": rows[0]["objects"][1:]}
    kept, edited = rows[1]["objects"]
    assert second == {**rows[1], "objects": [kept, {**edited, "phrase": "a barn"}]}
    assert rest == rows[2:]
    (tmp_path / "all").mkdir()
    with pytest.raises(UsageError, match="2 objects of a list cannot hold 1 texts"):
        exported(tmp_path / "own" / "t.jsonl", tmp_path / "all" / "out", change, instances="all")


def test_a_word_that_is_none_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, (LEFT, "left"))
    with pytest.raises(UsageError, match="give one of each, all"):
        TABLE.settled(path, {"instances": "some"})
