"""How many mirrored, turned and encoded images are found by their perceptual hashes.

``python benchmarks/bench_turned_hashes.py FOLDER ... [--side 256]`` cuts the images below some
folders into squares, mirrors and turns each in the eight ways, encodes it as JPEG and compares its
hash with that of the square, as ``pairlens leaks`` does. Of different squares it counts those taken
for near.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from pairlens.fiftyone_plugin.leaks.turned_hashes import ORIENTATIONS, SLACK, turned
from pairlens.importers.image_stats import measure_image
from pairlens.importers.media import ImageError, read_rgb

DISTANCE = 6
QUALITY = 75
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


def squares(folders: list[Path], side: int) -> Iterator[np.ndarray]:
    """The images cut into squares; smaller ones whole."""
    for file in sorted(f for folder in folders for f in folder.rglob("*") if f.is_file()):
        if file.suffix.lower() not in SUFFIXES:
            continue
        try:
            rgb = read_rgb(file)
        except ImageError:
            continue
        height, width = rgb.shape[:2]
        for y in range(0, max(1, height - side + 1), side):
            for x in range(0, max(1, width - side + 1), side):
                yield rgb[y : y + side, x : x + side]


def laid(rgb: np.ndarray, turn: int) -> np.ndarray:
    """A mirrored or turned image, encoded as JPEG and decoded."""
    rgb = rgb.transpose(1, 0, 2) if turn & 4 else rgb
    rgb = rgb[:, ::-1] if turn & 1 else rgb
    rgb = rgb[::-1] if turn & 2 else rgb
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb), options)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def hashes(images: list[np.ndarray]) -> np.ndarray:
    """The perceptual hashes of images that all have one."""
    found = [int(measure_image(np.ascontiguousarray(image)).phash or "0", 16) for image in images]
    return np.array(found, np.uint64)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--side", type=int, default=256)
    args = parser.parse_args()
    images = [i for i in squares(args.folders, args.side) if measure_image(i.copy()).phash]
    own = hashes(images)
    print(f"{len(images)} squares of {args.side} pixels, as JPEG of quality {QUALITY}")
    strangers = 0
    for turn, name in enumerate(ORIENTATIONS):
        most = DISTANCE + SLACK * (turn > 0)
        made = turned(own, turn)
        bits = np.bitwise_count(made ^ hashes([laid(image, turn) for image in images]))
        across = np.bitwise_count(own[:, None] ^ made[None, :])
        np.fill_diagonal(across, 64)
        strangers += int((across <= most).sum()) // 2
        print(
            f"  {name:32} {np.mean(bits <= most):6.1%} within {most} bits, mean {bits.mean():.1f}"
        )
    print(f"  {strangers} of {len(images) * (len(images) - 1) // 2} pairs of others are near")


if __name__ == "__main__":
    main()
