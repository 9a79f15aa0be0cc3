"""Pairs of an image whose queries fit each other's masks better than their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.positions import TOLERANCE, outside
from pairlens.fiftyone_plugin.checks.examples import example, mask_at
from pairlens.fiftyone_plugin.language import shapes, sizes
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures
from pairlens.fiftyone_plugin.language.taxonomy import agree
from pairlens.importers.mask_stats import MaskStats

MIN_EACH = 0.02
"""How much better each of the two must fit, in image sides."""

MAX_DOUBTED = 64
"""Pairs of one image that are compared with each other; more would take quadratic time."""


_Query = tuple[Sample, QueryFeatures]


@check(
    "swapped_pair",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="Two queries of one image fit each other's masks and not their own.",
    topic="Pairs against each other",
    fires=(
        example(phrase="the car on the right", stats=mask_at(60, 256)),
        example("gres/train/1#1", phrase="the bus on the left", stats=mask_at(450, 256)),
    ),
    silent=(
        example(phrase="the car on the left", stats=mask_at(60, 256)),
        example("gres/train/1#1", phrase="the bus on the right", stats=mask_at(450, 256)),
    ),
)
def swapped_pair(batch: Batch, *, min_gain: float = 0.15) -> Iterator[Issue]:
    """Compares the masks of one image with its queries, by place, size and shape words.

    Two pairs are reported if exchanging their masks improves the fit of both queries, and leaves
    neither outside of its place. If only one improves, that pair has another fault. Each pair is
    matched once, the strongest first. Size words count between things of one kind: a small building
    is larger than a large car.

    Args:
        batch: the pairs of images
        min_gain: smallest improvement of both together, in image sides; a size or shape word that
            becomes right counts 0.3
    """
    # Only pairs that can fit another mask better.
    words = batch.query_where(lambda query: query.sizes or query.shapes)
    doubted = batch.judged & (batch.area > 0) & (words | (batch.outside > MIN_EACH))
    for rows in batch.groups(where=doubted):
        if len(set(batch.masks[rows].tolist())) > 1:
            pairs = [(batch.sample(row), batch.query(row)) for row in rows[:MAX_DOUBTED]]
            yield from _swapped(pairs, min_gain)


def _swapped(pairs: list[_Query], min_gain: float) -> Iterator[Issue]:
    gains = ((_gain(a, b), a, b) for a, b in combinations(pairs, 2))
    likely = sorted((g for g in gains if g[0] >= min_gain), key=lambda g: (-g[0], g[1][0].key))
    matched: set[str] = set()
    for gain, one, other in likely:
        keys = one[0].key, other[0].key
        if matched.isdisjoint(keys):
            matched.update(keys)
            score = max(0.05, 0.6 - gain)
            both = " ".join(sorted(keys))
            yield Issue(keys[0], score, _note(one, other), group=both)
            yield Issue(keys[1], score, _note(other, one), group=both)


def _gain(one: _Query, other: _Query) -> float:
    """The improvement of two pairs with exchanged masks; 0 if either does not improve."""
    (pair, query), (pair2, query2) = one, other
    here, there = pair.stats, pair2.stats
    if here.digest == there.digest or pair.split != pair2.split:
        return 0.0
    if max(outside(query.region, there), outside(query2.region, here)) > TOLERANCE:
        return 0.0
    by_size = _comparable(query, query2)
    mine = _misfit(query, here, there, by_size) - _misfit(query, there, here, by_size)
    theirs = _misfit(query2, there, here, by_size) - _misfit(query2, here, there, by_size)
    return mine + theirs if min(mine, theirs) >= MIN_EACH else 0.0


def _comparable(query: QueryFeatures, other: QueryFeatures) -> bool:
    """Whether the size words of two queries speak of things that can be of one kind."""
    return any(agree(a, b) for a in query.classes for b in other.classes)


def _misfit(query: QueryFeatures, stats: MaskStats, instead: MaskStats, by_size: bool) -> float:
    """The misfit of a query and a mask by place, size and shape, compared with the other mask."""
    return (
        outside(query.region, stats)
        + (_size_misfit(query, stats, instead) if by_size else 0.0)
        + _shape_misfit(query, stats, instead)
    )


def _size_misfit(query: QueryFeatures, stats: MaskStats, instead: MaskStats) -> float:
    """0.3 if a query for a small thing has a mask over four times as large as the other."""
    if query.sizes == ("small",) and stats.area > 4 * instead.area:
        return 0.3
    return 0.3 if query.sizes == ("large",) and 4 * stats.area < instead.area else 0.0


def _shape_misfit(query: QueryFeatures, stats: MaskStats, instead: MaskStats) -> float:
    """0.3 if a query for a round thing has the far longer mask, or the reverse for a long one."""
    if stats.border or instead.border:
        return 0.0
    if {"round", "square"}.intersection(query.shapes) and stats.elongation > 2 * instead.elongation:
        return 0.3
    return (
        0.3 if query.shapes == ("elongated",) and 2 * stats.elongation < instead.elongation else 0.0
    )


def _note(one: _Query, better: _Query) -> str:
    (pair, query), (other, query2) = one, better
    here, there = pair.stats, other.stats
    said = []
    if (own := outside(query.region, here)) > (others := outside(query.region, there)):
        said.append(
            f"its own mask lies {own:.0%} of the image outside the place it names, "
            f"the other {others:.0%}"
        )
    if _comparable(query, query2) and _size_misfit(query, here, there):
        word = sizes(pair.phrase)[0].text
        said.append(f"it says {word!r} and its mask has {here.area} pixels, the other {there.area}")
    if _shape_misfit(query, here, there):
        word = shapes(pair.phrase)[0].text
        said.append(
            f"it says {word!r} and its mask is {here.elongation:.1f} times as long as wide, "
            f"the other {there.elongation:.1f} times"
        )
    return f"the query fits the mask of {other.key} better: {'; '.join(said)}".replace("%", " %")
