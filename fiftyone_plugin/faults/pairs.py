"""Faults of pairs against each other: copies, leaks, swapped queries."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.fiftyone_plugin.faults.base import (
    Damage,
    LoadedSample,
    Tools,
    Unit,
    change,
    drawn,
    fault,
    pick,
    redraw,
    worded,
)
from pairlens.fiftyone_plugin.language import Region, classes, combine, places, unlike
from pairlens.importers.formats import SPLITS
from pairlens.importers.image_stats import measure_image

_MISFIT = (
    "paraphrase_conflict", "position_conflict", "swapped_pair", "color_conflict",
    "shape_conflict", "size_conflict", "count_conflict",
)  # fmt: skip


@fault("duplicate_pair", structural=True, about="A pair stands twice.")
def duplicate_pair(unit: Unit, tools: Tools) -> Damage | None:
    loaded = _named(unit, tools)
    if loaded is None:
        return None
    # The later key is the copy: the checks take the first for the original.
    copy = replace(loaded.sample, key=f"{loaded.sample.key}~copy")
    return Damage((*_samples(unit), copy), (copy.key,))


@fault("ambiguous_query", structural=True, about="A query stands again with a mirrored mask.")
def ambiguous_query(unit: Unit, tools: Tools) -> Damage | None:
    loaded = _named(unit, tools)
    if loaded is None:
        return None
    turned = np.ascontiguousarray(np.flip(loaded.mask(), (0, 1)))
    other = redraw([loaded], loaded, turned).samples[0]
    if other.stats.digest == loaded.sample.stats.digest:
        return None
    other = replace(other, key=f"{loaded.sample.key}~other")
    keys = (loaded.sample.key, other.key)
    return Damage((*_samples(unit), other), keys, {other.key: turned})


@fault(
    "split_leak",
    structural=True,
    about="An image stands again in another split.",
    kinds=ALL_KINDS,
)
def split_leak(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools) or pick([r for r in unit if _written(r)], tools)
    if loaded is None or len({r.sample.split for r in unit}) > 1:
        return None
    other = str(tools.rng.choice([s for s in SPLITS if s != loaded.sample.split]))
    copies = [_renamed(r.sample, other) for r in unit]
    leaking = [*_samples(unit), *copies]
    if not loaded.sample.image_digest:  # then only their masks tell
        leaking = [p for p in leaking if p.stats.area >= 64]
    return Damage((*_samples(unit), *copies), tuple(p.key for p in leaking))


@fault(
    "duplicate_image",
    structural=True,
    about="An image stands again under another name.",
    kinds=ALL_KINDS,
)
def duplicate_image(unit: Unit, tools: Tools) -> Damage | None:
    if not unit[0].sample.image_digest or len({r.sample.split for r in unit}) > 1:
        return None
    if len({r.sample.image_id for r in unit}) > 1:
        return None  # the layout gives each pair a copy of its own
    return _beside(unit, [_renamed(r.sample, r.sample.split) for r in unit])


@fault(
    "reencoded_image",
    checks=("duplicate_image",),
    about="An image stands again, smaller, lighter and compressed anew.",
    kinds=ALL_KINDS,
)
def reencoded_image(unit: Unit, tools: Tools) -> Damage | None:
    if not unit[0].measured or not getattr(unit[0].sample.image, "phash", ""):
        return None
    rgb = unit[0].rgb()
    small = cv2.resize(rgb, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    lighter = np.clip(small * 1.1 + 6, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", lighter, [cv2.IMWRITE_JPEG_QUALITY, 50])
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    digest = hashlib.sha256(data.tobytes()).hexdigest()
    image = measure_image(np.ascontiguousarray(again))
    copies = [
        replace(_renamed(r.sample, r.sample.split), image_digest=digest, image=image) for r in unit
    ]
    return _beside(unit, copies)


@fault(
    "swapped_places",
    checks=_MISFIT,
    about="A query is exchanged for another image's that names another place.",
)
def swapped_places(unit: Unit, tools: Tools) -> Damage | None:
    loaded, other = worded(unit, tools), worded(tools.other(), tools)
    if loaded is None or other is None or not loaded.sample.stats.area:
        return None
    mine, theirs = _region(loaded.sample.phrase), _region(other.sample.phrase)
    if mine is None or theirs is None or not (mine & theirs).empty:
        return None
    return change(unit, loaded, phrase=other.sample.phrase)


@fault(
    "swapped_classes",
    checks=_MISFIT,
    about="One of several queries of a mask is exchanged for one that names another class.",
)
def swapped_classes(unit: Unit, tools: Tools) -> Damage | None:
    loaded, other = worded(unit, tools), worded(tools.other(), tools)
    if loaded is None or other is None or not loaded.sample.stats.area:
        return None
    same = [r for r in unit if r.sample.stats.digest == loaded.sample.stats.digest]
    said = [{w.value for w in classes(r.sample.phrase)} for r in same if r is not loaded]
    theirs = {word.value for word in classes(other.sample.phrase)}
    if len(said) < 2 or not theirs or not all(said) or not classes(loaded.sample.phrase):
        return None
    if min(unlike(a, b) for one in said for a in one for b in theirs) < 1:
        return None
    return change(unit, loaded, phrase=other.sample.phrase)


@fault("swapped_pair", checks=_MISFIT, about="Two queries of an image are exchanged.")
def swapped_pair(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    if loaded is None:
        return None
    mine = _region(loaded.sample.phrase)
    for other in unit:
        theirs = _region(other.sample.phrase)
        if mine is None or theirs is None or not (mine & theirs).empty:
            continue
        if other.sample.stats.digest == loaded.sample.stats.digest:
            continue
        a, b = loaded.sample, other.sample
        new = {a.key: replace(a, phrase=b.phrase), b.key: replace(b, phrase=a.phrase)}
        return Damage(tuple(new.get(one.key, one) for one in _samples(unit)), (*new,))
    return None


def _beside(unit: Unit, copies: list[Sample]) -> Damage:
    """The samples of an image with copies of them, all of them faulty."""
    samples = (*_samples(unit), *copies)
    return Damage(samples, tuple(one.key for one in samples))


def _written(loaded: LoadedSample) -> bool:
    """Whether a sample is no pair but an image with texts."""
    return bool(loaded.sample.captions or loaded.sample.turns)


def _named(unit: Unit, tools: Tools) -> LoadedSample | None:
    """A pair with a mask and a query that no other pair of the image has."""
    phrases = [r.sample.phrase for r in unit]
    able = [r for r in unit if r.sample.stats.area >= 64 and phrases.count(r.sample.phrase) == 1]
    return pick([r for r in able if r.sample.phrase.strip() and r.mask_path], tools)


def _samples(unit: Unit) -> list[Sample]:
    return [r.sample for r in unit]


def _region(phrase: str) -> Region | None:
    return combine(place.region for place in places(phrase))


def _renamed(one: Sample, split: str) -> Sample:
    """A copy under an image id of its own."""
    return replace(one, key=f"{one.key}~{split}", split=split, image_id=f"{one.image_id}~{split}")
