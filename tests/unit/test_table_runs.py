"""Runs as Kaggle has them in the cells of a table, told from boxes by all rows together."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.errors import RecordError
from pairlens.importers.explain import explain
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.contract import check_format
from pairlens.importers.formats.example_files import target
from pairlens.importers.formats.table_masks import with_mask
from pairlens.importers.formats.table_runs import ORDERS, are_runs, as_coco, as_runs, numbers_in
from pairlens.importers.masks import Pixels
from pairlens.importers.options import ImportOptions
from pairlens.importers.records import Encoded, Pair, Polygons
from pairlens.importers.rle import decode_rle
from tests import tables
from tests.unit.instructions import put_image

TABLE = FORMATS["table"]
SIZE = HEIGHT, WIDTH = 30, 40
TALL = [(5, 20, 7, 8), (3, 12, 9, 11), (1, 28, 0, 3), (4, 9, 20, 26), (6, 20, 30, 40)]
WIDE = [(7, 8, 5, 20), (9, 11, 3, 12), (0, 3, 1, 28), (20, 26, 4, 9), (22, 25, 6, 40)]
"""Parts of masks: first and last row and column."""


def kaggle(mask: np.ndarray, order: str) -> str:
    """As the kernels on Kaggle have it."""
    pixels = np.concatenate([[0], mask.flatten("F" if order == "columns" else "C"), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(map(str, runs))


def drawn(parts: Sequence[tuple[int, int, int, int]]) -> list[Pixels]:
    masks = []
    for top, bottom, left, right in parts:
        mask = np.zeros(SIZE, np.uint8)
        mask[top:bottom, left:right] = 1
        masks.append(mask)
    return masks


def put_table(root: Path, cells: Sequence[str], images: bool = True) -> Path:
    with (root / "t.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["image", "EncodedPixels", "text"])
        for number, cell in enumerate(cells):
            if images:
                put_image(root, f"{number}.png", (WIDTH, HEIGHT))
            rows.writerow([f"{number}.png", cell, f"the ship {number}"])
    return root / "t.csv"


def read(path: Path, **given: str) -> tuple[list[Pair], list[str], list[str]]:
    settled = TABLE.settled(path, given)
    errors: list[RecordError] = []
    records = settled.format.read(
        path, on_error=errors.append, **settled.format.parsed(settled.params)
    )
    found = [record for record in records if isinstance(record, Pair)]
    return found, [str(error) for error in errors], [str(note) for note in settled.decisions]


def mask_of(pair: Pair) -> np.ndarray:
    target = pair.target
    assert isinstance(target, Encoded)
    counts: Any = list(target.counts) if isinstance(target.counts, tuple) else target.counts
    return decode_rle({"size": list(target.size), "counts": counts})


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["1 2 30 20", "4 5 9 8", "3 3 8 8"], id="two corners"),
        pytest.param(["1 2 8 8", "20 5 9 8", "3 20 8 8"], id="a corner and sides"),
        pytest.param(["1 2 30 20"] * 30 + ["1 2 3 4 5 6"], id="a polygon among boxes"),
        pytest.param(["1.5 2 30 20", "4 5 9 8"], id="fractions"),
        pytest.param(["[1, 2, 30, 20]"] * 5 + ["1 2 3 4", "3 5 9 11"], id="some with brackets"),
        pytest.param(["30 20 60 40", "1 1 8 8"], id="beyond the image"),
    ],
)
def test_boxes_stay_boxes(tmp_path: Path, cells: list[str]) -> None:
    pairs, errors, told = read(put_table(tmp_path, cells))
    assert len(pairs) + len(errors) == len(cells) and len(errors) <= 1
    assert all(isinstance(pair.target, Polygons) for pair in pairs)
    assert not any("runs" in note for note in told)


def test_boxes_of_images_that_are_not_there_stay_boxes(tmp_path: Path) -> None:
    pairs, _, told = read(put_table(tmp_path, ["1 2 30 20", "4 5 9 8"] * 3, images=False))
    assert len(pairs) == 6 and told == []


@pytest.mark.parametrize("parts", [TALL, WIDE], ids=["tall", "wide"])
@pytest.mark.parametrize("order", ORDERS)
def test_runs_are_read_whatever_their_number(tmp_path: Path, parts: Any, order: str) -> None:
    masks = drawn([*parts, (4, 12, 5, 7), (4, 6, 5, 17), (3, 4, 2, 3)])
    cells = [kaggle(mask, order) for mask in masks]
    assert 4 in [len(cell.split()) for cell in cells]
    pairs, errors, told = read(put_table(tmp_path, cells))
    assert errors == [] and len(told) == 1 and ORDERS[order] in told[0]
    for pair, mask in zip(pairs, masks, strict=True):
        np.testing.assert_array_equal(mask_of(pair), mask)
    found = explain("table", tmp_path / "t.csv")
    assert [one["kind"] for one in found.decisions] == ["runs"] and found.skipped == []
    assert any(f"--param runs={order}" in note for note in found.notes)


def test_two_runs_in_each_cell_are_told_where_none_can_be_a_box(tmp_path: Path) -> None:
    masks = drawn([(5, 15, left, left + 2) for left in range(4, 30)] * 9)  # more than are measured
    pairs, errors, told = read(put_table(tmp_path, [kaggle(mask, "columns") for mask in masks]))
    assert errors == [] and "none can be a box" in told[0]
    for pair, mask in zip(pairs, masks, strict=True):
        np.testing.assert_array_equal(mask_of(pair), mask)


def test_runs_of_images_in_cells(tmp_path: Path) -> None:
    masks = drawn(WIDE)
    rows = [
        {
            "image": {"bytes": put_image(tmp_path, f"{n}.png", (WIDTH, HEIGHT)).read_bytes()},
            "EncodedPixels": kaggle(mask, "columns"),
            "text": f"the ship {n}",
        }
        for n, mask in enumerate(masks)
    ]
    tables.write_parquet(tmp_path / "t" / "t.parquet", rows)
    pairs, errors, _ = read(tmp_path / "t" / "t.parquet")
    assert not errors
    assert all((mask_of(p) == mask).all() for p, mask in zip(pairs, masks, strict=True))


def test_what_is_set_counts(tmp_path: Path) -> None:
    masks = drawn(TALL)
    path = put_table(tmp_path, [kaggle(mask, "columns") for mask in masks])
    pairs, errors, told = read(path, runs="rows")
    assert len(pairs) == len(masks) and told == errors == []
    assert not np.array_equal(mask_of(pairs[0]), masks[0])
    pairs, errors, _ = read(path, runs="none")
    assert len(errors) == 4 and "give --param runs=columns" in errors[0]
    assert [type(pair.target) for pair in pairs] == [Polygons]  # of two runs, a box
    assert explain("table", path, ImportOptions(params={"runs": "columns"})).skipped == []


def test_runs_that_are_none_cost_their_rows(tmp_path: Path) -> None:
    cells = [kaggle(mask, "columns") for mask in drawn(TALL)]
    path = put_table(tmp_path, [*cells * 4, "1200 5 1 1", "1 2 3", "0 5", "1199 3"])
    pairs, errors, _ = read(path, runs="columns")
    assert len(pairs) == 20 and len(errors) == 4
    assert all("holds no runs: starts from 1" in error for error in errors)
    (tmp_path / "0.png").unlink()
    _, errors, _ = read(path, runs="columns")
    assert "the size of its image is not known" in errors[0]


@given(st.lists(st.integers(0, 1), min_size=12, max_size=12), st.sampled_from([*ORDERS]))
def test_runs_come_back(values: list[int], order: str) -> None:
    mask = np.array(values, np.uint8).reshape(3, 4)
    if not mask.any():
        with pytest.raises(ValueError, match="cannot say that nothing is meant"):
            as_runs(mask, order)
        return
    cell = as_runs(mask, order)
    assert cell == kaggle(mask, order)
    runs = as_coco(cell, (3, 4), order)
    counts: Any = list(runs.counts) if isinstance(runs.counts, tuple) else runs.counts
    np.testing.assert_array_equal(decode_rle({"size": list(runs.size), "counts": counts}), mask)
    assert with_mask("1 2", mask, order) == cell


@pytest.mark.parametrize(
    ("cell", "numbers", "fits"),
    [
        ("1 2 3 4", [1, 2, 3, 4], True), ("1 2 2 4", [1, 2, 2, 4], False), ("1", [], False),
        ("1 2 3", [1, 2, 3], False), ("0 2", [0, 2], False), ("1 0", [1, 0], False),
        ("1,2", [], False), ("-1 2", [], False), (None, [], False), ("9 2", [9, 2], True),
        ("10 2", [10, 2], False), ("1 " * 9_999 + "1", [1] * 10_000, False),
    ],
)  # fmt: skip
def test_numbers_that_can_be_runs_of_ten_pixels(cell: Any, numbers: list[int], fits: bool) -> None:
    assert numbers_in(cell) == numbers
    assert are_runs(numbers, 10) == fits


@pytest.mark.parametrize("order", ORDERS)
def test_runs_keep_the_contract(tmp_path: Path, order: str) -> None:
    def make(root: Path) -> Path:
        tables.write_files(root, masks=False)
        rows = tables.rows_of(lambda _: as_runs(target(), order))
        (root / "runs.csv").write_text(tables.csv_of(rows))
        return root

    check_format(replace(TABLE, example=make, faults=()), tmp_path)
