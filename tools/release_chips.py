"""Cuts the tiles of ``tests/xview_tiles.py`` as the release of GRES does, with sahi itself.

Writes ``tests/data/release-chips.json``: for each locale the chips in the order of their numbers,
each with its tile, its box and the SHA-256 of its JPEG. Needs ``sahi==0.11.20``, whose own
requirements clash with PairLens', bash, and the locale en_US.UTF-8 (``LOCPATH`` may say where):

    python -m venv sahi-venv
    sahi-venv/bin/pip install "numpy<2" "opencv-python-headless<4.11" pillow shapely tqdm pyyaml \
        fire terminaltables requests click torch
    sahi-venv/bin/pip install --no-deps pybboxes==0.1.6 sahi==0.11.20
    sahi-venv/bin/python tools/release_chips.py
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from sahi.scripts.slice_coco import slice as slice_coco  # type: ignore[import-not-found]
from sahi.utils.coco import (  # type: ignore[import-not-found]
    Coco,
    CocoAnnotation,
    CocoCategory,
    CocoImage,
)

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ("C", "en_US.UTF-8")


def main() -> None:
    """Writes the file."""
    spec = importlib.util.spec_from_file_location("xview_tiles", ROOT / "tests" / "xview_tiles.py")
    if spec is None or spec.loader is None:
        raise SystemExit("tests/xview_tiles.py is not there")
    tiles: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiles)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        tiles.write_tiles(work / "tiles")
        folders = [_cut(work, part, coco) for part, coco in _parts(tiles).items()]
        listed = {locale: _listed(folders, locale) for locale in LOCALES}
    made = {"sahi": "0.11.20", "pillow": PIL.__version__, "numpy": np.__version__}
    lines = ",\n".join(f'"{name}": [\n{_rows(chips)}\n]' for name, chips in listed.items())
    text = f'{{"made_with": {json.dumps(made)},\n"chips": {{\n{lines}\n}}}}'
    (ROOT / "tests" / "data" / "release-chips.json").write_text(f"{text}\n", "utf-8")


def _parts(tiles: Any) -> dict[str, dict[str, Any]]:
    coco = Coco()
    coco.add_category(CocoCategory(id=1, name="object"))
    for tile in sorted(tiles.SIZES, key=lambda name: int(name.split(".")[0])):
        width, height = tiles.SIZES[tile]
        image = CocoImage(file_name=tile, height=height, width=width)
        for _, (x1, y1, x2, y2) in tiles.boxes(tile):
            box = [x1, y1, x2 - x1, y2 - y1]
            image.add_annotation(CocoAnnotation(bbox=box, category_id=1, category_name="object"))
        coco.add_image(image)
    shuffled = coco.split_coco_as_train_val(train_split_rate=1.0)["train_coco"].json
    images = shuffled["images"]
    np.random.seed(7782551)
    drawn = set(np.random.choice(range(len(images)), math.ceil(0.2 * len(images))))
    validation = [image for place, image in enumerate(images) if place in drawn]
    training = [image for place, image in enumerate(images) if place not in drawn]
    return {"val": _some(shuffled, validation), "train": _some(shuffled, training)}


def _some(coco: dict[str, Any], images: list[dict[str, Any]]) -> dict[str, Any]:
    ids = {image["id"] for image in images}
    annotations = [one for one in coco["annotations"] if one["image_id"] in ids]
    return coco | {"images": images, "annotations": annotations}


def _cut(work: Path, part: str, coco: dict[str, Any]) -> Path:
    file = work / f"{part}.json"
    file.write_text(json.dumps(coco), "utf-8")
    slice_coco(
        str(work / "tiles"), str(file), slice_size=512, overlap_ratio=0, output_dir=str(work)
    )
    return work / f"{part}_images_512_0"


def _listed(folders: list[Path], locale: str) -> list[Any]:
    chips = []
    for folder in folders:
        glob = subprocess.run(
            ["bash", "-c", 'cd "$1"; printf "%s\\n" *', "bash", str(folder)],
            env=os.environ | {"LC_ALL": locale}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for name in glob.stdout.split():
            tile, _, *box = name.removesuffix(".jpg").split("_")
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            chips.append([f"{tile}.tif", list(map(int, box)), digest])
    return chips


def _rows(chips: list[Any]) -> str:
    return ",\n".join(map(json.dumps, chips))


if __name__ == "__main__":
    main()
