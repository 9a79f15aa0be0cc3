"""Every layout that PairLens reads, as small generated datasets for the contract tests."""

from __future__ import annotations

import json
import pickle
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from pairlens.importers.formats import FORMATS, SPLITS
from pairlens.importers.masks import read_mask
from pairlens.importers.rle import encode_rle


@dataclass(frozen=True)
class Layout:
    """A layout of a format.

    Attributes:
        id: name in the ids of tests
        format: name of the format
        make: writes it into a folder, and returns the path to import: the folder, or a file in it
    """

    id: str
    format: str
    make: Callable[[Path], Path]

    def __str__(self) -> str:
        return self.id


def _example(name: str, root: Path) -> Path:
    example = FORMATS[name].example
    assert example is not None
    return example(root)


def _gres_hyphens(root: Path) -> Path:
    """With queries that have no target, and a list that names a part of the test split."""
    _example("gres", root)
    for name in ("annotations", "images"):
        (root / f"gres_{name}").rename(root / f"gres-{name}")
    folder = root / "gres-annotations"
    for file in folder.glob("*/*.json"):
        content = json.loads(file.read_bytes())
        content["false_premise_QA"] = [["Where is the lighthouse?", True], ["the wharf", False]]
        file.write_text(json.dumps(content))
    some = sorted(folder.glob("test/*.json"))[0].stem
    (folder / "large.txt").write_text(f"{some}\n{some}\n")
    return root


def _gres_side_by_side(root: Path) -> Path:
    _example("gres", root)
    for name in ("gres_annotations", "gres_images"):
        for split in SPLITS:
            (root / split).mkdir(exist_ok=True)
            for file in (root / name / split).iterdir():
                file.rename(root / split / file.name)
        shutil.rmtree(root / name)
    return root


def _refsegrs_fork(root: Path) -> Path:
    _example("refsegrs", root)
    (root / "images").rename(root / "images2")
    (root / "masks").rename(root / "masks2")
    (root / "output_phrase_val.txt").rename(root / "output_phrase_val3.txt")
    return root


def _risbench_folders(root: Path) -> Path:
    _example("refsegrs", root)
    (root / "images").rename(root / "img_rgb")
    (root / "masks").rename(root / "mask")
    return root


def _lines_of(root: Path) -> list[tuple[str, str, str]]:
    """Split, id and phrase of every line of a release, whose lists are then taken away."""
    found = []
    for split in SPLITS:
        file = root / f"output_phrase_{split}.txt"
        found += [(split, *line.split(" ", 1)) for line in file.read_text().splitlines()]
        file.unlink()
    return found


def _risbench_records(root: Path) -> Path:
    _example("refsegrs", root)
    records: list[dict[str, Any]] = []
    (root / "img_rgb").mkdir()
    for split, number, phrase in _lines_of(root):
        name = f"{split}_{number}.png"
        with Image.open(root / "images" / f"{number}.tif") as image:
            image.save(root / "img_rgb" / name)
        mask = read_mask(root / "masks" / f"{number}.tif").target
        where = {"split": split, "image_id": name, "sent": phrase, "file_name": name}
        records.append(where | {"segmentation": encode_rle(mask)})
    for folder in ("images", "masks"):
        shutil.rmtree(root / folder)
    text = "".join(json.dumps(record) + "\n" for record in records)
    (root / "risbench.jsonl").write_text(text)
    return root


def _refsegrs_hub(root: Path) -> Path:
    _example("refsegrs", root)
    samples = [
        {
            "filepath": f"data/{number}.tif",
            "tags": [split],
            "segmentation": {"mask_path": f"fields/segmentation/{number}.tif"},
            "phrase": phrase,
        }
        for split, number, phrase in _lines_of(root)
    ]
    (root / "images").rename(root / "data")
    (root / "fields").mkdir()
    (root / "masks").rename(root / "fields" / "segmentation")
    (root / "samples.json").write_text(json.dumps({"samples": samples}, indent=1))
    (root / "metadata.json").write_text("{}")
    (root / "fiftyone.yml").write_text("name: RefSegRS\n")
    return root


