"""Prints what other tools read from COCO files, as JSON; run by a Python that has them.

python coco_readers.py supervision|datumaro FOLDER SPLIT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def supervision(folder: Path, split: str) -> dict[str, Any]:
    """By image: the areas of the masks, or of the boxes where there are none."""
    import supervision as sv

    read = sv.DetectionDataset.from_coco(
        str(folder / "images" / split), str(folder / "annotations" / f"instances_{split}.json")
    )
    found = {}
    for path, image, detections in read:
        areas = detections.area if len(detections) else []
        assert image.size
        found[Path(path).name] = sorted(round(float(area)) for area in areas)
    return {"areas": found, "classes": read.classes}


def datumaro(folder: Path, split: str) -> dict[str, Any]:
    """By image without its extension: the areas of masks and boxes, and the captions."""
    from datumaro.components.dataset import Dataset

    read = Dataset.import_from(str(folder), "coco")
    areas, captions = {}, {}
    for item in read:
        if item.subset != split:
            continue
        masks = [a for a in item.annotations if a.type.name in ("mask", "polygon")]
        boxes = [a for a in item.annotations if a.type.name == "bbox"]
        areas[item.id] = sorted(round(float(a.get_area())) for a in masks or boxes)
        captions[item.id] = sorted(a.caption for a in item.annotations if a.type.name == "caption")
        assert item.media is not None and item.media.data is not None
    return {"areas": areas, "captions": captions}


if __name__ == "__main__":
    reader, folder, split = sys.argv[1:]
    print(json.dumps(globals()[reader](Path(folder), split)))
