"""Datasets written for other tools, read back by those tools themselves."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import fiftyone as fo
import fiftyone.types as fot
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from pairlens.fiftyone_plugin.cli import run
from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import store
from pairlens.importers.dataset_types import GRESDataset, RSTellerDataset
from pairlens.importers.errors import StateError, UnknownName, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import load_stored
from tests.hub_server import serve_hub
from tests.mongo.exporting import files, manifest_of
from tests.mongo.reviewing import documents

MAKE: dict[str, Callable[[Path], Any]] = {
    "gres": lambda root: make_gres(root, images=6, size=64),
    "refsegrs": lambda root: make_refsegrs(root, pairs=6, size=64),
    "rsteller": lambda root: make_rsteller(root, images=6),
    "rsgpt4v": lambda root: make_rsgpt4v(root, images=6, size=64),
}
CONVERTED = ("fiftyone", "coco", "hf")


@pytest.fixture(scope="module")
def imported(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A dataset of each format, the first sample of each dropped."""
    made: dict[str, Any] = {}
    for kind, make in MAKE.items():
        root = make(tmp_path_factory.mktemp("published") / kind).root
        import_dataset(kind, root, f"convert-{kind}", ImportOptions(overwrite=True))
        made[kind] = fo.load_dataset(f"convert-{kind}")
        first = min(documents(made[kind]))
        if kind in ("gres", "refsegrs"):
            verdicts.judge(made[kind], first, "drop", reviewer="ann")
    yield made
    for dataset in made.values():
        dataset.delete()


def kept(dataset: Any) -> dict[str, Any]:
    return {k: d for k, d in documents(dataset).items() if d.get("verdict") != "drop"}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("name", CONVERTED)
def test_counts_add_up_and_no_place_is_told(
    imported: dict[str, Any], kind: str, name: str, tmp_path: Path
) -> None:
    dataset = imported[kind]
    report = export_dataset(dataset, name, tmp_path / "out", select="clean")
    manifest = manifest_of(report)
    assert manifest["format"] == name and manifest["source"]["format"] == kind
    assert report["exported"] == len(kept(dataset)) > 0
    facts = store.info(dataset)
    private = [facts["root"].encode(), facts["media_dir"].encode(), b"/tmp/"]
    for file, data in files(tmp_path / "out").items():
        if not file.endswith((".png", ".jpg", ".tif")):
            assert not [p for p in private if p in data], file


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["gres", "refsegrs"])
def test_coco_masks_and_queries(imported: dict[str, Any], kind: str, tmp_path: Path) -> None:
    export_dataset(imported[kind], "coco", tmp_path / "out", select="clean")
    found = {}
    for file in (tmp_path / "out" / "annotations").iterdir():
        read: Any = COCO(str(file))
        for annotation in read.anns.values():
            image = read.imgs[annotation["image_id"]]
            folder = tmp_path / "out" / "images" / file.stem.removeprefix("instances_")
            with Image.open(folder / image["file_name"]) as opened:
                assert opened.size == (image["width"], image["height"])
            found[annotation["key"]] = annotation, read.annToMask(annotation)
    assert found.keys() == kept(imported[kind]).keys()
    for key, document in kept(imported[kind]).items():
        annotation, mask = found[key]
        stored = load_stored(Path(document["segmentation"]["mask_path"])) == 1
        assert annotation["caption"] == document["phrase"]
        assert np.array_equal(mask == 1, stored)
        assert annotation["area"] == stored.sum() == document["mask_stats"]["area"]
        assert annotation["bbox"] == document["mask_stats"]["box"]


def test_coco_captions_and_boxes(imported: dict[str, Any], tmp_path: Path) -> None:
    for kind in ("rsteller", "rsgpt4v"):
        export_dataset(imported[kind], "coco", tmp_path / kind, select="all")
        contents = [json.loads(f.read_bytes()) for f in (tmp_path / kind).glob("annotations/*")]
        annotations = [a for content in contents for a in content["annotations"]]
        texts = sorted(a["caption"] for a in annotations if "caption" in a)
        every = documents(imported[kind]).values()
        assert texts == sorted(c["text"] for d in every for c in d.get("captions") or ())
        boxes = [b for d in every for b in (d.get("boxes") or {}).get("detections", ())]
        assert len([a for a in annotations if "bbox" in a]) == len(boxes)
        assert texts or boxes


