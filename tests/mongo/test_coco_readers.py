"""Exported COCO in the tools that people read it with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.types as fot
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.exporters.coco import CocoConverter
from pairlens.fiftyone_plugin.exporters.converters import Example
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.fiftyone_plugin.reports import of_export
from pairlens.importers import store
from pairlens.importers.errors import StateError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.export_items import HeldMask
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored
from pairlens.importers.rle import encode_rle
from tests.mongo.exporting import manifest_of
from tests.mongo.reviewing import documents

READERS = Path(sys.prefix) / "readers"
"""Other tools and what they need, which is older than what PairLens is tested with."""

MAKE = {
    "gres": lambda root: make_gres(root, images=8, size=64),
    "rsteller": lambda root: make_rsteller(root, images=6),
    "rsgpt4v": lambda root: make_rsgpt4v(root, images=8, size=64),
}


@pytest.fixture(scope="module")
def exported(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Each kind of dataset and where it was exported to."""
    made = {}
    for kind, make in MAKE.items():
        folder = tmp_path_factory.mktemp(kind)
        make(folder / "published")
        import_dataset(kind, folder / "published", f"coco-{kind}")
        export_dataset(store.load(f"coco-{kind}"), "coco", folder / "out", select="all")
        made[kind] = store.load(f"coco-{kind}"), folder / "out"
    yield made
    for dataset, _ in made.values():
        dataset.delete()


def splits(folder: Path, task: str) -> list[str]:
    files = sorted((folder / "annotations").glob(f"{task}_*.json"))
    return [file.stem.removeprefix(f"{task}_") for file in files]


def expected(dataset: Any, folder: Path, split: str) -> dict[str, list[int]]:
    """By image: the areas of its masks or boxes, from the database."""
    names = {}
    annotations = folder / "annotations" / f"instances_{split}.json"
    content = json.loads(annotations.read_text())
    images = {image["id"]: image["file_name"] for image in content["images"]}
    for annotation in content["annotations"]:
        names[annotation["key"]] = images[annotation["image_id"]]
    found: dict[str, list[int]] = {name: [] for name in images.values()}
    for key, document in documents(dataset).items():
        if key not in names:
            continue
        if "mask_stats" in document:
            found[names[key]].append(document["mask_stats"]["area"])
        size = document["metadata"]["width"] * document["metadata"]["height"]
        for box in (document.get("boxes") or {}).get("detections", ()):
            found[names[key]].append(round(size * box["bounding_box"][2] * box["bounding_box"][3]))
    return {name: sorted(areas) for name, areas in found.items()}


