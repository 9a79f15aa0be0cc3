"""Statistics that several checks of datasets keep of each batch; no check is here."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.importers import fields

DIGITS = 16
"""Hexadecimal digits of a digest that tell a million files apart."""


def splits(batch: Batch) -> NDArray[Any]:
    """The split, as text."""
    return np.array([split or "" for split in batch.values(fields.SPLIT)], np.object_)


def image_names(batch: Batch) -> NDArray[np.uint64]:
    """A hash of the image's split and name."""
    named = list(zip(batch.values(fields.SPLIT), batch.values(fields.IMAGE_ID), strict=True))
    hashes = {each: text_hash(f"{each[0] or ''}/{each[1]}") for each in dict.fromkeys(named)}
    return np.array([hashes[each] for each in named], np.uint64)


def image_digests(batch: Batch) -> NDArray[np.uint64]:
    """The head of the image file's digest, 0 where there is none."""
    return heads(batch.values(fields.IMAGE_DIGEST))


def text_hash(text: str) -> int:
    """Eight bytes that are the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def heads(digests: Sequence[str | None]) -> NDArray[np.uint64]:
    """The first eight bytes of each digest, 0 where there is none."""
    return np.array([int(each[:DIGITS], 16) if each else 0 for each in digests], np.uint64)
