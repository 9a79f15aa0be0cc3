"""The boxes of xView, DIOR, DOTA, iSAID and FAIR1M, sound and broken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pairlens.importers.errors import LayoutError
from pairlens.importers.source_boxes import Boxes
from pairlens.importers.source_readers import read_source
from tests.xview_tiles import feature

DIOR = """<annotation><filename>7.jpg</filename><size><width>800</width></size>
<object><name>golffield</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>60</ymax>
</bndbox></object></annotation>"""
DIOR_R = """<annotation><object><name>ship</name><robndbox><x_left_top>10</x_left_top>
<y_left_top>20</y_left_top><x_right_top>30</x_right_top><y_right_top>25</y_right_top>
<x_right_bottom>28</x_right_bottom><y_right_bottom>60</y_right_bottom>
<x_left_bottom>11</x_left_bottom><y_left_bottom>50</y_left_bottom></robndbox></object></annotation>"""
FAIR1M = """<annotation><source><filename>7.tif</filename></source><objects><object>
<coordinate>pixel</coordinate><possibleresult><name>Boeing737</name></possibleresult>
<points><point>10.0,20.0</point><point>30.0,21.0</point><point>29.0,60.0</point>
<point>12.0,59.0</point><point>10.0,20.0</point></points></object></objects></annotation>"""
DOTA = (
    "imagesource:GoogleEarth\ngsd:0.14\n10.0 20.0 30.0 21.0 29.0 60.0 12.0 59.0 small-vehicle 0\n"
)
COCO = {
    "info": {},
    "images": [{"id": 1, "file_name": "P/7.png", "width": 800, "height": 600}, {"id": 2}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 20, 20, 40], "segmentation": []},
        {"id": 2, "image_id": 9, "category_id": 3, "bbox": [10, 20, 20, 40]},
        {"id": 3, "image_id": 1, "category_id": [], "bbox": [10, 20, 20, 40]},
        {"id": 4, "image_id": 1, "category_id": 3, "bbox": [10, 20, -20, "a"]},
    ],
    "categories": [{"id": 3, "name": "Large_Vehicle"}],
}


def boxes_of(path: Path) -> tuple[str, list[tuple[str, list[float]]]]:
    source = read_source(path)
    found = source.images["7"]
    return source.kind, list(zip(found.labels, found.corners.tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "text", "kind", "label"),
    [
        ("a/7.xml", DIOR, "voc", "golffield"),
        ("a/7.xml", DIOR_R, "voc", "ship"),
        ("a/7.xml", FAIR1M, "voc", "Boeing737"),
        ("labelTxt/7.txt", DOTA, "dota", "small-vehicle"),
        ("iSAID_train.json", json.dumps(COCO), "coco", "Large_Vehicle"),
        ("iSAID_train.json", json.dumps(COCO, indent=1), "coco", "Large_Vehicle"),
        (
            "x.geojson",
            json.dumps({"features": [feature("7.tif", 18, "10,20,30,60")]}),
            "xview",
            "Small Car",
        ),
    ],
)
def test_each_layout_is_read(tmp_path: Path, name: str, text: str, kind: str, label: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    path = file if file.suffix.endswith("json") else tmp_path
    assert boxes_of(path) == (kind, [(label, [10.0, 20.0, 30.0, 60.0])])


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "words", "{", '{"images": [], "annotations": [], "categories": []}',
        '{"images": [{"id": 1, "file_name": 3}]}',
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(LayoutError, match=r"has no boxes that are known: give xView's GeoJSON"):
        read_source(file)


def test_other_folders_and_no_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("This is the data.\n")
    os.mkfifo(tmp_path / "1.xml")
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(LayoutError, match=r"has no boxes that are known|cannot be read"):
            read_source(path)


def test_broken_files_are_told_and_the_others_read(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><annotation>&d;</annotation>'
    odd = DIOR.replace("<xmin>10", "<xmin>nan").replace("<ymax>60", "<ymax>1e99")
    for name, text in (("7", DIOR), ("1", "<a"), ("2", bomb), ("3", "<svg/>"), ("4", odd)):
        (tmp_path / f"{name}.xml").write_text(text)
    notes: list[str] = []
    source = read_source(tmp_path, notes.append)
    assert source.images["7"].labels == ("golffield",)
    assert list(source.images) == ["7"]
    (note,) = notes
    assert note.startswith("4 files left out, 1.xml: is no XML")


def test_objects_whose_box_is_not_read_are_reported(tmp_path: Path) -> None:
    centre = "<cx>9</cx><cy>9</cy><w>4</w><h>4</h><angle>1</angle>"
    other = f"<object><name>ship</name><polar>{centre}</polar></object>"
    sound = "1 1 9 1 9 9 1 9 small-vehicle 0\n"
    for folder, name, text in (
        ("xml", "7.xml", DIOR.replace("</annotation>", f"{other}</annotation>")),
        ("xml", "8.xml", f"<annotation>{other}</annotation>"),
        ("xml", "9.xml", "<annotation></annotation>"),
        ("txt", "7.txt", "\ufeffimagesource:GoogleEarth\n" + sound + "1 1 9 1 9 9 x 9 ship 0\n"),
        ("txt", "8.txt", "3 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n"),
        ("txt", "9.txt", "imagesource:GoogleEarth\ngsd:null\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(text)
    for folder, kept, reason in (
        ("xml", "golffield", "has no object with bndbox, robndbox or points that are read"),
        ("txt", "small-vehicle", "has no line of eight coordinates and a class"),
    ):
        notes: list[str] = []
        images = read_source(tmp_path / folder, notes.append).images
        assert {name: boxes.labels for name, boxes in images.items()} == {"7": (kept,), "9": ()}
        assert notes == [
            f"1 files left out, 8.{folder}: {reason}",
            f"1 objects without a box that is read left out, 7.{folder}",
        ]


def test_a_class_of_several_words_is_read_whole(tmp_path: Path) -> None:
    corners = "10 20 30 20 30 60 10 60"
    lines = [
        f"{corners} Small Car 0",
        f"{corners} Boeing 737 1",
        f"{corners} ship",
        f"{corners} a b",
    ]
    (tmp_path / "7.txt").write_text("\n".join(lines))
    assert read_source(tmp_path).images["7"].labels == ("Small Car", "Boeing 737", "ship", "a b")


def test_an_image_of_two_files_with_other_boxes_is_left_out(tmp_path: Path) -> None:
    for split, text in (("train", DIOR), ("val", DIOR_R), ("test", DIOR)):
        (tmp_path / split).mkdir()
        (tmp_path / split / "7.xml").write_text(text)
    (tmp_path / "train" / "8.xml").write_text(DIOR)
    notes: list[str] = []
    source = read_source(tmp_path, notes.append)
    assert list(source.images) == ["8"]
    assert notes[0].startswith("1 images left out, of which two files have other boxes, 7 the")


def test_a_crop_shows_what_lies_in_it() -> None:
    boxes = Boxes.of(["a", "b", "c"], [[10, 10, 30, 30], [90, 90, 120, 130], [0, 0, 5, 5]])
    seen = boxes.within((20, 20, 100, 100))
    assert seen.labels == ("a", "b")
    assert seen.corners.tolist() == [[0, 0, 10, 10], [70, 70, 80, 80]]
    assert seen.ious((0, 0, 10, 10)).tolist() == [1.0, 0.0]
    assert Boxes.of([], []).within((0, 0, 9, 9)).ious((0, 0, 1, 1)).tolist() == []
