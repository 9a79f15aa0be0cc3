"""Images as they are sent to a service."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from importers.errors import UsageError

MAX_SENT = 64 << 20
"""Bytes of an image file; services refuse far smaller ones."""

KEPT = 32
"""Images whose bytes are kept, since queries of one image follow each other."""


@dataclass(frozen=True, slots=True)
class Payload:
    """An image file in a form that browsers, and so services, know."""

    data: bytes
    mime_type: str

    @property
    def name(self) -> str:
        """A file name that tells nothing but the form."""
        return f"image.{self.mime_type.removeprefix('image/')}"


class Payloads:
    """Image files read, and re-encoded where they must be, once each; for many threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._cache: OrderedDict[Path, Payload] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, image: Path) -> Payload:
        """The image's bytes as published, or a PNG of what browsers do not show, such as TIFF.

        Raises:
            ImageError: if it is no image
            UsageError: if it is too large to be sent
        """
        with self._lock:
            payload = self._cache.get(image)
        if payload is None:
            payload = _read(image)
        with self._lock:
            self._cache[image] = payload
            self._cache.move_to_end(image)
            while len(self._cache) > self._kept:
                self._cache.popitem(last=False)
        return payload


def _read(image: Path) -> Payload:
    from importers.masks import encode_png
    from importers.media import inspect_image, read_rgb

    facts = inspect_image(image)
    if facts.browsable:
        if facts.size_bytes > MAX_SENT:
            raise UsageError(f"{image.name} has {facts.size_bytes:,} bytes, too many to be sent")
        return Payload(image.read_bytes(), facts.mime_type)
    data = encode_png(read_rgb(image))
    if len(data) > MAX_SENT:
        raise UsageError(f"{image.name} has {len(data):,} bytes as PNG, too many to be sent")
    return Payload(data, "image/png")
