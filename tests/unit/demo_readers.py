"""Small readers of the two layouts that share no code with ours, and a reading of place words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs

SIZE = 256
MAKERS = {"gres": make_gres, "refsegrs": make_refsegrs}


@dataclass
class Record:
    """A pair as the readers of this file see it; ``mask`` is as stored, None if unreadable."""

    split: str
    phrase: str
    image: bytes | None
    mask: np.ndarray | None
    points: list | None = None


def read_gres(root: Path) -> dict[str, Record]:
    """GRES by json and OpenCV alone."""
    records = {}
    for path in sorted(root.glob("gres_annotations/*/*.json")):
        split, content = path.parent.name, json.loads(path.read_bytes())
        image = root / "gres_images" / split / f"{path.stem}.jpg"
        mask, points = np.zeros((SIZE, SIZE), np.uint8), None
        for shape in content["shapes"]:
            points = shape["points"]
            drawn = np.array(points, np.float64).astype(np.int32)
            cv2.polylines(mask, [drawn], True, 1, 1)
            cv2.fillPoly(mask, [drawn], 1)
        data = image.read_bytes() if image.exists() else None
        for index, text in enumerate(content["text"]):
            key = f"gres/{split}/{path.stem}#{index}"
            records[key] = Record(split, text, data, mask, points)
    return records


def read_refsegrs(root: Path) -> dict[str, Record]:
    """RefSegRS by splitting lines and Pillow alone."""
    records = {}
    for split in ("train", "val", "test"):
        for line in (root / f"output_phrase_{split}.txt").read_text().splitlines():
            number, _, phrase = line.partition(" ")
            image = root / "images" / f"{number}.tif"
            try:
                mask = np.array(Image.open(root / "masks" / f"{number}.tif"))
            except (OSError, ValueError):
                mask = None
            data = image.read_bytes() if image.exists() else None
            records[f"refsegrs/{split}/{number}#0"] = Record(split, phrase, data, mask)
    return records


READERS = {"gres": read_gres, "refsegrs": read_refsegrs}


def files_of(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


CENTROIDS = {
    "top": lambda x, y: y < 0.36, "upper": lambda x, y: y < 0.36,
    "bottom": lambda x, y: y > 0.64, "lower": lambda x, y: y > 0.64,
    "left": lambda x, y: x < 0.36, "right": lambda x, y: x > 0.64,
}  # fmt: skip


def places_hold(phrase: str, mask: np.ndarray) -> bool:
    rows, columns = np.nonzero(mask)
    x, y = columns.mean() / mask.shape[1], rows.mean() / mask.shape[0]
    words = set(re.findall(r"[a-z]+", phrase.lower()))
    named = words & CENTROIDS.keys()
    if words & {"center", "middle"}:
        free = [v for v, axis in ((x, {"left", "right"}), (y, CENTROIDS.keys() - {"left", "right"}))
                if not axis & named]  # fmt: skip
        if not all(0.36 < value < 0.64 for value in free):
            return False
    return all(CENTROIDS[word](x, y) for word in named)
