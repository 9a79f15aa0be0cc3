"""What color the words say the target has, against the pixels under its mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.table import Bools, Table
from fiftyone_plugin.language import colors
from importers.fields import IMAGE_STATS, TARGET_COLORS
from importers.image_stats import COLORS, TargetColors

GRAYS = frozenset({"white", "black", "gray"})
MIN_PIXELS = 40
MIN_CHROMA = 3.0
"""Mean chroma below which an image is as good as panchromatic."""

LIGHTER = 8.0
"""Steps of L from which on a target is plainly lighter or darker than what is around it."""


def _unlike_pixels(seen: Table, min_share: float) -> Bools:
    """Where too few pixels can be called by any color that the query names."""
    named = seen.where(lambda said: said.colors) & ~seen.missing & (seen.area >= MIN_PIXELS)
    shares = seen.values(f"{TARGET_COLORS}.shares")
    found = np.zeros(len(seen), np.bool_)
    for row in np.flatnonzero(named).tolist():
        measured = shares[row]
        colors_of = seen.said[seen.saying[row]].colors
        found[row] = not measured or (
            max(measured[COLORS.index(name)] for name in colors_of) < min_share
        )
    return found


@check(
    "color_conflict",
    severity="warning",
    needs=("phrase", "mask_stats.area", IMAGE_STATS, TARGET_COLORS),
    about="Hardly a pixel under the mask can be called by the color that the query names.",
    screen=_unlike_pixels,
)
def color_conflict(pair: Subject, *, min_share: float = 0.06) -> Iterator[Doubt]:
    """Compares the color words of the target with the pixels under its mask.

    Of several colors one is enough, since they may belong to different parts. White and black
    are also granted to what is plainly lighter or darker than its surroundings.
    """
    measured = pair.colors
    if measured is None or pair.image_missing or pair.stats.area < MIN_PIXELS:
        return
    named = list(dict.fromkeys(word.value for word in colors(pair.phrase)))
    if pair.image is not None and pair.image.chroma < MIN_CHROMA:
        named = named if GRAYS.issuperset(named) else []
    if not named or any(_relatively(name, measured) for name in named):
        return
    share = max(share_of(name, measured) for name in named)
    if share < min_share:
        yield Doubt(0.5 * share / min_share, _note(named, share, measured))


def share_of(name: str, measured: TargetColors) -> float:
    """Share of the mask's pixels that can be called by a color, 0 to 1."""
    return measured.shares[COLORS.index(name)] if measured.shares else 0.0


def _relatively(name: str, measured: TargetColors) -> bool:
    step = measured.target[0] - measured.ring[0]
    return (name == "white" and step > LIGHTER) or (name == "black" and step < -LIGHTER)


def _note(named: Sequence[str], share: float, measured: TargetColors) -> str:
    order = sorted(zip(measured.shares, COLORS, strict=True), reverse=True)
    seen = " and ".join(f"{name} ({part:.0%})" for part, name in order[:2])
    light, a, b = measured.target
    return (
        f"query says {' and '.join(named)}; {share:.0%} of the mask could be called so, but "
        f"{seen}; its mean color is L {light:.0f}, a {a:.0f}, b {b:.0f}"
    ).replace("%", " %")
