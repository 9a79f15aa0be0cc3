"""How many objects the words ask for, against the parts of the mask."""

from __future__ import annotations

from collections.abc import Iterator

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.table import Bools, Table
from fiftyone_plugin.language import classes, counts
from fiftyone_plugin.language.taxonomy import kinds_of

NEEDS = ("phrase", "mask_stats")

_SPREADING = frozenset({"road", "vegetation", "water", "lot", "harbor", "airport"})
"""Kinds of which one, seen from above, may lie in several parts."""

MIN_PIXELS = 64
MAX_NUMBER = 12


def _in_pieces(seen: Table, min_parts: int, max_largest: float, min_speckle: int) -> Bools:
    parts = seen.stat("components")
    pieces = (parts >= min_parts) & (seen.stat("largest") <= max_largest)
    return seen.judged & (parts >= 2) & ((parts >= min_speckle) | pieces)


@check(
    "fragmented_mask",
    severity="warning",
    needs=NEEDS,
    about="The query asks for one object and the mask is in many parts, or the mask is speckle.",
    screen=_in_pieces,
)
def fragmented_mask(
    pair: Subject, *, min_parts: int = 3, max_largest: float = 0.8, min_speckle: int = 30
) -> Iterator[Doubt]:
    """Finds masks in pieces.

    Args:
        pair: the pair
        min_parts: from how many parts on a mask of one object is doubted; something that lies
            over it often cuts it in two
        max_largest: share of the target in its largest part up to which it is doubted;
            where nearly all of it is one part, the others are crumbs
        min_speckle: from how many parts on a mask whose parts have fewer than 16 pixels on
            average is called speckle, whatever the query
    """
    stats = pair.stats
    if pair.no_target or stats.error or stats.components < 2:
        return
    parts, share = stats.components, f"{stats.largest:.0%}".replace("%", " %")
    if parts >= min_speckle and stats.area / parts < 16:
        note = f"the mask is speckle: {parts} parts of {stats.area / parts:.1f} pixels on average"
        yield Doubt(0.15, note)
    elif parts >= min_parts and stats.largest <= max_largest and _asks_for_one(pair.phrase):
        note = f"query asks for one object; the mask has {parts} parts, the largest {share} of it"
        yield Doubt(max(0.15, 0.2 + 0.4 * stats.largest - 0.01 * parts), note)


@check(
    "count_conflict",
    severity="warning",
    needs=NEEDS,
    about="The query asks for several objects and the mask has another number of parts.",
    screen=lambda seen: (
        seen.judged & (seen.area >= MIN_PIXELS) & seen.where(lambda said: set(said.counts) - {"1"})
    ),
)
def count_conflict(pair: Subject) -> Iterator[Doubt]:
    """Compares numbers and plurals with the number of parts.

    Objects that touch are one part, and one object may be cut in two, so only plain cases
    count: one part for several, fewer parts than half the number, or more than twice as many.
    """
    stats = pair.stats
    if pair.no_target or stats.error or stats.area < MIN_PIXELS:
        return
    asked = [word for word in counts(pair.phrase) if word.value != "1"]
    if not asked or _spreads(pair.phrase):
        return
    word, parts = asked[0], stats.components
    if any(other.value == "1" for other in counts(pair.phrase)):
        return  # "the building ... find the structures": either reading
    number = 2 if word.value == "many" else int(word.value)
    if parts == 1:
        score = 0.5 if word.value == "many" else 0.35
        yield Doubt(score, f"query says {word.text!r}; the mask is one part{_form(pair)}")
    elif word.value != "many" and number <= MAX_NUMBER and not number / 2 <= parts <= 2 * number:
        # The farther from the number, the lower.
        score = 0.6 * min(parts / number, number / parts)
        yield Doubt(score, f"query says {word.text!r}; the mask has {parts} parts")


def _form(pair: Subject) -> str:
    return f" that fills {pair.stats.solidity:.0%} of its convex hull".replace("%", " %")


def _asks_for_one(phrase: str) -> bool:
    said = {word.value for word in counts(phrase)}
    return said == {"1"} and not _spreads(phrase)


def _spreads(phrase: str) -> bool:
    named = [word.value for word in classes(phrase)]
    return "facility" in named or any(kinds_of(name) & _SPREADING for name in named)