def rows(folder: Path, cache: Path) -> dict[str, Any]:
    loaded: Any = datasets.load_dataset(str(folder), cache_dir=str(cache))
    assert isinstance(loaded, datasets.DatasetDict)
    splits: Any = dict(loaded)
    return {row["key"]: row | {"split": split} for split, of in splits.items() for row in of}


@pytest.mark.parametrize("kind", ["gres", "refsegrs"])
def test_parquet_pictures_open(imported: dict[str, Any], kind: str, tmp_path: Path) -> None:
    export_dataset(imported[kind], "hf", tmp_path / "out", select="clean")
    found = rows(tmp_path / "out", tmp_path / "cache")
    assert found.keys() == kept(imported[kind]).keys()
    for key, document in kept(imported[kind]).items():
        row = found[key]
        assert row["phrase"] == document["phrase"]
        assert {"val": "validation"}.get(document["tags"][0], document["tags"][0]) == row["split"]
        stored = load_stored(Path(document["segmentation"]["mask_path"]))
        assert np.array_equal(np.asarray(row["mask"]), stored)
        with Image.open(document["filepath"]) as published:
            assert np.array_equal(np.asarray(row["image"]), np.asarray(published))


def test_parquet_of_texts(imported: dict[str, Any], tmp_path: Path) -> None:
    export_dataset(imported["rsteller"], "hf", tmp_path / "a", select="all")
    found = rows(tmp_path / "a", tmp_path / "cache")
    for key, document in documents(imported["rsteller"]).items():
        assert found[key]["caption"] == document["caption"]
        texts = [c["text"] for c in found[key]["captions"]]
        assert texts == [c["text"] for c in document["captions"]]
        point = document["location"]["point"]["coordinates"] if "location" in document else [None]
        assert found[key]["longitude"] == point[0]
    export_dataset(imported["rsgpt4v"], "hf", tmp_path / "b", select="all")
    found = rows(tmp_path / "b", tmp_path / "cache")
    for key, document in documents(imported["rsgpt4v"]).items():
        turns = [(t["question"], t["answers"]) for t in found[key]["conversations"]]
        assert turns == [(t["question"], t["answers"]) for t in document["conversations"]]


def test_missing_images_are_left_out_and_counted(tmp_path: Path, dataset_name: str) -> None:
    root = make_gres(tmp_path / "published", images=3, size=64).root
    for image in root.rglob("*.jpg"):
        image.unlink()
    import_dataset("gres", root, dataset_name, ImportOptions(placeholders=True))
    dataset = fo.load_dataset(dataset_name)
    for name in ("coco", "hf"):
        counts = manifest_of(export_dataset(dataset, name, tmp_path / name, select="all"))["counts"]
        assert (counts["images"], counts["images_missing"]) == (0, 3)
    found = rows(tmp_path / "hf", tmp_path / "cache").values()
    assert found and all(row["image"] is None and row["mask"] is not None for row in found)


