"""Targets that the image's border cuts to a small rest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.sizes import (
    ClassSizes,
    Rank,
    classes_and_sizes,
    step_of,
    whole_areas,
)
from pairlens.fiftyone_plugin.checks.catalogue.statistics import heads, image_names
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example, examples
from pairlens.fiftyone_plugin.language.taxonomy import kinds_of
from pairlens.fiftyone_plugin.language.tokens import lowered
from pairlens.importers.mask_stats import MaskStats

_ENDLESS = frozenset({"road", "vegetation", "water", "railway", "runway", "farmland", "lot"})
"""Kinds that no image shows whole."""

_SIDES = {"l": "left", "r": "right", "t": "top", "b": "bottom"}

_FRAME = r"(?:image|picture|photo\w*|frame|scene|view|visual|shot|snapshot|border|boundary|edge)"
_PART = re.compile(
    r"\b(?:partial(?:ly)?|partly|half)[ -](?:visible|seen|shown|out|outside|cut|cropped|within)"
    r"|\b(?:incomplete|cut[ -]?off|cropped|truncated)\b"
    r"|\b(?:sticking|protruding|extending|reaching) (?:out|beyond|past|off)"
    rf"(?: of)?(?: the| its)?(?: \w+)? {_FRAME}\b"
    r"|\b(?:part|portion|segment|section|piece|fragment|sliver) of (?:an?|the|its) "
    rf"(?!(?:\w+ )?{_FRAME}\b)"
)
"""Asks for what there is of an object, in lower case: half the time of ignoring case."""

SURE = 0.35
"""Share of a whole one up to which a sliver or a speck is reported as probably wrong."""

THIN = 0.3
"""Depth of a sliver up to which it is so too, as a share of the side of a square of the usual
area."""

THIN_UNKNOWN = 0.02
"""The same of a class that is not known, and of a known one of which at most :data:`MOST` is left,
as a share of the image's side."""

MOST, MOST_LONG = 0.7, 0.45
"""Share of a whole one up to which a sliver as thin as that is so too; and of kinds that are long,
which lie along the border whole where they look like a sliver: a truck is eight pixels wide."""

_LONG = frozenset({"vehicle", "vessel"})

SPECK = 0.25
"""Largest share of the usual area of a speck of any shape."""

INFO_SHARE, INFO_AREA = 0.3, 100
"""Largest share of the usual area, and largest area in pixels, of a speck reported as ``info``."""

SCRAP = 0.15
"""Largest share of the usual area of a speck reported as ``warning``."""

SHALLOW = 5
"""Largest depth in pixels of a speck reported as ``warning``; a car cut at its middle is deeper and
can be recognised."""

TAIL = 0.05
"""Largest share of the whole members of a class that are as small as a reported speck; with more,
the speck can be a whole member."""

DEEP_UNKNOWN = 0.025
"""Largest depth of a reported sliver of an unknown class, as a share of the image's side; deeper
ones can mostly be recognised."""

DEEP = 0.03
"""The same for a known class: a third of an airplane is a wing, which can be recognised."""

_OF_ANY_SIZE = frozenset({"building", "vessel"})
"""Classes with members of all sizes, of which only slivers are reported."""


def cut_targets(batch: Batch) -> NDArray[Any]:
    """Area, depth and number of parts of masks that the border cuts, (samples, 3); 0 for others.

    The depth is the extent of the target into the image, as a share of its extent along the border;
    it is infinite for targets that touch several sides.
    """
    kept = np.zeros((len(batch), 3))
    endless = batch.query_where(lambda query: query.kinds & _ENDLESS)
    cut = batch.judged & (batch.area > 0) & (batch.sides > 0) & ~endless
    borders, phrases = batch.values("mask_stats.border"), batch.phrases
    rows = [row for row in np.flatnonzero(cut).tolist() if not _PART.search(lowered(phrases[row]))]
    sides = batch.box[rows, 2:].tolist()
    depths = [_depth(borders[row], *side) for row, side in zip(rows, sides, strict=True)]
    depth, extent = np.array(depths).reshape(-1, 2).T
    kept[rows] = np.stack((batch.area[rows], depth / extent, batch.stat("components")[rows]), 1)
    return kept


