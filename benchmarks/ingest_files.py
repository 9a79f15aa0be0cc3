"""What bench_ingest reads: shards of any number of images, GRES with as many files as wanted."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import cv2
import numpy as np

from pairlens.fiftyone_plugin.demo.caption_layouts import FIRST_WRITER, SECOND_WRITER
from pairlens.fiftyone_plugin.demo.layouts import make_gres

SCENES = 100
"""GRES images that are drawn; more are copies under other names."""

TEXTS = (
    "At the top-center of the scene, an irregularly shaped wooded area stretches across more than "
    "one-third of the view, hinting at a dense and expansive forest filled with mature trees. Its "
    "boundary suggests that it extends beyond the visible frame.",
    "At the north, an expansive wooded area stretching across over a third of the image suggests "
    "a dense, expansive forest filled with mature trees.",
)
"""Of the length of published captions."""


def write_shards(root: Path, images: int, side: int, per_shard: int) -> None:
    """Writes shards of square JPEGs; those of 448 pixels take 60 to 100 kB, as published."""
    root.mkdir(parents=True)
    pictures = [_jpeg(seed, side) for seed in range(8)]
    for first in range(0, images, per_shard):
        with tarfile.open(root / f"train-{first // per_shard:06}.tar", "w") as archive:
            for patch in range(first, min(first + per_shard, images)):
                for suffix, data in (("jpg", pictures[patch % 8]), ("json", annotation(patch))):
                    member = tarfile.TarInfo(f"{patch}.{suffix}")
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))


def _jpeg(seed: int, side: int) -> bytes:
    """Noise with the detail of a photograph."""
    noise = np.random.default_rng(seed).normal(0, 90, (side, side, 3))
    pixels = np.clip(cv2.GaussianBlur(noise, (0, 0), 1.0) + 110, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def annotation(patch: int) -> bytes:
    """An annotation of two captions."""
    name = f"m_{30 + patch % 17}{80 + patch % 30:03}{1 + patch % 64:02}_ne_15_060_20221108"
    captions = [
        {"task": 1, "text": TEXTS[0], "annotator": FIRST_WRITER},
        {"task": 3, "text": TEXTS[1], "annotator": SECOND_WRITER},
    ]
    return json.dumps(
        {"metadata": {"patch_id": patch, "image_name": name}, "annotations": captions}
    ).encode()


def write_gres(root: Path, images: int) -> None:
    """Writes a GRES layout, most of its files copies under other names."""
    drawn = make_gres(root, min(images, SCENES)).root
    files = sorted(drawn.glob("gres_annotations/*/*.json"))
    for number in range(len(files), images):
        source = files[number % len(files)]
        split, name = source.parent.name, f"lisat_gres_{number + 1:012}"
        content = json.loads(source.read_text())
        image = content["shapes"][0]["image_name"]
        content["shapes"][0]["image_name"] = f"{name}.jpg"
        source.with_name(f"{name}.json").write_text(json.dumps(content))
        folder = root / "gres_images" / split
        shutil.copyfile(folder / image, folder / f"{name}.jpg")
