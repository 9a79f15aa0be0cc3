"""Images that declare which way up they are: upright everywhere, masks with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.importers.decisions import Decision, Decisions
from pairlens.importers.formats import FORMATS
from pairlens.importers.image_frame import turn, turn_point
from pairlens.importers.mask_frame import decode_in_frame
from pairlens.importers.masks import read_mask
from pairlens.importers.media import decode_rgb, inspect_image, read_rgb
from pairlens.importers.prepare import MediaPlace, prepare
from pairlens.importers.reading import AS_DECIDED, Reading
from pairlens.importers.records import Encoded, Pair, Polygons, Raster, Shape, Source, Target
from pairlens.importers.rle import encode_rle
from tests.unit.instructions import put as put_records
from tests.unit.instructions import read, trained

STORED = np.zeros((30, 52, 3), np.uint8)
STORED[:10, :20] = 255, 0, 0
STORED[20:, 40:] = 0, 0, 255
OBJECT = np.zeros((30, 52), np.uint8)
OBJECT[2:9, 4:18] = 1
ALL = range(1, 9)


def save(path: Path, orientation: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(STORED)
    if path.suffix == ".tif":
        image.save(path, tiffinfo={274: orientation})
    elif path.name.startswith("lzw"):
        image.save(path, tiffinfo={274: orientation}, compression="tiff_lzw")
    else:
        exif = Image.Exif()
        exif[274] = orientation
        options = {".jpg": {"quality": 95}, ".webp": {"lossless": True}}.get(path.suffix, {})
        image.save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "lzw.tiff"])
def test_sizes_and_pixels_are_upright(tmp_path: Path, name: str, orientation: int):
    path = save(tmp_path / name, orientation)
    expected = turn(STORED, orientation)
    facts = inspect_image(path)
    assert (facts.height, facts.width, facts.orientation) == (*expected.shape[:2], orientation)
    assert facts.raw_size == (52, 30)
    assert np.abs(read_rgb(path).astype(int) - expected).mean() < 4
    if path.suffix != ".tif" and path.suffix != ".tiff":  # of which OpenCV reads not all
        seen = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert seen is not None
        assert np.abs(seen[..., ::-1].astype(int) - expected).mean() < 4


@pytest.mark.parametrize("orientation", ALL)
def test_deep_tiffs_are_turned_too(tmp_path: Path, orientation: int):
    deep = STORED.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", deep, extratags=[(274, "H", 1, orientation, True)])
    # The stretch rounds down.
    assert np.abs(read_rgb(tmp_path / "a.tif").astype(int) - turn(STORED, orientation)).max() <= 1


@pytest.mark.parametrize("orientation", ALL)
def test_a_mask_that_declares_it_is_turned(tmp_path: Path, orientation: int):
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(OBJECT * 255).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png").pixels, turn(OBJECT, orientation))


def prepared(
    tmp_path: Path, orientation: int, target: Target, reading: Reading = AS_DECIDED
) -> tuple[np.ndarray, Decisions]:
    tmp_path.mkdir(exist_ok=True)
    image = save(tmp_path / "a.jpg", orientation)
    pair = Pair("d/train/a#0", "a", "train", "it", image, "a.jpg", target, Source("a", 0))
    made = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False, reading=reading))
    decisions = Decisions()
    decisions.take(made)
    return read_mask(tmp_path / "media" / "masks" / "d_train_a_0.png").pixels, decisions


def target_of(kind: str, mask: np.ndarray, tmp_path: Path) -> Target:
    if kind == "raster":
        Image.fromarray(mask).save(tmp_path / "mask.png")
        return Raster(tmp_path / "mask.png")
    if kind == "rle":
        rle = encode_rle(mask)
        return Encoded(tuple(rle["size"]), rle["counts"])
    rows, columns = np.nonzero(mask)
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    points = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Polygons((Shape(tuple((float(x), float(y)) for x, y in points)),))


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("kind", ["raster", "rle", "polygons"])
def test_an_upright_mask_stays(tmp_path: Path, kind: str, orientation: int):
    mask = turn(OBJECT, orientation)
    pixels, decisions = prepared(tmp_path, orientation, target_of(kind, mask, tmp_path))
    np.testing.assert_array_equal(pixels, mask)
    assert ("orientation" in [d.kind for d in decisions.all()]) == (orientation > 1)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("kind", ["raster", "rle"])
def test_a_mask_in_the_raw_frame_is_turned_and_told(tmp_path: Path, kind: str, orientation: int):
    pixels, decisions = prepared(tmp_path, orientation, target_of(kind, OBJECT, tmp_path))
    np.testing.assert_array_equal(pixels, turn(OBJECT, orientation))
    assert any(d.kind == "mask_frame" and "as it is stored" in d for d in decisions.all())


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_polygons_that_fit_the_raw_frame_alone_are_turned(tmp_path: Path, orientation: int):
    wide = np.zeros_like(OBJECT)
    wide[5:20, 10:50] = 1  # wider than the upright image
    pixels, decisions = prepared(tmp_path, orientation, target_of("polygons", wide, tmp_path))
    np.testing.assert_array_equal(pixels, turn(wide, orientation))
    assert "mask_frame" in [d.kind for d in decisions.all()]


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("named", ["as stored", "upright"])
def test_a_size_that_an_annotation_names_tells_its_frame(
    tmp_path: Path, orientation: int, named: str
):
    on_side = orientation >= 5
    size = (30, 52) if on_side and named == "upright" else (52, 30)
    target = target_of("polygons", OBJECT, tmp_path)  # which fits either way
    assert isinstance(target, Polygons)
    pixels, decisions = prepared(tmp_path, orientation, replace(target, size=size))
    as_stored = on_side and named == "as stored"
    rows, columns = np.nonzero(turn(OBJECT, orientation) if as_stored else OBJECT)
    assert pixels[rows, columns].all() and pixels.sum() == OBJECT.sum()
    assert ("mask_frame" in [d.kind for d in decisions.all()]) == as_stored


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_where_the_size_cannot_tell_it_is_told(tmp_path: Path, orientation: int):
    pixels, decisions = prepared(tmp_path, orientation, target_of("raster", OBJECT, tmp_path))
    np.testing.assert_array_equal(pixels, OBJECT)
    assert any(d.kind == "mask_frame" and "taken as upright" in d for d in decisions.all())


@pytest.mark.parametrize("transposed", [False, True])
def test_an_rle_whose_size_is_swapped(tmp_path: Path, transposed: bool):
    rle = encode_rle(np.ascontiguousarray(OBJECT.T) if transposed else OBJECT)
    target = Encoded((52, 30), rle["counts"])
    pixels, decisions = prepared(tmp_path, 1, target)
    np.testing.assert_array_equal(pixels, OBJECT)
    assert "rle_size" in [d.kind for d in decisions.all()]


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("kind", ["raster", "rle", "polygons"])
def test_a_mask_frame_that_is_set_counts(tmp_path: Path, kind: str, orientation: int):
    target = target_of(kind, OBJECT, tmp_path)
    raw, upright = tmp_path / "raw", tmp_path / "upright"
    pixels, _ = prepared(raw, orientation, target, Reading(mask_frame="raw"))
    np.testing.assert_array_equal(pixels, turn(OBJECT, orientation))
    if kind != "polygons":
        pixels, _ = prepared(upright, orientation, target, Reading(mask_frame="upright"))
        np.testing.assert_array_equal(pixels, OBJECT)


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
@pytest.mark.parametrize("orientation", ALL)
def test_images_read_as_they_are_stored(tmp_path: Path, orientation: int, suffix: str):
    image = tmp_path / f"a.{suffix}"
    if suffix == "jpg":
        save(image, orientation)
    else:
        tifffile.imwrite(image, STORED, extratags=[(274, "H", 1, orientation, True)])
    target = target_of("raster", OBJECT, tmp_path)
    pair = Pair("d/train/a#0", "a", "train", "it", image, image.name, target, Source("a", 0))
    (made,) = prepare((pair,), MediaPlace(tmp_path / "media", False, Reading(orientation="raw")))
    seen = read_rgb(made.image.rendition or made.image.filepath)
    assert np.abs(seen.astype(int) - STORED).mean() < 4
    assert (made.image.facts.width, made.image.facts.height) == STORED.shape[1::-1]
    np.testing.assert_array_equal(
        read_mask(tmp_path / "media" / "masks" / "d_train_a_0.png").pixels, OBJECT
    )


@pytest.mark.parametrize("setting", ["auto", "none", 7.0])
def test_no_data_that_is_set_counts(tmp_path: Path, setting: Any):
    deep = np.arange(100, 900, dtype=np.int16).reshape(20, 40)
    deep[0], deep[1] = -9999, 7
    tifffile.imwrite(tmp_path / "a.tif", deep)
    pixels, told = decode_rgb(tmp_path / "a.tif", setting)
    assert bool(told) == (setting != "none")
    if setting == "auto":
        assert not pixels[0].any() and pixels[5:].min() < 100
    if setting == "none":
        assert pixels[5:].min() > 200  # squeezed by the outlier
    if setting == 7.0:
        assert not pixels[1].any() and "7 (as set)" in told


def test_an_rle_order_that_is_set_counts():
    rle = encode_rle(OBJECT)
    size = OBJECT.shape
    turned = {"size": list(size[::-1]), "counts": rle["counts"]}
    kept, _ = decode_in_frame(turned, size, order="height_width")
    assert kept.shape == size[::-1]
    changed, told = decode_in_frame(turned, size, order="width_height")
    np.testing.assert_array_equal(changed, OBJECT)
    assert [decision.kind for decision in told] == ["rle_size"]


@pytest.mark.parametrize("setting", ["auto", "unit", "pixels"])
def test_polygons_in_shares_of_the_image(tmp_path: Path, setting: Any):
    ring = ((0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8))
    target = Polygons((Shape(ring),))
    pixels, decisions = prepared(tmp_path, 1, target, Reading(polygons=setting))
    kinds = [decision.kind for decision in decisions.all()]
    if setting == "pixels":
        assert pixels.sum() <= 4 and kinds == []
        return
    assert pixels[7:23, 14:38].all() and not pixels[:5].any() and not pixels[:, 42:].any()
    assert kinds == ["polygon_scale"]


def tagged(path: Path, mask: np.ndarray, orientation: int) -> Raster:
    """A mask whose file declares an orientation."""
    if path.suffix == ".png":
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(mask * 255).save(path, exif=exif)
    elif path.stem == "lzw":
        Image.fromarray(mask * 255).save(path, tiffinfo={274: orientation}, compression="tiff_lzw")
    else:
        held = mask.astype(np.float64) if path.stem == "deep" else mask
        tifffile.imwrite(path, held, extratags=[(274, "H", 1, orientation, True)])
    return Raster(path)


MASKS = ["mask.png", "mask.tif", "lzw.tif", "deep.tif"]


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("name", MASKS)
def test_a_mask_stored_as_its_image_is_turned_with_it(tmp_path: Path, name: str, orientation: int):
    target = tagged(tmp_path / name, OBJECT, orientation)
    pixels, decisions = prepared(tmp_path, orientation, target)
    np.testing.assert_array_equal(pixels, turn(OBJECT, orientation))
    assert "mask_frame" not in [d.kind for d in decisions.all()]


@pytest.mark.parametrize(("of_image", "of_mask"), [(6, 6), (6, 8), (8, 5), (1, 6), (3, 8)])
@pytest.mark.parametrize("name", MASKS)
def test_an_orientation_that_was_copied_to_a_mask_counts_for_nothing(
    tmp_path: Path, name: str, of_image: int, of_mask: int
):
    upright = turn(OBJECT, of_image)
    pixels, decisions = prepared(tmp_path, of_image, tagged(tmp_path / name, upright, of_mask))
    np.testing.assert_array_equal(pixels, upright)
    (told,) = [d for d in decisions.all() if d.kind == "mask_frame"]
    assert "are taken as stored" in told


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("drawn", ["as stored", "upright"])
def test_a_predicted_mask_may_have_the_tag_of_its_image(
    tmp_path: Path, orientation: int, drawn: str
):
    image, expected = save(tmp_path / "in" / "a.png", orientation), turn(OBJECT, orientation)
    exif = Image.Exif()
    exif[274] = orientation
    (tmp_path / "run").mkdir()
    # Upside down, nothing tells a tag that was copied from one that is meant.
    pixels = OBJECT if drawn == "as stored" or orientation == 3 else expected
    Image.fromarray(pixels * 255).save(tmp_path / "run" / "a.png", exif=exif)
    height, width = expected.shape
    asked = Query("gres/test/a#0", "a", "test", "it", image, "a.png", (width, height))
    results = PREDICTORS["results"].load({"path": str(tmp_path / "run")}, "cpu")
    (given,) = results.predict([asked])
    assert isinstance(given, np.ndarray) and (given == expected).all()
    copied = drawn == "upright" and orientation in (6, 8)
    told = [note for note in results.notes() if "taken as stored" in note]
    assert len(told) == copied


@pytest.mark.parametrize(("of_image", "of_mask"), [(1, 3), (3, 2), (6, 8), (4, 3)])
def test_a_mask_that_declares_another_orientation_is_told(
    tmp_path: Path, of_image: int, of_mask: int
):
    target = tagged(tmp_path / "mask.png", OBJECT, of_mask)
    pixels, decisions = prepared(tmp_path, of_image, target)
    np.testing.assert_array_equal(pixels, turn(OBJECT, of_mask))
    (told,) = [d for d in decisions.all() if d.kind == "mask_frame"]
    assert "another orientation" in told and told.override == "mask_frame=raw"
    pixels, _ = prepared(tmp_path / "raw", of_image, target, Reading(mask_frame="raw"))
    np.testing.assert_array_equal(pixels, turn(OBJECT, of_image))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_what_browsers_do_not_turn_has_a_rendition(tmp_path: Path, name: str, orientation: int):
    image = save(tmp_path / name, orientation)
    pair = Pair("d/train/a#0", "a", "train", "it", image, name, Polygons(()), Source("a", 0))
    (made,) = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False))
    shown = made.image.rendition
    assert (shown is None) == (orientation == 1 or name == "a.jpg")
    if shown is not None:
        assert inspect_image(shown).orientation == 1
        assert np.abs(read_rgb(shown).astype(int) - turn(STORED, orientation)).mean() < 4


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_an_orientation_in_xmp_alone_is_none(tmp_path: Path, name: str):
    said = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    options: dict[str, Any] = {"xmp": said}
    if name == "a.png":
        options = {"pnginfo": PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", said.decode())
    Image.fromarray(STORED).save(tmp_path / name, **options)
    facts = inspect_image(tmp_path / name)
    assert (facts.width, facts.height, facts.orientation) == (52, 30, 1)
    assert read_rgb(tmp_path / name).shape == (30, 52, 3)


@pytest.mark.parametrize("kind", [np.uint8, np.float64])
@pytest.mark.parametrize("value", [0, 9, 60000])
def test_an_orientation_that_there_is_not_is_none(tmp_path: Path, kind: Any, value: int):
    tags = [(274, "H", 1, value, True)]
    tifffile.imwrite(tmp_path / "a.tif", OBJECT.astype(kind), extratags=tags)
    facts = inspect_image(tmp_path / "a.tif")
    assert (facts.width, facts.height, facts.orientation) == (52, 30, 1)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif").pixels, OBJECT)
    assert read_rgb(tmp_path / "a.tif").shape == (30, 52, 3)


@pytest.mark.parametrize("orientation", ALL)
def test_boxes_in_pixels_of_a_text_that_fit_the_raw_frame_alone_are_turned(
    tmp_path: Path, orientation: int
):
    save(tmp_path / "a.jpg", orientation)
    said = "<ref>it</ref>[30, 2, 45, 9] {<30><2><45><9>|<0>}"
    put_records(tmp_path, "train.json", [trained("a.jpg", "Where is it?", said)])
    (record,), errors, notes = read(tmp_path, "llava", boxes="pixels")
    drawn = np.zeros((30, 52), np.uint8)
    drawn[2:9, 30:45] = 1
    # Upside down, both frames have one size, and it is taken as upright.
    expected = turn(drawn, orientation if orientation >= 5 else 1)
    rows, columns = np.nonzero(expected)
    height, width = expected.shape
    ends = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    for box in record.boxes:
        left, top, across, down = box.bounds
        found = left * width, top * height, (left + across) * width, (top + down) * height
        assert found == pytest.approx(ends)
    corners = [(x * width, y * height) for x, y in record.boxes[1].corners]
    assert np.min(corners, axis=0) == pytest.approx(ends[:2])
    assert np.max(corners, axis=0) == pytest.approx(ends[2:])
    assert not errors
    told = [note for note in notes if isinstance(note, Decision) and note.kind == "mask_frame"]
    assert [note.times for note in told] == [2] * (orientation > 1)
    assert all(("fit their image as it is stored" in n) == (orientation >= 5) for n in told)
    other = "mask_frame=" + ("upright" if orientation >= 5 else "raw")
    assert all(note.override == other for note in told)


def test_boxes_in_shares_of_a_text_are_not_turned(tmp_path: Path):
    save(tmp_path / "a.jpg", 6)
    put_records(tmp_path, "train.json", [trained("a.jpg", "Where?", "[0.1, 0.2, 0.9, 0.4]")])
    (record,), _, notes = read(tmp_path, "llava")
    assert record.boxes[0].bounds == pytest.approx((0.1, 0.2, 0.8, 0.2))
    assert not any(isinstance(note, Decision) and note.kind == "mask_frame" for note in notes)


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("said", ["[10, 2, 25, 9]", "[0.2, 0.1, 0.4, 0.3]"])
@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize(
    "params", [{"orientation": "raw"}, {"mask_frame": "raw"}, {"mask_frame": "upright"}]
)
def test_boxes_of_a_text_are_read_as_set(
    tmp_path: Path, orientation: int, said: str, table: bool, params: dict[str, str]
):
    save(tmp_path / "a.jpg", orientation)
    chosen = FORMATS["table" if table else "llava"]
    put_records(tmp_path, "train.json", [trained("a.jpg", "Where is it?", said)])
    given = params | {"boxes": "unit" if "." in said else "pixels"}
    given |= {"image": "image", "conversations": "conversations"} if table else {}
    root = tmp_path / "train.json" if table else tmp_path
    notes: list[str] = []
    (record,) = chosen.read(root, on_note=notes.append, **chosen.parsed(given))
    left, top, across, down = record.boxes[0].bounds
    shown, numbers = inspect_image(tmp_path / "a.jpg"), np.reshape(json.loads(said), (2, 2))
    size = (shown.width, shown.height) if params == {"mask_frame": "upright"} else shown.raw_size
    shares = numbers / size if numbers.max() > 1 else numbers
    ends = [turn_point(*e, orientation if params == {"mask_frame": "raw"} else 1) for e in shares]
    assert [left, top] == pytest.approx(np.min(ends, axis=0))
    assert [left + across, top + down] == pytest.approx(np.max(ends, axis=0))
    assert not any(isinstance(note, Decision) and note.kind == "mask_frame" for note in notes)
