"""Checks of pairs against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.survey import Survey, Suspects
from fiftyone_plugin.checks.table import Bools, Numbers, Table
from fiftyone_plugin.checks.texts import ALL_KINDS
from fiftyone_plugin.language import normal_form

STATS = "mask_stats"

Box = tuple[int, int, int, int]


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two ``(x, y, w, h)`` boxes in pixels."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union else 0.0


def _by_query(pairs: Sequence[Subject]) -> Iterator[list[Subject]]:
    """The pairs of one image that ask the same, in the order of their keys."""
    if len(pairs) < 2:
        return iter(())
    groups: defaultdict[str, list[Subject]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda p: p.key):
        if words := normal_form(pair.phrase):
            groups[words].append(pair)
    return (group for group in groups.values() if len(group) > 1)


def _alike(seen: Table) -> Bools:
    """Where an image has the same query twice."""
    asked = np.stack((seen.images, seen.normal), 1)
    _, which, count = np.unique(asked, axis=0, return_inverse=True, return_counts=True)
    return (count[which.ravel()] > 1) & (seen.normal != 0)


@check(
    "duplicate_pair",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="The same image, query and mask stand twice in the dataset.",
    screen=_alike,
)
def duplicate_pair(pairs: Sequence[Subject]) -> Iterator[Doubt]:
    for group in _by_query(pairs):
        first: dict[tuple[str, str], str] = {}
        for pair in (p for p in group if not p.stats.error):
            same = first.setdefault((pair.split, pair.stats.digest), pair.key)
            if same != pair.key:
                yield Doubt(0.2, f"the same image, query and mask as {same}", key=pair.key)


@check(
    "ambiguous_query",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="One image, equal queries, different masks: one of them must be wrong.",
    screen=_alike,
)
def ambiguous_query(pairs: Sequence[Subject]) -> Iterator[Doubt]:
    for group in _by_query(pairs):
        masks = [p for p in group if not p.stats.error]
        distinct = {p.stats.digest: p for p in reversed(masks)}
        for pair in masks:
            others = [p for d, p in distinct.items() if d != pair.stats.digest]
            if others:
                other = min(others, key=lambda o: box_iou(pair.stats.box, o.stats.box))
                iou = box_iou(pair.stats.box, other.stats.box)
                note = f"the same query has another mask in {other.key} (box IoU {iou:.2f})"
                yield Doubt(0.1 + 0.6 * iou, note, key=pair.key)


def _leaking(seen: Survey, min_area: int) -> Suspects:
    """What stands in several splits; what else there is does not count for it."""
    areas = seen["area"]
    telling = (areas >= max(1, min_area)) & (areas < seen["pixels"])
    marks = (seen["image"], np.where(telling, seen["mask"], 0))
    rows = np.zeros(len(seen), np.bool_)
    for mark in marks:
        rows |= np.isin(mark, _in_several(mark, seen["split"]))
    return Suspects(np.flatnonzero(rows), partial(split_leak, min_area=min_area))


def _in_several(marks: Numbers, splits: Numbers) -> Numbers:
    """Those, 0 aside, that stand in more than one split."""
    order = np.lexsort((splits, marks))
    marks, splits = marks[order], splits[order]
    changes = (marks[1:] == marks[:-1]) & (splits[1:] != splits[:-1]) & (marks[1:] != 0)
    return np.unique(marks[1:][changes])


@check(
    "split_leak",
    severity="error",
    scope="dataset",
    needs=(f"{STATS}.width", f"{STATS}.height", f"{STATS}.area", f"{STATS}.digest", "source"),
    about="The same image, or the identical mask, stands in two splits.",
    screen=_leaking,
    kinds=ALL_KINDS,
)
def split_leak(pairs: Iterable[Subject], *, min_area: int = 64) -> Iterator[Doubt]:
    leaks = _Leaks(min_area)
    for pair in pairs:
        leaks.count(pair)
    leaks.keep_leaking()
    if not leaks.splits:
        return
    concerned = [one for pair in pairs if (one := leaks.concern(pair))]
    for one in concerned:
        yield from leaks.doubts(one)


Mark = tuple[str, int]


class _Concern(NamedTuple):
    """A pair that may leak."""

    key: str
    split: str
    area: int
    marks: list[Mark]


class _Leaks:
    """What stands in several splits.

    Counting keeps 8 bytes of each digest and a bit a split, so that a million pairs take tens
    of megabytes; keys are kept only for what leaks.
    """

    def __init__(self, min_area: int) -> None:
        self._min_area = min_area
        self._bits: dict[str, int] = {}
        self._examples: dict[Mark, dict[str, str]] = {}
        self.splits: dict[Mark, int] = {}

    def count(self, pair: Subject) -> None:
        bit = self._bits.setdefault(pair.split, 1 << len(self._bits))
        for mark in self._marks(pair):
            self.splits[mark] = self.splits.get(mark, 0) | bit

    def keep_leaking(self) -> None:
        self.splits = {m: bits for m, bits in self.splits.items() if bits & (bits - 1)}

    def concern(self, pair: Subject) -> _Concern | None:
        marks = [mark for mark in self._marks(pair) if mark in self.splits]
        for mark in marks:
            self._examples.setdefault(mark, {}).setdefault(pair.split, pair.key)
        return _Concern(pair.key, pair.split, pair.stats.area, marks) if marks else None

    def doubts(self, one: _Concern) -> Iterator[Doubt]:
        for mark in one.marks:
            others = self._examples[mark]
            if elsewhere := [key for split, key in others.items() if split != one.split]:
                yield self._doubt(mark[0], one, elsewhere[0])
                return

    def _marks(self, pair: Subject) -> Iterator[Mark]:
        """Its image, then its mask where that is no accident: small ones coincide."""
        if pair.image_digest:
            yield "image", int(pair.image_digest[:16], 16)
        pixels = pair.stats.width * pair.stats.height
        if max(1, self._min_area) <= pair.stats.area < pixels:
            yield "mask", int(pair.stats.digest[:16], 16)

    def _doubt(self, what: str, one: _Concern, other: str) -> Doubt:
        if what == "image":
            return Doubt(0.0, f"the same image stands in another split: {other}", key=one.key)
        note = (
            f"the identical mask ({one.area} pixels) stands in another split: {other}; "
            "compare the images"
        )
        return Doubt(0.1, note, severity="warning", key=one.key)
