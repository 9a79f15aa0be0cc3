"""Prepares the records of an image: its files on disk, and the values for the database.

This is what workers run: it decodes, measures and writes, and imports no FiftyOne.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from importers.archives import extract
from importers.errors import MaskError, RecordError
from importers.files import safe_name, write_atomic
from importers.mask_stats import MaskStats, measure
from importers.masks import Mask, encode_png, read_mask
from importers.media import CHIP, ImageError, ImageFacts, inspect_image, placeholder, read_rgb
from importers.polygons import polygon_faults, rasterize
from importers.records import (
    CaptionedImage,
    Encoded,
    ImageFile,
    Instruction,
    NoTarget,
    Packed,
    Pair,
    Polygons,
    Record,
    Target,
)
from importers.rle import decode_rle


@dataclass(frozen=True, slots=True)
class Place:
    """Where media goes and what stands in for images that are not there.

    Attributes:
        media_dir: the dataset's own folder
        placeholders: whether a missing image gets a placeholder chip
    """

    media_dir: Path
    placeholders: bool


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """The image of some records, as the database describes it.

    Attributes:
        filepath: the image as published
        rendition: what a browser can show of it, where that is another file
        facts: of the image
        missing: whether it is a placeholder
        content: SHA-256 of the pixels as RGB where they were decoded; else ``""``
    """

    filepath: Path
    rendition: Path | None
    facts: ImageFacts
    missing: bool
    content: str = ""


@dataclass(frozen=True, slots=True)
class PreparedPair:
    """A pair with its files written.

    Attributes:
        record: the pair
        image: its image
        mask_path: the stored mask, or ``None`` where it could not be decoded
        stats: the mask's measurements, with the error where it could not be decoded
    """

    record: Pair
    image: PreparedImage
    mask_path: Path | None
    stats: MaskStats


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A record of texts about an image, with the image prepared."""

    record: CaptionedImage | Instruction
    image: PreparedImage


Prepared = PreparedPair | PreparedText


def prepare(records: tuple[Record, ...], place: Place) -> list[Prepared]:
    """Prepares the records of one image, all of them of one kind.

    Raises:
        RecordError: if the image is missing and placeholders were not asked for, or if it
            cannot be read
    """
    image = _prepare_image(records[0], place)
    pairs = [record for record in records if isinstance(record, Pair)]
    texts = [PreparedText(r, image) for r in records if not isinstance(r, Pair)]
    return [*_prepare_pairs(pairs, image, place), *texts]


def _prepare_pairs(pairs: list[Pair], image: PreparedImage, place: Place) -> list[PreparedPair]:
    masks: dict[Target, tuple[Path | None, MaskStats]] = {}
    for pair in pairs:
        if pair.target not in masks:
            masks[pair.target] = _prepare_mask(pair, image.facts, place)
    return [PreparedPair(pair, image, *masks[pair.target]) for pair in pairs]


def _prepare_image(record: Record, place: Place) -> PreparedImage:
    name = safe_name(f"{record.split}/{record.image_id}")
    if record.image is None:
        return _stand_in(record, name, place)
    try:
        path, facts = _bring(record.image, place)
        rendition, content = None, ""
        if not facts.browsable:
            rendition = place.media_dir / "renditions" / f"{name}.png"
            pixels = read_rgb(path)
            content = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
            write_atomic(rendition, encode_png(pixels))
    except ImageError as error:
        raise RecordError(str(record.source), str(error)) from error
    return PreparedImage(path, rendition, facts, missing=False, content=content)


def _bring(image: ImageFile, place: Place) -> tuple[Path, ImageFacts]:
    if isinstance(image, Packed):
        return extract(image, place.media_dir / "images")
    return image, inspect_image(image)


def _stand_in(record: Record, name: str, place: Place) -> PreparedImage:
    if not place.placeholders:
        raise RecordError(str(record.source), f"the image {record.image_name} is not there")
    chip = place.media_dir / "placeholders" / f"{name}.png"
    write_atomic(chip, encode_png(placeholder(record.image_name)))
    facts = ImageFacts(CHIP, CHIP, 1, "image/png", chip.stat().st_size, "", browsable=True)
    return PreparedImage(chip, None, facts, missing=True)


def _prepare_mask(pair: Pair, facts: ImageFacts, place: Place) -> tuple[Path | None, MaskStats]:
    try:
        mask, faults = _decode(pair.target, facts.height, facts.width)
    except MaskError as error:
        return None, MaskStats(error=str(error))
    path = place.media_dir / "masks" / f"{safe_name(pair.key)}.png"
    write_atomic(path, encode_png(mask.pixels))
    return path, measure(mask, faults)


def _decode(target: Target, height: int, width: int) -> tuple[Mask, tuple[str, ...]]:
    if isinstance(target, Polygons):
        faults = polygon_faults(target.shapes, height, width)
        return rasterize(target.shapes, height, width), faults
    if isinstance(target, Encoded):
        counts = list(target.counts) if isinstance(target.counts, tuple) else target.counts
        return Mask(decode_rle({"size": list(target.size), "counts": counts})), ()
    if isinstance(target, NoTarget):
        return Mask(np.zeros((height, width), np.uint8)), ()
    return read_mask(target.path), ()


def group_by_image(records: Iterator[Record]) -> Iterator[tuple[Record, ...]]:
    """Groups records of one image that follow each other."""
    group: list[Record] = []
    for record in records:
        if group and (record.split, record.image_id) != (group[0].split, group[0].image_id):
            yield tuple(group)
            group = []
        group.append(record)
    if group:
        yield tuple(group)
