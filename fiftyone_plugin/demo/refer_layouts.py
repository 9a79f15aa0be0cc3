"""Writes generated scenes as RefCOCO, RRSIS-D, EarthReason and RefDIOR are published."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, encode_jpeg, split_names
from pairlens.fiftyone_plugin.demo.phrases import QueryTarget, object_targets
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scenes
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.example_files import image_bytes, put
from pairlens.importers.formats.refer_format import sentence
from pairlens.importers.records import make_key
from pairlens.importers.rle import encode_rle

OBJECTS = 2
"""Objects of an image, at the most."""

NOTHING = ("Where is the lighthouse?", "What guides ships at night?")
"""Questions for which generated images have no target."""

RefRecord = dict[str, Any]
Drawn = Iterator[tuple[int, str, Scene, list[QueryTarget]]]


def make_refcoco(root: Path, images: int = 12, seed: int = 0, size: int = 512) -> GeneratedLayout:
    """Draws and writes a RefCOCO layout: polygons, three sentences an object, no RLE.

    ::

        refcoco/refs(unc).p, refcoco/instances.json
        images/mscoco/images/train2014/COCO_train2014_000000000001.jpg
    """
    place = root / "images" / "mscoco" / "images" / "train2014"
    return _make_refs(root, "refcoco", place, "COCO_train2014_{:012}", drawn(images, seed, size))


def make_rrsisd(root: Path, images: int = 12, seed: int = 0, size: int = 512) -> GeneratedLayout:
    """Draws and writes an RRSIS-D layout: an object an image, run-lengths, boxes of corners.

    ::

        rrsisd/refs(unc).p, rrsisd/instances.json, images/rrsisd/JPEGImages/00001.jpg
    """
    place = root / "images" / "rrsisd" / "JPEGImages"
    return _make_refs(root, "rrsisd", place, "{:05}", drawn(images, seed, size, objects=1))


def make_earthreason(
    root: Path, images: int = 12, seed: int = 0, size: int = 512
) -> GeneratedLayout:
    """Draws and writes an EarthReason layout; every sixth image lacks what is asked for.

    ::

        {train,val,test}/{images,labels,QAs}/00001.{jpg,png,json}
    """
    keys: dict[str, list[str]] = {split: [] for split in SPLITS}
    for number, split, scene, targets in drawn(images, seed, size):
        nothing = not number % 6
        questions = NOTHING if nothing else targets[0].queries
        answers = [] if nothing else [f"The {targets[0].phrase}."]
        label = targets[0].mask.astype(np.uint8) * np.uint8(0 if nothing else 255)
        name, folder = f"{number:05}", root / split
        content = {"questions": list(questions), "answer": answers}
        put(folder / "images" / f"{name}.jpg", encode_jpeg(scene.image))
        put(folder / "labels" / f"{name}.png", image_bytes(label, "PNG"))
        put(folder / "QAs" / f"{name}.json", json.dumps(content, indent=4))
        keys[split] += [make_key("earthreason", split, name, i) for i in range(len(questions))]
    return GeneratedLayout(root, "earthreason", in_order(keys))


def make_refdior(root: Path, images: int = 12, seed: int = 0, size: int = 512) -> GeneratedLayout:
    """Draws and writes a RefDIOR layout; an object has its own copy of the image.

    ::

        images/00001_0.jpg, masks/00001_0.png, phrase_txts/{train,val,test}.json
    """
    phrases: dict[str, RefRecord] = {split: {} for split in SPLITS}
    keys: dict[str, list[str]] = {split: [] for split in SPLITS}
    for number, split, scene, targets in drawn(images, seed, size):
        for place, target in enumerate(targets):
            name, said = f"{number:05}_{place}", [f"the {target.phrase}", target.queries[0]]
            phrases[split][name] = {"sentences": said, "bbox": box_of(target)}
            put(root / "images" / f"{name}.jpg", encode_jpeg(scene.image))
            mask = target.mask.astype(np.uint8) * np.uint8(255)
            put(root / "masks" / f"{name}.png", image_bytes(mask, "PNG"))
            keys[split] += [make_key("refdior", split, name, i) for i in range(len(said))]
    for split, content in phrases.items():
        put(root / "phrase_txts" / f"{split}.json", json.dumps(content))
    return GeneratedLayout(root, "refdior", in_order(keys))


def drawn(images: int, seed: int, size: int, objects: int = OBJECTS) -> Drawn:
    """Draws images by number, from 1: split, scene, and some things in it.

    Raises:
        ValueError: if a scene has nothing that a query can name
    """
    rng: Generator = np.random.default_rng([seed, 6])
    scenes = zip(draw_scenes(images, seed, size), split_names(images), strict=True)
    for number, (scene, split) in enumerate(scenes, 1):
        targets = object_targets(scene, rng)[:objects]
        if not targets:
            raise ValueError(f"no query tells one thing of this {scene.theme} from the others")
        yield number, split, scene, targets


def _make_refs(root: Path, name: str, place: Path, stem: str, drawn: Drawn) -> GeneratedLayout:
    images: list[RefRecord] = []
    annotations: list[RefRecord] = []
    refs: list[RefRecord] = []
    keys: dict[str, list[str]] = {split: [] for split in SPLITS}
    for number, split, scene, targets in drawn:
        image, (height, width) = stem.format(number), targets[0].mask.shape
        entry = {"id": number, "file_name": f"{image}.jpg", "height": height, "width": width}
        images.append(entry)
        put(place / f"{image}.jpg", encode_jpeg(scene.image))
        for target in targets:
            one = len(annotations) + 1
            said = target.queries if name == "refcoco" else target.queries[:1]
            annotations.append(_annotation(target, one, number, corners=name == "rrsisd"))
            sentences = [sentence(text, 10 * one + i) for i, text in enumerate(said)]
            refs.append(
                {"ref_id": one, "ann_id": one, "image_id": number, "category_id": 1,
                 "split": split, "file_name": f"{image}.jpg",
                 "sent_ids": [s["sent_id"] for s in sentences], "sentences": sentences}
            )  # fmt: skip
            first = len([key for key in keys[split] if key.split("/")[2].startswith(f"{image}#")])
            keys[split] += [make_key(name, split, image, first + i) for i in range(len(said))]
    content = {"images": images, "annotations": annotations,
               "categories": [{"id": 1, "name": "thing", "supercategory": "thing"}]}  # fmt: skip
    put(root / name / "instances.json", json.dumps(content))
    put(root / name / "refs(unc).p", pickle.dumps(refs, 2))
    return GeneratedLayout(root, name, in_order(keys))


def _annotation(target: QueryTarget, number: int, image: int, *, corners: bool) -> RefRecord:
    """An annotation of COCO's, or with corners one of RRSIS-D's."""
    left, top, right, bottom = box_of(target)
    start = {"id": number, "image_id": image, "iscrowd": 0}
    if corners:
        area = (right - left) * (bottom - top)
        rle = encode_rle(target.mask)
        return start | {"categories_id": 1, "segmentation": [rle], "area": area,
                        "bbox": [left, top, right, bottom]}  # fmt: skip
    polygon = [float(value) for point in target.outline or () for value in point]
    return start | {"category_id": 1, "segmentation": [polygon], "area": int(target.mask.sum()),
                    "bbox": [left, top, right - left, bottom - top]}  # fmt: skip


def box_of(target: QueryTarget) -> list[int]:
    """The corners ``x1, y1, x2, y2`` around a target, in pixels."""
    found = cv2.findNonZero(target.mask.astype(np.uint8))
    left, top, width, height = cv2.boundingRect(found)
    return [left, top, left + width, top + height]


def in_order(keys: dict[str, list[str]]) -> tuple[str, ...]:
    """Keys by split, as one list."""
    return tuple(key for split in SPLITS for key in keys[split])
