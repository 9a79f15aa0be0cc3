"""Converters write the selected samples of any dataset in the layout of another tool.

Native exporters copy published records; converters write the values in the database, one sample
at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pairlens.fiftyone_plugin.curation.text_units import NUMBER, REMOVED
from pairlens.importers.errors import RecordError
from pairlens.importers.fields import (
    BOXES,
    CAPTION,
    CAPTIONS,
    CAPTURE_DATE,
    CONVERSATIONS,
    IMAGE_ID,
    IMAGE_MISSING,
    KEY,
    LOCATION,
    NO_TARGET,
    PHRASE,
    ROTATED_BOXES,
    SOURCE,
    TARGET_BOX,
    TEXT_EDITS,
)
from pairlens.importers.formats.export_items import HeldMask
from pairlens.importers.formats.native_export import Tally
from pairlens.importers.records import Kind
from pairlens.importers.registry import Registry
from pairlens.importers.splits import split_of

READ = (f"{TARGET_BOX}.bounding_box",
    "filepath", "metadata.width", "metadata.height", IMAGE_ID, PHRASE, NO_TARGET,
    CAPTION, CAPTIONS, CONVERSATIONS, BOXES, ROTATED_BOXES, LOCATION, CAPTURE_DATE,
    f"{SOURCE}.image_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One sample in the form that converters take.

    Attributes:
        key, image_id, split: as in the dataset
        image: path of the published image, ``None`` if it was missing at import
        image_name: the name that the annotation gives the image
        width, height: size of the image in pixels
        phrase: the query of a pair
        no_target: whether the right answer is declared to be an empty mask
        mask: the mask of the sample, if there is one
        caption: the main text of the image, a caption or part of a conversation
        captions: ``text``, ``task``, ``annotator`` of each caption
        turns: ``question``, ``answers``, ``category`` of each
        boxes: ``label`` and ``bounding_box`` (x, y, width, height as shares) of each
        target_box: x, y, width and height as shares, of a pair whose target is a box
        point: longitude and latitude in degrees
        footprint: west, south, east and north of the box around the outline, in degrees
        captured: when the image was taken
    """

    key: str
    image_id: str
    split: str
    image: Path | None
    image_name: str
    width: int
    height: int
    phrase: str
    no_target: bool
    mask: HeldMask | None
    caption: str | None
    captions: list[dict[str, Any]]
    turns: list[dict[str, Any]]
    boxes: list[dict[str, Any]]
    target_box: list[float] | None
    point: tuple[float, float] | None
    footprint: tuple[float, float, float, float] | None
    captured: datetime | None


def example(document: Mapping[str, Any], mask: HeldMask | None) -> Example:
    """A sample's document, with the mask that it holds, as converters see it."""
    metadata = document.get("metadata") or {}
    point = ((document.get(LOCATION) or {}).get("point") or {}).get("coordinates")
    return Example(
        key=document[KEY],
        image_id=document.get(IMAGE_ID) or "",
        split=split_of(document) or "train",
        image=None if document.get(IMAGE_MISSING) else Path(document["filepath"]),
        image_name=(document.get(SOURCE) or {}).get("image_name") or "",
        width=metadata.get("width") or 0,
        height=metadata.get("height") or 0,
        phrase=document.get(PHRASE) or "",
        no_target=bool(document.get(NO_TARGET)),
        mask=mask,
        caption=document.get(CAPTION),
        captions=list(document.get(CAPTIONS) or ()),
        turns=list(document.get(CONVERSATIONS) or ()),
        boxes=_boxes(document),
        target_box=(document.get(TARGET_BOX) or {}).get("bounding_box"),
        point=(point[0], point[1]) if point else None,
        footprint=_footprint(document.get(LOCATION) or {}),
        captured=document.get(CAPTURE_DATE),
    )


def held_mask(example: Example) -> HeldMask:
    """The mask of a pair.

    Raises:
        RecordError: if there is none
    """
    if example.mask is None:
        raise RecordError(example.key, "it has no mask: the published one cannot be decoded")
    return example.mask


def _boxes(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The boxes of a sample, rotated ones as the upright boxes around them, without those of turns
    that were removed."""
    upright = (document.get(BOXES) or {}).get("detections") or ()
    rotated = (document.get(ROTATED_BOXES) or {}).get("polylines") or ()
    boxes = [*upright, *(one | {"bounding_box": _around(one["points"])} for one in rotated)]
    gone = (document.get(TEXT_EDITS) or {}).get(REMOVED) or ()
    turns = {one[NUMBER] - 1 for one in gone}
    return [one for one in boxes if one.get("turn") not in turns]


def _footprint(location: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    rings = (location.get("polygon") or {}).get("coordinates")
    if not rings:
        return None
    west, south, width, height = _around(rings)
    return west, south, west + width, south + height


def _around(rings: list[list[list[float]]]) -> list[float]:
    xs, ys = zip(*(point for ring in rings for point in ring), strict=True)
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


class Converter(Protocol):
    """Writes samples in another layout."""

    tally: Tally

    def add(self, example: Example) -> None:
        """Writes one sample.

        Raises:
            RecordError: if the sample has nothing that can be written; nothing of it was
            StateError: if its files cannot be read or written
        """
        ...

    def finish(self) -> dict[str, Any]:
        """Writes the files that cover all samples.

        Returns:
            what it adds to the metadata of the dataset card
        """
        ...


@dataclass(frozen=True)
class ConvertFormat:
    """A registered converter.

    Attributes:
        name: for ``--format``
        about: one sentence for people
        make: makes a converter from the dataset, the folder to write to and the kind of the
            records
    """

    name: str
    about: str
    make: Callable[[Any, Path, Kind], Converter]


CONVERTERS: Registry[ConvertFormat] = Registry("export format")
