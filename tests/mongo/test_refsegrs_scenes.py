"""Copies of one scene under several ids, and FiftyOne's own layout, in a real database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.types as fot
import tifffile

from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import store
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.media import read_rgb


def image_ids(name: str) -> dict[str, str]:
    documents = store.stream(fo.load_dataset(name), ("key", "image_id"))
    return {d["key"]: d["image_id"] for d in documents}


def contents(name: str) -> dict[str, bytes]:
    documents = store.stream(fo.load_dataset(name), ("key", "filepath"))
    return {d["key"]: read_rgb(Path(d["filepath"])).tobytes() for d in documents}


def test_equal_images_get_one_id_and_others_keep_theirs(tmp_path: Path, dataset_name: str) -> None:
    root = make_refsegrs(tmp_path / "published", pairs=12, size=64).root
    done = import_dataset("refsegrs", root, dataset_name)
    ids, pixels = image_ids(dataset_name), contents(dataset_name)
    scenes = {content: {ids[k] for k in ids if pixels[k] == content} for content in pixels.values()}
    assert all(len(shared) == 1 for shared in scenes.values())
    assert len({min(shared) for shared in scenes.values()}) == len(scenes) < len(ids)
    assert any("appear under several ids" in note for note in done.notes)
    assert done.images == len(scenes)


def test_a_copy_with_another_header_is_the_same_scene(tmp_path: Path, dataset_name: str) -> None:
    root = make_refsegrs(tmp_path / "published", pairs=2, size=64).root
    lists = sorted(root.glob("output_phrase_*.txt"))
    ids = [line.split()[0] for file in lists for line in file.read_text().splitlines()]
    pixels = tifffile.imread(root / "images" / f"{ids[0]}.tif")
    tifffile.imwrite(
        root / "images" / f"{ids[1]}.tif", pixels, description="copy", photometric="rgb"
    )
    import_dataset("refsegrs", root, dataset_name, ImportOptions(limit=1))
    before = image_ids(dataset_name)
    import_dataset("refsegrs", root, dataset_name, ImportOptions(resume=True))
    after = image_ids(dataset_name)
    assert len(before) == 1 and len(after) == 2
    assert len(set(after.values())) == 1


def test_placeholders_are_not_taken_for_one_scene(tmp_path: Path, dataset_name: str) -> None:
    root = make_refsegrs(tmp_path / "published", pairs=4, size=64).root
    for image in (root / "images").iterdir():
        image.unlink()
    import_dataset("refsegrs", root, dataset_name, ImportOptions(placeholders=True))
    assert len(set(image_ids(dataset_name).values())) == 4


def test_fiftyones_own_copy_comes_in_and_fiftyone_reads_ours(
    tmp_path: Path, dataset_name: str
) -> None:
    """The layout is written by FiftyOne itself, as the copy on the hub was."""
    root = make_refsegrs(tmp_path / "published", pairs=6, size=64).root
    theirs: Any = fo.Dataset()
    for number, line in enumerate((root / "output_phrase_train.txt").read_text().splitlines()):
        image_id, phrase = line.split(" ", 1)
        sample = fo.Sample(filepath=str(root / "images" / f"{image_id}.tif"), tags=["train"])
        mask = root / "masks" / f"{image_id}.tif"
        sample["segmentation"] = fo.Segmentation(mask_path=str(mask))
        sample["phrase"] = phrase
        theirs.add_sample(sample)
        assert number < 6
    copy = tmp_path / "copy"
    theirs.export(export_dir=str(copy), dataset_type=fot.FiftyOneDataset)
    done = import_dataset("auto", copy, dataset_name)
    assert (done.format, done.samples, done.skipped) == ("refsegrs", len(theirs), [])
    ours = fo.load_dataset(dataset_name)
    assert ours.exists("segmentation").count() == len(theirs)

    export_dataset(ours, "refsegrs", tmp_path / "out", select="all")
    assert (tmp_path / "out/samples.json").read_bytes() == (copy / "samples.json").read_bytes()
    back: Any = fo.Dataset.from_dir(str(tmp_path / "out"), dataset_type=fot.FiftyOneDataset)
    assert sorted(s.phrase for s in back) == sorted(s.phrase for s in theirs)
    assert all(Path(s.segmentation.mask_path).is_file() for s in back)
    for made in (theirs, back):
        made.delete()
