"""The masks that samples hold now, and whether they are others than were imported.

A label's mask lies in the database or in a file, PairLens' own or another. What a sample holds is
compared with the digest that was stored at import; :mod:`pairlens.importers.digests` has the
rule."""

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
    """Reads masks; of queries that share a file and follow each other it is read once."""

    def __init__(self) -> None:
        self._last: tuple[Any, HeldMask] | None = None

    def of(self, document: Document) -> HeldMask | None:
        """The mask of a sample; ``None`` where it has none.

        Raises:
            StateError: if it cannot be read
        """
        label = document.get(SEGMENTATION) or {}
        path = label.get("mask_path")
        if not path and label.get("mask") is None:
            return None
        known = _known(document)
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


def _known(document: Document) -> tuple[str, ...]:
    """Digests of the masks that PairLens stored for the pair."""
    found = ((document.get(name) or {}).get("digest") for name in (MASK_STATS, ORIGINAL_MASK))
    return tuple(one for one in (*found, _imported(document)) if one)


def _imported(document: Document) -> str:
    return (document.get(SOURCE) or {}).get(MASK_DIGEST) or ""


def published_digest(document: Document) -> str:
    """The digest of the mask as imported; ``""`` where that could not be decoded.

    Raises:
        StateError: if it is not known: an earlier version imported the pair, and what it measured
            was deleted
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
    """The mask of a sample where it is another than the imported one.

    Args:
        document: of the sample
        held: its mask

    Raises:
        StateError: if the mask was removed, or is of another size
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
