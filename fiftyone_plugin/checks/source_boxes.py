"""Masks and queries against the boxes that the images' source has of its objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pairlens.fiftyone_plugin.checks.base import Issue, Sample
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.language import filler, places
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures
from pairlens.fiftyone_plugin.language.regions import Region
from pairlens.fiftyone_plugin.language.source_classes import class_of_label
from pairlens.fiftyone_plugin.language.taxonomy import agree, kinds_of
from pairlens.importers import fields
from pairlens.importers.source_boxes import SourceBox

UnitBox = tuple[float, float, float, float]
"""x, y, width and height in fractions of the image."""

UNDER = 0.5
"""IoU of the mask's box and a box of the source, from which on they are one object."""

NEAR = 0.3
"""IoU from which on they may be."""

_CLOSE = 0.1
"""In image sides; an object that much less far in a place competes with the target."""

_WHOLE = Region(0.0, 0.0, 1.0, 1.0)


class Under(NamedTuple):
    """A box of the source that a mask lies on."""

    box: SourceBox
    iou: float


def mask_box(sample: Sample) -> UnitBox:
    """The box of the mask in fractions of the image."""
    stats = sample.stats
    x, y, width, height = stats.box or (0, 0, 0, 0)
    across, down = max(1, stats.width), max(1, stats.height)
    return x / across, y / down, width / across, height / down


def iou(a: UnitBox, b: UnitBox) -> float:
    """Intersection over union of two boxes."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union > 0 else 0.0


def boxes_under(sample: Sample, least: float = NEAR) -> list[Under]:
    """The boxes that a mask may lie on, the best first."""
    own = mask_box(sample)
    found = (Under(one, iou(own, one.box)) for one in sample.source_boxes)
    return sorted((one for one in found if one.iou >= least), key=lambda one: -one.iou)


def ambiguous_by_count(batch: Batch) -> Iterator[Issue]:
    """Queries that name a class and at the most a place, where several such objects lie.

    Queries with any other attribute, such as a color, are not reported. A box counts if its class
    is the query's or a kind of it, and if its center lies in the named place, about as far into it
    as the target's or farther: "at the left" can mean the outermost of several.
    """
    boxed = batch.present(fields.SOURCE_BOXES)
    for sample in batch.where(batch.judged & boxed & batch.query_where(_names_class_alone)):
        query = batch.query(batch.row_of[sample.key])
        if not sample.stats.area or not _says_no_more(sample.phrase):
            continue
        under = next(iter(boxes_under(sample, UNDER)), None)
        if under is None or not _is_one(under.box, query):
            continue
        others = [
            one for one in sample.source_boxes
            if one is not under.box and _is_one(one, query) and _lies_in(one, query.region)
            and _depth(one, query.region) <= _depth(under.box, query.region) + _CLOSE
        ]  # fmt: skip
        if others and _lies_in(under.box, query.region):
            yield _issue(sample, query, others)


def _names_class_alone(query: QueryFeatures) -> bool:
    """Whether a query names a class and, of the attributes, a place at the most."""
    attributes = (query.colors, query.sizes, query.shapes, query.own_shapes, query.marks)
    return bool(query.classes) and not any(attributes) and not {*query.counts} - {"1"}


def _says_no_more(phrase: str) -> bool:
    """Whether no word is left beside class, request and place."""
    rest = phrase
    for place in sorted(places(phrase), key=lambda each: -each.start):
        rest = f"{rest[: place.start]} {rest[place.end :]}"
    return not filler(rest)[0]


def _is_one(box: SourceBox, query: QueryFeatures) -> bool:
    """Whether a box shows what the query names: the class itself, or a kind of it."""
    kinds = kinds_of(name) if (name := class_of_label(box.label)) else frozenset()
    return not kinds.isdisjoint(query.classes)


def _lies_in(one: SourceBox, region: Region | None) -> bool:
    x, y, width, height = one.box
    return (region or _WHOLE).excess(x + width / 2, y + height / 2) == 0


def _depth(one: SourceBox, region: Region | None) -> float:
    """How far a box's center is from the side, corner or middle that a place is named for."""
    if region is None:
        return 0.0
    x, y, width, height = one.box
    dx = _away(x + width / 2, region.x0, region.x1)
    dy = _away(y + height / 2, region.y0, region.y1)
    return (dx * dx + dy * dy) ** 0.5


def _away(value: float, low: float, high: float) -> float:
    if low <= 0 and high >= 1:
        return 0.0
    aim = 0.0 if low <= 0 else 1.0 if high >= 1 else (low + high) / 2
    return abs(value - aim)


def _issue(sample: Sample, query: QueryFeatures, others: Sequence[SourceBox]) -> Issue:
    where = f"there ({query.place_name})" if query.region else "in the image"
    more = "object" if len(others) == 1 else "objects"
    what = " or ".join(query.classes)
    labels = ", ".join(sorted({one.label for one in others})[:3])
    note = (
        f"the query tells by class and place alone, and {len(others)} more {more} called {what} "
        f"lie{'s' * (len(others) == 1)} {where} in the source: {labels}"
    )
    score = 0.5 if len(others) == 1 else 0.25
    return Issue(sample.key, score, note, "info" if len(others) == 1 else None)


def conflicting(sample: Sample, query: QueryFeatures) -> Under | None:
    """The box under the mask, where neither its class nor that of one nearly so is the query's."""
    under = boxes_under(sample)
    if not under or under[0].iou < UNDER:
        return None
    names = [class_of_label(one.box.label) for one in under]
    if not names[0] or any(not name or _agrees(name, query) for name in names):
        return None
    return under[0]


def _agrees(name: str, query: QueryFeatures) -> bool:
    return any(agree(name, other) for other in query.classes)
