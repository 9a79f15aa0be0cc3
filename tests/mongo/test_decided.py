"""What is decided while files are read: counted, stored by step, kept right by a resumed import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import store
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored
from pairlens.importers.options import ImportOptions
from pairlens.importers.rle import encode_rle

IMAGES = 3
OBJECT = np.zeros((30, 52), np.uint8)
OBJECT[2:9, 4:18] = 1


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """RISBench: photographs stored on their side, RLE that name width before height."""
    root = tmp_path / "risbench"
    root.mkdir()
    upright = np.rot90(OBJECT, -1)
    lines: list[dict[str, Any]] = []
    for number in range(IMAGES):
        exif = Image.Exif()
        exif[274] = 6
        picture = np.dstack([OBJECT * 200 + number] * 3).astype(np.uint8)
        Image.fromarray(picture).save(root / f"{number}.jpg", exif=exif)
        rle = encode_rle(upright)
        swapped = {"size": rle["size"][::-1], "counts": rle["counts"]}
        lines.append({"split": "val", "image_id": f"{number}.jpg", "sent": "the object",
                      "file_name": f"{number}.jpg", "segmentation": swapped})  # fmt: skip
    (root / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return root


def decided(dataset: Any, step: str) -> dict[str, int]:
    stored = store.info(fo.load_dataset(dataset.name))["decisions"]
    return {one["kind"]: one["count"] for one in stored if one["step"] == step}


def imported(source: Path, name: str, **options: Any) -> tuple[Any, Any]:
    options.setdefault("media_dir", source.parent / name)
    summary = import_dataset("refsegrs", source, name, ImportOptions(workers=1, **options))
    return fo.load_dataset(name), summary


def test_every_step_stores_what_it_decided(source: Path, tmp_path: Path):
    dataset, _ = imported(source, "decided", limit=1)
    dataset, summary = imported(source, "decided", resume=True)
    for again in (False, True):
        if again:  # nothing is left to read, and nothing is counted twice
            imported(source, "decided", resume=True)
        assert decided(dataset, "import")["orientation"] == IMAGES
        assert all("decides otherwise" in n for n in summary.notes if n.startswith("orientation"))
    results = tmp_path / "predictions"
    results.mkdir()
    for number in range(IMAGES):
        guess = np.rot90(OBJECT, -1) * 3
        Image.fromarray(guess).save(results / f"{number}.png")
    done = predict(dataset, predictor="results", field_name="made", params={"path": str(results)})
    assert done.predicted == IMAGES
    assert decided(dataset, "predict made") == {"mask_values": IMAGES}
    dataset.reload()
    assert score(dataset, pred="made", key="k").gIoU == 1
    assert decided(dataset, "import")["orientation"] == IMAGES
    assert decided(dataset, "predict made") == {"mask_values": IMAGES}


def test_what_is_set_is_read_so(source: Path):
    params = {"orientation": "raw", "rle_size": "height_width"}
    dataset, summary = imported(source, "as_set", params=params)
    sample = dataset.first()
    assert (sample.metadata.width, sample.metadata.height) == OBJECT.shape[::-1]
    assert load_stored(sample["segmentation"].mask_path).shape == OBJECT.shape
    with Image.open(sample.filepath) as image:
        assert image.size == OBJECT.shape[::-1] and not image.getexif()
    assert any("as they are stored, as set" in note for note in summary.notes)
    assert set(decided(dataset, "import")) == {"orientation"}
