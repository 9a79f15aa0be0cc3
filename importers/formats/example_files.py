"""Files of the small datasets that formats write as examples of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
"""Side of an image, in pixels."""

TARGET = ((8, 12), (40, 12), (40, 44), (8, 44))
"""Corners (x, y) of the thing that every image shows."""

IMAGE_SPLITS = ("train", "train", "train", "val", "test", "test")
"""The split of each image."""


def picture(number: int) -> NDArray[np.uint8]:
    """An image (SIDE, SIDE, 3) of a thing on plain ground; another for each number."""
    pixels = np.full((SIDE, SIDE, 3), (90, 110 + number, 80), np.uint8)
    pixels[target() > 0] = (200, 60 + 20 * number, 40)
    return pixels


def target() -> NDArray[np.uint8]:
    """The mask (SIDE, SIDE) of the thing, 0 and 1."""
    (left, top), _, (right, bottom), _ = TARGET
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def image_bytes(pixels: NDArray[np.uint8], kind: str) -> bytes:
    """An image file.

    Args:
        pixels: (height, width) or (height, width, 3)
        kind: ``JPEG``, ``PNG`` or ``TIFF``
    """
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def put(path: Path, content: bytes | str) -> None:
    """Writes a file, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def json_lines(records: Iterable[dict[str, Any]]) -> str:
    """Records as JSON, one a line."""
    return "".join(json.dumps(record) + "\n" for record in records)


def llava_records(image: str, number: int) -> list[dict[str, Any]]:
    """A caption, a question and a box of an image, each a record of training data.

    Args:
        image: its path
        number: of the image; the texts differ by it
    """
    (left, top), _, (right, bottom), _ = TARGET
    corners = ", ".join(f"{side / SIDE:.3f}" for side in (left, top, right, bottom))
    talks = (
        ("Provide a one-sentence caption.", f"a red house on plot {number} ."),
        ("Is there a house?", "yes"),
        ("Give the bounding box of <p>the red house</p>.", f"[{corners}]"),
    )
    return [
        {
            "image": image,
            "conversations": [
                {"from": "human", "value": f"<image>\n{question}"},
                {"from": "gpt", "value": answer},
            ],
        }
        for question, answer in talks
    ]
