"""Reads RefCOCO's layout as its users do: after ``refer.py`` and ``grefer.py``."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco


class Refer:
    """The refs and annotations of a folder, and the masks of refs."""

    def __init__(self, folder: Path) -> None:
        [file] = [file for file in folder.iterdir() if "refs(" in file.name]
        data = file.read_bytes()
        self.refs = json.loads(data) if file.suffix == ".json" else pickle.loads(data)
        content = json.loads((folder / "instances.json").read_bytes())
        self.images = {image["id"]: image for image in content["images"]}
        self.annotations: dict[Any, Any] = {-1: None}
        self.annotations |= {one["id"]: one for one in content["annotations"]}
        self.categories = {one["id"]: one["name"] for one in content["categories"]}

    def sentences(self) -> list[str]:
        """The texts that training code takes, each checked against its copies."""
        found = []
        for ref in self.refs:
            assert len(ref["sent_ids"]) == len(ref["sentences"]) > 0
            for number, sentence in zip(ref["sent_ids"], ref["sentences"], strict=True):
                assert sentence["sent_id"] == number
                assert " ".join(sentence["tokens"]) == sentence["sent"] == sentence["raw"]
                found.append(sentence["sent"])
        return found

    def mask(self, ref: dict[str, Any]) -> np.ndarray:
        """(height, width) uint8 of 0 and 1: the union of a ref's annotations."""
        named = ref["ann_id"] if isinstance(ref["ann_id"], list) else [ref["ann_id"]]
        image = self.images[ref["image_id"]]
        if named == [-1]:
            return np.zeros((image["height"], image["width"]), np.uint8)
        found = [self.annotations[one] for one in named]
        drawn = [_drawn(one, image) for one in found if len(found) == 1 or not one["iscrowd"]]
        return (np.sum(drawn, axis=0) > 0).astype(np.uint8)


def _drawn(annotation: dict[str, Any], image: dict[str, Any]) -> np.ndarray:
    found = annotation["segmentation"]
    if isinstance(found, dict):
        found = [found]
    if isinstance(found[0], list) or isinstance(found[0]["counts"], list):
        found = [coco.frPyObjects(one if isinstance(one, dict) else [one], image["height"],
                                  image["width"]) for one in found]  # fmt: skip
        found = [rle for one in found for rle in (one if isinstance(one, list) else [one])]
    return (np.sum(coco.decode(found), axis=2) > 0).astype(np.uint8)
