"""Masks that are painted in the panel *Pair*: what the brush starts from, and what comes back.

Both ways a mask travels as COCO's compressed RLE, in the pixels of the published mask, whatever
the screen shows of them. What comes back is data of a stranger: its text is bounded, and its
size is that of the pair's mask before a pixel of it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.curation import mask_replacement, review_fields
from pairlens.fiftyone_plugin.curation.log import Change
from pairlens.fiftyone_plugin.curation.panel_types import MaskRuns, MaskToPaint
from pairlens.fiftyone_plugin.curation.texts import MAX_RLE
from pairlens.importers import working_set
from pairlens.importers.errors import MaskError, StateError, UsageError
from pairlens.importers.fields import IGNORE, KEY, ORIGINAL_MASK, SEGMENTATION, TARGET
from pairlens.importers.masks import Pixels
from pairlens.importers.rle import decode_rle, encode_rle, read_runs
from pairlens.importers.stored_values import Document

MOST_PIXELS = 1 << 24
"""Larger masks than of 4096x4096 are not painted: a browser draws them too slowly."""


def mask_to_paint(dataset: Any, pair: str, *, source: str = SEGMENTATION) -> MaskToPaint:
    """A mask of a pair, to be painted on.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        source: the field: the ground truth, the published mask (``original_mask``), or a
            prediction, which comes in the size of the ground truth

    Raises:
        UsageError: for an unknown pair or field, or a pair that is declared to have no target
        StateError: if the mask cannot be read, or is too large or too ragged to be painted
    """
    working_set.check(dataset)
    document = review_fields.document_of(dataset, pair)
    mask_replacement.refuse_without_target(document)
    height, width = mask_replacement.size_of(document)
    if height * width > MOST_PIXELS:
        raise StateError(
            f"the mask of {document[KEY]!r} has {width}x{height} pixels; the brush paints up to "
            f"{MOST_PIXELS:,}, FiftyOne's annotation mode takes larger ones"
        )
    published = mask_replacement.published_pixels(document)
    ignored = None if published is None else published == IGNORE
    return {
        "target": _runs(document, _target(dataset, document, source, published)),
        "ignored": None if ignored is None or not ignored.any() else _runs(document, ignored),
        "longest": MAX_RLE,
    }


def _target(dataset: Any, document: Document, source: str, published: Pixels | None) -> Any:
    if source == ORIGINAL_MASK or (source == SEGMENTATION and not document.get(SEGMENTATION)):
        blank = np.zeros(mask_replacement.size_of(document), np.uint8)
        return blank if published is None else published == TARGET
    mask_replacement.check_source(dataset, source)
    return mask_replacement.target_of(mask_replacement.with_label(document, source), source)


def _runs(document: Document, pixels: Any) -> MaskRuns:
    rle = encode_rle(pixels)
    if len(rle["counts"]) > MAX_RLE:
        raise StateError(f"the mask of {document[KEY]!r} has too many edges to be painted")
    return {"size": rle["size"], "counts": rle["counts"]}


def check_painted(painted: Any) -> None:
    """Validates a painted mask, as far as it does not depend on the pair.

    Args:
        painted: ``{"size": [height, width], "counts": text}``

    Raises:
        UsageError: if it is no RLE, or longer than a mask may be
    """
    counts = painted.get("counts") if isinstance(painted, Mapping) else None
    if not isinstance(counts, str) or len(counts) > MAX_RLE:
        raise UsageError(
            f"the painted mask is no RLE of at most {MAX_RLE:,} characters; one with more edges "
            "is not kept"
        )
    try:
        read_runs(painted)
    except MaskError as error:
        raise UsageError(f"the painted mask cannot be: {error}") from None


def with_painted(dataset: Any, change: Change, painted: Mapping[str, Any]) -> list[Change]:
    """Adds a painted mask to the change of a pair.

    Args:
        dataset: that the pair belongs to
        change: the verdict, as it would be without
        painted: as :func:`check_painted` takes it

    Returns:
        the changes of the pair and of those that share its mask

    Raises:
        UsageError: if it is no such mask, is empty or of another size, or the pair takes none
        StateError: if the mask cannot be written
    """
    check_painted(painted)
    document = review_fields.document_of(dataset, change.sample_id)
    mask_replacement.refuse_without_target(document)
    height, width = mask_replacement.size_of(document)
    if list(painted["size"]) != [height, width]:
        theirs = "x".join(map(str, reversed(painted["size"])))
        raise UsageError(
            f"the painted mask has {theirs} pixels, that of {document[KEY]!r} {width}x{height}"
        )
    target = decode_rle(painted)
    mask_replacement.refuse_empty(document, target, "the painted mask")
    return mask_replacement.changes_to(dataset, change, target)
