"""Computes the perceptual hash of a mirrored or turned image from that of the image.

The hash has a bit for each of the lowest 8x8 frequencies: whether it is above their median
(:func:`pairlens.importers.image_stats.perceptual_hash`). Mirroring an image changes the sign of its
odd frequencies along that axis, and exchanging its axes exchanges theirs. The median is near
zero, so that a changed sign is a changed bit, except for coefficients between zero and the median.
The computed hash therefore differs from that of the mirrored image in four bits on average
(``docs/across.md``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

ORIENTATIONS = (
    "as it is",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180 degrees",
    "mirrored along the diagonal",
    "turned clockwise",
    "turned counterclockwise",
    "mirrored along the other diagonal",
)
"""The eight symmetries of a square, as changes of an image."""

SLACK = 2
"""Additional bits by which turned images may differ, since their hash is approximate."""


def turned(hashes: Hashes, turn: int) -> Hashes:
    """The hashes of turned images.

    Args:
        hashes: (n,) hashes of the images
        turn: index in :data:`ORIENTATIONS`

    Returns:
        (n,) hashes; the distance of two hashes does not change if both are turned
    """
    octets = np.ascontiguousarray(hashes, ">u8").view(np.uint8).reshape(-1, 8)
    bits = np.unpackbits(octets, axis=1).reshape(-1, 8, 8)
    if turn & 4:
        bits = bits.transpose(0, 2, 1)
    # Rows and columns are the frequencies 1 to 8.
    if turn & 1:
        bits = bits ^ _ODD
    if turn & 2:
        bits = bits ^ _ODD.T
    packed = np.packbits(bits.reshape(-1, 64), axis=1)
    return packed.view(">u8").ravel().astype(np.uint64)


_ODD = np.tile(np.array([1, 0], np.uint8), (8, 4))
