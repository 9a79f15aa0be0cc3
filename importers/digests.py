"""Digests of what published files hold, stored at import: they tell an edit, and a changed source.

A sample is edited where the digest of what it holds now is another than the one that was stored; a
source has changed, or is another release's, where the digest of its record is.
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
"""Hexadecimal digits: half of a SHA-256, of which there are two or three on every sample."""


def texts_digest(texts: Iterable[str]) -> str:
    """A digest of texts in their order."""
    listed = list(texts)
    try:  # what json.dumps does with a list of texts, in half of the time
        text = f"[{', '.join(map(encode_basestring_ascii, listed))}]"
    except TypeError:  # a sample that was edited by hand can hold anything
        text = json.dumps(listed)
    return _digest(text.encode())


def target_digest(target: Target) -> str:
    """A digest of a mask as the published files hold it, undecoded; ``""`` where it cannot be read.

    Equal digests mean equal masks; one mask can be stored in several ways.
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
    """SHA-256 of an image's or mask's file, in hexadecimal digits.

    Returns:
        ``None`` where there is none that can be read: no regular file, or a larger one than is
        decoded
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
