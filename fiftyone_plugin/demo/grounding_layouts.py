"""Writes generated scenes as VRSBench and DIOR-RSVG are published: objects' sentences and boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import cv2
import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.instruction_layouts import captions_of, questions_of
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, encode_jpeg, split_names
from pairlens.fiftyone_plugin.demo.phrases import QueryTarget, object_targets
from pairlens.fiftyone_plugin.demo.refer_layouts import box_of, drawn
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scenes
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.dior_rsvg_files import ANNOTATIONS, CORNERS, IMAGES
from pairlens.importers.formats.example_files import put
from pairlens.importers.records import make_key

OBJECTS = 3
"""Objects of an image, at the most."""

_TYPES = {"count": "object quantity", "presence": "object existence", "rural_urban": "scene type"}


def make_vrsbench(root: Path, images: int = 12, seed: int = 0, size: int = 256) -> GeneratedLayout:
    """Draws and writes a VRSBench layout, which has no split ``test``.

    ::

        Annotations_{train,val}/P0001_0000.json   Images_{train,val}/P0001_0000.png
    """
    rng = np.random.default_rng([seed, 5])
    keys: dict[str, list[str]] = {"train": [], "val": []}
    scenes = zip(draw_scenes(images, seed, size), split_names(images), strict=True)
    for number, (scene, split) in enumerate(scenes, 1):
        split, name = ("train" if split == "train" else "val"), f"P{number:04}_0000"
        targets = object_targets(scene, rng)[:OBJECTS]
        content = _annotation(scene, targets, f"{name}.png", rng)
        put(root / f"Annotations_{split}" / f"{name}.json", json.dumps(content, indent=4))
        image = root / f"Images_{split}" / f"{name}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR))
        keys[split] += [make_key("vrsbench", split, f"{name}.png", i) for i in range(len(targets))]
    return GeneratedLayout(root, "vrsbench", (*keys["train"], *keys["val"]))


def make_dior_rsvg(root: Path, images: int = 12, seed: int = 0, size: int = 512) -> GeneratedLayout:
    """Draws and writes a DIOR-RSVG layout; the objects of an image are in one split.

    ::

        Annotations/00001.xml   JPEGImages/00001.jpg   {train,val,test}.txt
    """
    numbers: dict[str, list[str]] = {split: [] for split in SPLITS}
    keys: list[str] = []
    for number, split, scene, targets in drawn(images, seed, size):
        name = f"{number:05}"
        put(root / ANNOTATIONS / f"{name}.xml", _voc(f"{name}.jpg", size, targets))
        put(root / IMAGES / f"{name}.jpg", encode_jpeg(scene.image))
        for place in range(len(targets)):
            numbers[split].append(f"{len(keys)}\n")
            keys.append(make_key("dior_rsvg", split, f"{name}.jpg", place))
    for split, listed in numbers.items():
        put(root / f"{split}.txt", "".join(listed))
    return GeneratedLayout(root, "dior_rsvg", tuple(keys))


def _voc(image: str, size: int, targets: list[QueryTarget]) -> bytes:
    root = Element("annotation")
    SubElement(root, "filename").text = image
    SubElement(SubElement(root, "source"), "database").text = "DIOR"
    sides = SubElement(root, "size")
    for name, value in (("width", size), ("height", size), ("depth", 3)):
        SubElement(sides, name).text = str(value)
    SubElement(root, "segmented").text = "0"
    for target in targets:
        one = SubElement(root, "object")
        SubElement(one, "name").text = target.kind
        SubElement(one, "pose").text = "Unspecified"
        box = SubElement(one, "bndbox")
        for name in CORNERS:
            SubElement(box, name)
        set_box(box, box_of(target))
        SubElement(one, "description").text = f"The {target.phrase}"
    return voc_bytes(root)


def set_box(box: Element, corners: Sequence[int]) -> None:
    """Sets the corners ``x1, y1, x2, y2`` of a ``bndbox``, in pixels."""
    for name, value in zip(CORNERS, corners, strict=True):
        next(box.iter(name)).text = str(value)


def voc_bytes(root: Element) -> bytes:
    """An annotation as a file."""
    indent(root, "\t")
    return tostring(root, "utf-8", xml_declaration=True)


def _annotation(
    scene: Scene, targets: list[QueryTarget], image: str, rng: Generator
) -> dict[str, Any]:
    asked = [
        {"ques_id": i, "question": question, "type": _TYPES.get(task, "reasoning"), "answer": told}
        for i, (question, told, task) in enumerate(questions_of(scene, rng), 1)
    ]
    return {
        "caption": captions_of(scene, rng)[0].capitalize().replace(" .", "."),
        "objects": [_object(number, target) for number, target in enumerate(targets)],
        "qa_pairs": asked,
        "image": image,
    }


def _object(number: int, target: QueryTarget) -> dict[str, Any]:
    corners = corners_of(target)
    xs, ys = zip(*corners, strict=True)
    return {
        "obj_id": number,
        "referring_sentence": f"The {target.phrase}.",
        "obj_cls": target.phrase.split()[0],
        "is_unique": True,
        "obj_coord": [min(xs), min(ys), max(xs), max(ys)],
        "obj_corner": [value for corner in corners for value in corner],
        "flag": False,
    }


def corners_of(target: QueryTarget) -> list[tuple[float, float]]:
    """The corners of the smallest rectangle around a target, as shares of the image."""
    found = cv2.findNonZero(target.mask.astype(np.uint8))
    height, width = target.mask.shape
    box = cv2.boxPoints(cv2.minAreaRect(found))
    return [(round(float(x) / width, 4), round(float(y) / height, 4)) for x, y in box]
