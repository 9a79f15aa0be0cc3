"""Evidence of findings: words of the query, and shapes to draw over the image.

A finding does not keep its words; the query is read again, the way its check reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from pairlens.fiftyone_plugin.checks import judgements
from pairlens.fiftyone_plugin.checks.catalogue.coordinates import readings
from pairlens.fiftyone_plugin.checks.catalogue.positions import TOLERANCE
from pairlens.fiftyone_plugin.curation.panel_types import Point, Rect, Shape, ShapeRole, Word
from pairlens.fiftyone_plugin.language import (
    classes,
    colors,
    coordinates,
    counts,
    places,
    shapes,
    sizes,
)
from pairlens.fiftyone_plugin.language.query_features import named_region
from pairlens.importers.mask_stats import MaskStats

Mark = tuple[int, int, str, str]
"""First character, end, kind, value."""


def _places(query: str) -> list[Mark]:
    return [(p.start, p.end, "place", p.name) for p in places(query)]


def _reader(read: Callable[[str], Iterable[Any]], kind: str) -> Callable[[str], list[Mark]]:
    return lambda query: [(w.start, w.end, kind, w.value) for w in read(query)]


_READERS: dict[str, Callable[[str], list[Mark]]] = {
    "place": _places,
    "color": _reader(colors, "color"),
    "size": _reader(sizes, "size"),
    "count": _reader(counts, "count"),
    "shape": _reader(shapes, "shape"),
    "class": _reader(classes, "class"),
    "coordinate": _reader(coordinates, "coordinate"),
}

_QUOTING = (
    "boilerplate", "unanswerable_query", "garbled_query", "request_form", "prompt_talk",
    "generic_query", "not_from_above", "garbled_request", "broken_crop",
)  # fmt: skip
"""Checks whose note quotes what they found."""

_QUOTED = re.compile(r"'(.+)'", re.DOTALL)

_JUDGED = re.compile(r": '(.+?)'(?=;|\Z)", re.DOTALL)
"""Its note quotes several, each behind the place of its text."""

KINDS: dict[str, tuple[str, ...]] = {
    "position_conflict": ("place",),
    "swapped_pair": ("place", "class"),
    "ambiguous_query": ("class", "place"),
    "paraphrase_conflict": ("place", "color", "size", "class"),
    "color_conflict": ("color",),
    "size_conflict": ("size", "class"),
    "count_conflict": ("count",),
    "sibling_claim": ("size", "class"),
    "fragmented_mask": ("count",),
    "shape_conflict": ("shape",),
    "box_mask": ("shape", "class"),
    "coordinate_leak": ("coordinate",),
    "coordinate_conflict": ("coordinate",),
    "revision_drift": ("place", "count", "class"),
}
"""Kinds of words by the check that looks at them; other checks point at no word."""


def marked(
    query: str,
    findings: Iterable[tuple[str, str]],
    quotes: Iterable[tuple[str, re.Pattern[str]]] = (),
) -> list[Word]:
    """The words of a query, or of another text, that some findings are about.

    Args:
        query: as it stands now
        findings: each one's check and note
        quotes: checks, and what their findings quote

    Returns:
        the words in order, none overlapping another; where two kinds of words overlap, the
        longer stands
    """
    wanted: dict[str, list[str]] = {}
    found: list[tuple[Mark, list[str]]] = []
    for check, note in findings:
        for kind in KINDS.get(check, ()):
            wanted.setdefault(kind, []).append(check)
        found += [(mark, [check]) for mark in _quoted(query, check, note)]
    for check, quote in quotes:
        for match in quote.finditer(query):
            found.append(((match.start(), match.end(), "quote", match[0]), [check]))
    for kind, names in wanted.items():
        found += [(mark, names) for mark in _READERS[kind](query)]
    # Longest first, so that what overlaps a longer one is left out.
    found.sort(key=lambda one: (one[0][0] - one[0][1], one[0][0]))
    kept: list[tuple[Mark, list[str]]] = []
    for mark, names in found:
        same = [one for one in kept if one[0][:2] == mark[:2]]
        if same:
            same[0][1].extend(name for name in names if name not in same[0][1])
        elif all(mark[1] <= other[0] or mark[0] >= other[1] for other, _ in kept):
            kept.append((mark, list(names)))
    return [_word(query, mark, names) for mark, names in sorted(kept)]


def _quoted(query: str, check: str, note: str) -> list[Mark]:
    found = [match[1] for match in _JUDGED.finditer(note)] if check == judgements.CHECK else []
    if check in _QUOTING and (match := _QUOTED.search(note)):
        found = [match[1]]
    texts = [text.removesuffix(" ...") for text in found]
    places = [(query.find(text), text) for text in texts if text]
    return [(at, at + len(text), "quote", text) for at, text in places if at >= 0]


def _word(query: str, mark: Mark, checks: list[str]) -> Word:
    start, end, kind, value = mark
    return {
        "start": _units(query[:start]),
        "end": _units(query[:end]),
        "text": query[start:end],
        "kind": kind,
        "value": value,
        "checks": checks,
    }


def _units(text: str) -> int:
    """UTF-16 code units of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def mask_shapes(stats: MaskStats) -> list[Shape]:
    """The box and the center of a mask; nothing for an empty one."""
    if not (stats.area and stats.width and stats.height):
        return []
    x, y, w, h = stats.box
    cx, cy = stats.centroid
    width, height = stats.width, stats.height
    return [
        rect("mask_box", "mask", x / width, y / height, w / width, h / height),
        _point("mask_center", "center of the mask", cx / width, cy / height),
    ]


def finding_shapes(check: str, phrase: str, stats: MaskStats) -> list[Shape]:
    """What a check compared the mask with, where that lies somewhere."""
    if check == "position_conflict":
        return _named(phrase)
    if check in ("coordinate_conflict", "coordinate_leak"):
        return _leaked(phrase, stats)
    return []


def _named(phrase: str) -> list[Shape]:
    region = named_region(places(phrase))
    if region is None:
        return []
    label = " and ".join(dict.fromkeys(place.name for place in places(phrase)))
    width, height = region.x1 - region.x0, region.y1 - region.y0
    return [rect("named_region", label, region.x0, region.y0, width, height, TOLERANCE)]


def _leaked(phrase: str, stats: MaskStats) -> list[Shape]:
    """Boxes as the reading has them that fits the mask best, and points in pixels."""
    width, height = stats.width, stats.height
    if not (width and height):
        return []
    found: list[Shape] = []
    for word in coordinates(phrase):
        numbers = [float(number) for number in word.value.split()]
        if len(numbers) == 4:
            x, y, w, h = max(readings(numbers, stats))[2]
            x0, y0 = _within(x / width), _within(y / height)
            x1, y1 = _within((x + w) / width), _within((y + h) / height)
            found.append(rect("leaked_box", word.text, x0, y0, x1 - x0, y1 - y0))
        elif len(numbers) == 2:
            x, y = _within(numbers[0] / width), _within(numbers[1] / height)
            found.append(_point("leaked_point", word.text, x, y))
    return found


def rect(
    role: ShapeRole, label: str, x: float, y: float, w: float, h: float, soft: float = 0.0
) -> Rect:
    """A rectangle over the image."""
    return {
        "type": "rect", "role": role, "label": label, "soft": soft, "x": x, "y": y, "w": w, "h": h
    }  # fmt: skip


def _point(role: ShapeRole, label: str, x: float, y: float) -> Point:
    return {"type": "point", "role": role, "label": label, "soft": 0.0, "x": x, "y": y}


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))
