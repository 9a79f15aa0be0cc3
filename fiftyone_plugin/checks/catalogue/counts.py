"""The number of objects in a query against the parts of the mask."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.language import counts
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures

NEEDS = ("phrase", "mask_stats")

_SPREADING = frozenset({"road", "vegetation", "water", "lot", "harbor", "airport"})
"""Kinds of which one, seen from above, may lie in several parts."""

_ADJOINING = frozenset({"building", "railway vehicle", "trailer", "court"})
"""Kinds whose members stand side by side, or of which several make one."""

MIN_PIXELS = 64
MAX_NUMBER = 12


@check(
    "fragmented_mask",
    severity="warning",
    needs=NEEDS,
    about="The query asks for one object and the mask is in many parts, or the mask is speckle.",
    topic="The mask",
    fires=example(stats_components=8, stats_largest=0.3),
    silent=example(phrase="the cars", stats_components=8, stats_largest=0.3),
)
def fragmented_mask(
    batch: Batch, *, min_parts: int = 3, max_largest: float = 0.8, min_speckle: int = 30
) -> Iterator[Issue]:
    """Finds masks in pieces.

    Args:
        batch: pairs
        min_parts: from how many parts on a mask of one object is doubted; something that lies
            over it often cuts it in two
        max_largest: share of the target in its largest part up to which it is doubted;
            where nearly all of it is one part, the others are crumbs
        min_speckle: from how many parts on a mask whose parts have fewer than 16 pixels on
            average is called speckle, whatever the query
    """
    parts = batch.stat("components")
    several = batch.judged & (parts >= 2)
    speckle = several & (parts >= min_speckle) & (batch.area < 16 * parts)
    pieces = several & (parts >= min_parts) & (batch.stat("largest") <= max_largest)
    for sample in batch.where(speckle):
        each = sample.stats.area / sample.stats.components
        note = (
            f"the mask is speckle: {sample.stats.components} parts of {each:.1f} pixels on average"
        )
        yield Issue(sample.key, 0.15, note)
    for sample in batch.where(pieces & ~speckle & batch.query_where(_asks_for_one)):
        stats = sample.stats
        share = f"{stats.largest:.0%}".replace("%", " %")
        note = f"query asks for one object; the mask has {stats.components} parts, the largest"
        score = max(0.15, 0.2 + 0.4 * stats.largest - 0.01 * stats.components)
        yield Issue(sample.key, score, f"{note} {share} of it")


@check(
    "count_conflict",
    severity="warning",
    needs=NEEDS,
    about="The query asks for several objects and the mask has another number of parts.",
    topic="Query against mask",
    fires=example(phrase="the storage tanks"),
    silent=example(phrase="the storage tanks", stats_components=3),
)
def count_conflict(batch: Batch) -> Iterator[Issue]:
    """Compares numbers and plurals with the number of parts.

    Objects that touch are one part, and one object may be cut in two, so only plain cases
    count: one part for several, fewer parts than half the number, or more than twice as many.
    It is info where a number of objects can lie in fewer parts ("a pair of"). Kinds whose members
    adjoin, or are called one by one and all together alike, are one part rightly: buildings, the
    cars of a train.
    """
    large = batch.judged & (batch.area >= MIN_PIXELS)
    for sample in batch.where(large & batch.query_where(_asks_for_several)):
        word, parts = counts(sample.phrase)[0], sample.stats.components
        number = int(word.value) if word.value != "many" else None
        said = f"query says {word.text!r}; the mask"
        query = batch.query(batch.row_of[sample.key])
        adjoins = query.kinds & _ADJOINING or "container" in query.classes
        if parts == 1:
            score = 0.35 if number else 0.5
            fills = f"{sample.stats.solidity:.0%}".replace("%", " %")
            note = f"{said} is one part that fills {fills} of its convex hull"
            if number and not adjoins:
                yield Issue(sample.key, score, f"{note}; objects that touch are one part", "info")
            elif not adjoins:
                yield Issue(sample.key, score, note)
        elif number and number <= MAX_NUMBER and not number / 2 <= parts <= 2 * number:
            # The farther from the number, the lower.
            score = 0.6 * min(parts / number, number / parts)
            severity = "info" if parts < number else None
            yield Issue(sample.key, score, f"{said} has {parts} parts", severity)


def _asks_for_one(query: QueryFeatures) -> bool:
    return query.counts == ("1",) and not _spreads(query)


def _asks_for_several(query: QueryFeatures) -> bool:
    """Not "the building ... find the structures", which can be read either way."""
    return bool(query.counts) and "1" not in query.counts and not _spreads(query)


def _spreads(query: QueryFeatures) -> bool:
    return "facility" in query.classes or bool(query.kinds & _SPREADING)
