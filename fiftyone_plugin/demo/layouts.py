"""Writes generated scenes as GRES and RefSegRS are published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image

from pairlens.fiftyone_plugin.demo.phrases import QueryTarget, layer_targets, object_targets
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scene, draw_scenes
from pairlens.fiftyone_plugin.demo.terrain import Canvas
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.example_files import put
from pairlens.importers.records import make_key

SHARES = {"train": 0.6, "val": 0.15, "test": 0.25}
"""How generated data is split; the published proportions would leave ``val`` empty."""

QUERIES = {"train": 3, "val": 1, "test": 1}
"""Queries of a GRES file, as published."""

PAIRS_PER_SCENE = 4
JPEG_QUALITY = 92


@dataclass(frozen=True)
class GeneratedLayout:
    """A generated dataset on disk.

    Attributes:
        root: the folder that an importer takes
        format: name of the format
        keys: keys of all samples, in the order in which a reader yields them
    """

    root: Path
    format: str
    keys: tuple[str, ...]


def make_gres(root: Path, images: int = 12, seed: int = 0, size: int = 512) -> GeneratedLayout:
    """Draws and writes a GRES layout: an image and a target a file."""
    return write_gres(root, draw_scenes(images, seed, size), split_names(images), seed)


def make_refsegrs(
    root: Path, pairs: int = 12, seed: int = 0, size: int = 512, foreground: int = 255
) -> GeneratedLayout:
    """Draws and writes a RefSegRS layout: up to four pairs a scene, a scene in one split."""
    rng = np.random.default_rng([seed, 1])
    chosen: list[tuple[str, Scene, list[QueryTarget]]] = []
    number = 0
    for split, quota in _quotas(pairs).items():
        while quota:
            scene = draw_scene(seed * 1_000_003 + number, size)
            targets = _mixed_targets(scene, rng)[: min(quota, PAIRS_PER_SCENE)]
            chosen.append((split, scene, targets))
            quota -= len(targets)
            number += 1
    return write_refsegrs(root, chosen, foreground)


def split_names(count: int) -> list[str]:
    """The split of each of ``count`` images, in order; each split once if there are three."""
    return [split for split, quota in _quotas(count).items() for _ in range(quota)]


def _quotas(count: int) -> dict[str, int]:
    rest = {s: min(count // 3, max(1, round(count * SHARES[s]))) for s in ("val", "test")}
    rest = {s: quota if count >= 3 else 0 for s, quota in rest.items()}
    return {"train": count - sum(rest.values()), **rest}


def write_gres(
    root: Path, scenes: Iterable[Scene], splits: Sequence[str], seed: int = 0
) -> GeneratedLayout:
    """Writes the GRES layout, one target of each scene.

    ::

        gres_annotations/{train,val,test}/lisat_gres_000000000001.json + {split}.txt
        gres_images/{train,val,test}/lisat_gres_000000000001.jpg

    Args:
        root: a folder, made where it is not there
        scenes: drawn one after the other
        splits: the split of each scene
        seed: seed of the choice of targets and of the order of lists

    Raises:
        ValueError: if a scene has no target that a query can name
    """
    rng = np.random.default_rng([seed, 2])
    ids: dict[str, list[str]] = {split: [] for split in SPLITS}
    keys: dict[str, list[str]] = {split: [] for split in SPLITS}
    for number, (scene, split) in enumerate(zip(scenes, splits, strict=True), 1):
        image_id = f"lisat_gres_{number:012}"
        target = _one_target(scene, rng)
        queries = list(target.queries[: QUERIES[split]])
        put(root / "gres_images" / split / f"{image_id}.jpg", encode_jpeg(scene.image))
        write_annotation(
            root / "gres_annotations" / split / f"{image_id}.json",
            annotation(queries, target.outline or (), f"{image_id}.jpg"),
        )
        ids[split].append(image_id)
        keys[split] += [make_key("gres", split, image_id, i) for i in range(len(queries))]
    for split, listed in ids.items():
        if listed:
            twice = [str(i) for i in rng.permutation(listed * 2)]
            put(root / "gres_annotations" / split / f"{split}.txt", "\n".join(twice))
    return GeneratedLayout(root, "gres", tuple(key for split in SPLITS for key in keys[split]))


def _one_target(scene: Scene, rng: Generator) -> QueryTarget:
    targets = object_targets(scene, rng)
    if not targets:
        raise ValueError(f"no query tells one thing of this {scene.theme} from the others")
    # Kinds come in turn: any of the first few, or every image would ask for its commonest kind.
    return targets[int(rng.integers(min(3, len(targets))))]


def annotation(
    queries: list[str], outline: Iterable[Sequence[float]], image_name: str
) -> dict[str, Any]:
    """The content of a GRES file; the polygon is closed explicitly, as most published ones."""
    points = [[float(x), float(y)] for x, y in outline]
    return {
        "text": queries,
        "is_sentence": True,
        "shapes": [
            {
                "label": "target",
                "labels": ["target"],
                "shape_type": "polygon",
                "image_name": image_name,
                "points": points + points[:1],
                "group_id": None,
                "group_ids": [None],
                "flags": {},
            }
        ],
    }


def write_annotation(path: Path, content: dict[str, Any]) -> None:
    """Writes a GRES file with the indentation of the published ones."""
    put(path, json.dumps(content, indent=4))


def _mixed_targets(scene: Scene, rng: Generator) -> list[QueryTarget]:
    """Two single things, one layer, and another thing."""
    single, layers = object_targets(scene, rng), layer_targets(scene)
    layer = layers[int(rng.integers(len(layers)))]
    return [*single[:2], layer, *single[2:]]


def write_refsegrs(
    root: Path, chosen: Iterable[tuple[str, Scene, list[QueryTarget]]], foreground: int = 255
) -> GeneratedLayout:
    """Writes the RefSegRS layout; a line has its own copy of the image.

    ::

        images/<id>.tif   masks/<id>.tif   output_phrase_{train,val,test}.txt

    Args:
        root: a folder, made where it is not there
        chosen: split, scene and the targets of it to write
        foreground: the target's value in the masks, 1 or 255
    """
    lines: dict[str, list[str]] = {split: [] for split in SPLITS}
    keys: dict[str, list[str]] = {split: [] for split in SPLITS}
    number = 0
    for split, scene, targets in chosen:
        for target in targets:
            number += 1
            write_tiff(root / "images" / f"{number}.tif", scene.image)
            mask = target.mask.astype(np.uint8) * np.uint8(foreground)
            write_tiff(root / "masks" / f"{number}.tif", mask)
            lines[split].append(f"{number} {target.phrase}\n")
            keys[split].append(make_key("refsegrs", split, str(number), 0))
    for split, written in lines.items():
        put(root / f"output_phrase_{split}.txt", "".join(written))
    return GeneratedLayout(root, "refsegrs", tuple(key for split in SPLITS for key in keys[split]))


def write_tiff(path: Path, pixels: Canvas) -> None:
    """Writes an uncompressed TIFF, gray or RGB, in one strip like the published ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="TIFF")


def encode_jpeg(image: Canvas) -> bytes:
    """A (height, width, 3) RGB image as JPEG."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    if not done:
        raise ValueError(f"an array of shape {image.shape} cannot be written as JPEG")
    return data.tobytes()
