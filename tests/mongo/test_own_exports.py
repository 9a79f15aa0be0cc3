"""What PairLens exports as coco, hf and fiftyone is imported again, with its keys."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
import yaml
from PIL import Image

from pairlens.fiftyone_plugin.cli import run
from pairlens.fiftyone_plugin.curation import decisions, verdicts
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import store
from pairlens.importers.formats.example_files import put
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import load_stored
from tests.hub_server import serve_hub
from tests.mongo.exporting import files, manifest_of
from tests.mongo.reviewing import documents

MAKE: dict[str, Callable[[Path], Any]] = {
    "gres": lambda root: make_gres(root, images=3, size=64),
    "refsegrs": lambda root: make_refsegrs(root, pairs=3, size=64),
    "rsteller": lambda root: make_rsteller(root, images=3),
    "rsgpt4v": lambda root: make_rsgpt4v(root, images=3, size=64),
}
PAIRS = ("gres", "refsegrs")
EDITED = 'Not what it was: a "quoted" café.'


@pytest.fixture(scope="module")
def imported(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A dataset of each kind; of pairs, one is dropped, one edited, one in another split."""
    made: dict[str, Any] = {}
    for kind, make in MAKE.items():
        root = make(tmp_path_factory.mktemp("published") / kind).root
        import_dataset(kind, root, f"own-{kind}", ImportOptions(overwrite=True))
        dataset = made[kind] = fo.load_dataset(f"own-{kind}")
        if kind in PAIRS:
            dropped, edited, *_, moved = sorted(documents(dataset))
            verdicts.judge(dataset, dropped, "drop", reviewer="ann")
            verdicts.judge(dataset, edited, "fix", phrase=EDITED, reviewer="ann")
            dataset.match({"key": moved}).set_values("split", ["val"])
    yield made
    for dataset in made.values():
        dataset.delete()


def back(folder: Path, name: str, **options: Any) -> Any:
    import_dataset("auto", folder, name, ImportOptions(**options))
    return fo.load_dataset(name)


def texts(document: dict[str, Any], name: str) -> list[Any]:
    """The texts of a list, whatever else its objects hold."""
    own = ("text", "task", "annotator", "question", "answers", "category")
    return [{n: value for n, value in one.items() if n in own} for one in document.get(name) or ()]


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("name", ["coco", "hf", "fiftyone"])
def test_pairs_come_back(
    imported: dict[str, Any], kind: str, name: str, tmp_path: Path, dataset_name: str
) -> None:
    report = export_dataset(imported[kind], name, tmp_path / "out", select="clean")
    again = back(tmp_path / "out", dataset_name)
    assert store.info(again)["format"] == name
    ours = {k: d for k, d in documents(imported[kind]).items() if d.get("verdict") != "drop"}
    theirs = documents(again)
    assert theirs.keys() == ours.keys() and len(theirs) == report["exported"]
    assert EDITED in again.values("phrase")
    for key, document in ours.items():
        other = theirs[key]
        for field in ("phrase", "split", "no_target"):
            assert other[field] == document[field], (key, field)
        one, two = (load_stored(Path(d["segmentation"]["mask_path"])) for d in (document, other))
        assert np.array_equal(one, two)
        with Image.open(document["filepath"]) as old, Image.open(other["filepath"]) as new:
            assert np.array_equal(np.asarray(old), np.asarray(new))
    shown = {d["image_id"] for d in ours.values()}
    assert len({(d["split"], d["image_id"]) for d in theirs.values()}) >= len(shown)
    # What was exported once is exported again, and its verdicts find their pairs.
    report = export_dataset(again, name, tmp_path / "twice", select="all")
    assert manifest_of(report)["counts"]["exported"] == len(theirs)
    applied = decisions.apply(again, tmp_path / "out" / "decisions.jsonl")
    assert len(applied["unknown"]) == 1  # the one that was dropped


@pytest.mark.parametrize("kind", ["rsteller", "rsgpt4v"])
@pytest.mark.parametrize("name", ["hf", "fiftyone"])
def test_texts_come_back(
    imported: dict[str, Any], kind: str, name: str, tmp_path: Path, dataset_name: str
) -> None:
    export_dataset(imported[kind], name, tmp_path / "out", select="all")
    again = back(tmp_path / "out", dataset_name)
    ours, theirs = documents(imported[kind]), documents(again)
    assert theirs.keys() == ours.keys()
    for key, document in ours.items():
        other = theirs[key]
        for field in ("caption", "split", "image_id", "capture_date"):
            assert other.get(field) == document.get(field), (key, field)
        for field in ("captions", "conversations"):
            assert texts(other, field) == texts(document, field)
        place = document.get("location") or {}
        assert ((other.get("location") or {}).get("polygon")) == place.get("polygon")
        boxes = [(d.get("boxes") or {}).get("detections") or [] for d in (document, other)]
        sides = [[(b["label"], b["bounding_box"]) for b in of] for of in boxes]
        assert sides[0] == sides[1]


