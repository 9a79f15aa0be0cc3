"""Writes generated scenes as GeoChat is published, and as LLaVA and its kin have conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.grounding_layouts import corners_of
from pairlens.fiftyone_plugin.demo.instruction_layouts import (
    JSONRecord,
    QuestionAnswer,
    grounding,
    talk_messages,
    talks_of,
    with_roles,
)
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, encode_jpeg, split_names
from pairlens.fiftyone_plugin.demo.phrases import QueryTarget, object_targets
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scenes
from pairlens.importers.formats.example_files import json_lines, put
from pairlens.importers.records import make_image_key

GEOCHAT_IMAGES = "final_images_llava"


def make_geochat(root: Path, images: int = 12, seed: int = 0, size: int = 256) -> GeneratedLayout:
    """Draws and writes a GeoChat layout: rotated boxes in percent, and polygons to be found.

    ::

        GeoChat_Instruct.json   referring.jsonl   final_images_llava/00001.jpg

    What elsewhere is the split ``val`` belongs to the training data, as GeoChat has none.
    """
    rng = np.random.default_rng([seed, 7])
    trained: list[JSONRecord] = []
    asked: list[JSONRecord] = []
    keys: dict[str, list[str]] = {"train": [], "test": []}
    scenes = zip(draw_scenes(images, seed, size), split_names(images), strict=True)
    for number, (scene, split) in enumerate(scenes, 1):
        name = f"{number:05}"
        put(root / GEOCHAT_IMAGES / f"{name}.jpg", encode_jpeg(scene.image))
        if split == "test":
            targets = object_targets(scene, rng)[:2]
            asked += [_referring(name, target, len(asked) + i) for i, target in enumerate(targets)]
            keys["test"] += [make_image_key("geochat", "test", name)] * bool(targets)
            continue
        trained += _conversations(f"{name}.jpg", scene, rng)
        keys["train"].append(make_image_key("geochat", "train", f"{name}.jpg"))
    put(root / "GeoChat_Instruct.json", json.dumps(trained))
    put(root / "referring.jsonl", json_lines(asked))
    return GeneratedLayout(root, "geochat", (*keys["train"], *keys["test"]))


def make_llava(root: Path, images: int = 12, seed: int = 0, size: int = 256) -> GeneratedLayout:
    """Draws and writes records of LLaVA's kin: a list of messages, and lines of conversations.

    ::

        chats.json   talks.jsonl   imgs/1.jpg
    """
    rng = np.random.default_rng([seed, 8])
    chats: list[JSONRecord] = []
    talks: list[JSONRecord] = []
    keys: list[str] = []
    for number, scene in enumerate(draw_scenes(images, seed, size), 1):
        name = f"imgs/{number}.jpg"
        put(root / name, encode_jpeg(scene.image))
        first, *others = (talk_messages(talk) for talk in talks_of(scene, rng, grounding))
        chats.append({"messages": with_roles(first), "images": [name]})
        talks += [{"image": name, "conversations": other} for other in others]
        keys.append(make_image_key("llava", "train", name))
    put(root / "chats.json", json.dumps(chats, indent=2))
    put(root / "talks.jsonl", json_lines(talks))
    return GeneratedLayout(root, "llava", tuple(keys))


def _conversations(image: str, scene: Scene, rng: Generator) -> list[JSONRecord]:
    start = {"id": image.removesuffix(".jpg"), "image": image}
    talks = talks_of(scene, rng, _refer)
    return [start | {"conversations": talk_messages(talk)} for talk in talks]


def _refer(target: QueryTarget) -> QuestionAnswer:
    return f"[refer] Where is <p>the {target.phrase}</p>?", rotated_box(target)


def rotated_box(target: QueryTarget) -> str:
    """A target's smallest rectangle as GeoChat writes it.

    Its four numbers are in percent, of the rectangle before it is turned clockwise by the angle.
    """
    height, width = target.mask.shape
    found = cv2.findNonZero(target.mask.astype(np.uint8))
    (x, y), (wide, high), angle = cv2.minAreaRect(found)
    if abs(angle) > 45:  # the same rectangle, turned less: what is not turned stays in the image
        wide, high, angle = high, wide, angle - 90 if angle > 0 else angle + 90
    shares = ((x - wide / 2) / width, (y - high / 2) / height,
              (x + wide / 2) / width, (y + high / 2) / height)  # fmt: skip
    numbers = "".join(f"<{min(100, max(0, round(100 * share)))}>" for share in shares)
    return f"{{{numbers}|<{round(angle) % 180}>}}"


def _referring(image: str, target: QueryTarget, number: int) -> dict[str, Any]:
    corners = [[round(100 * x, 2), round(100 * y, 2)] for x, y in corners_of(target)]
    return {
        "image_id": image,
        "question": f"the {target.phrase}",
        "ground_truth": [corners],
        "question_id": number,
        "type": "ref",
        "obj_ids": [0],
        "size_group": target.size or "medium",
    }
