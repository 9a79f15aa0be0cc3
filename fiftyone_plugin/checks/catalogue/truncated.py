"""Targets of which the image's border leaves little."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.class_sizes import (
    ClassSizes,
    Rank,
    classes_and_sizes,
    step_of,
    whole_areas,
)
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics, heads, image_names
from pairlens.fiftyone_plugin.checks.examples import example, examples

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
    rf"(?!(?:\w+ )?{_FRAME}\b)",
    re.I,
)
"""Asks for what there is of an object."""

SURE = 0.35
"""Share of a whole one up to which a sliver or a speck is told as probably wrong."""

THIN = 0.3
"""Depth of a sliver up to which it is so too, as a share of the side of a square of the usual
area."""

THIN_UNKNOWN = 0.016
"""The same of a class that is not known, as a share of the image's side."""

SPECK = 0.25
"""Share of a whole one up to which what is left is too little, whatever its shape."""


def cut_targets(batch: Batch) -> NDArray[Any]:
    """Of masks that the border cuts: pixels, depth and parts, (samples, 3); 0 of all others.

    The depth is how far the target reaches into the image, as a share of its extent along the
    border; infinite where it touches several sides.
    """
    kept = np.zeros((len(batch), 3))
    endless = batch.query_where(lambda query: query.kinds & _ENDLESS)
    cut = batch.judged & (batch.area > 0) & (batch.sides > 0) & ~endless
    borders, phrases = batch.values("mask_stats.border"), batch.phrases
    rows = [row for row in np.flatnonzero(cut).tolist() if not _PART.search(phrases[row])]
    for row in rows:
        depth, extent = _depth(borders[row], batch.box[row, 2], batch.box[row, 3])
        kept[row] = batch.area[row], depth / extent, batch.stat("components")[row]
    return kept


def masks_of_images(batch: Batch) -> NDArray[np.uint64]:
    """Equal for the same mask of the same image."""
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
    """Compares what the border leaves of a target with the whole ones of its class.

    Slivers along the border are found, and specks at it. It is decided once for a mask and told
    of each of its queries, as none of them is better than the mask; they are one group. Queries
    that ask for a part themselves ("partially visible", "a segment of the train") are right, and
    roads, water and vegetation go on anyway.

    Args:
        dataset: all pairs
        max_depth: how deep the target reaches into the image, as a share of its extent along
            the border, up to which it counts as a sliver
        max_left: share of the usual area of its class up to which a sliver is told
        max_speck: pixels up to which whatever is left at the border is told, unless half of the
            usual area is left
        max_unknown: pixels up to which a sliver is told whose class has too few whole members
        min_members: whole members that a class must have to be compared with
    """
    known = ClassSizes(dataset)
    cut, marks = dataset[cut_targets].reshape(-1, 3), dataset[masks_of_images]
    rows = np.flatnonzero(cut[:, 0])
    named: dict[int, dict[str, None]] = {}
    first: dict[int, int] = {}
    numbers = dataset[classes_and_sizes][rows].tolist()
    for row, mark, number in zip(rows.tolist(), marks[rows].tolist(), numbers, strict=True):
        first.setdefault(mark, row)
        named.setdefault(mark, {}).update(dict.fromkeys(known.said[number][0]))

    def little(row: int, rank: Rank | None) -> bool:
        area, depth, parts = cut[row].tolist()
        left = area / rank.median if rank else None
        if depth <= max_depth and (area < max_unknown if left is None else left < max_left):
            return True
        speck = area <= max_speck and (left is None or left < 0.5)
        return parts == 1 and (speck or (left is not None and left <= SPECK))

    ranks: dict[int, Rank | None] = {}
    for mark, row in first.items():
        rank = known.rank(list(named[mark]), step_of(max(1, int(cut[row, 0]))), min_members)
        if little(row, rank):
            ranks[mark] = rank
    found = rows[np.isin(marks[rows], np.array([*ranks], marks.dtype))]
    # They come in the order of the import, which is not that of the rows.
    for batch in dataset.read(found):
        for mark, pair in zip(masks_of_images(batch).tolist(), batch, strict=True):
            yield _issue(pair, ranks[mark], max_depth, max_speck)


def _depth(border: str, width: float, height: float) -> tuple[float, float]:
    """How deep a target reaches into the image, and its extent along the border."""
    if len(border) > 1:
        return float("inf"), 1.0
    return (width, height) if border in "lr" else (height, width)


def _issue(pair: Sample, rank: Rank | None, max_depth: float, max_speck: int) -> Issue:
    stats = pair.stats
    depth, extent = _depth(stats.border, *stats.box[2:])
    sliver = depth <= max_depth * extent
    side = _SIDES[stats.border] if len(stats.border) == 1 else "image's"
    note = f"the {side} border cuts the target: "
    note += f"{extent} pixels along it, {depth} deep" if sliver else f"{stats.area} pixels are left"
    across = stats.width if stats.border in "lr" else stats.height
    usual = THIN * math.sqrt(rank.median) if rank else THIN_UNKNOWN * across
    doubt = min(1.0, stats.area / rank.median) if rank else min(1.0, depth / extent)
    little = doubt < SURE if rank else stats.area <= max_speck
    sure = (sliver and (little or depth <= usual)) or (little and stats.area <= max_speck)
    if rank is not None:
        note += f"; {stats.area}, " if sliver else ", "
        note += f"{doubt:.0%} of the usual {rank.median:.0f} of a whole {rank.name}"
    score = 0.1 + 0.3 * doubt if sure else 0.5 + 0.3 * doubt
    return Issue(pair.key, score, note.replace("%", " %"), "warning" if sure else None)