def test_a_table_holds_texts_that_are_read_as_they_are(tmp_path: Path, dataset_name: str) -> None:
    root = make_gres(tmp_path / "published", images=3, size=64).root
    file = next(root.rglob("gres_annotations/*/*.json"))
    texts = ["the house", '["a", "b"]', "['a']", "None", '"quoted", \n x']
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"text": texts}))
    import_dataset("gres", root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    ids = dataset.match({"image_id": file.stem})
    out = export_dataset(ids, "table", tmp_path / "table", select="all")
    # "None" is what a table has where a value is missing: it is left out, and told.
    told = {one.get("because") for one in manifest_of(out)["dropped"]} - {"not selected"}
    assert told == {"a cell that holds 'None' is read as empty; say it otherwise"}
    import_dataset("table", tmp_path / "table", f"{dataset_name}-back")
    phrases = fo.load_dataset(f"{dataset_name}-back").values("phrase")
    assert sorted(phrases) == sorted(text for text in texts if text != "None")


@pytest.mark.parametrize("kind", MAKE)
def test_a_fiftyone_copy_has_all_fields(
    imported: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    export_dataset(imported[kind], "fiftyone", tmp_path / "out", select="clean")
    back: Any = fo.Dataset.from_dir(str(tmp_path / "out"), dataset_type=fot.FiftyOneDataset)
    ours, theirs = kept(imported[kind]), documents(back)
    assert theirs.keys() == ours.keys()
    assert back.get_field_schema().keys() == imported[kind].get_field_schema().keys()
    for key, document in ours.items():
        same = ("phrase", "caption", "captions", "conversations", "image_id", "tags")
        assert {n: theirs[key].get(n) for n in same} == {n: document.get(n) for n in same}
        assert Path(theirs[key]["filepath"]).read_bytes() == Path(document["filepath"]).read_bytes()
    back.delete()


def test_pushing_makes_a_private_dataset_that_comes_back(
    imported: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["export", "convert-refsegrs", "--format", "hf", "--select", "clean"]
    with serve_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", hub.writer)
        out = tmp_path / "out"
        done = run([*arguments, "--out", str(out), "--repo", "owner/clean"])
        assert done["pushed"] == f"{hub.url}/datasets/owner/clean"
        assert hub.made == {"owner/clean": True}
        assert hub.pushed["owner/clean"] == files(out)
        monkeypatch.setenv("HF_TOKEN", "reader")
        with pytest.raises(StateError, match=r"HF_TOKEN"):
            run([*arguments, "--out", str(tmp_path / "b"), "--repo", "owner/clean"])
        with pytest.raises(UsageError, match="write OWNER/NAME"):
            run([*arguments, "--out", str(tmp_path / "c"), "--repo", "clean"])
    assert (tmp_path / "b" / "manifest.json").is_file()  # what was written is not lost


def test_plain_fiftyone_loads_what_was_exported_for_the_hub(
    imported: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants
    from fiftyone.utils.huggingface import load_from_hub

    export_dataset(imported["refsegrs"], "fiftyone", tmp_path / "out", select="all")
    monkeypatch.setattr(fo.config, "default_dataset_dir", str(tmp_path / "media"))
    with serve_hub() as hub:
        hub.folders["owner/whole"] = tmp_path / "out"
        # Read from HF_ENDPOINT when huggingface_hub was imported.
        place = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{hub.url}{place}")
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        loaded = load_from_hub("owner/whole", name="convert-from-hub", overwrite=True)
        keys = imported["refsegrs"].values("key")
        assert sorted(loaded.values("key")) == sorted(keys)
        paths = loaded.values("filepath") + loaded.values("segmentation.mask_path")
        assert all(Path(path).is_file() for path in paths)
        loaded.delete()


def test_what_cannot_be_converted(imported: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"coco, .* fiftyone, .* gres, hf"):
        export_dataset(imported["gres"], "yolo", tmp_path / "a")
    with pytest.raises(UsageError, match="but as"):
        export_dataset(imported["gres"], "refsegrs", tmp_path / "a")
    with pytest.raises(StateError, match="nothing of dataset"):
        export_dataset(imported["refsegrs"], "coco", tmp_path / "a", select="kept")
    assert not (tmp_path / "a").exists()


def test_fiftyones_own_way_out(imported: dict[str, Any], tmp_path: Path) -> None:
    dataset = imported["gres"]
    dataset.export(export_dir=str(tmp_path / "whole"), dataset_type=GRESDataset)
    root = store.source_path(store.info(dataset))
    copied = {n: d for n, d in files(root).items() if n.startswith("gres_")}
    assert {n: d for n, d in files(tmp_path / "whole").items() if n in copied} == copied
    view = dataset.match_tags("test")
    view.export(export_dir=str(tmp_path / "part"), dataset_type=GRESDataset())
    back: Any = fo.Dataset.from_dir(dataset_dir=str(tmp_path / "part"), dataset_type=GRESDataset)
    wanted = {key for key, document in documents(dataset).items() if "test" in document["tags"]}
    assert documents(back).keys() == wanted and wanted
    back.delete()
    shards = imported["rsteller"]
    shards.export(export_dir=str(tmp_path / "shards"), dataset_type=RSTellerDataset)
    source = store.source_path(store.info(shards))
    for file, data in files(source).items():
        if file.endswith(".tar"):
            assert (tmp_path / "shards" / file).read_bytes() == data
    with Image.open(io.BytesIO(files(root)[next(n for n in copied if n.endswith(".jpg"))])) as one:
        assert one.size == (64, 64)