def _rsteller_tar(root: Path) -> Path:
    first, *others = sorted(_example("rsteller", root).glob("train-*.tar"))
    for shard in (*others, *root.glob("val-*.tar"), *root.glob("test-*.tar")):
        shard.unlink()
    return first


def _rsteller_folders(root: Path) -> Path:
    for shard in sorted(_example("rsteller", root).glob("*.tar")):
        with tarfile.open(shard) as archive:
            archive.extractall(root / shard.stem, filter="data")
        shard.unlink()
    return root


def _only_images_of(root: Path, named: str) -> None:
    for image in (root / "scenes" / "imgs").iterdir():
        if f"scenes/imgs/{image.name}" not in named:
            image.unlink()


def _rsgpt4v_array(root: Path) -> Path:
    _example("rsgpt4v", root)
    for name in ("Captions.jsonl", "VQA.jsonl"):
        (root / name).unlink()
    _only_images_of(root, (root / "RS-GPT4V_train.json").read_text())
    return root


def _rsgpt4v_lines(root: Path) -> Path:
    file = _rsgpt4v_array(root) / "RS-GPT4V_train.json"
    records = json.loads(file.read_bytes())
    file.with_suffix(".jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    file.unlink()
    return root


def _rsgpt4v_evaluation(root: Path) -> Path:
    (_example("rsgpt4v", root) / "RS-GPT4V_train.json").unlink()
    _only_images_of(root, (root / "VQA.jsonl").read_text())
    return root


def _vrsbench_nested(root: Path) -> Path:
    """As archives unpacked into folders of their names."""
    for folder in sorted(_example("vrsbench", root).iterdir()):
        (root / "moved").mkdir()
        folder.rename(root / "moved" / folder.name)
        (root / "moved").rename(root / folder.name)
    return root


def _grefcoco(root: Path) -> Path:
    """JSON, with lists of annotations and a query that has no target."""
    folder = _example("refcoco", root) / "refcoco"
    refs = pickle.loads((folder / "refs(unc).p").read_bytes())
    for ref in refs:
        ref["ann_id"], ref["no_target"] = [ref["ann_id"]], False
    refs[3] |= {"ann_id": [-1], "no_target": True}
    (folder / "refs(unc).p").unlink()
    (folder / "grefs(unc).json").write_text(json.dumps(refs))
    folder.rename(root / "grefcoco")
    return root


LAYOUTS: tuple[Layout, ...] = (
    *(
        Layout(each.name, each.name, partial(_example, each.name))
        for each in FORMATS.values()
        if not each.own_keys
    ),
    Layout("gres-hyphens", "gres", _gres_hyphens),
    Layout("gres-side-by-side", "gres", _gres_side_by_side),
    Layout("refsegrs-fork", "refsegrs", _refsegrs_fork),
    Layout("refsegrs-hub", "refsegrs", _refsegrs_hub),
    Layout("risbench-folders", "refsegrs", _risbench_folders),
    Layout("risbench-records", "refsegrs", _risbench_records),
    Layout("rsteller-tar", "rsteller", _rsteller_tar),
    Layout("rsteller-folders", "rsteller", _rsteller_folders),
    Layout("rsgpt4v-array", "rsgpt4v", _rsgpt4v_array),
    Layout("rsgpt4v-lines", "rsgpt4v", _rsgpt4v_lines),
    Layout("rsgpt4v-evaluation", "rsgpt4v", _rsgpt4v_evaluation),
    Layout("grefcoco", "refcoco", _grefcoco),
    Layout("vrsbench-nested", "vrsbench", _vrsbench_nested),
)
"""The example of each format, and what else it comes as."""

PUBLISHED = {layout.format: layout for layout in reversed(LAYOUTS)}
"""A layout for each format that is published, and written back as such."""

EXPORTS: tuple[Layout, ...] = tuple(
    Layout(each.name, each.name, partial(_example, each.name))
    for each in FORMATS.values()
    if each.own_keys
)
"""The example of each format that PairLens itself exports."""
