"""Checks on the mask alone. All of them go by the stored measurements."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import OUTLINES, Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import EMPTY, example
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures

STATS = ("mask_stats",)

FULL = 0.98
"""Share of the image from which on a mask that is a box is no object's box."""


@check(
    "mask_unreadable",
    severity="error",
    needs=STATS,
    about="The mask file is missing or cannot be decoded.",
    topic="The mask",
    fires=example(stats_error="masks/17.tif is not there"),
    silent=example(),
)
def mask_unreadable(batch: Batch) -> Iterator[Issue]:
    for sample in batch.where(batch.broken):
        yield Issue(sample.key, 0.0, sample.stats.error)


@check(
    "mask_size_mismatch",
    severity="error",
    needs=(*STATS, "metadata"),
    about="The mask has not the size of its image.",
    topic="The mask",
    fires=example(stats_width=256, stats_height=256),
    silent=example(stats_width=256, image_missing=True),
)
def mask_size_mismatch(batch: Batch) -> Iterator[Issue]:
    width, height = batch.number("metadata.width"), batch.number("metadata.height")
    differs = (batch.stat("width") != width) | (batch.stat("height") != height)
    known = (width > 0) & (height > 0) & ~batch.missing & ~batch.broken
    for sample in batch.where(known & differs):
        mask = f"{sample.stats.width}x{sample.stats.height}"
        image = "x".join(map(str, sample.image_size or ()))
        yield Issue(sample.key, 0.0, f"the mask is {mask}, the image {image} pixels")


@check(
    "mask_values",
    severity="warning",
    needs=STATS,
    about="The mask file holds other values than 0/1, 0/255 or a declared ignore.",
    topic="The mask",
    fires=example(stats_problem="3 values: 0, 7, 255"),
    silent=example(),
)
def mask_values(batch: Batch) -> Iterator[Issue]:
    for sample in batch.where(batch.present("mask_stats.problem")):
        yield Issue(sample.key, 0.2, f"the mask file holds {sample.stats.problem}")


@check(
    "empty_mask",
    severity="error",
    needs=STATS,
    about="The mask has no target pixel, and the pair is not declared to have no target.",
    topic="The mask",
    fires=example(stats=EMPTY, stats_ignore_area=40),
    silent=example(stats=EMPTY, no_target=True),
)
def empty_mask(batch: Batch) -> Iterator[Issue]:
    for sample in batch.where(batch.judged & (batch.area == 0)):
        ignored = sample.stats.ignore_area
        more = f"; {ignored} are ignored" if ignored else ""
        yield Issue(sample.key, 0.0, f"no pixel of the mask is target{more}")


@check(
    "full_mask",
    severity="error",
    needs=STATS,
    about="The mask covers the whole image, or nearly so.",
    topic="The mask",
    fires=example(stats_area=512 * 512),
    silent=example(stats_area=256 * 512),
)
def full_mask(batch: Batch, *, min_share: float = 0.98) -> Iterator[Issue]:
    for sample in batch.where((batch.share >= min_share) | (batch.share == 1)):
        share = sample.stats.area / (sample.stats.width * sample.stats.height or 1)
        if share == 1:
            yield Issue(sample.key, 0.0, "the mask covers every pixel of the image")
        else:
            score = (1 - share) / max(1 - min_share, 1e-9) * 0.5
            yield Issue(sample.key, score, f"the mask covers {share:.1%} of the image", "warning")


@check(
    "tiny_mask",
    severity="warning",
    needs=STATS,
    about="The mask has so few pixels that no object can be told by it.",
    topic="The mask",
    fires=example(stats_area=9),
    silent=example(stats_area=16),
)
def tiny_mask(batch: Batch, *, min_area: int = 16) -> Iterator[Issue]:
    for sample in batch.where((batch.area > 0) & (batch.area < min_area)):
        area = sample.stats.area
        cut = " at the image's border" if sample.stats.border else ""
        note = f"the mask has {area} pixel{'s' * (area != 1)}{cut}"
        yield Issue(sample.key, area / min_area * 0.6, note)


@check(
    "box_mask",
    severity="info",
    needs=("phrase", OUTLINES, *STATS),
    about="The mask is its own bounding box: a box that was never segmented.",
    topic="The mask",
    fires=example(stats_rectangularity=1.0),
    silent=example(stats_rectangularity=0.99),
)
def box_mask(
    batch: Batch, *, min_rectangularity: float = 0.995, min_side: int = 12
) -> Iterator[Issue]:
    """Finds upright masks without a rounded corner.

    It is a warning about what is no box from above: aircraft, tanks, towers, and whatever the
    query calls round. A bus, a building or a court may fill its box.

    Args:
        batch: pairs
        min_rectangularity: share of its box from which on a mask is doubted
        min_side: pixels of the box's shorter side below which it is no matter
    """
    # Few pixels make a box of anything, and the whole image is another check's.
    large = (batch.box[:, 2:].min(1) >= min_side) & (batch.share < FULL)
    for sample in batch.where(large & (batch.stat("rectangularity") >= min_rectangularity)):
        stats = sample.stats
        x, y, width, height = stats.box
        # The larger, the less likely that an object's outline happens to be upright and straight.
        score = 0.5 - 0.4 * min(1.0, min(width, height) / 64)
        exactly = "exactly" if stats.rectangularity == 1 else f"{stats.rectangularity:.1%} of"
        note = f"the mask fills {exactly} its box: {width}x{height} pixels at ({x}, {y})"
        if _is_no_box(batch.query(batch.row_of[sample.key])):
            yield Issue(sample.key, score / 2, f"{note}, as none of its kind does", "warning")
        else:
            yield Issue(sample.key, score / 2 + 0.5, note)


_NO_BOXES = frozenset({"aircraft", "storage tank", "tower", "crane", "roundabout"})


def _is_no_box(query: QueryFeatures) -> bool:
    """Whether it asks for what is not rectangular from above."""
    straight = {"rectangular", "square"}.intersection(query.shapes)
    round_ones = {"round", "oval", "triangular"}.intersection(query.shapes)
    return not straight and bool(round_ones or query.kinds & _NO_BOXES)


@check(
    "degenerate_polygon",
    severity="error",
    needs=STATS,
    about="A polygon has fewer than three points, no area, or lies outside the image.",
    topic="The mask",
    fires=example(stats_polygon_faults=("polygon 1 has 2 points", "polygon 4 has 1")),
    silent=example(),
)
def degenerate_polygon(batch: Batch) -> Iterator[Issue]:
    for sample in batch.where(batch.present("mask_stats.polygon_faults")):
        first, *others = sample.stats.polygon_faults
        more = f" and {len(others)} more" if others else ""
        if sample.stats.area:
            note = f"{first}{more}; what else is drawn remains"
            yield Issue(sample.key, 0.2, note, "warning")
        else:
            yield Issue(sample.key, 0.0, f"{first}{more}")
