"""Image payloads of requests to a service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pairlens.importers.errors import UsageError

MAX_BYTES = 64 << 20
"""Maximum size of an image in bytes; the limits of most services are lower."""


@dataclass(frozen=True, slots=True)
class Payload:
    """An image file in a format that browsers and services read."""

    data: bytes
    mime_type: str

    @property
    def name(self) -> str:
        """A file name that reveals only the format."""
        return f"image.{self.mime_type.removeprefix('image/')}"


def read_payload(image: Path) -> Payload:
    """The bytes of an image file; formats that browsers do not show become PNG.

    Raises:
        ImageError: if the file is not an image
        UsageError: if it is larger than :data:`MAX_BYTES`
    """
    from pairlens.importers.image_frame import UPRIGHT
    from pairlens.importers.masks import encode_png
    from pairlens.importers.media import inspect_image, read_rgb

    facts = inspect_image(image)
    if not facts.browsable or facts.orientation != UPRIGHT:  # services may not turn it
        data = encode_png(read_rgb(image))
        _check_size(image, len(data), " as PNG")
        return Payload(data, "image/png")
    _check_size(image, facts.size_bytes)
    return Payload(image.read_bytes(), facts.mime_type)


def _check_size(image: Path, size: int, form: str = "") -> None:
    if size > MAX_BYTES:
        raise UsageError(f"{image.name} has {size:,} bytes{form}, too many to be sent")