def masks_of_images(batch: Batch) -> NDArray[np.uint64]:
    """A hash of image and mask."""
    return image_names(batch) ^ heads(batch.values("mask_stats.digest"))


@check(
    "truncated_target",
    severity="info",
    scope="dataset",
    needs=("phrase", "mask_stats"),
    about="The image's border cuts the target so that little of it can be left.",
    keeps=(classes_and_sizes, whole_areas, cut_targets, masks_of_images),
    topic="The mask",
    fires=(
        *examples(*["the airplane"] * 60),
        example("gres/train/2#0", phrase="the airplane", stats_border="r", stats_area=320,
                stats_box=(505, 100, 7, 69)),
    ),
    silent=(
        *examples(*["the airplane"] * 60),
        example("gres/train/2#0", phrase="the airplane", stats_border="r", stats_area=900,
                stats_box=(500, 100, 12, 100)),
    ),
)  # fmt: skip
def truncated_target(
    dataset: DatasetStatistics,
    *,
    max_depth: float = 0.3,
    max_left: float = 0.8,
    max_speck: int = 60,
    max_unknown: int = 1000,
    min_members: int = 30,
) -> Iterator[Issue]:
    """Compares targets that the border cuts with the whole ones of their class.

    It finds slivers along the border and specks at it. A mask is decided once and reported for all
    of its queries, which are one group. Queries for a part ("partially visible", "a segment of the
    train") are left out, and so are roads, water and vegetation, which usually continue.

    Args:
        dataset: all pairs
        max_depth: largest depth of a sliver, as a share of its extent along the border
        max_left: largest area of a reported sliver, as a share of the usual area of its class
        max_speck: largest area in pixels of a reported speck of less than half the usual area
        max_unknown: largest area in pixels of a reported sliver of any class, unless a third of the
            usual area is left at most
        min_members: smallest number of whole members of a class to compare with
    """
    known = ClassSizes(dataset)

    def little(area: float, depth: float, parts: float, rank: Rank | None) -> bool:
        left = area / rank.median if rank else None
        much = area >= max_unknown and (left is None or left >= SURE)
        if depth <= max_depth and not much and (left is None or left < max_left):
            return True
        speck = area <= max_speck and (left is None or left < 0.5)
        return parts == 1 and (speck or _share_left(rank, area) <= SPECK)

    for rows, marks, cut, numbers in dataset.parts(masks_of_images, cut_targets, classes_and_sizes):
        ranks: dict[int, Rank | None] = {}
        for mark, (measured, named) in _candidates_by_mask(marks, cut, numbers, known).items():
            rank = known.rank(named, step_of(max(1, int(measured[0]))), min_members)
            if little(*measured, rank):
                ranks[mark] = rank
        found = (cut[:, 0] > 0) & np.isin(marks, np.array([*ranks], marks.dtype))
        # Samples are read in the order of the import, not in that of the rows.
        for batch in dataset.read(rows[found]):
            for mark, pair in zip(masks_of_images(batch).tolist(), batch, strict=True):
                if issue := _issue(pair, ranks[mark], max_depth, max_speck):
                    yield issue


_Cut = tuple[float, float, float]
"""Pixels, depth and parts; see :func:`cut_targets`."""


def _candidates_by_mask(
    marks: NDArray[np.uint64], cut: NDArray[Any], numbers: NDArray[Any], known: ClassSizes
) -> dict[int, tuple[_Cut, list[str]]]:
    """The measurements of each mask that the border cuts, and the classes in its queries."""
    rows = np.flatnonzero(cut[:, 0])
    measured: dict[int, _Cut] = {}
    named: dict[int, dict[str, None]] = {}
    each = zip(marks[rows].tolist(), cut[rows].tolist(), numbers[rows].tolist(), strict=True)
    for mark, (area, depth, parts), number in each:
        measured.setdefault(mark, (area, depth, parts))
        named.setdefault(mark, {}).update(dict.fromkeys(known.words[number][0]))
    return {mark: (values, list(named[mark])) for mark, values in measured.items()}


