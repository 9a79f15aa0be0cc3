"""RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO: expressions for objects of COCO.

::

    refcoco/refs(unc).p, refcoco/instances.json
    images/mscoco/images/train2014/COCO_train2014_000000581857.jpg

The modules ``refer_*`` read and write them, and RRSIS-D as well, which has the same layout.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from pairlens.importers.formats.base import FORMATS, FormatFault
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    SIDE,
    TARGET,
    image_bytes,
    picture,
    put,
)
from pairlens.importers.formats.refer_files import is_rrsisd
from pairlens.importers.formats.refer_format import put_instances, refer_format, sentence

NAME = "refcoco"
_IMAGES = "images/mscoco/images/train2014"


def example(root: Path) -> Path:
    """Writes six images with an object each, named by two or one expressions."""
    images, annotations, refs = [], [], []
    polygon = [float(value) for point in TARGET for value in point]
    for number, split in enumerate(IMAGE_SPLITS, 1):
        name = f"COCO_train2014_{number:012}.jpg"
        put(root / _IMAGES / name, image_bytes(picture(number), "JPEG"))
        images.append({"id": number, "file_name": name, "height": SIDE, "width": SIDE})
        annotations.append(
            {"id": 100 + number, "image_id": number, "category_id": 1, "iscrowd": 0,
             "segmentation": [polygon], "bbox": [8.0, 12.0, 32.0, 32.0], "area": 1024.0}
        )  # fmt: skip
        texts = ["the red house", "only building"] if split == "train" else ["bright roof"]
        sentences = [sentence(text, 10 * number + place) for place, text in enumerate(texts)]
        refs.append(
            {"ref_id": number, "ann_id": 100 + number, "image_id": number, "category_id": 1,
             "split": {"test": "testA"}.get(split, split), "file_name": name,
             "sent_ids": [one["sent_id"] for one in sentences], "sentences": sentences}
        )  # fmt: skip
    put_instances(root / NAME, images, annotations)
    put(root / NAME / "refs(unc).p", pickle.dumps(refs, 2))
    return root


FORMATS.add(
    NAME,
    refer_format(
        NAME,
        lambda folder: not is_rrsisd(folder),
        title="RefCOCO",
        about="RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO: refs and COCO instances",
        layout="refs(*).p or grefs(*).json beside instances.json, and images/",
        docs="[RefCOCO](docs/formats/refcoco.md), RefCOCO+, RefCOCOg and gRefCOCO: `refs(*).p` or "
        "`grefs(*).json` beside `instances.json`, and `images/`",
        no_target="`no_target`, or -1 for an annotation",
        writes="RefCOCO and its kin: refs, instances.json and the images that are there",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / _IMAGES / "COCO_train2014_000000000004.jpg").unlink(),
                "refcoco/refs(unc).p[6]: the image COCO_train2014_000000000004.jpg is not there",
            ),
        ),
    ),
)
