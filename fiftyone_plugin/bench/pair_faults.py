"""Faults of pairs against each other: copies, leaks, swapped queries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from fiftyone_plugin.bench.faults import (
    Damage,
    Record,
    Tools,
    Unit,
    change,
    drawn,
    fault,
    pick,
    redraw,
    worded,
)
from fiftyone_plugin.checks import Sample
from fiftyone_plugin.checks.texts import ALL_KINDS
from fiftyone_plugin.language import Region, classes, combine, places, unlike
from importers.formats import SPLITS
from importers.image_stats import measure_image

_MISFIT = (
    "paraphrase_conflict", "position_conflict", "swapped_pair", "color_conflict",
    "shape_conflict", "size_conflict", "count_conflict",
)  # fmt: skip


@fault("duplicate_pair", structural=True, about="A pair stands twice.")
def duplicate_pair(unit: Unit, tools: Tools) -> Damage | None:
    record = _named(unit, tools)
    if record is None:
        return None
    # The later key is the copy: the checks take the first for the original.
    copy = replace(record.pair, key=f"{record.pair.key}~copy")
    return Damage((*_pairs(unit), copy), (copy.key,))


@fault("ambiguous_query", structural=True, about="A query stands again with a mirrored mask.")
def ambiguous_query(unit: Unit, tools: Tools) -> Damage | None:
    record = _named(unit, tools)
    if record is None:
        return None
    turned = np.ascontiguousarray(np.flip(record.mask(), (0, 1)))
    other = redraw([record], record, turned).pairs[0]
    if other.stats.digest == record.pair.stats.digest:
        return None
    other = replace(other, key=f"{record.pair.key}~other")
    return Damage((*_pairs(unit), other), (record.pair.key, other.key))


@fault(
    "split_leak",
    structural=True,
    about="An image's pairs stand again in another split.",
    kinds=ALL_KINDS,
)
def split_leak(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools) or pick([r for r in unit if written(r)], tools)
    if record is None or len({r.pair.split for r in unit}) > 1:
        return None
    other = str(tools.rng.choice([s for s in SPLITS if s != record.pair.split]))
    copies = [_renamed(r.pair, other) for r in unit]
    leaking = [*_pairs(unit), *copies]
    if not record.pair.image_digest:  # then only their masks tell
        leaking = [p for p in leaking if p.stats.area >= 64]
    return Damage((*_pairs(unit), *copies), tuple(p.key for p in leaking))


@fault(
    "duplicate_image",
    structural=True,
    about="An image's pairs stand again under another name.",
    kinds=ALL_KINDS,
)
def duplicate_image(unit: Unit, tools: Tools) -> Damage | None:
    if not unit[0].seen or len({r.pair.split for r in unit}) > 1:
        return None
    if len({r.pair.image_id for r in unit}) > 1:
        return None  # the layout gives each pair a copy of its own
    copies = [_renamed(r.pair, r.pair.split) for r in unit]
    pairs = (*_pairs(unit), *copies)
    return Damage(pairs, tuple(p.key for p in pairs))


@fault(
    "reencoded_image",
    checks=("duplicate_image",),
    about="An image stands again, smaller, lighter and compressed anew.",
    kinds=ALL_KINDS,
)
def reencoded_image(unit: Unit, tools: Tools) -> Damage | None:
    if not unit[0].seen or not getattr(unit[0].pair.image, "phash", ""):
        return None
    rgb = unit[0].rgb()
    small = cv2.resize(rgb, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    lighter = np.clip(small * 1.1 + 6, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", lighter, [cv2.IMWRITE_JPEG_QUALITY, 50])
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    digest = hashlib.sha256(data.tobytes()).hexdigest()
    image = measure_image(np.ascontiguousarray(again))
    copies = [
        replace(_renamed(r.pair, r.pair.split), image_digest=digest, image=image) for r in unit
    ]
    pairs = (*_pairs(unit), *copies)
    return Damage(pairs, tuple(p.key for p in pairs))


@fault(
    "swapped_places",
    checks=_MISFIT,
    about="A query is exchanged for another image's that names another place.",
)
def swapped_places(unit: Unit, tools: Tools) -> Damage | None:
    record, other = worded(unit, tools), worded(tools.other(), tools)
    if record is None or other is None or not record.pair.stats.area:
        return None
    mine, theirs = _region(record.pair.phrase), _region(other.pair.phrase)
    if mine is None or theirs is None or not (mine & theirs).empty:
        return None
    return change(unit, record, phrase=other.pair.phrase)


@fault(
    "swapped_classes",
    checks=_MISFIT,
    about="One of several queries of a mask is exchanged for one that names another class.",
)
def swapped_classes(unit: Unit, tools: Tools) -> Damage | None:
    record, other = worded(unit, tools), worded(tools.other(), tools)
    if record is None or other is None or not record.pair.stats.area:
        return None
    same = [r for r in unit if r.pair.stats.digest == record.pair.stats.digest]
    said = [{w.value for w in classes(r.pair.phrase)} for r in same if r is not record]
    theirs = {word.value for word in classes(other.pair.phrase)}
    if len(said) < 2 or not theirs or not all(said) or not classes(record.pair.phrase):
        return None
    if min(unlike(a, b) for one in said for a in one for b in theirs) < 1:
        return None
    return change(unit, record, phrase=other.pair.phrase)


@fault("swapped_pair", checks=_MISFIT, about="Two queries of an image are exchanged.")
def swapped_pair(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    if record is None:
        return None
    mine = _region(record.pair.phrase)
    for other in unit:
        theirs = _region(other.pair.phrase)
        if mine is None or theirs is None or not (mine & theirs).empty:
            continue
        if other.pair.stats.digest == record.pair.stats.digest:
            continue
        a, b = record.pair, other.pair
        new = {a.key: replace(a, phrase=b.phrase), b.key: replace(b, phrase=a.phrase)}
        return Damage(tuple(new.get(p.key, p) for p in _pairs(unit)), (a.key, b.key))
    return None


def written(record: Record) -> bool:
    """Whether a sample is no pair but an image with texts."""
    return bool(record.pair.captions or record.pair.turns)


def _named(unit: Unit, tools: Tools) -> Record | None:
    """A pair with a mask and a query that no other pair of the image has."""
    phrases = [r.pair.phrase for r in unit]
    able = [r for r in unit if r.pair.stats.area >= 64 and phrases.count(r.pair.phrase) == 1]
    return pick([r for r in able if r.pair.phrase.strip() and r.mask_path], tools)


def _pairs(unit: Unit) -> Sequence[Sample]:
    return [r.pair for r in unit]


def _region(phrase: str) -> Region | None:
    return combine(place.region for place in places(phrase))


def _renamed(pair: Sample, split: str) -> Sample:
    """A copy under an image id of its own."""
    return replace(
        pair, key=f"{pair.key}~{split}", split=split, image_id=f"{pair.image_id}~{split}"
    )
