"""The present masks of samples, and whether they differ from the imported ones.

A label's mask is stored in the database or in a file, which need not be one of PairLens. It is
compared with the digest that was stored at import; see :mod:`pairlens.importers.digests`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.metrics.label_masks import image_size, mask_of
from pairlens.importers.errors import MaskError, StateError, UsageError
from pairlens.importers.fields import (
    KEY,
    MASK_DIGEST,
    MASK_STATS,
    ORIGINAL_MASK,
    SEGMENTATION,
    SOURCE,
)
from pairlens.importers.files import safe_name
from pairlens.importers.formats.export_items import HeldMask
from pairlens.importers.mask_stats import digest
from pairlens.importers.stored_values import Document

READ = (
    *(f"{SEGMENTATION}.{name}" for name in ("_cls", "mask", "mask_path")),
    *(f"{MASK_STATS}.{name}" for name in ("digest", "width", "height")),
    f"{ORIGINAL_MASK}.digest", f"{SOURCE}.{MASK_DIGEST}", "metadata.width", "metadata.height",
)  # fmt: skip
"""What is read of a document."""


class HeldMasks:
    """Reads the masks of samples; consecutive samples that share a file read it once."""

    def __init__(self) -> None:
        self._last: tuple[Any, HeldMask] | None = None

    def of(self, document: Document) -> HeldMask | None:
        """The mask of a sample; ``None`` if it has none.

        Raises:
            StateError: if it cannot be read
        """
        label = document.get(SEGMENTATION) or {}
        path = label.get("mask_path")
        if not path and label.get("mask") is None:
            return None
        known = _stored_digests(document)
        if self._last and path and self._last[0] == (path, known):
            return self._last[1]
        try:
            pixels = mask_of({"_cls": "Segmentation", **label}, None, stored=True, known=known)
        except MaskError as error:
            raise StateError(
                f"{document[KEY]}: its mask cannot be read ({error}); a deleted one is made again "
                "by import --resume: nothing was exported"
            ) from error
        name = Path(path).name if path else f"{safe_name(document[KEY])}.png"
        held = HeldMask(digest(pixels), pixels, name)
        self._last = (path, known), held
        return held


def _stored_digests(document: Document) -> tuple[str, ...]:
    """Digests of the masks that PairLens stored for the pair."""
    found = ((document.get(name) or {}).get("digest") for name in (MASK_STATS, ORIGINAL_MASK))
    return tuple(one for one in (*found, _imported(document)) if one)


def _imported(document: Document) -> str:
    return (document.get(SOURCE) or {}).get(MASK_DIGEST) or ""


def published_digest(document: Document) -> str:
    """The digest of the mask as imported; ``""`` if it could not be decoded.

    Raises:
        StateError: if no digest is stored: an earlier version imported the pair, and its
            measurements were deleted
    """
    if (stored := (document.get(SOURCE) or {}).get(MASK_DIGEST)) is not None:
        return stored
    kept = document.get(ORIGINAL_MASK) or document.get(MASK_STATS)
    if not kept:
        raise StateError(
            f"{document[KEY]}: its mask was never measured; run: pairlens flag NAME: nothing was "
            "exported"
        )
    return kept.get("digest") or ""


def changed_mask(document: Document, held: HeldMask | None) -> HeldMask | None:
    """The mask of a sample if it differs from the imported one, else ``None``.

    Args:
        document: the sample's document
        held: its present mask

    Raises:
        UsageError: if the mask was removed or has another size
    """
    published = published_digest(document)
    if held is None:
        if published:
            raise UsageError(
                f"{document[KEY]}: its mask was removed; put it back, or leave the pair out: "
                "nothing was exported"
            )
        return None
    if held.digest == published:
        return None
    size = image_size(document.get(MASK_STATS)) or image_size(document.get("metadata"))
    if size and held.pixels.shape != size:
        ours, theirs = ("x".join(map(str, shape[::-1])) for shape in (held.pixels.shape, size))
        raise UsageError(
            f"{document[KEY]}: its mask is {ours} pixels, and the published one {theirs}: nothing "
            "was exported"
        )
    return held