def read_by(tool: str, folder: Path, split: str) -> dict[str, Any]:
    assert READERS.is_dir(), "tools/setup.sh puts the other tools there"
    script = Path(__file__).parents[1] / "coco_readers.py"
    done = subprocess.run(
        [sys.executable, str(script), tool, str(folder), split],
        env=os.environ | {"PYTHONPATH": str(READERS)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["gres", "rsgpt4v"])
def test_instances_in_every_tool(exported: Any, kind: str) -> None:
    dataset, folder = exported[kind]
    assert splits(folder, "instances")
    for split in splits(folder, "instances"):
        wanted = expected(dataset, folder, split)
        assert any(wanted.values())
        assert in_pycocotools(folder, split) == wanted
        assert in_fiftyone(folder, split) == {n: len(a) for n, a in wanted.items()}
    split = splits(folder, "instances")[0]
    wanted = expected(dataset, folder, split)
    assert read_by("supervision", folder, split)["areas"] == wanted
    found = read_by("datumaro", folder, split)["areas"]
    assert found.keys() == {name.rpartition(".")[0] for name in wanted}
    for name, areas in wanted.items():  # datumaro rounds boxes to hundredths
        assert found[name.rpartition(".")[0]] == pytest.approx(areas, abs=1)


def in_pycocotools(folder: Path, split: str) -> dict[str, list[int]]:
    read = COCO(str(folder / "annotations" / f"instances_{split}.json"))
    found: dict[str, list[int]] = {i["file_name"]: [] for i in read.imgs.values()}
    for one in read.anns.values():
        area = int(read.annToMask(one).sum()) if one["segmentation"] else round(one["area"])
        found[read.imgs[one["image_id"]]["file_name"]].append(area)
    return {name: sorted(areas) for name, areas in found.items()}


def in_fiftyone(folder: Path, split: str) -> dict[str, int]:
    read = fo.Dataset.from_dir(
        dataset_type=fot.COCODetectionDataset,
        data_path=str(folder / "images" / split),
        labels_path=str(folder / "annotations" / f"instances_{split}.json"),
        label_types=["detections"],
    )
    found = {}
    for sample in read:
        label = sample["detections"] if read.has_field("detections") else sample["ground_truth"]
        found[Path(sample.filepath).name] = len(label.detections) if label else 0
    assert read.media_type == "image"
    read.delete()
    return found


@pytest.mark.parametrize("kind", ["rsteller", "rsgpt4v"])
def test_captions_in_every_tool(exported: Any, kind: str) -> None:
    dataset, folder = exported[kind]
    wanted = sorted(c["text"] for d in documents(dataset).values() for c in d.get("captions") or ())
    found, by_datumaro = [], []
    for split in splits(folder, "captions"):
        read = COCO(str(folder / "annotations" / f"captions_{split}.json"))
        found += [one["caption"] for one in read.anns.values()]
        assert set(read.getAnnIds(imgIds=[*read.imgs])) == set(read.anns)
        captions = read_by("datumaro", folder, split)["captions"]
        by_datumaro += [text for texts in captions.values() for text in texts]
    assert sorted(found) == wanted
    assert sorted(by_datumaro) == wanted


# ------------------------------------------------------------------- what cannot be written


GOOD = np.pad(np.ones((4, 5), np.uint8), 8)
BAD = {
    "broken": {"size": [20, 21], "counts": "no runs"},
    "none": "nothing",
    "unlike": encode_rle(np.ones((16, 16), np.uint8)),
}


@pytest.fixture
def broken(dataset_name: str, tmp_path: Path) -> Any:
    """A published file with a good mask, two that cannot be decoded and one unlike the image."""
    root = tmp_path / "published"
    (root / "img_rgb").mkdir(parents=True)
    lines = []
    pixels = np.random.default_rng(0).integers(0, 255, (4, 20, 21, 3), np.uint8)
    for image, (name, rle) in zip(pixels, {"good": encode_rle(GOOD), **BAD}.items(), strict=True):
        Image.fromarray(image).save(root / "img_rgb" / f"{name} ü.png")
        record = {"split": "test", "image_id": name, "sent": f"the {name} one"}
        record |= {"file_name": f"{name} ü.png", "segmentation": rle}
        lines.append(json.dumps(record))
    (root / "risbench_test.jsonl").write_text("\n".join(lines) + "\n")
    import_dataset("refsegrs", root, dataset_name)
    return store.load(dataset_name)


def test_masks_that_cannot_be_written_are_counted_and_told(broken: Any, tmp_path: Path) -> None:
    assert len(broken) == 4
    report = export_dataset(broken, "coco", tmp_path / "out", select="all")
    assert (report["exported"], report["dropped"], report["unwritten_total"]) == (1, 3, 3)
    why = {one["key"].split("/")[2][:-2]: one["reason"] for one in report["unwritten"]}
    assert set(why) == set(BAD)
    assert why["broken"] == why["none"] == "it has no mask: the published one cannot be decoded"
    assert why["unlike"] == "its mask is 16 x 16 pixels, the image 21 x 20"
    manifest = manifest_of(report)
    assert manifest["counts"]["unwritten"] == 3
    assert sorted(d["because"] for d in manifest["dropped"]) == sorted(why.values())
    assert manifest["splits"]["test"] == {"pairs": 4, "exported": 1, "dropped": 3}
    assert "3 of those dropped cannot be written in this layout:" in of_export(report).lines
    assert in_pycocotools(tmp_path / "out", "test") == {"good ü.png": [20]}


def test_a_table_has_no_row_without_a_mask(broken: Any, tmp_path: Path) -> None:
    report = export_dataset(broken, "table", tmp_path / "out", select="all")
    assert (report["exported"], report["dropped"], report["unwritten_total"]) == (2, 2, 2)
    assert {one["reason"] for one in report["unwritten"]} == {
        "it has no mask: the published one cannot be decoded"
    }
    names = {pair.phrase for pair in FORMATS["table"].read(tmp_path / "out")}
    assert names == {"the good one", "the unlike one"}


def test_where_nothing_can_be_written_nothing_is(broken: Any, tmp_path: Path) -> None:
    broken.match({"image_id": {"$in": [*BAD]}}).tag_samples("bad")
    with pytest.raises(StateError, match="none of the 3 selected samples can be written; refseg"):
        export_dataset(broken, "coco", tmp_path / "out", select="tag:bad")
    assert not (tmp_path / "out").exists()


def test_questions_without_a_place_are_counted(exported: Any, tmp_path: Path) -> None:
    dataset, _ = exported["rsgpt4v"]
    report = export_dataset(dataset, "coco", tmp_path / "out", select="all")
    turns = sum(len(d.get("conversations") or ()) for d in documents(dataset).values())
    assert report["no_place"] == manifest_of(report)["counts"]["no_place"] == turns > 0
    assert f"{turns} questions have no place in this layout." in of_export(report).lines


# ------------------------------------------------------------------- names

NAMES = {
    "a b.png": "a b.png",
    "Übersee Straße.png": "Übersee Straße.png",
    "漢字.png": "漢字.png",
    "#1.png": "#1.png",
    "100%.png": "100%.png",
    "50%25.png": "50%2525.png",
    "what?.png": "what%3F.png",
    "a:b|c.png": "a%3Ab%7Cc.png",
    ".hidden.png": "%2Ehidden.png",
    "no_suffix": "no_suffix.png",
    "v1.2": "v1.2.png",
    "folder/in.png": "in.png",
    "x" * 300 + ".png": "x" * 196 + ".png",
}


def an_example(folder: Path, number: int, name: str) -> Example:
    image = folder / f"{number}.png"
    Image.fromarray(np.full((8, 6, 3), number, np.uint8)).save(image)
    mask = HeldMask("", np.ones((8, 6), np.uint8))
    return Example(
        key=f"k/{number}", image_id=str(number), split="train", image=image, image_name=name,
        width=6, height=8, phrase="all of it", no_target=False, mask=mask, caption=None,
        captions=[], turns=[], boxes=[], target_box=None, footprint=None, point=None,
        captured=None,
    )  # fmt: skip


def test_names_of_images_are_kept(tmp_path: Path, mongo: str) -> None:
    (tmp_path / "out").mkdir()
    converter = CocoConverter(tmp_path / "out", "pairs")
    for number, name in enumerate([*NAMES, "A B.png", "other/in.png"]):
        converter.add(an_example(tmp_path, number, name))
    converter.finish()
    content = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    names = [image["file_name"] for image in content["images"]]
    last = len(NAMES) + 1
    assert names == [*NAMES.values(), f"{last:08d}-A B.png", f"{last + 1:08d}-in.png"]
    for number, name in enumerate(names):
        with Image.open(tmp_path / "out/images/train" / name) as opened:
            assert opened.getpixel((0, 0)) == (number,) * 3
    assert in_fiftyone(tmp_path / "out", "train") == dict.fromkeys(names, 1)
    assert read_by("supervision", tmp_path / "out", "train")["areas"] == {
        name: [48] for name in names
    }
    stems = [name.rpartition(".")[0] for name in names]
    assert read_by("datumaro", tmp_path / "out", "train")["areas"] == {stem: [48] for stem in stems}


def test_masks_are_the_stored_ones(exported: Any) -> None:
    dataset, folder = exported["gres"]
    by_key = documents(dataset)
    for split in splits(folder, "instances"):
        read = COCO(str(folder / "annotations" / f"instances_{split}.json"))
        for one in read.anns.values():
            stored = load_stored(Path(by_key[one["key"]]["segmentation"]["mask_path"]))
            assert np.array_equal(read.annToMask(one) == 1, stored == 1)
