"""Prepares the records of an image: decodes and measures their masks, and writes files.

This runs in workers and does not import FiftyOne.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pairlens.importers.archives import extract
from pairlens.importers.coco_masks import draw_instances
from pairlens.importers.decisions import Decision
from pairlens.importers.digests import target_digest
from pairlens.importers.errors import LockedMask, MaskError, RecordError, StateError
from pairlens.importers.files import safe_name, write_once
from pairlens.importers.frozen import frozen
from pairlens.importers.image_frame import BACK, UPRIGHT, turn
from pairlens.importers.large_images import one_large_at_a_time
from pairlens.importers.mask_frame import (
    Frame,
    draw_upright,
    frame_of,
    in_image,
    in_upright_frame,
)
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask, encode_png, of_values, read_mask, read_mask_bytes
from pairlens.importers.media import (
    CHIP,
    ImageError,
    ImageFacts,
    decode_rgb,
    inspect_image,
    placeholder,
)
from pairlens.importers.polygons import enlarged, half_open, in_pixels
from pairlens.importers.reading import AS_DECIDED, Reading
from pairlens.importers.records import (
    CaptionedImage,
    Encoded,
    ImageFile,
    InlineRaster,
    Instances,
    Instruction,
    NoTarget,
    Pair,
    Polygons,
    Record,
    Target,
)
from pairlens.importers.source_files import Boundary, check_there, reading_within, reason_of

MAX_GROUP = 1000
"""Maximum number of records that are prepared together, in memory."""

AS_SET = "read-as-set"
"""Folder of images that the user's settings read differently than the file declares."""


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """Where media are written, and how images and masks are read.

    Attributes:
        media_dir: the dataset's media folder
        placeholders: whether a missing image gets a placeholder
        reading: the user's settings of how files are read
        boundary: the folder that links in the source must not lead out of
        keeps: whether masks, renditions and placeholders are written; otherwise masks are only
            measured
        source: the published files. If a mask is missing and they do not exist any more, this is
            an error of the whole step, not of the mask; ``None`` if it is not checked
    """

    media_dir: Path
    placeholders: bool
    reading: Reading = AS_DECIDED
    boundary: Boundary = None
    keeps: bool = True
    source: Path | None = None


@frozen
class PreparedImage:
    """The image of some records, as the database describes it.

    Attributes:
        file: path of the published image, or of its placeholder
        rendition: path of a copy that browsers can show, if they cannot show the file itself
        facts: of the image
        missing: whether it is a placeholder
        content: SHA-256 of shape and RGB pixels if they were decoded, else ``""``
        decisions: how the file was read, if it was ambiguous
    """

    file: str
    rendition: Path | None
    facts: ImageFacts
    missing: bool
    content: str = ""
    decisions: tuple[Decision, ...] = ()

    @property
    def filepath(self) -> Path:
        """:attr:`file` as a path."""
        return Path(self.file)


@frozen
class PreparedPair:
    """A pair whose files are written.

    Attributes:
        record: the pair
        image: its image
        mask_path: the stored mask; ``None`` if it could not be decoded or is not kept
        stats: the measurements of the mask, or the error if it could not be decoded
        target_digest: digest of the mask in the published files; ``""`` if masks are not kept
        frame: the coordinate system of the target's polygons if a decision determined it; ``None``
            if it is as the format defines
        decisions: how the mask was read, if it was ambiguous
    """

    record: Pair
    image: PreparedImage
    mask_path: Path | None
    stats: MaskStats
    target_digest: str = ""
    frame: Frame | None = None
    decisions: tuple[Decision, ...] = ()


@frozen
class PreparedText:
    """A captioned image or instruction whose image is prepared."""

    record: CaptionedImage | Instruction
    image: PreparedImage


Prepared = PreparedPair | PreparedText


@frozen
class Group:
    """The records of an image, and those of them that the database lacks."""

    records: tuple[Record, ...]
    missing: tuple[Record, ...]

    def __str__(self) -> str:
        """Returns the source of the first record, for messages."""
        return str(self.records[0].source)


def prepare_missing(group: Group, place: MediaPlace) -> list[Prepared]:
    """Prepares those records of a group that the database lacks; see :func:`prepare`."""
    if not group.missing:
        return []
    # All records are prepared, so that files get the same names as in a run that was not killed.
    made = prepare(group.records, place)
    if group.missing is group.records:
        return made
    wanted = {record.key for record in group.missing}
    made = [p for p in made if p.record.key in wanted]
    if group.records[0].key in wanted:
        return made
    # Decisions on the image were counted with its first record, in the earlier run.
    return [replace(p, image=replace(p.image, decisions=())) for p in made]


