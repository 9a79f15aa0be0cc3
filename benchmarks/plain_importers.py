"""Import scripts with FiftyOne only: a loop, fo.Sample, add_samples."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import fiftyone as fo
import numpy as np
from bson import ObjectId
from PIL import Image

from pairlens.importers.mask_stats import measure
from pairlens.importers.masks import Mask
from pairlens.importers.polygons import polygon_faults
from pairlens.importers.records import CaptionedImage, Shape
from pairlens.importers.stored_values import plain_stats


def gres_samples(root: Path, masks: Path, *, all_fields: bool) -> list[Any]:
    """Draws and writes the masks of a GRES layout and makes its samples.

    Args:
        root: the layout
        masks: the folder for the masks
        all_fields: whether the samples have all fields of PairLens, and not only the visible ones
    """
    masks.mkdir(parents=True, exist_ok=True)
    samples = []
    for file in sorted(root.glob("gres_annotations/*/*.json")):
        content = json.loads(file.read_text())
        split = file.parent.name
        image = root / "gres_images" / split / content["shapes"][0]["image_name"]
        height, width = cv2.imread(str(image)).shape[:2]
        mask = np.zeros((height, width), np.uint8)
        for shape in content["shapes"]:
            points = np.array([shape["points"]], dtype=np.int32)
            cv2.polylines(mask, points, True, 1, 1)
            cv2.fillPoly(mask, points, 1)
        path = str(masks / f"{file.stem}.png")
        cv2.imwrite(path, mask)
        facts = _facts(file, image, mask, content) if all_fields else {}
        for index, phrase in enumerate(content["text"]):
            sample = fo.Sample(filepath=str(image), tags=[split], phrase=phrase, **facts)
            sample["key"] = f"gres/{split}/{file.stem}#{index}"
            sample["segmentation"] = fo.Segmentation(mask_path=path)
            if all_fields:
                sample["source"] = _source(file, image, index)
            samples.append(sample)
    return samples


def _facts(file: Path, image: Path, mask: Any, content: dict[str, Any]) -> dict[str, Any]:
    shapes = tuple(Shape(tuple(map(tuple, s["points"]))) for s in content["shapes"])
    stats = measure(Mask(mask), polygon_faults(shapes, *mask.shape))
    return {
        "image_id": file.stem,
        "metadata": fo.ImageMetadata.build_for(str(image)),
        "no_target": False,
        "image_missing": False,
        "mask_stats": fo.DynamicEmbeddedDocument(**plain_stats(stats)),
    }


def _source(file: Path, image: Path, index: int) -> Any:
    return fo.DynamicEmbeddedDocument(
        file=f"gres_annotations/{file.parent.name}/{file.name}",
        index=index,
        image_name=image.name,
        image_digest=hashlib.sha256(image.read_bytes()).hexdigest(),
    )


def caption_sample(record: CaptionedImage, path: Path, metadata: Any) -> Any:
    """A sample of an image with captions."""
    box = record.footprint
    ring = box and [
        [box.west, box.south], [box.east, box.south], [box.east, box.north],
        [box.west, box.north], [box.west, box.south],
    ]  # fmt: skip
    return fo.Sample(
        filepath=str(path),
        tags=[record.split],
        metadata=metadata,
        key=record.key,
        image_id=record.image_id,
        image_missing=False,
        source=fo.DynamicEmbeddedDocument(
            file=record.source.file, index=record.source.index, image_name=record.image_name,
            image_digest="0" * 64,
        ),
        caption=record.captions[0].text,
        captions=[
            fo.DynamicEmbeddedDocument(text=c.text, task=c.task, annotator=c.annotator)
            for c in record.captions
        ],
        capture_date=record.captured,
        location=box and fo.GeoLocation(
            point=[(box.west + box.east) / 2, (box.south + box.north) / 2], polygon=[ring]
        ),
    )  # fmt: skip


def shard_documents(root: Path, images: Path, dataset_id: ObjectId) -> Iterator[dict[str, Any]]:
    """Writes the images of shards of RSTeller, and makes documents with the App's fields and texts.

    What any import does and no more: nothing is checked, no place or date is read from a name, and
    an image that a kill leaves in half stays so.

    Args:
        root: the shards, in which an image stands before its annotation
        images: the folder for the images
        dataset_id: of the dataset
    """
    images.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for shard in sorted(root.glob("*.tar")):
        with tarfile.open(shard) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                content = stream.read() if stream else b""
                if member.name.endswith(".json"):
                    yield _captioned(found, json.loads(content), dataset_id)
                    continue
                file = images / member.name
                file.write_bytes(content)
                with Image.open(io.BytesIO(content)) as image:
                    found = {"filepath": str(file), "metadata": {
                        "_cls": "ImageMetadata", "size_bytes": len(content),
                        "mime_type": "image/jpeg", "width": image.width, "height": image.height,
                        "num_channels": 3,
                    }}  # fmt: skip


def _captioned(
    found: dict[str, Any], content: dict[str, Any], dataset_id: ObjectId
) -> dict[str, Any]:
    patch, now = content["metadata"]["patch_id"], datetime.now(UTC)
    captions = [
        {"_cls": "DynamicEmbeddedDocument", "text": one["text"], "task": one["task"],
         "annotator": one["annotator"]}
        for one in content["annotations"]
    ]  # fmt: skip
    return {
        "_id": ObjectId(), "_dataset_id": dataset_id, "_media_type": "image", "_rand": 0.5,
        "tags": ["train"], "created_at": now, "last_modified_at": now, "split": "train",
        "key": f"rsteller/train/{patch}", "image_id": str(patch), "image_missing": False,
        "caption": captions[0]["text"], "captions": captions, **found,
    }  # fmt: skip
