"""Scoring labels other than masks of the whole image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.importers import store
from pairlens.importers.masks import encode_png

SIDE = 100


def part(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def detection(label: str, top: int, left: int, bottom: int, right: int, **more: Any):
    box = [left / SIDE, top / SIDE, (right - left) / SIDE, (bottom - top) / SIDE]
    mask = np.ones((bottom - top, right - left), bool)
    return fo.Detection(label=label, bounding_box=box, **({"mask": mask} | more))


def polyline(label: str, top: int, left: int, bottom: int, right: int) -> fo.Polyline:
    corners = [(left, top), (right - 1, top), (right - 1, bottom - 1), (left, bottom - 1)]
    points = [[(x / SIDE, y / SIDE) for x, y in corners]]
    return fo.Polyline(label=label, points=points, closed=True, filled=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def made(name: str, folder: Path, truth: Any, pred: Any, size: bool = True) -> fo.Dataset:
    sample = fo.Sample(filepath=str(folder / "image.png"))
    sample["phrase"] = "The bus."
    if size:
        sample["metadata"] = fo.ImageMetadata(width=SIDE, height=SIDE)
    sample["truth"], sample["pred"] = truth, pred
    dataset = fo.Dataset(name)
    dataset.add_sample(sample)
    return dataset


def mask(top: int, left: int, bottom: int, right: int) -> fo.Segmentation:
    return fo.Segmentation(mask=part(top, left, bottom, right))


TWO = [("bus", 0, 0, 20, 50), ("car", 10, 0, 30, 50)]  # 1,000 pixels each, 1,500 together
TRUTH = (0, 0, 30, 50)
KINDS = [
    pytest.param(fo.Detections(detections=[detection(*d) for d in TWO]), 1500, id="detections"),
    pytest.param(fo.Polylines(polylines=[polyline(*d) for d in TWO]), 1500, id="polylines"),
    pytest.param(detection(*TWO[0]), 1000, id="detection"),
    pytest.param(polyline(*TWO[0]), 1000, id="polyline"),
    pytest.param(mask(*TRUTH), 1500, id="segmentation"),
    pytest.param(fo.Detections(), 0, id="no-detections"),
]


@pytest.mark.parametrize(("label", "area"), KINDS)
def test_any_label_can_be_predicted(
    label: fo.Label, area: int, dataset_name: str, folder: Path
) -> None:
    dataset = made(dataset_name, folder, mask(*TRUTH), label)
    done = score(dataset, pred="pred", gt="truth", key="e")
    assert (done.pairs, done.missing, done.unreadable) == (1, 0, [])
    assert dataset.values("e_predicted_area") == [area]
    assert done.cIoU == area / 1500


@pytest.mark.parametrize(("label", "area"), KINDS)
def test_any_label_can_be_the_truth(
    label: fo.Label, area: int, dataset_name: str, folder: Path
) -> None:
    dataset = made(dataset_name, folder, label, mask(*TRUTH))
    done = score(dataset, pred="pred", gt="truth", key="e")
    assert dataset.values("e_target_area") == [area]
    assert done.cIoU == area / 1500


def test_instance_masks_on_disk(dataset_name: str, folder: Path) -> None:
    (folder / "one.png").write_bytes(encode_png(np.full((20, 50), 255, np.uint8)))
    label = detection(*TWO[0], mask=None, mask_path=str(folder / "one.png"))
    dataset = made(dataset_name, folder, mask(*TRUTH), fo.Detections(detections=[label]))
    assert score(dataset, pred="pred", gt="truth", key="e").cIoU == 1000 / 1500


BEST = [
    pytest.param(mask(0, 0, 30, 50), "car", 0, id="no-instance-of-that-label"),
    pytest.param(mask(0, 0, 30, 50), "the BUS", 1000, id="by-the-query"),
    pytest.param(detection("car", 0, 0, 30, 50), "car", 400, id="by-the-label-of-the-truth"),
]


@pytest.mark.parametrize(("truth", "label", "shared"), BEST)
def test_the_best_instance_of_the_label(
    truth: fo.Label, label: str, shared: int, dataset_name: str, folder: Path
) -> None:
    """Two of the label, of which one fits better, and a third that fits best but is another's."""
    worse, better = (0, 0, 8, 50), (0, 0, 20, 50)
    if shared == 400:
        better = worse
    listed = [detection(label, *worse), detection(label, *better), detection("tree", *TRUTH)]
    dataset = made(dataset_name, folder, truth, fo.Detections(detections=listed))
    done = score(dataset, pred="pred", gt="truth", key="e", instances="best")
    assert dataset.values("e_intersection") == [shared]
    assert done.missing == 0
    assert score(dataset, pred="pred", gt="truth", key="e").cIoU == 1.0


def test_instances_of_an_image_of_unknown_size(dataset_name: str, folder: Path) -> None:
    label = fo.Detections(detections=[detection(*TWO[0])])
    dataset = made(dataset_name, folder, label, mask(*TRUTH), size=False)
    done = score(dataset, pred="pred", gt="truth", key="e")
    assert done.pairs == 0 and "compute_metadata" in done.unscored[0]["reason"]


def test_a_box_without_a_mask_is_unreadable_and_counts_as_missing(
    dataset_name: str, folder: Path
) -> None:
    label = fo.Detections(detections=[detection(*TWO[0], mask=None)])
    dataset = made(dataset_name, folder, mask(*TRUTH), label)
    done = score(dataset, pred="pred", gt="truth", key="e")
    assert (done.pairs, done.missing, done.gIoU) == (1, 1, 0.0)
    assert "a detection of 'bus' has no instance mask" in done.unreadable[0]["reason"]


def test_how_masks_of_others_are_read_is_told_stored_and_set(folder: Path):
    truth, guess = part(*TRUTH), part(*TRUTH) * 2
    guess[50:60] = 1
    pixels = fo.Segmentation(mask=guess)
    dataset = made("values_of_others", folder, fo.Segmentation(mask=truth), pixels)
    done = score(dataset, pred="pred", gt="truth", key="told")
    assert done.gIoU is not None and done.gIoU < 1  # classes 1 and 2 together
    (note,) = done.notes
    assert note.startswith("pred_values: 1 masks of several small values, taken as class ids")
    assert "--pred-values ... decides otherwise" in note
    stored = [d for d in store.info(dataset)["decisions"] if d["kind"] == "pred_values"]
    assert [(d["step"], d["count"]) for d in stored] == [("score told", 1)]
    assert score(dataset, pred="pred", gt="truth", key="set", pred_values="2").gIoU == 1
    stored = store.info(dataset)["decisions"]
    assert {d["step"] for d in stored} == {"score told", "score set"}


@pytest.mark.parametrize("white", [1, 255])
def test_masks_of_0_and_255_count_as_those_of_0_and_1(folder: Path, white: int):
    whole = fo.Segmentation(mask=part(*TRUTH) * np.uint8(white))
    file = folder / "palette.png"
    indices = part(*TRUTH)
    image = Image.fromarray(1 - indices, "P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(file)
    dataset = made(f"values_{white}", folder, whole, fo.Segmentation(mask_path=str(file)))
    done = score(dataset, pred="pred", gt="truth", key="s")
    assert done.gIoU == 1
    rules = [d["rule"] for d in store.info(dataset)["decisions"]]
    assert any("by the gray of the palette" in rule for rule in rules)