def prepare(records: tuple[Record, ...], place: MediaPlace) -> list[Prepared]:
    """Prepares the records of one image, which are all of one kind.

    Args:
        records: of the image
        place: where media are written

    Raises:
        RecordError: if the image is missing and placeholders were not requested, or if it cannot be
            read
        StateError: if a file cannot be written
    """
    with reading_within(place.boundary):  # set here, since workers are other threads
        image = prepare_image(records[0], place)
        pairs = [record for record in records if isinstance(record, Pair)]
        texts = [PreparedText(r, image) for r in records if not isinstance(r, Pair)]
        return [*_prepare_pairs(pairs, image, place), *texts]


_Drawn = tuple[Path | None, MaskStats, str, Frame | None]


def _prepare_pairs(
    pairs: list[Pair], image: PreparedImage, place: MediaPlace
) -> list[PreparedPair]:
    masks: dict[Target, _Drawn] = {}
    # By identity, since queries often share one target object, and hashing a target takes long.
    same: dict[int, _Drawn] = {}
    prepared = []
    for pair in pairs:
        decisions: tuple[Decision, ...] = ()  # counted once for a mask that several pairs share
        made = same.get(id(pair.target)) or masks.get(pair.target)
        if made is None:
            path, stats, decisions = _prepare_mask(pair, image.facts, place)
            published = target_digest(pair.target) if place.keeps else ""
            if path and not published:  # the file was deleted after it was decoded
                check_there(place.source)
                raise RecordError(str(pair.source), "its mask went away while it was read")
            target, frame = pair.target, None
            if isinstance(target, Polygons):
                frame = frame_of(decisions, target, image.facts)
            made = masks[pair.target] = path, stats, published, frame
        same[id(pair.target)] = made
        prepared.append(PreparedPair(pair, image, *made, decisions))
    return prepared


def prepare_image(record: Record, place: MediaPlace) -> PreparedImage:
    """Finds the image of a record, and writes a rendition if browsers cannot show it.

    Raises:
        RecordError: if it is missing and placeholders were not requested, or cannot be read
        StateError: if a file cannot be written
    """
    if record.image is None:
        return _placeholder_image(record, _file_name(record), place)
    try:
        file, facts = _bring(record.image, place)
        decisions = _of_orientation(facts, file, place.reading)
        image = PreparedImage(file, None, facts, False, decisions=decisions)
        raw = place.reading.orientation == "raw" and facts.orientation != UPRIGHT
        as_set = raw or place.reading.no_data != "auto"
        if (facts.browsable and not raw) or not (place.keeps or as_set):
            return image
        with one_large_at_a_time(facts.width * facts.height):
            return _with_rendition(image, _file_name(record), place, raw)
    except ImageError as error:
        raise RecordError(str(record.source), str(error)) from error


def _file_name(record: Record) -> str:
    return safe_name(f"{record.split}/{record.image_id}")


def _with_rendition(image: PreparedImage, name: str, place: MediaPlace, raw: bool) -> PreparedImage:
    path, facts, decisions = image.filepath, image.facts, list(image.decisions)
    pixels, absent = decode_rgb(path, place.reading.no_data)
    if absent:
        rule = f"images hold no data where they hold {absent}: shown black"
        override = "no_data=none"
        decisions.append(Decision(rule, "no_data", example=path.name, override=override))
    if raw:
        pixels = turn(pixels, BACK[facts.orientation])
    as_set = raw or place.reading.no_data != "auto"
    rendition = place.media_dir / (AS_SET if as_set else "renditions") / f"{name}.png"
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels.data)
    with _writing(place):
        rendition = write_once(rendition, encode_png(pixels))
    if as_set:  # replaces the image, so that everything sees it as the user set
        path, facts, rendition = rendition, inspect_image(rendition), None
    return PreparedImage(str(path), rendition, facts, False, digest.hexdigest(), tuple(decisions))


def _of_orientation(facts: ImageFacts, file: str, reading: Reading) -> tuple[Decision, ...]:
    if facts.orientation == UPRIGHT:
        return ()
    raw = reading.orientation == "raw"
    how = "as they are stored, as set" if raw else "upright"
    rule = f"images declare orientation {facts.orientation} and are read {how}"
    override = "" if raw else "orientation=raw"
    return (Decision(rule, "orientation", example=Path(file).name, override=override),)


@contextmanager
def _writing(place: MediaPlace) -> Iterator[None]:
    """Turns errors of writing into :class:`StateError`, since they concern all records."""
    try:
        yield
    except OSError as error:
        raise _unwritable(place, error) from error


def _unwritable(place: MediaPlace, error: OSError) -> StateError:
    return StateError(f"cannot write to {place.media_dir} ({reason_of(error)})")


