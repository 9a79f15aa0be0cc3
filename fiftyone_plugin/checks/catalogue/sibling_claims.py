"""Claims about a target's rank, against the other masks and queries of the image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example, mask_at
from pairlens.fiftyone_plugin.language import ranking
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures
from pairlens.fiftyone_plugin.language.rankings import Axis, Ranking
from pairlens.importers.mask_stats import MaskStats

MAX_MASKS = 256
"""Masks of an image that a claim is compared with."""

LARGER = 1.3
"""How many times as large another mask must be to deny that this one is the largest."""

_SIDES = {("x", False): "left", ("x", True): "right", ("y", False): "top", ("y", True): "bottom"}


class _Pair(NamedTuple):
    sample: Sample
    query: QueryFeatures
    claim: Ranking | None


@check(
    "sibling_claim",
    severity="warning",
    scope="image",
    needs=("phrase", "mask_stats"),
    about="The query claims a rank, such as the largest, that other masks or queries deny.",
    topic="Pairs against each other",
    fires=(
        example(phrase="the leftmost car", stats=mask_at(400, 100)),
        example("gres/train/1#1", phrase="the car", stats=mask_at(100, 100)),
    ),
    silent=(
        example(phrase="the leftmost car", stats=mask_at(100, 100)),
        example("gres/train/1#1", phrase="the car", stats=mask_at(400, 100)),
    ),
)
def sibling_claim(batch: Batch, *, far: float = 0.85) -> Iterator[Issue]:
    """Compares superlatives, ordinals and comparisons with the masks of the same class.

    Not all objects of an image need be annotated, so only annotated ones can contradict a claim:
    a larger one contradicts "the largest", two objects further left contradict "second from the
    left". Too few such objects are ``info``, since others can be unannotated. Further attributes
    in the query ("the largest red car") make it ``info``, a place in it prevents the check. Queries
    of the same mask can contradict each other's claims: of three the different one is reported, of
    two both as ``info``.

    Args:
        batch: the pairs of images
        far: distance from the left, 0 to 1, from which on a target of "the leftmost" contradicts
            the claim itself; ``info``
    """
    usable = batch.judged & (batch.area > 0)
    claimed = batch.query_where(lambda query: "rank" in query.marks)
    claims = {row: ranking(batch.phrases[row]) for row in np.flatnonzero(claimed).tolist()}
    rows = usable & np.isin(batch.images, batch.images[claimed & usable])
    reported: set[str] = set()
    for group in batch.groups(where=rows):
        pairs = [_Pair(batch.sample(row), batch.query(row), claims.get(row)) for row in group]
        for issue in _denied(pairs):
            reported.add(issue.key)
            yield issue
    for sample in batch.where(claimed & usable):
        claim = ranking(sample.phrase)
        if claim and sample.key not in reported and (issue := _far_off(sample, claim, far)):
            yield issue


def _denied(pairs: list[_Pair]) -> Iterator[Issue]:
    masks: dict[str, list[_Pair]] = {}
    for pair in pairs:
        masks.setdefault(pair.sample.stats.digest, []).append(pair)
    groups = list(masks.values())[:MAX_MASKS]
    for group in groups:
        others = [other for other in groups if other is not group]
        for one in group:
            if one.claim:
                issue = _by_masks(one, one.claim, others) or _by_queries(one, one.claim, group)
                if issue:
                    yield issue


def _by_masks(one: _Pair, claim: Ranking, others: Sequence[list[_Pair]]) -> Issue | None:
    """Compares a claim with the masks of other objects of the class."""
    if one.query.place or one.sample.stats.components != 1:
        return None
    members = [
        group[0] for group in others if any(_is_member(other, claim.name) for other in group)
    ]
    beyond = [other for other in members if _is_beyond(other.sample, one.sample, claim)]
    if len(members) >= claim.rank and len(beyond) < claim.rank - 1:
        before = f"{len(beyond)} of {len(members)} others of the class come before it"
        return Issue(one.sample.key, 0.45, f"query says {claim.text!r}; {before}", "info")
    if len(beyond) < claim.rank:
        return None
    more = f", as {len(beyond) - 1} more" if len(beyond) > 1 else ""
    is_so = _comparison(beyond[0].sample.stats, one.sample.stats, claim)
    note = f"query says {claim.text!r}; {beyond[0].sample.key} of the same class {is_so}{more}"
    return Issue(one.sample.key, 0.2 if claim.plain else 0.4, note, None if claim.plain else "info")


def _is_member(other: _Pair, name: str) -> bool:
    """Whether a pair shows a single object of a class."""
    single = other.sample.stats.components == 1 and not {*other.query.counts} - {"1"}
    return single and name in other.query.kinds


def _is_beyond(other: Sample, one: Sample, claim: Ranking) -> bool:
    """Whether another mask precedes this one in the order of the claim."""
    if claim.axis in ("x", "y"):
        low, size = (0, 2) if claim.axis == "x" else (1, 3)
        (a, b), box = (_center(each, claim.axis) for each in (other, one)), one.stats.box
        return a > box[low] + box[size] if claim.greatest else a < box[low] and a < b
    a, b = _extent(other.stats, claim.axis), _extent(one.stats, claim.axis)
    if claim.greatest:
        # An object that the border cuts is larger than its mask.
        return not one.stats.border and a >= LARGER * b
    return not other.stats.border and b >= LARGER * a


def _center(sample: Sample, axis: Axis) -> float:
    return sample.stats.centroid[0 if axis == "x" else 1]


def _extent(stats: MaskStats, axis: Axis) -> float:
    """The area in pixels, or the length as the square root of area times elongation."""
    return stats.area if axis == "area" else math.sqrt(stats.area * max(1.0, stats.elongation))


def _comparison(other: MaskStats, one: MaskStats, claim: Ranking) -> str:
    if claim.axis in ("x", "y"):
        return f"lies farther to the {_SIDES[claim.axis, claim.greatest]}"
    a, b = _extent(other, claim.axis), _extent(one, claim.axis)
    unit = "pixels" if claim.axis == "area" else "pixels in length"
    return f"has {a:.0f} {unit}, its mask {b:.0f}"


def _by_queries(one: _Pair, claim: Ranking, group: Sequence[_Pair]) -> Issue | None:
    """Compares a claim with those of other queries of the mask."""
    others = [(other, other.claim) for other in group if other is not one and other.claim]
    against = [(other, said) for other, said in others if _exclude(claim, said)]
    agreed = [said for _, said in others if _same(claim, said)]
    if len(against) <= len(agreed):
        return None
    other, said = against[0]
    odd = not agreed and any(_same(said, more) for _, more in against[1:])
    note = f"query says {claim.text!r}; {other.sample.key} of the same mask: {said.text!r}"
    return Issue(one.sample.key, 0.25 if odd else 0.45, note, None if odd else "info")


def _same(a: Ranking, b: Ranking) -> bool:
    return (a.axis, a.greatest, a.rank) == (b.axis, b.greatest, b.rank)


def _exclude(a: Ranking, b: Ranking) -> bool:
    """Whether no object can have both ranks; second from the left can be last from the right."""
    if a.axis != b.axis:
        return False
    return a.rank != b.rank if a.greatest == b.greatest else a.rank == b.rank == 1


def _far_off(sample: Sample, claim: Ranking, far: float) -> Issue | None:
    """Whether the target of "the leftmost" lies at the far right, or the like."""
    if claim.axis not in ("x", "y") or claim.rank > 1:
        return None
    side = sample.stats.width if claim.axis == "x" else sample.stats.height
    at = _center(sample, claim.axis) / max(1, side)
    away = 1 - at if claim.greatest else at
    if away < far:
        return None
    name = _SIDES[claim.axis, claim.greatest]
    note = f"query says {claim.text!r}; the mask lies {away:.0%} of the image away from the {name}"
    return Issue(sample.key, 0.5, note.replace("%", " %"), "info")
