"""RRSIS-D: expressions for objects in aerial images, in the layout of RefCOCO.

::

    rrsisd/refs(unc).p, rrsisd/instances.json
    images/rrsisd/JPEGImages/00001.jpg
    images/rrsisd/ann_split/             boxes of DIOR, which are not read

After ``refer/refer.py`` in Lsan2401/RMSIN. An annotation differs from COCO's: ``bbox`` holds x and
y of two corners, the category is ``categories_id``, ``area`` is not that of the mask.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from pairlens.importers.formats.base import FORMATS, FormatFault
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    SIDE,
    image_bytes,
    picture,
    put,
    target,
)
from pairlens.importers.formats.refer_files import is_rrsisd
from pairlens.importers.formats.refer_format import put_instances, refer_format, sentence
from pairlens.importers.rle import encode_rle

NAME = "rrsisd"
_IMAGES = "images/rrsisd/JPEGImages"


def example(root: Path) -> Path:
    """Writes six images with an object and an expression each."""
    images, annotations, refs = [], [], []
    for number, split in enumerate(IMAGE_SPLITS):
        name = f"{number + 1:05}.jpg"
        put(root / _IMAGES / name, image_bytes(picture(number), "JPEG"))
        images.append({"id": number, "file_name": name, "height": SIDE, "width": SIDE})
        annotations.append(
            {"id": number, "image_id": number, "categories_id": 1, "iscrowd": 0,
             "segmentation": [encode_rle(target())], "bbox": [8, 12, 40, 44], "area": 7}
        )  # fmt: skip
        text = f"the red house on plot {number}"
        refs.append(
            {"ref_id": number, "ann_id": number, "image_id": number, "category_id": 1,
             "split": split, "file_name": name, "sent_ids": [number],
             "sentences": [sentence(text, number)]}
        )  # fmt: skip
    put_instances(root / NAME, images, annotations)
    put(root / NAME / "refs(unc).p", pickle.dumps(refs))
    return root


FORMATS.add(
    NAME,
    refer_format(
        NAME,
        is_rrsisd,
        title="RRSIS-D",
        about="RRSIS-D: refs and run-length masks of aerial images",
        layout="rrsisd/refs(*).p and rrsisd/instances.json, and images/rrsisd/JPEGImages/",
        docs="[RRSIS-D](docs/formats/rrsisd.md): `rrsisd/refs(unc).p`, `rrsisd/instances.json` and "
        "`images/rrsisd/JPEGImages/*.jpg`",
        writes="RRSIS-D: refs, instances.json and the images that are there",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / _IMAGES / "00004.jpg").unlink(),
                "rrsisd/refs(unc).p[3]: the image 00004.jpg is not there",
            ),
        ),
    ),
)