def _bring(image: ImageFile, place: MediaPlace) -> tuple[str, ImageFacts]:
    if isinstance(image, Path):
        return str(image), inspect_image(image)
    try:
        return extract(image, f"{place.media_dir}/images")
    except OSError as error:
        raise _unwritable(place, error) from error


def _placeholder_image(record: Record, name: str, place: MediaPlace) -> PreparedImage:
    """Writes the placeholder of a missing image.

    Raises:
        RecordError: if placeholders were not requested
    """
    if not place.placeholders:
        raise RecordError(str(record.source), f"the image {record.image_name} is not there")
    chip, size = place.media_dir / "placeholders" / f"{name}.png", 0
    if place.keeps:
        with _writing(place):
            chip = write_once(chip, encode_png(placeholder(record.image_name)))
        size = chip.stat().st_size
    facts = ImageFacts(CHIP, CHIP, 1, "image/png", size, "", browsable=True)
    return PreparedImage(str(chip), None, facts, missing=True)


def _prepare_mask(
    pair: Pair, facts: ImageFacts, place: MediaPlace
) -> tuple[Path | None, MaskStats, tuple[Decision, ...]]:
    if pair.image is None and isinstance(pair.target, Polygons) and pair.target.size:
        # The mask has the size in the record, not that of the placeholder.
        facts = replace(facts, width=pair.target.size[0], height=pair.target.size[1])
    with one_large_at_a_time(facts.width * facts.height):
        try:
            mask, faults, decisions = _decode(pair.target, facts, place.reading)
        except LockedMask as error:
            raise RecordError(str(pair.source), str(error)) from error
        except MaskError as error:
            check_there(place.source)
            return None, MaskStats(error=str(error)), ()
        if place.keeps:
            path, stats = store_mask(pair.key, mask, place, faults)
        else:
            path, stats = None, measure(mask, faults)
    for decision in decisions:
        decision.example = decision.example or pair.key
    return path, stats, tuple(decisions)


def store_mask(
    key: str, mask: Mask, place: MediaPlace, faults: tuple[str, ...] = ()
) -> tuple[Path, MaskStats]:
    """Measures the mask of a pair and writes it as PNG.

    Args:
        key: of the pair, from which the file's name is made
        mask: the mask
        place: has the media folder
        faults: of the polygons that it was drawn from

    Returns:
        the file and the measurements

    Raises:
        StateError: if it cannot be written
    """
    path = place.media_dir / "masks" / f"{safe_name(key)}.png"
    with _writing(place), one_large_at_a_time(mask.pixels.size):
        return write_once(path, encode_png(mask.pixels)), measure(mask, faults)


def _decode(
    target: Target, facts: ImageFacts, reading: Reading
) -> tuple[Mask, tuple[str, ...], list[Decision]]:
    """Decodes a target; returns the mask, faults of its polygons, and the decisions taken.

    Raises:
        MaskError: if it cannot be decoded
    """
    if isinstance(target, Polygons):
        size = facts.width, facts.height
        if target.shares:
            shapes, scaled = enlarged(target.shapes, size), []
        else:
            shapes, scaled = in_pixels(target.shapes, size, reading.unit)
            if not scaled and reading.polygons in ("auto", "named"):
                as_set = reading.polygons == "named"
                shapes, scaled = in_image(shapes, facts, target.size, as_set=as_set)
        if target.half_open:
            shapes = tuple(map(half_open, shapes))
        mask, faults, decisions = draw_upright(shapes, facts, reading.mask_frame, target.size)
        return mask, faults, scaled + decisions
    if isinstance(target, Encoded):
        target = Instances((), (target,))
    if isinstance(target, Instances):
        return draw_instances(target, facts, reading)
    if isinstance(target, NoTarget):
        return Mask(np.zeros((facts.height, facts.width), np.uint8)), (), []
    if isinstance(target, InlineRaster):
        mask, name = read_mask_bytes(target.content, target.name, target.values), target.name
    else:
        mask, name = read_mask(target.path, target.values), target.path.name
    decisions = [*of_values(mask, name)]
    pixels, turned = in_upright_frame(
        mask.pixels, facts, reading.mask_frame, declared=mask.orientation
    )
    return replace(mask, pixels=pixels), (), decisions + turned


def group_by_image(records: Iterator[Record]) -> Iterator[tuple[Record, ...]]:
    """Groups consecutive records of one image, at most :data:`MAX_GROUP` each."""
    group: list[Record] = []
    for record in records:
        if group and (len(group) == MAX_GROUP or not _same_image(record, group[0])):
            yield tuple(group)
            group = []
        group.append(record)
    if group:
        yield tuple(group)


def _same_image(first: Record, second: Record) -> bool:
    same = first.image_id == second.image_id and first.split == second.split
    # Identity first: comparing the bytes of embedded images takes long.
    return same and (first.image is second.image or first.image == second.image)
