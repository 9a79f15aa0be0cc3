"""Measures an image with its targets, or a mask: the task of a worker, without a database."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.metrics.label_masks import mask_of
from pairlens.importers import fields
from pairlens.importers.errors import MaskError
from pairlens.importers.image_stats import ImageStats, TargetColors, measure_image, measure_target
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask, Pixels, load_stored
from pairlens.importers.media import ImageError, read_rgb

ImageSamples = Sequence[Mapping[str, Any]]
Measured = tuple[ImageStats | None, list[TargetColors | None]]


def measure_mask(doc: Mapping[str, Any]) -> MaskStats | None:
    """Measures the mask of a sample; ``None`` if it is unchanged since the last measurement."""
    label, measured = doc.get(fields.SEGMENTATION), doc.get(fields.MASK_STATS)
    known = [one for one in (imported_digest(doc), (measured or {}).get("digest")) if one]
    try:
        if not label:
            raise MaskError("the pair has no mask")
        stats = measure(Mask(mask_of(label, None, stored=True, known=known)))
    except MaskError as error:
        stats = MaskStats(error=str(error))
    unchanged = measured is not None and stats.digest == measured.get("digest")
    return None if unchanged else stats


def imported_digest(doc: Mapping[str, Any]) -> str | None:
    """The digest of the imported mask of a sample; ``None`` if it is unknown."""
    return (doc.get(fields.SOURCE) or {}).get(fields.MASK_DIGEST)


def measure_group(docs: ImageSamples) -> Measured:
    """Decodes the image of some samples, and measures it and the targets.

    Args:
        docs: documents of samples with the same image

    Returns:
        measurements of the image, ``None`` if its file is not on this machine; and the colors of
        each target
    """
    file = docs[0]["filepath"]
    if not os.path.exists(file):  # noqa: PTH110 - of a million
        return None, [None] * len(docs)
    try:
        rgb = read_rgb(Path(file))
    except ImageError as error:
        return ImageStats(error=str(error)), [None] * len(docs)
    paths = [(doc.get(fields.SEGMENTATION) or {}).get("mask_path") for doc in docs]
    colors = {path: _target(rgb, path) for path in set(paths) if path}
    return measure_image(rgb), [colors.get(path) for path in paths]


def _target(rgb: Pixels, mask_path: str) -> TargetColors | None:
    try:
        return measure_target(rgb, Mask(load_stored(mask_path)))
    except MaskError:
        return None  # the check mask_unreadable reports it
