"""VRSBench through the database: archives in, as images with texts and rotated boxes, and out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.exporting import data_files, files

IMAGES = {"records": "images"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    make = FORMATS["vrsbench"].example
    assert make is not None
    return make(tmp_path_factory.mktemp("vrsbench") / "folders")


def test_archives_come_in_as_images_and_go_out_as_they_were(
    folders: Path, dataset_name: str, tmp_path: Path
) -> None:
    packed = tmp_path / "VRSBench"
    packed.mkdir()
    for folder in folders.iterdir():
        shutil.make_archive(str(packed / folder.name), "zip", folders, folder.name)
    options = ImportOptions(params=IMAGES)
    summary = import_dataset("auto", packed, dataset_name, options)
    assert (summary.kind, summary.samples, summary.skipped_total) == ("instructions", 6, 0)
    dataset = fo.load_dataset(dataset_name)
    sample = dataset.match_tags("train").first()
    assert sample["caption"] == "A red house stands on plot 1."
    assert [turn["category"] for turn in sample["conversations"]] == ["caption", "object existence"]
    upright, slanted = sample["rotated_boxes"].polylines
    assert upright.label == "The red house in the middle." and upright.closed
    assert slanted.points == [[[0.375, 0.1875], [0.625, 0.4375], [0.375, 0.6875], [0.125, 0.4375]]]
    flag(dataset)
    export_dataset(dataset, "vrsbench", tmp_path / "same", select="all")
    out = {name.partition("/")[2]: data for name, data in data_files(tmp_path / "same").items()}
    assert out == files(folders)
    turns = sample["conversations"]
    turns[1]["answer"] = "No"
    sample.save()
    export_dataset(dataset, "vrsbench", tmp_path / "edited", select="all")
    name = sample["source"]["file"]
    published = json.loads((folders / name.partition("/")[2]).read_bytes())
    published["qa_pairs"][0]["answer"] = "No"
    assert json.loads((tmp_path / "edited" / name).read_bytes()) == published
    slanted.points = [[(0.1, 0.1), (0.2, 0.1), (0.2, 0.2)]]
    sample.save()
    with pytest.raises(UsageError, match="its boxes, place, date or no_target were changed"):
        export_dataset(dataset, "vrsbench", tmp_path / "moved", select="all")


def test_a_dataset_goes_on_as_what_it_was_begun(folders: Path, dataset_name: str) -> None:
    import_dataset("vrsbench", folders, dataset_name, ImportOptions(limit=2))
    with pytest.raises(StateError, match="begun with no --param, and records is another now"):
        import_dataset("auto", folders, dataset_name, ImportOptions(resume=True, params=IMAGES))
    summary = import_dataset("auto", folders, dataset_name, ImportOptions(resume=True))
    assert summary.samples == 9
