"""Generates masks of pairs, in the file format of PairLens or of other tools."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pairlens.importers.masks import encode_png

Paths = list[tuple[str, str]]
"""Of the files of targets and predictions."""

Encode = Callable[[np.ndarray], bytes]


def write_masks(folder: Path, pairs: int, side: int, encode: Encode) -> Paths:
    """A target of some corners each, and a prediction that is the target, shifted and blurred."""
    random = np.random.default_rng(0)
    paths = []
    for i in range(pairs):
        turn = np.sort(random.random(9)) * 2 * np.pi
        reach = side * random.uniform(0.05, 0.25) * random.uniform(0.6, 1, 9)
        centre = random.uniform(0.25, 0.75, 2) * side
        points = centre + np.stack([np.cos(turn), np.sin(turn)], 1) * reach[:, None]
        target = cv2.fillPoly(np.zeros((side, side), np.uint8), [points.astype(np.int32)], 1)
        shifted = np.roll(target, random.integers(-side // 30, side // 30 + 1, 2), (0, 1))
        prediction = cv2.medianBlur(shifted, 5)
        pair = (folder / f"{i}_t.png", folder / f"{i}_p.png")
        pair[0].write_bytes(encode_png(np.asarray(target, np.uint8)))
        pair[1].write_bytes(encode(np.asarray(prediction, np.uint8)))
        paths.append((str(pair[0]), str(pair[1])))
    return paths


def by_opencv(mask: np.ndarray) -> bytes:
    """A mask as most scripts save it: 0 and 255, with OpenCV."""
    return cv2.imencode(".png", 255 * mask)[1].tobytes()


def by_pillow(mask: np.ndarray) -> bytes:
    """The same with Pillow."""
    stream = BytesIO()
    Image.fromarray(255 * mask).save(stream, "png")
    return stream.getvalue()
