"""Boxes and outlines in the cells of tables as tools write them: read, or told why not."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.importers.errors import RecordError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.example_files import image_bytes, put
from pairlens.importers.formats.table_masks import with_mask
from pairlens.importers.records import CaptionedImage, Pair, Polygons

TABLE = FORMATS["table"]
WIDE, HIGH = 100, 80


def table(root: Path, *rows: dict[str, Any]) -> Path:
    for number, _ in enumerate(rows):
        picture = np.full((HIGH, WIDE, 3), number, np.uint8)
        put(root / f"images/{number}.png", image_bytes(picture, "PNG"))
    with (root / "t.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(dict.fromkeys(["image", *rows[0], "text"])))
        writer.writeheader()
        for number, row in enumerate(rows):
            writer.writerow({"image": f"images/{number}.png", "text": "a big ship", **row})
    return root / "t.csv"


def told_of(root: Path, kind: str) -> list[Any]:
    return [told for told in TABLE.settled(root, {}).decisions if told.kind == kind]


def skipped(root: Path, **params: str) -> list[str]:
    errors: list[RecordError] = []
    given = TABLE.parsed(TABLE.settled(root, params).params)
    assert not list(TABLE.read(root, on_error=errors.append, **given))
    return [error.reason for error in errors]


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize("text", ["(1) the ship", "(1, 2) in a row", "(1, 2 ships"])
def test_texts_in_brackets_stay_texts(tmp_path: Path, text: str):
    path = table(tmp_path, {"bbox": "[1, 2, 30, 4]", "text": text})
    (pair,) = TABLE.read(path)
    assert isinstance(pair, Pair) and pair.phrase == text


def test_captions_beside_other_columns_are_told_nothing(tmp_path: Path):
    rows = {"width": 5, "height": 5, "label": "ship", "x": 1, "point": "POINT of view (1 of 2)"}
    assert not told_of(table(tmp_path, rows), "mask")


@pytest.mark.parametrize("name", ["polygon (1).png", "POINT/1.png", "polygon (2 3).png"])
def test_names_of_files_are_no_outlines(tmp_path: Path, name: str):
    path = table(tmp_path, {"mask": name})
    (pair,) = TABLE.read(path)
    assert isinstance(pair, Pair) and not isinstance(pair.target, Polygons)


def test_corners_that_cannot_be_sizes_are_told_nothing(tmp_path: Path):
    rows = [{"bbox": "[10, 10, 50, 60]"}, {"bbox": "[60, 50, 70, 70]"}]
    path = table(tmp_path, *rows)
    assert TABLE.settled(path, {}).params["box"] == "xyxy"
    assert not told_of(path, "box")


# ------------------------------------------------------------------------------ must


def test_few_corners_that_may_be_sizes_are_told(tmp_path: Path):
    path = table(tmp_path, {"bbox": "[10, 10, 50, 60]"})
    assert TABLE.settled(path, {}).params["box"] == "xyxy"
    (told,) = told_of(path, "box")
    assert told.override == "box=xywh" and "as well be a corner and the size" in told


@pytest.mark.parametrize(
    ("cell", "points"),
    [
        ("(60, 10, 70, 30)", 4),
        ("(60.5, 1e1, 70, 30)", 4),
        ("((60, 10), (70, 10), (70, 30))", 3),
        ("[(60, 10), (70, 10), (70, 30)]", 3),
    ],
)
def test_tuples_of_numbers_are_read(tmp_path: Path, cell: str, points: int):
    path = table(tmp_path, {"bbox": cell})
    (pair,) = TABLE.read(path)
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
    assert [len(shape.points) for shape in pair.target.shapes] == [points]


def test_a_mended_outline_in_a_tuple_is_a_list(tmp_path: Path):
    mended = np.zeros((HIGH, WIDE), np.uint8)
    mended[10:20, 30:60] = 1
    path = table(tmp_path, {"bbox": with_mask("((60, 10), (70, 10), (70, 30))", mended)})
    (pair,) = TABLE.read(path)
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
    (shape,) = pair.target.shapes
    assert {x for x, _ in shape.points} == {30, 59} and {y for _, y in shape.points} == {10, 19}


GEOJSON = {"type": "Polygon", "coordinates": [[[10, 10], [30, 10], [30, 30], [10, 10]]]}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (json.dumps(GEOJSON), "is GeoJSON, whose coordinates are longitudes and latitudes"),
        (str(GEOJSON), "is GeoJSON"),
        ("POLYGON ((10 10, 30 10, 30 30, 10 10))", "is WKT, which is not read"),
        ("MULTIPOLYGON (((1.5 10, 30 10, 30 30, 1.5 10)))", "is WKT, which is not read"),
        ("Polygon Z((-10 10 0, 30 10 0, 30 30 0))", "is WKT, which is not read"),
        ('{"xmin": 1, "ymin": 2, "span": 3}', "write a box as four numbers"),
        ('{"x1": 1, "y1": 2, "x2": "wide", "y2": 4}', "write a box as four numbers"),
    ],
)
def test_notations_that_are_not_read_are_told(tmp_path: Path, cell: str, reason: str):
    path = table(tmp_path, {"geometry": cell})
    (told,) = told_of(path, "mask")
    assert told.override == "mask=geometry" and "rows are read as images with captions" in told
    (said,) = skipped(path, mask="geometry", image="image", phrase="text")
    assert reason in said and "column 'geometry'" in said


@pytest.mark.parametrize(
    "cell",
    [
        "[50, 40, 20, 10, 30]",
        "(50, 40, 20, 10, 0.5)",
        '{"x": 50, "y": 40, "width": 20, "height": 10, "rotation": 30}',
    ],
)
def test_a_box_with_an_angle_is_told_as_such(tmp_path: Path, cell: str):
    (said,) = skipped(table(tmp_path, {"bbox": cell}))
    assert "five numbers, of a box with an angle or a score" in said and "four corners" in said


@pytest.mark.parametrize("names", [("x", "y", "w", "h"), ("X", "Y", "Width", "Height")])
def test_columns_that_may_be_boxes_are_told(tmp_path: Path, names: tuple[str, ...]):
    path = table(tmp_path, dict(zip(names, (1, 2, 30, 40), strict=True)))
    (told,) = told_of(path, "mask")
    assert told.times == 1 and told.override == f"mask={','.join(names)}"
    assert isinstance(next(iter(TABLE.read(path))), CaptionedImage)
    given = {"mask": ",".join(names), "phrase": "text"}
    (pair,) = TABLE.read(path, **TABLE.settled(path, given).params)
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
    assert max(pair.target.shapes[0].points) == (31, 42)


@pytest.mark.parametrize(
    "place",
    [(-75.9, 41.9, -75.8, 42.0), (11.5, 48.1, 11.6, 48.2), (691000, 5334000, 691512, 5334512)],
)
@pytest.mark.parametrize("spread", [True, False])
def test_the_place_of_an_image_is_no_box_in_it(
    tmp_path: Path, place: tuple[float, ...], spread: bool
):
    names = ("xmin", "ymin", "xmax", "ymax")
    cells = dict(zip(names, place, strict=True)) if spread else {"bbox": str([*place])}
    path = table(tmp_path, cells)
    (told,) = told_of(path, "mask")
    assert "or the place of the image on Earth or in another" in told
    assert told.override == f"mask={','.join(cells)}"
    assert isinstance(next(iter(TABLE.read(path))), CaptionedImage)


@pytest.mark.parametrize(
    "cell", ["[0.1, 0.2, 0.3, 0.4]", "[5, 5, 6, 6]", "[-4, 5, 20, 30]", "[0, 0, 2000, 1000]"]
)
def test_small_boxes_and_shares_are_boxes_in_the_image(tmp_path: Path, cell: str):
    path = table(tmp_path, {"bbox": cell})
    assert not told_of(path, "mask") and TABLE.settled(path, {}).params["mask"] == "bbox"


@pytest.mark.parametrize(
    "names",
    [("xmin", "ymin", "xmax", "ymax"), ("X_min", "Y_min", "X_max", "Y_max"),
     ("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom")],
)  # fmt: skip
def test_boxes_in_four_columns_are_read(tmp_path: Path, names: tuple[str, ...]):
    rows = [
        dict(zip(names, numbers, strict=True)) for numbers in ((1, 2, 30, 40), ("", "", "", ""))
    ]
    path = table(tmp_path, *rows)
    errors: list[RecordError] = []
    (pair,) = TABLE.read(path, on_error=errors.append)
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons) and pair.target.half_open
    assert (min(pair.target.shapes[0].points), max(pair.target.shapes[0].points)) == (
        (1, 2),
        (30, 40),
    )
    assert [e.reason for e in errors] == [
        f"row 3, column '{','.join(names)}' is empty, which does not say that there is no target; "
        f"where it means that, give --param no_target={','.join(names)}"
    ]


CORNERS = {"xmin": 20, "ymin": 10, "xmax": 50, "ymax": 30}
SIDES = {"x": 20, "y": 10, "width": 30, "height": 20}


@pytest.mark.parametrize(
    "cell",
    [
        json.dumps(CORNERS),
        str({"X1": 20, "Y1": "10", "X2": 50.0, "Y2": 30, "score": 0.5}),
        json.dumps(SIDES),
        json.dumps({**SIDES, "rotation": 0}),
        json.dumps({"left": 20, "top": 10, "width": 30, "height": 20}),
        json.dumps([{"bbox": CORNERS}]),
        json.dumps({"cx": 35, "cy": 20, "w": 30, "h": 20}),
        "[20, 10, 50, 30]",
    ],
)
def test_boxes_in_objects_are_read_by_their_names(tmp_path: Path, cell: str):
    # A box that can be no corner and size decides about numbers without names alone.
    path = table(tmp_path, {"bbox": cell}, {"bbox": "[60, 50, 90, 70]"})
    first, _ = TABLE.read(path, **TABLE.parsed(TABLE.settled(path, {}).params))
    assert isinstance(first, Pair) and isinstance(first.target, Polygons)
    (shape,) = first.target.shapes
    assert first.target.half_open and first.target.box
    assert (min(shape.points), max(shape.points)) == ((20, 10), (50, 30))


def test_four_named_corners_are_an_outline(tmp_path: Path):
    quad = {f"{axis}{n}": v for n, at in enumerate([(5, 5), (40, 9), (38, 30), (3, 28)], 1)
            for axis, v in zip("xy", at, strict=True)}  # fmt: skip
    (pair,) = TABLE.read(table(tmp_path, {"bbox": json.dumps(quad)}))
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
    assert pair.target.shapes[0].points == ((5, 5), (40, 9), (38, 30), (3, 28))


def test_a_box_about_its_centre_can_be_told_of_a_named_one(tmp_path: Path):
    path = table(tmp_path, {"bbox": json.dumps(SIDES)})
    (told,) = told_of(path, "box")
    assert told.override == "box=cxcywh"
    (pair,) = TABLE.read(path, **TABLE.settled(path, {"box": "cxcywh"}).params)
    assert isinstance(pair, Pair) and isinstance(pair.target, Polygons)
    assert min(pair.target.shapes[0].points) == (5, 0)
