"""Draws tiles like those of xView, with their GeoJSON, and annotations like those of GRES.

Needs numpy and Pillow alone: ``tools/release_chips.py`` draws the same tiles elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZES = {
    "31.tif": (1024, 1024), "21.tif": (700, 1300), "141.tif": (900, 900), "312.tif": (530, 1500),
    "30.tif": (1025, 512), "111.tif": (900, 1100), "14.tif": (1536, 600), "10.tif": (800, 1030),
    "100.tif": (1100, 900), "102.tif": (1200, 520), "13.tif": (600, 600), "22.tif": (640, 1100),
    "213.tif": (1030, 1030), "1.tif": (560, 1540), "3.tif": (1540, 530), "122.tif": (512, 512),
    "110.tif": (513, 512), "5.tif": (500, 900), "212.tif": (1024, 700), "20.tif": (1300, 700),
}  # fmt: skip
"""Of numbers that begin alike, which locales put in different orders."""

KINDS = {18: "the small car", 73: "the building", 86: "the storage tank", 19: "the bus"}
BOXES = 14
"""Of each tile."""


def pixels(tile: str) -> np.ndarray[Any, Any]:
    """(height, width, 3) of blotches with some noise, the same everywhere."""
    width, height = SIZES[tile]
    random = np.random.RandomState(int(tile.partition(".")[0]))
    coarse = random.randint(0, 256, (height // 16 + 1, width // 16 + 1, 3)).astype(np.uint8)
    return coarse.repeat(16, 0).repeat(16, 1)[:height, :width] ^ random.randint(
        0, 8, (height, width, 1)
    ).astype(np.uint8)


def write_tiles(folder: Path, tiles: Iterable[str] = SIZES) -> Path:
    """Writes the tiles as TIFF."""
    folder.mkdir(parents=True, exist_ok=True)
    for tile in tiles:
        Image.fromarray(pixels(tile)).save(folder / tile)
    return folder


def boxes(tile: str) -> list[tuple[int, tuple[int, int, int, int]]]:
    """Class and corners of the objects of a tile."""
    width, height = SIZES[tile]
    random = np.random.RandomState(9000 + int(tile.partition(".")[0]))
    found = []
    for _ in range(BOXES):
        w, h = (int(v) for v in random.randint(20, 60, 2))
        x, y = int(random.randint(0, width - w)), int(random.randint(0, height - h))
        found.append((sorted(KINDS)[int(random.randint(len(KINDS)))], (x, y, x + w, y + h)))
    return found


def feature(tile: str, kind: Any, bounds: Any) -> dict[str, Any]:
    """A feature of the GeoJSON."""
    return {
        "type": "Feature",
        "properties": {"bounds_imcoords": bounds, "image_id": tile, "type_id": kind},
        "geometry": {"type": "Polygon", "coordinates": []},
    }


def write_geojson(file: Path, more: Iterable[Any] = ()) -> Path:
    """Writes the boxes of all tiles, one of 1395, which has no image, and further features."""
    features: list[Any] = [feature("1395.tif", 73, "1,1,40,40")]
    for tile in SIZES:
        features += [feature(tile, kind, ",".join(map(str, box))) for kind, box in boxes(tile)]
    text = json.dumps({"type": "FeatureCollection", "features": [*features, *more]})
    file.write_text(text, "utf-8")
    return file


def write_annotations(
    root: Path, chips: Mapping[int, tuple[str, tuple[int, int, int, int]]], shift: int = 0
) -> dict[int, int]:
    """Writes an annotation file for each chip that shows a whole box, of three in turn by split.

    Args:
        root: of the dataset
        chips: tile and box of each number
        shift: added to the numbers

    Returns:
        the class of each number
    """
    written = {}
    for number, (tile, (x1, y1, x2, y2)) in chips.items():
        inside = [
            (kind, [a - x1, b - y1, c - x1, d - y1])
            for kind, (a, b, c, d) in boxes(tile)
            if a >= x1 and b >= y1 and c <= x2 and d <= y2
        ]
        if not inside:
            continue
        kind, (a, b, c, d) = inside[number % len(inside)]
        # Not quite the box, as masks are.
        points = [[a + 1, b], [c - 1, b + 1], [c - 1, d - 1], [a, d - 2], [a + 1, b]]
        name = f"lisat_gres_{number + shift:012}"
        shape = {"label": "target", "image_name": f"{name}.jpg", "points": points}
        folder = root / "gres_annotations" / ("train", "val", "test")[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        content = {"text": [KINDS[kind]], "shapes": [shape]}
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
        written[number + shift] = kind
    return written
