"""Boxes through the database: a target's box, predictions, and an evaluation of FiftyOne."""

from __future__ import annotations

import shutil
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.metrics.box_overlaps import UNITS_PER_PIXEL
from pairlens.fiftyone_plugin.metrics.runs import load_score, score
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.example_files import put
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests import tables


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    make = FORMATS["dior_rsvg"].example
    assert make is not None
    return make(tmp_path_factory.mktemp("rsvg") / "DIOR_RSVG")


def test_boxes_are_scored_as_boxes(root: Path, dataset_name: str) -> None:
    import_dataset("auto", root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    for number, sample in enumerate(dataset.sort_by("key")):
        x, y, width, height = sample["target_box"].bounding_box
        share = 0.5 if number else 0.8
        box = fo.Detection(label="house", bounding_box=[x, y, width * share, height])
        sample["model"] = fo.Detections(detections=[box])
        sample.save()
    done = score(dataset, pred="model", key="m")
    assert (done.gt, done.pairs, done.missing) == ("target_box", 8, 0)
    assert done.gIoU == pytest.approx((0.8 + 7 * 0.5) / 8)
    assert done.precision == {"0.5": 1.0, "0.6": 0.125, "0.7": 0.125, "0.8": 0.125, "0.9": 0.0}
    assert any("scored as boxes" in note for note in done.notes)
    first = dataset.sort_by("key").first()
    assert first["m_intersection"] == round(0.8 * 16 * 32 * UNITS_PER_PIXEL)
    assert load_score(dataset, "m").precision == done.precision
    dataset.rename_evaluation("m", "again")
    dataset.reload()
    assert dataset.sort_by("key").first()["again_iou"] == pytest.approx(0.8)
    with pytest.raises(UsageError, match="boxes are not resized before they are scored"):
        score(dataset, pred="model", key="sized", side=480)
    with pytest.raises(StateError, match="no field 'nothing'"):
        score(dataset, pred="nothing", key="n")
    summary = flag(dataset)
    assert {"box_mask", "shape_conflict"} <= set(summary.not_run)
    assert "box_mask" not in summary.findings


def test_a_placeholder_has_the_box_of_the_image_that_is_not_there(
    root: Path, dataset_name: str, tmp_path: Path
) -> None:
    """Its own size is another than that of the image."""
    copy = Path(shutil.copytree(root, tmp_path / "DIOR_RSVG"))
    (copy / "JPEGImages/00001.jpg").unlink()
    import_dataset("auto", copy, dataset_name, ImportOptions(placeholders=True))
    sample = fo.load_dataset(dataset_name).match({"key": "dior_rsvg/train/00001.jpg#0"}).first()
    assert sample["image_missing"] and sample.metadata.width == 512
    assert sample["target_box"].bounding_box == [8 / 64, 12 / 64, 32 / 64, 32 / 64]


def test_boxes_of_a_table_are_scored_as_boxes(dataset_name: str, tmp_path: Path) -> None:
    tables.write_files(tmp_path, masks=False)
    put(tmp_path / "t.jsonl", tables.lines(tables.rows_of(lambda _: [16.5, 32, 20, 30])))
    import_dataset(
        "table", tmp_path / "t.jsonl", dataset_name, ImportOptions(params={"box": "xywh"})
    )
    dataset = fo.load_dataset(dataset_name)
    assert set(dataset.values("mask_stats.area")) == {20 * 30}
    for sample in dataset:
        assert sample["target_box"].bounding_box == [16.5 / 64, 0.5, 20 / 64, 30 / 64]
        half = fo.Detection(label="house", bounding_box=[16.5 / 64, 0.5, 10 / 64, 30 / 64])
        sample["model"] = fo.Detections(detections=[half])
        sample.save()
    done = score(dataset, pred="model", key="m")
    assert (done.gt, done.pairs, done.gIoU) == ("target_box", 8, pytest.approx(0.5))
    assert {"box_mask", "shape_conflict"} <= set(flag(dataset).not_run)
