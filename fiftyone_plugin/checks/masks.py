"""Checks on the mask alone. All of them go by the stored measurements."""

from __future__ import annotations

from collections.abc import Iterator

from fiftyone_plugin.checks.base import Doubt, Subject, check

STATS = ("mask_stats",)

FULL = 0.98
"""Share of the image from which on a mask that is a box is no object's box."""


@check(
    "mask_unreadable",
    severity="error",
    needs=STATS,
    about="The mask file is missing or cannot be decoded.",
    screen=lambda seen: seen.broken,
)
def mask_unreadable(pair: Subject) -> Iterator[Doubt]:
    if pair.stats.error:
        yield Doubt(0.0, pair.stats.error)


@check(
    "mask_size_mismatch",
    severity="error",
    needs=(*STATS, "metadata"),
    about="The mask has not the size of its image.",
    screen=lambda seen: (
        ~seen.missing
        & (seen.number("metadata.width") > 0)
        & (
            (seen.stat("width") != seen.number("metadata.width"))
            | (seen.stat("height") != seen.number("metadata.height"))
        )
    ),
)
def mask_size_mismatch(pair: Subject) -> Iterator[Doubt]:
    size = (pair.stats.width, pair.stats.height)
    if pair.stats.error or pair.image_size is None or pair.image_missing:
        return
    if size != pair.image_size:
        width, height = pair.image_size
        yield Doubt(0.0, f"the mask is {size[0]}x{size[1]}, the image {width}x{height} pixels")


@check(
    "mask_values",
    severity="warning",
    needs=STATS,
    about="The mask file holds other values than 0/1, 0/255 or a declared ignore.",
    screen=lambda seen: seen.there("mask_stats.problem"),
)
def mask_values(pair: Subject) -> Iterator[Doubt]:
    if pair.stats.problem:
        yield Doubt(0.2, f"the mask file holds {pair.stats.problem}")


@check(
    "empty_mask",
    severity="error",
    needs=STATS,
    about="The mask has no target pixel, and the pair is not declared to have no target.",
    screen=lambda seen: seen.judged & (seen.area == 0),
)
def empty_mask(pair: Subject) -> Iterator[Doubt]:
    if not pair.no_target and not pair.stats.error and pair.stats.area == 0:
        ignored = f"; {pair.stats.ignore_area} are ignored" if pair.stats.ignore_area else ""
        yield Doubt(0.0, f"no pixel of the mask is target{ignored}")


@check(
    "full_mask",
    severity="error",
    needs=STATS,
    about="The mask covers the whole image, or nearly so.",
    screen=lambda seen, min_share: (seen.share >= min_share) | (seen.share == 1),
)
def full_mask(pair: Subject, *, min_share: float = 0.98) -> Iterator[Doubt]:
    share = mask_share(pair)
    if share == 1.0:
        yield Doubt(0.0, "the mask covers every pixel of the image")
    elif share >= min_share:
        score = (1 - share) / max(1 - min_share, 1e-9) * 0.5
        yield Doubt(score, f"the mask covers {share:.1%} of the image", severity="warning")


def mask_share(pair: Subject) -> float:
    """Share of the image's pixels that are target, 0 to 1."""
    pixels = pair.stats.width * pair.stats.height
    return pair.stats.area / pixels if pixels else 0.0


@check(
    "tiny_mask",
    severity="warning",
    needs=STATS,
    about="The mask has so few pixels that it is rather a slip of the mouse than an object.",
    screen=lambda seen, min_area: (seen.area > 0) & (seen.area < min_area),
)
def tiny_mask(pair: Subject, *, min_area: int = 16) -> Iterator[Doubt]:
    area = pair.stats.area
    if 0 < area < min_area:
        yield Doubt(area / min_area * 0.6, f"the mask has {area} pixel{'s' * (area != 1)}")


@check(
    "box_mask",
    severity="warning",
    needs=STATS,
    about="The mask is its own bounding box: a box that was never segmented.",
    screen=lambda seen, min_rectangularity, min_side: (
        (seen.stat("rectangularity") >= min_rectangularity)
        & (seen.box[:, 2:].min(1) >= min_side)
        & (seen.share < FULL)
    ),
)
def box_mask(
    pair: Subject, *, min_rectangularity: float = 0.995, min_side: int = 8
) -> Iterator[Doubt]:
    stats = pair.stats
    x, y, width, height = stats.box
    small = min(width, height)
    # Few pixels make a box of anything, and the whole image is another check's.
    if small < min_side or stats.rectangularity < min_rectangularity or mask_share(pair) >= FULL:
        return
    # The larger, the less likely that an object's outline happens to be upright and straight.
    score = 0.5 - 0.4 * min(1.0, small / 64)
    exactly = "exactly" if stats.rectangularity == 1 else f"{stats.rectangularity:.1%} of"
    yield Doubt(score, f"the mask fills {exactly} its box: {width}x{height} pixels at ({x}, {y})")


@check(
    "degenerate_polygon",
    severity="error",
    needs=STATS,
    about="A polygon has fewer than three points, no area, or lies outside the image.",
    screen=lambda seen: seen.there("mask_stats.polygon_faults"),
)
def degenerate_polygon(pair: Subject) -> Iterator[Doubt]:
    faults = pair.stats.polygon_faults
    if not faults:
        return
    first = next(iter(faults))
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    if pair.stats.area:
        yield Doubt(0.2, f"{first}{more}; what else is drawn remains", severity="warning")
    else:
        yield Doubt(0.0, f"{first}{more}")