def test_captions_come_back_from_coco(
    imported: dict[str, Any], tmp_path: Path, dataset_name: str
) -> None:
    export_dataset(imported["rsteller"], "coco", tmp_path / "out", select="all")
    assert len(back(tmp_path / "out", dataset_name, limit=1)) == 1
    again = documents(back(tmp_path / "out", dataset_name, resume=True))
    for key, document in documents(imported["rsteller"]).items():
        assert texts(again[key], "captions") == texts(document, "captions")
    # Of conversations, COCO has captions and boxes alone.
    export_dataset(imported["rsgpt4v"], "coco", tmp_path / "talk", select="all")
    again = documents(back(tmp_path / "talk", f"{dataset_name}-talk"))
    ours = documents(imported["rsgpt4v"])
    assert again and all(
        texts(d, "captions") == texts(ours[k], "captions") for k, d in again.items()
    )


@pytest.mark.parametrize("name", ["coco", "hf", "fiftyone"])
def test_boxes_that_are_targets_come_back_as_such(
    name: str, tmp_path: Path, dataset_name: str
) -> None:
    for number in range(3):
        picture = Image.new("RGB", (40, 30), (number, 0, 0))
        exif = Image.Exif()
        exif[274] = 6 if number else 1
        picture.save(tmp_path / f"{number}.png", exif=exif)
    lines = ["image,bbox,text", *(f'{n}.png,"[0.1, 0.2, 0.7, 0.{n + 5}]",it {n}' for n in range(3))]
    put(tmp_path / "t.csv", "\n".join(lines))
    import_dataset("table", tmp_path / "t.csv", dataset_name)
    dataset = fo.load_dataset(dataset_name)
    export_dataset(dataset, name, tmp_path / "out", select="all")
    again = back(tmp_path / "out", f"{dataset_name}-again")

    def boxes(of: Any) -> dict[str, Any]:
        return {key: document["target_box"] for key, document in documents(of).items()}

    ours, theirs = boxes(dataset), boxes(again)
    assert len(ours) == 3 and theirs.keys() == ours.keys()
    for key, box in ours.items():
        assert theirs[key]["bounding_box"] == pytest.approx(box["bounding_box"])
        assert theirs[key]["label"] == box["label"]
    assert again.has_field("target_box.bounding_box")


def test_pairs_without_their_images_come_back(tmp_path: Path, dataset_name: str) -> None:
    root = make_gres(tmp_path / "published", images=3, size=64).root
    for image in root.rglob("*.jpg"):
        image.unlink()
    dataset = back(root, f"{dataset_name}-first", placeholders=True)
    for name in ("coco", "hf", "fiftyone"):
        export_dataset(dataset, name, tmp_path / name, select="all")
        again = back(tmp_path / name, f"{dataset_name}-{name}", placeholders=True)
        assert documents(again).keys() == documents(dataset).keys()
        assert all(again.values("image_missing"))


def test_the_cards_lines_load_what_was_exported(
    imported: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    for name in ("hf", "fiftyone"):
        out = tmp_path / name
        report = export_dataset(imported["refsegrs"], name, out, select="clean")
        text = (out / "README.md").read_text()
        front = yaml.safe_load(text.split("---\n")[1])
        assert front["license"] == "cc-by-4.0" and "pairlens" in front["tags"]
        assert "| `verdict drop` | 1 |" in text and "(drop 1, fix 1)" in text
        for link in re.findall(r"\]\((?!http)([^)]+)\)", text):
            assert (out / link).is_file()
        (line,) = re.findall(r"```python\n(.*?)```", text, re.S)
        names: dict[str, Any] = {}
        exec(line.replace("THIS_FOLDER", str(out)).replace(", persistent=True", ""), names)
        loaded = names["dataset"]
        counted = len(loaded) if name == "fiftyone" else sum(map(len, loaded.values()))
        assert counted == report["exported"]
    assert not [f for f in files(tmp_path / "hf") if f.startswith("images")]
    fo.delete_dataset(loaded.name)


def test_what_is_pushed_opens_by_the_cards_line_and_comes_back(
    imported: dict[str, Any], tmp_path: Path, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    command = ["export", "own-gres", "--format", "hf", "--select", "clean", "--out", str(out)]
    with serve_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", hub.writer)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache" / "hub"))
        exported = run([*command, "--repo", "me/x"])["exported"]
        for name, data in hub.pushed["me/x"].items():
            put(tmp_path / "hub" / name, data)
        hub.folders["me/x"] = tmp_path / "hub"
        (lines,) = re.findall(r"```python\n(.*?)```", (out / "README.md").read_text(), re.S)
        assert 'load_dataset("me/x")' in lines
        # The library reads HF_ENDPOINT when it is imported.
        code = f"{lines}\nprint(sum(map(len, dataset.values())))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.split() == [str(exported)], done.stderr
        fetched = len(hub.fetched)
        # By its name, of a format no more is fetched than is needed.
        import_dataset("hf", "hf://datasets/me/x", dataset_name, ImportOptions(splits=("val",)))
        assert not [name for name in hub.fetched[fetched:] if "/train-" in name]
    assert fo.load_dataset(dataset_name).distinct("split") == ["val"]
