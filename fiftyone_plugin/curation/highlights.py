"""Which words of a query made a check doubt the pair.

A finding does not keep its words; the query is read again, the way its check reads it.
Positions are in UTF-16 code units, which is how a browser counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from fiftyone_plugin.language import classes, colors, coordinates, counts, places, shapes, sizes

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

_QUOTING = ("boilerplate", "unanswerable_query", "garbled_query")
"""Checks whose note quotes what they found."""

_QUOTED = re.compile(r"'(.+)'", re.DOTALL)

KINDS: dict[str, tuple[str, ...]] = {
    "position_conflict": ("place",),
    "swapped_pair": ("place", "class"),
    "ambiguous_query": ("class", "place"),
    "paraphrase_conflict": ("place", "color", "size", "class"),
    "color_conflict": ("color",),
    "size_conflict": ("size", "class"),
    "count_conflict": ("count",),
    "fragmented_mask": ("count",),
    "shape_conflict": ("shape",),
    "box_mask": ("shape", "class"),
    "coordinate_leak": ("coordinate",),
    "coordinate_conflict": ("coordinate",),
}
"""Kinds of words by the check that looks at them; other checks point at no word."""


def marked(query: str, findings: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """The words of a query that some findings are about.

    Args:
        query: as it stands now
        findings: each one's check and note

    Returns:
        ``{"start", "end", "text", "kind", "value", "checks"}`` in order, none overlapping
        another; where two kinds of words overlap, the longer stands
    """
    wanted: dict[str, list[str]] = {}
    found: list[tuple[Mark, list[str]]] = []
    for check, note in findings:
        for kind in KINDS.get(check, ()):
            wanted.setdefault(kind, []).append(check)
        found += [(mark, [check]) for mark in _quoted(query, check, note)]
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
    match = _QUOTED.search(note) if check in _QUOTING else None
    text = match[1].removesuffix(" ...") if match else ""
    at = query.find(text) if text else -1
    return [] if at < 0 else [(at, at + len(text), "quote", text)]


def _word(query: str, mark: Mark, checks: list[str]) -> dict[str, Any]:
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
