"""The perceptual hash of a mirrored or turned image, made of that of the image.

The hash has a bit for each of the lowest 8x8 frequencies: whether it is above their median
(:func:`pairlens.importers.image_stats.perceptual_hash`). Mirroring an image changes the sign of its
odd frequencies along that axis, and exchanging its axes exchanges theirs. The median lies near
zero, so that a sign that changes is a bit that changes: of those whose frequency lies between zero
and the median this is wrong. So the hash of the mirrored image itself differs in some bits, four in
the mean (``docs/across.md``).
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
"""The eight ways to lay an image on a square: what was done to it."""

SLACK = 2
"""Bits by which a turned image may differ more: its hash is not quite that of the image turned."""


def turned(hashes: Hashes, turn: int) -> Hashes:
    """The hashes of turned images.

    Args:
        hashes: (n,), of the images
        turn: the number of one of :data:`ORIENTATIONS`

    Returns:
        (n,); distances of hashes stay as they are when both are turned alike
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