def _share_left(rank: Rank | None, area: float) -> float:
    """Area as a share of the usual area of the class; 1 if that is unknown."""
    return 1.0 if rank is None or rank.name in _OF_ANY_SIZE else min(1.0, area / rank.median)


def _depth(border: str, width: float, height: float) -> tuple[float, float]:
    """Extent of a target into the image, and along the border."""
    if len(border) > 1:
        return float("inf"), 1.0
    return (width, height) if border in "lr" else (height, width)


def _issue(pair: Sample, rank: Rank | None, max_depth: float, max_speck: int) -> Issue | None:
    stats = pair.stats
    depth, extent = _depth(stats.border, *stats.box[2:])
    sliver = depth <= max_depth * extent
    left = min(1.0, stats.area / rank.median) if rank else min(1.0, depth / extent)
    sure = (_is_thin if sliver else _is_scrap)(stats, rank, max_speck)
    if not sure and not _is_obvious(stats, rank, sliver):
        return None
    score = 0.1 + 0.3 * left if sure else 0.5 + 0.3 * left
    return Issue(pair.key, score, _note(stats, rank, sliver), "warning" if sure else None)


def _is_thin(stats: MaskStats, rank: Rank | None, max_speck: int) -> bool:
    """Whether a sliver is probably wrong: small for its class, or very thin."""
    depth, _ = _depth(stats.border, *stats.box[2:])
    thin = THIN_UNKNOWN * _across(stats)
    if rank is None:
        return stats.area <= max_speck or depth <= thin
    left = stats.area / rank.median
    if left < SURE:
        return depth <= DEEP * _across(stats)
    if _is_long(rank):
        return left < MOST_LONG and depth <= thin
    return (left < MOST and depth <= thin) or depth <= THIN * math.sqrt(rank.median)


def _is_long(rank: Rank) -> bool:
    return not _LONG.isdisjoint(kinds_of(rank.name))


def _is_scrap(stats: MaskStats, rank: Rank | None, max_speck: int) -> bool:
    """Whether a speck is probably wrong."""
    if _share_left(rank, stats.area) <= SCRAP:
        return True
    depth, _ = _depth(stats.border, *stats.box[2:])
    little = rank is None or stats.area < SURE * rank.median
    return stats.area <= max_speck and depth <= SHALLOW and little


def _is_obvious(stats: MaskStats, rank: Rank | None, sliver: bool) -> bool:
    """Whether a rest is so small that a reader would call it wrong.

    Readers did not agree on half a building or crane at the border.
    """
    if rank is None:
        depth, _ = _depth(stats.border, *stats.box[2:])
        return not sliver or depth <= DEEP_UNKNOWN * _across(stats)
    return (
        stats.area < INFO_SHARE * rank.median and stats.area <= INFO_AREA and rank.smaller <= TAIL
    )


def _across(stats: MaskStats) -> int:
    """The image's side that the depth of a sliver is measured along, in pixels."""
    return stats.width if stats.border in "lr" else stats.height


def _note(stats: MaskStats, rank: Rank | None, sliver: bool) -> str:
    depth, extent = _depth(stats.border, *stats.box[2:])
    side = _SIDES[stats.border] if len(stats.border) == 1 else "image's"
    note = f"the {side} border cuts the target: "
    note += f"{extent} pixels along it, {depth} deep" if sliver else f"{stats.area} pixels are left"
    if rank is not None:
        left = min(1.0, stats.area / rank.median)
        note += f"; {stats.area}, " if sliver else ", "
        note += f"{left:.0%} of the usual {rank.median:.0f} of a whole {rank.name}"
    return note.replace("%", " %")
