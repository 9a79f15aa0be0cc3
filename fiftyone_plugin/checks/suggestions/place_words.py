"""Another place in the query: where the mask lies, in the words that the query has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.language import places
from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.places import Place

PlaceRow = Literal["top", "center", "bottom"]
PlaceColumn = Literal["left", "center", "right"]

SIDE = 0.1
"""How far from the middle a mask's center lies that is on the other side, in image sides."""

SLACK = 0.02
"""How far outside the named region the center may lie on an axis that is left as it is."""

_OPPOSITE = {
    "top": "bottom", "upper": "lower", "topmost": "bottommost", "uppermost": "lowermost",
    "north": "south", "northern": "southern", "northernmost": "southernmost",
    "left": "right", "leftmost": "rightmost", "lefthand": "righthand", "leftward": "rightward",
    "west": "east", "western": "eastern", "westernmost": "easternmost",
}  # fmt: skip
_OPPOSITE |= {other: word for word, other in _OPPOSITE.items()}
_MIDDLE = v.words("center centre middle mid central heart core midst")
"""Words for the middle that another place can stand for."""

_PLAIN = v.words("center centre middle central")
"""Those of them that stand beside another word of direction."""

_NEEDS_SIDE = v.EDGE | v.words("corner side half quadrant third thirds quarter end hand")
_WORD = re.compile(r"[A-Za-z]+")


def with_true_place(sample: Sample, others: Sequence[Sample] = ()) -> Iterator[str]:
    """The query with its place words changed to where the mask lies, the likeliest first.

    Of two axes the one that is right stays as it is. A mask that lies hardly past the middle is
    called central first, one that lies farther by the opposite side.
    """
    stats = sample.stats
    if not (stats.area and stats.width and stats.height):
        return
    x, y = stats.centroid[0] / stats.width, stats.centroid[1] / stats.height
    found = places(sample.phrase)
    choices = [list(_choices(place, x, y)) for place in found]
    for chosen in product(*choices) if found else ():
        phrase = sample.phrase
        for place, (row, column) in reversed(list(zip(found, chosen, strict=True))):
            changed = _rewritten(place.text, row, column)
            if changed is None:
                break
            phrase = _joined(phrase[: place.start], changed, phrase[place.end :])
        else:
            if phrase != sample.phrase:
                yield phrase


def _choices(
    place: Place, x: float, y: float
) -> Iterator[tuple[PlaceRow | None, PlaceColumn | None]]:
    """What row and column can be named instead; ``None`` for what stays."""
    region = place.region
    rows: list[PlaceRow | None] = [None]
    columns: list[PlaceColumn | None] = [None]
    if not region.y0 - SLACK <= y <= region.y1 + SLACK:
        rows = ["top" if y < 0.5 else "bottom", "center"]
        rows = rows if abs(y - 0.5) > SIDE else rows[::-1]
    if not region.x0 - SLACK <= x <= region.x1 + SLACK:
        columns = ["left" if x < 0.5 else "right", "center"]
        columns = columns if abs(x - 0.5) > SIDE else columns[::-1]
    yield from product(rows, columns)


def _rewritten(text: str, row: PlaceRow | None, column: PlaceColumn | None) -> str | None:
    """The words of one place with another row, column or both; ``None`` where that cannot be."""
    if row is None and column is None:
        return text
    heads = [m for m in _WORD.finditer(text) if m[0].lower() in v.DIRECTION]
    words = [m[0].lower() for m in heads]
    if not words or any(w not in _OPPOSITE and w not in _MIDDLE for w in words):
        return None
    vertical = next((w for w in words if w in v.VERTICAL), None)
    horizontal = next((w for w in words if w in v.HORIZONTAL), None)
    middles = [w for w in words if w in _MIDDLE]
    if len(words) > 2 or len(middles) > 1 or (middles and " of " in _between(text, heads)):
        return None
    middle = middles[0] if middles and middles[0] in _PLAIN else "center"
    up = _named(row, vertical, "top", bool(middles) and not vertical)
    across = _named(column, horizontal, "left", bool(middles) and not horizontal)
    head = _head(up, across, middle, _between(text, heads) or "-")
    end = text[heads[-1].end() :]
    return None if head is None else _matched(head, end, middle)


def _between(text: str, heads: list[re.Match[str]]) -> str:
    return text[heads[0].end() : heads[-1].start()]


def _named(wanted: str | None, named: str | None, first: str, central: bool) -> str:
    """The word of one axis: "" where none is named, "center" for the middle of it."""
    if wanted is None:
        return named or ("center" if central else "")
    if wanted == "center":
        return "center"
    if named is None:
        return wanted
    axis = v.VERTICAL if first == "top" else v.HORIZONTAL
    return named if axis[named] == wanted else _OPPOSITE[named]


def _head(up: str, across: str, middle: str, gap: str) -> str | None:
    sides = [word for word in (up, across) if word and word != "center"]
    if not sides:
        return middle
    if len(sides) == 2:
        compass = sum(word in v.COMPASS for word in sides)
        return None if compass == 1 else (gap if not gap.strip(" -") else "-").join(sides)
    if "center" not in (up, across):
        return sides[0]
    gap = gap if not gap.strip(" -") else "-"
    return gap.join((up, middle if middle != "central" else "center")) if across == "center" else (
        gap.join((middle, across))
    )  # fmt: skip


def _matched(head: str, end: str, middle: str) -> str | None:
    """Head and noun: what is no corner and no side any more is a part."""
    noun = re.match(r"[ -]+([A-Za-z]+)", end)
    if noun is None:
        return head + end
    name = noun[1].lower()
    middled = middle in re.split("[ -]", head)
    corner = name == "corner" and len(re.split("[ -]", head)) < 2
    if name == "hand" and head.split("-")[-1] == middle:
        return None
    if corner or (middled and name in _NEEDS_SIDE):
        end = end[: noun.start(1)] + "part" + end[noun.end(1) :]
        name = "part"
    if head == middle and name in v.AREA:
        head = "central" if middle in ("center", "centre") else head
    return head + end


def _joined(before: str, changed: str, after: str) -> str:
    """The parts with the article and the preposition that go with the changed place."""
    first = changed[:1]
    if re.search(r"\b[Aa]n? $", before):
        article = "an" if first.lower() in "aeiou" else "a"
        before = re.sub(r"\b([Aa])n? $", lambda m: m[1] + article[1:] + " ", before)
    if not re.search(r"[a-z]", before):
        changed = first.upper() + changed[1:]
    if re.match(r"(?:center|centre|middle)\b(?![ -](?:left|right|side))", changed):
        before = re.sub(r"\bon the $", "in the ", before)
    return before + changed + after
