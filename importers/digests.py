"""Digests of published texts and masks, which an import stores to detect later changes.

If the digest of a sample's present content differs from the stored one, the sample was edited. If
the digest of its record differs, the source was changed or is of another release.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from json.encoder import encode_basestring_ascii
from pathlib import Path

from pairlens.importers.arrays import MAX_BYTES
from pairlens.importers.records import (
    Encoded,
    InlineRaster,
    Instances,
    NoTarget,
    Polygons,
    Shape,
    Target,
)
from pairlens.importers.source_files import open_source

_LENGTH = 32
"""Hexadecimal digits: half of a SHA-256, since every sample has two or three digests."""


def texts_digest(texts: Iterable[str]) -> str:
    """Returns a digest of texts in their order: 32 hexadecimal digits."""
    listed = list(texts)
    try:  # the same as json.dumps of a list of strings, in half of the time
        text = f"[{', '.join(map(encode_basestring_ascii, listed))}]"
    except TypeError:  # a sample that was edited in Python can have other values
        text = json.dumps(listed)
    return _digest(text.encode())


def target_digest(target: Target) -> str:
    """Returns a digest of a mask in its published form, without decoding it.

    Equal digests mean equal masks, but equal masks in different forms have different digests.

    Returns:
        32 hexadecimal digits; ``""`` if the file cannot be read
    """
    if isinstance(target, Polygons):
        return _digest(repr([(s.points, s.ignore) for s in target.shapes]).encode())
    if isinstance(target, Encoded):
        return _digest(repr((target.size, target.counts)).encode())
    if isinstance(target, Instances):
        parts = [p.points if isinstance(p, Shape) else (p.size, p.counts) for p in target.parts]
        return _digest(repr((target.size, parts)).encode())
    if isinstance(target, NoTarget):
        return _digest(b"no target")
    if isinstance(target, InlineRaster):
        return _digest(target.content)
    return (file_sha256(target.path) or "")[:_LENGTH]


def file_sha256(path: Path) -> str | None:
    """Returns the SHA-256 of an image or mask file.

    Returns:
        64 hexadecimal digits; ``None`` if it is not a regular file, cannot be read, or is larger
        than :data:`MAX_BYTES`
    """
    try:
        with open_source(path, anywhere=True) as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                return None
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_LENGTH]
