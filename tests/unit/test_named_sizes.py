"""Annotations that name the size of their image: boxes follow one that was resized or turned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bson import ObjectId
from PIL import Image

from pairlens.importers.documents import values
from pairlens.importers.masks import load_stored
from pairlens.importers.prepare import MediaPlace, PreparedPair, prepare
from pairlens.importers.reading import Reading
from pairlens.importers.records import Pair, Polygons, Shape, Source

WIDTH, HEIGHT = 60, 40
BOX = (6.0, 4.0, 30.0, 20.0)


def prepared(
    folder: Path,
    named: tuple[int, int] | None,
    box: tuple[float, ...] = BOX,
    *,
    orientation: int = 1,
    there: bool = True,
    reading: Reading | None = None,
) -> tuple[PreparedPair, dict[str, Any]]:
    exif = Image.Exif()
    exif[274] = orientation
    image = folder / "a.png"
    Image.new("RGB", (WIDTH, HEIGHT), (9, 9, 9)).save(image, exif=exif)
    x1, y1, x2, y2 = box
    shape = Shape(((x1, y1), (x2, y1), (x2, y2), (x1, y2)))
    target = Polygons((shape,), box=True, size=named)
    found = image if there else None
    pair = Pair("t/train/a#0", "a", "train", "it", found, "a.png", target, Source("t", 0))
    place = MediaPlace(folder / "media", placeholders=True, reading=reading or Reading())
    (made,) = prepare((pair,), place)
    assert isinstance(made, PreparedPair) and made.mask_path
    return made, values(made, ObjectId())


def drawn(made: PreparedPair) -> tuple[int, ...]:
    """Left, top, right and bottom pixel of a mask, and its size."""
    assert made.mask_path
    mask = load_stored(made.mask_path)
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max(), rows.max(), *mask.shape[::-1]


@pytest.mark.parametrize(
    ("named", "box", "told"),
    [
        ((60, 40), BOX, ""),
        (None, BOX, ""),
        ((600, 400), (60, 40, 300, 200), "scaled to the image"),
        ((30, 20), (3, 2, 15, 10), "scaled to the image"),
        ((301, 200), (30.1, 20, 150.5, 100), "scaled to the image"),  # rounded when it was resized
        ((40, 60), BOX, "in pixels of the image"),
        ((100, 100), BOX, "in pixels of the image"),
        ((24, 16), BOX, "in pixels of the image"),  # of which the box would reach out
    ],
    ids=["same", "none", "larger", "smaller", "rounded", "exchanged", "another shape", "beyond"],
)
def test_boxes_are_in_pixels_of_the_size_that_is_named(
    tmp_path: Path, named: tuple[int, int] | None, box: Any, told: str
):
    made, stored = prepared(tmp_path, named, box)
    assert drawn(made) == (6, 4, 30, 20, WIDTH, HEIGHT)
    assert stored["target_box"]["bounding_box"] == pytest.approx([0.1, 0.1, 0.4, 0.4])
    said = [str(one) for one in made.decisions if one.kind == "polygon_scale"]
    assert len(said) == bool(told) and all(told in one for one in said)


def test_pixels_that_are_set_are_those_of_the_image(tmp_path: Path):
    made, _ = prepared(tmp_path, (600, 400), reading=Reading(polygons="pixels"))
    assert drawn(made) == (6, 4, 30, 20, WIDTH, HEIGHT)


def test_boxes_of_a_named_size_of_another_shape_are_scaled_where_that_is_set(tmp_path: Path):
    made, _ = prepared(tmp_path, (120, 200), (12, 20, 60, 100))
    (told,) = [one for one in made.decisions if one.kind == "polygon_scale"]
    assert told.override == "polygons=named"
    reading = Reading(polygons="named")
    (tmp_path / "set").mkdir()
    made, stored = prepared(tmp_path / "set", (120, 200), (12, 20, 60, 100), reading=reading)
    assert drawn(made) == (6, 4, 30, 20, WIDTH, HEIGHT)
    assert stored["target_box"]["bounding_box"] == pytest.approx([0.1, 0.1, 0.4, 0.4])
    (tmp_path / "none").mkdir()
    made, _ = prepared(tmp_path / "none", None, reading=reading)
    assert drawn(made) == (6, 4, 30, 20, WIDTH, HEIGHT)


def test_where_the_image_is_not_there_its_size_is_the_one_that_is_named(tmp_path: Path):
    made, stored = prepared(tmp_path, (600, 800), (60, 80, 300, 700), there=False)
    assert drawn(made) == (60, 80, 300, 700, 600, 800)
    assert stored["target_box"]["bounding_box"] == pytest.approx([0.1, 0.1, 0.4, 0.775])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_target_box_is_turned_with_its_mask(tmp_path: Path, orientation: int):
    made, stored = prepared(tmp_path, (WIDTH, HEIGHT), orientation=orientation)
    left, top, right, bottom, width, height = drawn(made)
    x, y, across, down = stored["target_box"]["bounding_box"]
    assert [x * width, y * height] == pytest.approx([left, top], abs=1)
    assert [(x + across) * width, (y + down) * height] == pytest.approx([right, bottom], abs=1)
    assert (right - left > bottom - top) == (orientation < 5)
