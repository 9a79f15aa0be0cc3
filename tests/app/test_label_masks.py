"""Masks from labels as FiftyOne stores them, against FiftyOne's own drawing of them."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.metrics.label_masks import (
    image_size,
    instances_of,
    mask_of,
    prediction_of,
)
from pairlens.importers.errors import MaskError
from pairlens.importers.masks import encode_png

SIZE = (60, 80)


def stored(label: Any) -> dict[str, Any]:
    """A label as it stands in the database."""
    return dict(label.to_mongo())


def box(top: int, left: int, bottom: int, right: int) -> list[float]:
    height, width = SIZE
    return [left / width, top / height, (right - left) / width, (bottom - top) / height]


def square(label: str, *corners: int, **options: Any) -> fo.Polyline:
    top, left, bottom, right = corners
    height, width = SIZE
    points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    shape = [(x / width, y / height) for x, y in points]
    return fo.Polyline(label=label, points=[shape], **({"closed": True, "filled": True} | options))


def detection(label: str, *corners: int, mask: np.ndarray | None = None) -> fo.Detection:
    top, left, bottom, right = corners
    full = np.ones((bottom - top, right - left), bool)
    return fo.Detection(
        label=label, bounding_box=box(*corners), mask=full if mask is None else mask
    )


def pickled() -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.array([{}], object), allow_pickle=True)
    return zlib.compress(buffer.getvalue())


BROKEN = [
    pytest.param({"_cls": "Segmentation"}, "has no mask", id="nothing"),
    pytest.param({"_cls": "Segmentation", "mask": b"x"}, "cannot be decoded", id="no-array"),
    pytest.param({"_cls": "Segmentation", "mask": pickled()}, "cannot be decoded", id="pickle"),
    pytest.param({"_cls": "Segmentation", "mask_path": "/nowhere.png"}, "nowhere", id="gone"),
    pytest.param(
        stored(fo.Detection(label="bus", bounding_box=[0, 0, 1, 1])),
        "a detection of 'bus' has no instance mask",
        id="box-only",
    ),
    pytest.param(
        stored(fo.Polyline(label="a", points=[[(0, 0), (1, 1), (0, 1)]])),
        "neither filled nor closed",
        id="open-line",
    ),
    pytest.param(
        stored(fo.Polyline(label="a", points=[[(0, 0), (9e9, 1), (0, 1)]], filled=True)),
        "far outside the image",
        id="far-away",
    ),
    pytest.param(
        stored(fo.Polyline(label="a", points=[[(0, 0), (float("nan"), 1), (0, 1)]], filled=True)),
        "far outside the image",
        id="not-a-number",
    ),
]


@pytest.mark.parametrize(("label", "message"), BROKEN)
def test_what_cannot_be_drawn_is_said(label: dict[str, Any], message: str) -> None:
    with pytest.raises(MaskError, match=message):
        mask_of(label, SIZE)


def test_instances_need_the_size_of_the_image() -> None:
    with pytest.raises(MaskError, match="compute_metadata"):
        mask_of(stored(fo.Detections()), None)
    with pytest.raises(MaskError, match="too many"):
        mask_of(stored(fo.Detections()), (10**6, 10**6))
    assert image_size(None) is None and image_size({"width": 3}) is None
    assert image_size({"width": 3, "height": 2}) == (2, 3)


def test_no_instances_are_an_empty_mask() -> None:
    for label in (fo.Detections(), fo.Polylines()):
        assert not mask_of(stored(label), SIZE).any()


@pytest.mark.parametrize("seed", range(20))
def test_detections_are_drawn_as_fiftyone_draws_them(seed: int) -> None:
    """At quarters of the image: elsewhere FiftyOne cuts 28.999999 pixels to 28, which we do not."""
    random = np.random.default_rng(seed)
    listed = []
    for _ in range(3):
        top, left = random.integers(0, 3, 2) * (15, 20)
        height, width = random.integers(1, 3, 2) * (15, 20)
        bottom, right = min(60, top + height), min(80, left + width)
        mask = random.random((bottom - top, right - left)) > 0.5
        listed.append(detection("a", int(top), int(left), int(bottom), int(right), mask=mask))
    label = fo.Detections(detections=listed)
    theirs = label.to_segmentation(frame_size=SIZE[::-1], mask_targets={1: "a"}).mask
    assert np.array_equal(mask_of(stored(label), SIZE), theirs)


@pytest.mark.parametrize("seed", range(20))
def test_polylines_are_drawn_as_fiftyone_draws_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    lines = [
        fo.Polyline(label="a", points=[random.random((6, 2)).tolist()], closed=True, filled=True)
        for _ in range(2)
    ]
    label = fo.Polylines(polylines=lines)
    theirs = label.to_segmentation(frame_size=SIZE[::-1], mask_targets={1: "a"}).mask
    assert np.array_equal(mask_of(stored(label), SIZE), theirs)


def test_a_ring_in_a_ring_is_a_hole() -> None:
    outer, inner = square("a", 0, 0, 40, 40), square("a", 10, 10, 30, 30)
    label = fo.Polyline(label="a", points=outer.points + inner.points, filled=True)
    mask = mask_of(stored(label), SIZE)
    assert mask[5, 5] == 1 and mask[20, 20] == 0


def test_whole_pixels_survive_being_fractions() -> None:
    """x / 80 * 80 is often a hair less than x."""
    for left in range(40):
        mask = mask_of(stored(detection("a", 7, left, 29, left + 33)), SIZE)
        ys, xs = np.nonzero(mask)
        assert (ys.min(), ys.max(), xs.min(), xs.max()) == (7, 28, left, left + 32)


def test_an_instance_mask_of_another_size_fills_its_box() -> None:
    mask = np.array([[True, False]])
    drawn = mask_of(stored(detection("a", 10, 20, 30, 40, mask=mask)), SIZE)
    assert drawn[10:30, 20:30].all() and drawn.sum() == 200


def test_boxes_that_reach_out_of_the_image_are_cut() -> None:
    one = fo.Detection(label="a", bounding_box=[-0.5, -0.5, 1, 1], mask=np.eye(60, 80) >= 0)
    drawn = mask_of(stored(one), SIZE)
    assert drawn[:30, :40].all() and drawn.sum() == 30 * 40


def test_instance_masks_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "instance.png"
    Image.fromarray(np.full((5, 5), 255, np.uint8)).save(path)
    one = fo.Detection(label="a", bounding_box=box(0, 0, 10, 10), mask_path=str(path))
    assert mask_of(stored(one), SIZE).sum() == 100


def test_the_union_and_what_is_ignored() -> None:
    listed = [detection("a", 0, 0, 10, 10), detection("b", 5, 0, 15, 10)]
    listed.append(detection("Ignore this", 0, 0, 20, 10))
    mask = mask_of(stored(fo.Detections(detections=listed)), SIZE)
    assert (mask[:15, :10] == 1).all() and (mask[15:20, :10] == 255).all()


def test_instances_are_drawn_alone() -> None:
    label = fo.Polylines(polylines=[square("a", 0, 0, 10, 10), square("b", 5, 0, 15, 10)])
    first, second = instances_of(stored(label), SIZE)
    assert (first.label, second.label) == ("a", "b")
    assert not first.pixels[12, 5] and not second.pixels[2, 5]


MASKS = [
    pytest.param(np.array([[0, 1]], np.uint8), False, [0, 1], id="0-1"),
    pytest.param(np.array([[0, 255]], np.uint8), False, [0, 1], id="0-255"),
    pytest.param(np.array([[0, 255]], np.uint8), True, [0, 255], id="ignore-only"),
    pytest.param(np.array([[0, 1, 255]], np.uint8), True, [0, 1, 255], id="with-ignore"),
    pytest.param(np.array([[False, True]]), False, [0, 1], id="bool"),
    pytest.param(np.array([[0, 7]], np.int64), False, [0, 1], id="a-class-index-alone"),
    pytest.param(np.array([[0.2, 0.8]]), False, [0, 1], id="probabilities"),
]


@pytest.mark.parametrize(("mask", "keeps", "expected"), MASKS)
def test_values(mask: np.ndarray, keeps: bool, expected: list[int], tmp_path: Path) -> None:
    inline = stored(fo.Segmentation(mask=mask))
    assert mask_of(inline, None, stored=keeps).tolist() == [expected]
    if mask.dtype == np.uint8:
        path = tmp_path / "mask.png"
        path.write_bytes(encode_png(mask))
        on_disk = {"_cls": "Segmentation", "mask_path": str(path)}
        assert mask_of(on_disk, None, stored=keeps).tolist() == [expected]


def test_nothing_is_ignored_in_a_prediction() -> None:
    # As in every mask: 255 beside small values is the target where it is more common.
    for mask, expected in (([[0, 1, 255]], [0, 0, 1]), ([[0, 255]], [0, 1]), ([[0, 1]], [0, 1])):
        label = stored(fo.Segmentation(mask=np.array(mask, np.uint8)))
        assert prediction_of(label, (1, 3)).tolist() == [expected]
    listed = [detection("a", 0, 0, 10, 10), detection("ignore", 5, 0, 15, 10)]
    drawn = prediction_of(stored(fo.Detections(detections=listed)), SIZE)
    assert drawn.sum() == 100


def test_palette_and_tiff_masks_are_read_too(tmp_path: Path) -> None:
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.save(tmp_path / "mask.png")
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "mask.tif")
    for name in ("mask.png", "mask.tif"):
        label = {"_cls": "Segmentation", "mask_path": str(tmp_path / name)}
        assert mask_of(label, None).tolist() == [[0, 1]]
