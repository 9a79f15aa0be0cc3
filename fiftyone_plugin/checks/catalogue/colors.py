"""Color words of the target against the pixels under its mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import PHOTO, example, target_colors
from pairlens.importers.fields import IMAGE_STATS, TARGET_COLORS
from pairlens.importers.image_stats import COLORS, TargetColors

GRAYS = frozenset({"white", "black", "gray"})
MIN_PIXELS = 40
MIN_CHROMA = 3.0
"""Mean chroma below which an image is as good as panchromatic."""

SEEN = 0.01
"""The least share of a mask whose color a note names beside the most frequent one."""

LIGHTER = 8.0
"""Steps of L from which on a target is plainly lighter or darker than what is around it."""


@check(
    "color_conflict",
    severity="warning",
    needs=("phrase", "mask_stats.area", IMAGE_STATS, TARGET_COLORS),
    about="Hardly a pixel under the mask can be called by the color that the query names.",
    topic="Query against mask",
    fires=example(
        phrase="the red car", image=PHOTO, colors=target_colors(red=0.01, gray=0.6, white=0.2)
    ),
    silent=example(phrase="the red car", image=PHOTO, colors=target_colors(red=0.5)),
)
def color_conflict(batch: Batch, *, min_share: float = 0.06) -> Iterator[Issue]:
    """Compares the color words of the target with the pixels under its mask.

    Of several colors one is enough, since they may belong to different parts. White and black
    are also granted to what is plainly lighter or darker than its surroundings.
    """
    shares = batch.values(f"{TARGET_COLORS}.shares")
    colored = batch.query_where(lambda query: query.colors)
    for row in np.flatnonzero(colored & ~batch.missing & (batch.area >= MIN_PIXELS)).tolist():
        named, measured = batch.query(row).colors, shares[row] or ()
        share = max(measured[COLORS.index(name)] for name in named) if measured else 0.0
        if share < min_share and _can_tell(batch.sample(row), named):
            yield Issue(
                batch.keys[row], 0.5 * share / min_share, _note(named, share, batch.sample(row))
            )


def _can_tell(pair: Sample, named: Sequence[str]) -> bool:
    """Whether the pixels were measured and none of the colors may be meant in comparison."""
    if pair.colors is None:
        return False
    if pair.image is not None and pair.image.chroma < MIN_CHROMA and not GRAYS.issuperset(named):
        return False
    step = pair.colors.target[0] - pair.colors.ring[0]
    return not (("white" in named and step > LIGHTER) or ("black" in named and step < -LIGHTER))


def _note(named: Sequence[str], share: float, pair: Sample) -> str:
    measured = pair.colors or TargetColors()
    order = sorted(zip(measured.shares, COLORS, strict=True), reverse=True)
    most = [order[0], *(one for one in order[1:2] if one[0] >= SEEN)]
    seen = " and ".join(f"{name} ({part:.0%})" for part, name in most)
    light, a, b = measured.target
    return (
        f"query says {' and '.join(named)}; {share:.0%} of the mask could be called so, but "
        f"{seen}; its mean color is L {light:.0f}, a {a:.0f}, b {b:.0f}"
    ).replace("%", " %")
