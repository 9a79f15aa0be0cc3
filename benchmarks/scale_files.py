"""What bench_scale reads: any number of samples of the demo's scenes, in few different pictures.

A scene is described in many ways, so that the texts differ as those of a release do, and lies in
another light in every picture, so that few of them are near duplicates.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pairlens.fiftyone_plugin.demo import layouts
from pairlens.fiftyone_plugin.demo.caption_layouts import (
    annotation,
    captions_of,
    photograph,
    write_shard,
)
from pairlens.fiftyone_plugin.demo.instruction_layouts import write_rsgpt4v
from pairlens.fiftyone_plugin.demo.phrases import QueryTarget, object_targets
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scenes

SCENES = 100
"""Drawn; more pictures are those in another light."""

LIGHTS = 8
"""Spots of a picture's side that are lit at random, and what is between them evenly."""

WORDINGS = 16
"""Choices of targets and words of a scene, of GRES."""

PER_SHARD = 5000
SEED = 7


def write_rsteller(root: Path, samples: int, per_image: int, side: int) -> int:
    """Writes shards of captioned images, of which ``per_image`` each are the same file.

    Returns:
        the samples
    """
    root.mkdir(parents=True)
    scenes = list(draw_scenes(SCENES, SEED, side))
    rng = np.random.default_rng(SEED)
    picture = lru_cache(maxsize=1)(lambda image: lit(scenes[image % SCENES], image))

    def made(patch: int) -> tuple[str, bytes, bytes]:
        image = patch // per_image
        texts = captions_of(scenes[image % SCENES], rng)
        content = json.dumps(annotation(patch, photograph(rng), texts)).encode()
        return str(patch), picture(image), content

    for first in range(0, samples, PER_SHARD):
        patches = range(first, min(first + PER_SHARD, samples))
        write_shard(root / f"train-{first // PER_SHARD:06}.tar", [made(one) for one in patches])
    return samples


def write_gres(root: Path, samples: int, per_image: int, side: int) -> int:
    """Writes files of GRES with so many queries or up to two more, likewise.

    Returns:
        the samples
    """
    scenes = list(draw_scenes(SCENES, SEED, side))
    targets = [list(_targets(scene)) for scene in scenes]
    picture = lru_cache(maxsize=1)(lambda image: lit(scenes[image % SCENES], image))
    folders = [root / f"gres_{what}" / "train" for what in ("annotations", "images")]
    for folder in folders:
        folder.mkdir(parents=True)
    ids: list[str] = []
    written = 0
    while written < samples:
        number = len(ids)
        image = written // per_image
        one = targets[image % SCENES][number // SCENES % WORDINGS]
        ids.append(f"lisat_gres_{number:012}")
        queries = list(one.queries[: layouts.QUERIES["train"]])
        content = layouts.annotation(queries, one.outline or (), f"{ids[-1]}.jpg")
        (folders[0] / f"{ids[-1]}.json").write_text(json.dumps(content))
        (folders[1] / f"{ids[-1]}.jpg").write_bytes(picture(image))
        written += len(queries)
    (folders[0] / "train.txt").write_text("\n".join(ids))
    return written


def _targets(scene: Scene) -> Iterator[QueryTarget]:
    for wording in range(WORDINGS):
        found = object_targets(scene, np.random.default_rng([SEED, wording]))
        yield found[wording % len(found)]


def write_pairs(root: Path, samples: int, per_image: int, side: int) -> int:
    """Writes files of RefSegRS with so many pairs, of which ``per_image`` show the same.

    Returns:
        the samples
    """
    scenes = list(draw_scenes(SCENES, SEED, side))
    targets = [list(_targets(scene)) for scene in scenes]

    def chosen() -> Iterator[tuple[str, Scene, list[QueryTarget]]]:
        for number, first in enumerate(range(0, samples, per_image)):
            asked = targets[number % SCENES][: min(per_image, samples - first)]
            yield "train", in_light(scenes, number), asked

    return len(layouts.write_refsegrs(root, chosen()).keys)


def write_conversations(root: Path, samples: int, per_image: int, side: int) -> int:
    """Writes files of RS-GPT4V with so many images, each of which is one sample.

    Returns:
        the samples
    """
    scenes = list(draw_scenes(SCENES, SEED, side))
    images = (in_light(scenes, number) for number in range(samples))
    return len(write_rsgpt4v(root, images, ["train"] * samples, SEED).keys)


def in_light(scenes: list[Scene], number: int) -> Scene:
    """A scene by its number, in the light of that number."""
    scene = scenes[number % SCENES]
    return replace(scene, image=_lit(scene, number))


def lit(scene: Scene, number: int) -> bytes:
    """The JPEG of a scene in the light of a number."""
    return layouts.encode_jpeg(_lit(scene, number))


def _lit(scene: Scene, number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rng = np.random.default_rng([SEED, number])
    light = rng.uniform(0.1, 1.3, (LIGHTS, LIGHTS)).astype(np.float32)
    light = cv2.resize(light, scene.image.shape[1::-1])[..., None]
    return np.clip(scene.image * light, 0, 255).astype(np.uint8)


WRITERS = {
    "rsteller": write_rsteller, "gres": write_gres, "refsegrs": write_pairs,
    "rsgpt4v": write_conversations,
}  # fmt: skip
