"""Pairs in a foreign sample: queries from one field, masks from another.

It works on stored documents.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from math import isfinite
from typing import Any, Literal, NamedTuple

import numpy as np

from pairlens.fiftyone_plugin.metrics.label_masks import (
    LIST_FIELDS,
    ImageSize,
    Label,
    ValueReading,
    is_instances,
    mask_of,
)
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.fields import NO_TARGET
from pairlens.importers.masks import Pixels
from pairlens.importers.polygons import pixel_span
from pairlens.importers.records import Polygons, Shape
from pairlens.importers.stored_values import Document

KINDS = ("Segmentation", "Detection", "Polyline", *LIST_FIELDS)
"""Types of labels that masks are taken from."""

InstanceChoice = Literal["auto", "each", "all"]
"""Whether a query is about the instance of its number, or about all of them."""

BOXES = "detections without a mask of their own are taken to be their box"


@dataclass(frozen=True)
class Places:
    """The fields of the queries and of the masks of a sample.

    Attributes:
        phrase: path of the field of the queries, or of an attribute if ``within`` is set
        mask: field of the labels
        within: whether each instance holds its own queries
        each: whether each query of a sample is about one of its instances
        several: whether some sample has several queries and several instances
    """

    phrase: str
    mask: str
    within: bool
    each: bool = False
    several: bool = False


NOTHING: Label = {"_cls": "Detections", "detections": []}
"""The label of a query that is declared to have no target, where the sample has none."""


class QueryLabel(NamedTuple):
    """A query and the label of its mask."""

    phrase: str
    label: Label


def places_of(phrase: str, mask: str) -> Places:
    """The places that two named fields stand for.

    ``gt.detections.text`` or ``gt.text`` is an attribute of the instances in ``gt``; ``gt`` for
    both means the label of the instances.
    """
    name, _, rest = phrase.partition(".")
    if name != mask:
        return Places(phrase, mask, within=False)
    listed, _, attribute = rest.partition(".")
    if listed in LIST_FIELDS.values():
        rest = attribute
    return Places(rest or "label", mask, within=True)


def pairs_of(document: Document, places: Places) -> list[QueryLabel]:
    """The pairs of a sample; none if it has no query or no label.

    An instance or sample with several queries has a pair for each.
    """
    label, texts = _label(document, places), texts_at(document, places.phrase)
    instances = _single_instances(label) if label is not None else []
    if label is None or not instances:
        declared = document.get(NO_TARGET) is True and not places.within
        return [QueryLabel(text, NOTHING) for text in texts] if declared else []
    if places.within:
        named = ((texts_at(one, places.phrase), alone) for one, alone in instances)
        return [QueryLabel(text, alone) for texts, alone in named for text in texts]
    if places.each and len(texts) == len(instances):
        return [QueryLabel(text, alone) for text, (_, alone) in zip(texts, instances, strict=True)]
    return [QueryLabel(text, label) for text in texts]


def counts_of(document: Document, places: Places) -> tuple[int, int]:
    """The numbers of queries and of instances of a sample."""
    label = _label(document, places)
    return len(texts_at(document, places.phrase)), len(_single_instances(label)) if label else 0


def reasons_without_pair(document: Document, places: Places) -> list[str]:
    """Why a sample or some of its instances have no pair; empty if all have one."""
    label, texts = _label(document, places), texts_at(document, places.phrase)
    instances = _single_instances(label) if label is not None else []
    if not instances:
        what = "label" if label is None else "instance"
        return [] if pairs_of(document, places) else [f"it has no {what} in {places.mask!r}"]
    if not places.within:
        return [] if texts else [f"it has no query in {places.phrase!r}"]
    silent = sum(1 for one, _ in instances if not texts_at(one, places.phrase))
    where = f"no query in {places.phrase!r}"
    return [f"{silent:,} of its {len(instances):,} instances have {where}"] if silent else []


def _label(document: Document, places: Places) -> Label | None:
    label = document.get(places.mask)
    return label if isinstance(label, Mapping) and "_cls" in label else None


def _single_instances(label: Label) -> list[tuple[Label, Label]]:
    """The instances of a label, each with a label of it alone."""
    listed = LIST_FIELDS.get(label["_cls"])
    if listed is None:
        return [(label, label)]
    return [(one, {"_cls": label["_cls"], listed: [one]}) for one in label.get(listed) or ()]


def texts_at(value: Any, path: str) -> list[str]:
    """The texts at a path of a document, without blank ones.

    The value can be a text, a list of texts, or classifications, whose labels are taken.
    """
    return [text for text in _texts(_at(value, path.split("."))) if text.strip()]


def _at(value: Any, path: list[str]) -> Any:
    if isinstance(value, list):
        return [_at(one, path) for one in value]
    if not path or not isinstance(value, Mapping):
        return value if not path else None
    return _at(value.get(path[0]), path[1:])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, Mapping):
        yield from _texts(value.get("classifications" if "classifications" in value else "label"))


def draw(label: Label, size: ImageSize, values: ValueReading) -> Pixels:
    """The mask of a pair.

    Args:
        label: a label from :func:`pairs_of`
        size: height and width of the image
        values: how the values of masks are read and reported

    Returns:
        (height, width) uint8 of 0, 1 and 255, ignore; a mask of the whole image keeps its own size

    Raises:
        MaskError: if it cannot be drawn
    """
    drawn = mask_of(_with_boxes(label, size, values.on_note), size, values=values)
    if is_instances(label) and not drawn.any():
        raise MaskError("no pixel of the image lies in it")
    return drawn


def _with_boxes(label: Label, size: ImageSize, on_note: Callable[[Decision], object]) -> Label:
    """The label, with boxes as masks of detections that have none."""
    if label["_cls"] == "Detection":
        return _box(label, size, on_note)
    if label["_cls"] != "Detections":
        return label
    return {**label, "detections": [_box(one, size, on_note) for one in label["detections"]]}


def _box(one: Label, size: ImageSize, on_note: Callable[[Decision], object]) -> Label:
    if one.get("mask_path") or one.get("mask") is not None:
        return one
    on_note(Decision(BOXES, "boxes"))
    return {**one, "mask": _whole_box(), "bounding_box": _on_pixels(_bounds(one), size)}


def _bounds(one: Label) -> list[float]:
    return [float(number) for number in one.get("bounding_box") or (0, 0, 0, 0)]


def _on_pixels(box: list[float], size: ImageSize) -> list[float]:
    """A box with its sides between pixels, of one pixel or more; one without area is unchanged."""
    x, y, width, height = box
    if not all(map(isfinite, box)) or width <= 0 or height <= 0:
        return box
    rows, columns = size
    left, beyond = pixel_span(x * columns, (x + width) * columns)
    top, below = pixel_span(y * rows, (y + height) * rows)
    return [left / columns, top / rows, (beyond - left) / columns, (below - top) / rows]


def box_target(label: Label) -> Polygons:
    """The boxes of a label of detections as a target."""
    shapes: list[Shape] = []
    for one, _ in _single_instances(label):
        x, y, width, height = _bounds(one)
        right, low = x + width, y + height
        shapes.append(Shape(((x, y), (right, y), (right, low), (x, low))))
    return Polygons(tuple(shapes), shares=True, box=True, half_open=True)


@cache
def _whole_box() -> bytes:
    """An instance mask in FiftyOne's encoding that is all target, at any size."""
    stream = BytesIO()
    np.save(stream, np.ones((1, 1), bool))
    return zlib.compress(stream.getvalue())
