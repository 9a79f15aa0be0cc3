"""The captions or turns of an image as the panel shows them, with the words of each finding marked.

A finding keeps its note alone. The note names captions and turns by number, records by file, and
quotes what it is about; both are looked up in the texts as they are now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from pairlens.fiftyone_plugin.curation import highlights
from pairlens.fiftyone_plugin.curation.panel_types import Outline, Shape, TextPart, TextView
from pairlens.fiftyone_plugin.curation.text_units import Unit, Units, names
from pairlens.importers.fields import BOXES, ROTATED_BOXES
from pairlens.importers.stored_values import Document

_CAPTION = re.compile(r"\bcaption (\d+)")
_TURN = re.compile(r"\bturn (\d+)(?: \(([^()\[\]]+)\[(\d+)\]\))?")
_RECORD = re.compile(r"\brecord (\d+) of ([^\s:,]+)")
_WHOLE_RECORD = re.compile(r"\bthe record of turn (\d+)")
_QUOTE = re.compile(r"""(?<!\w)(['"])(.+?)\1(?!\w)""", re.DOTALL)
_WORDS = re.compile(r"\w+")

MANY_WORDS = 3
"""Words of a quote that is looked for in all texts, where a note names none."""


class Claim(NamedTuple):
    """A finding and where it is in the texts.

    Attributes:
        check: whose finding it is
        note: what it says
        places: of the units that it is about
        quotes: what it quotes, as patterns
    """

    check: str
    note: str
    places: frozenset[int]
    quotes: tuple[re.Pattern[str], ...]


def claims_of(units: Units, findings: Iterable[tuple[str, str]]) -> list[Claim]:
    """Where in the texts of an image its findings are.

    Args:
        units: its captions or turns
        findings: each one's check and note
    """
    return [_claim(units, check, note) for check, note in findings]


def _claim(units: Units, check: str, note: str) -> Claim:
    quotes = tuple(filter(None, (_pattern(match[2]) for match in _QUOTE.finditer(note))))
    there = {n for n, one in enumerate(units) if any(map(_holds(one), quotes))}
    named = set(_named(units, note))
    # After turns were removed, the number of an earlier note may be that of another turn.
    places = named if not quotes or not there or named & there else there
    if not named:
        long = [quote for quote in quotes if quote.pattern.count("+") >= MANY_WORDS - 1]
        places = {n for n in there if any(map(_holds(units[n]), long))}
    return Claim(check, note, frozenset(places), quotes)


def _holds(unit: Unit):  # noqa: ANN202 - a predicate
    return lambda quote: any(quote.search(text) for text in unit.texts)


def _pattern(quote: str) -> re.Pattern[str] | None:
    """Words of a quote one after the other, with any characters between them."""
    words = _WORDS.findall(quote)
    if not words:
        return None
    return re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, words)) + r"(?!\w)", re.IGNORECASE)


def _named(units: Units, note: str) -> Iterator[int]:
    told = [n for n, one in enumerate(units) if one.caption and not one.removed]
    for match in _CAPTION.finditer(note):
        if int(match[1]) <= len(told):
            yield told[int(match[1]) - 1]
    by_number = {one.number: n for n, one in enumerate(units) if one.number}
    for match in _TURN.finditer(note):
        at = by_number.get(int(match[1]))
        if at is not None and (match[2] is None or _is_of(units[at], match[2], int(match[3]))):
            yield at
        elif match[2] is not None:
            yield from _of_record(units, match[2], int(match[3]))
    for match in _RECORD.finditer(note):
        yield from _of_record(units, match[2], int(match[1]))
    for match in _WHOLE_RECORD.finditer(note):
        if (at := by_number.get(int(match[1]))) is not None:
            yield from (n for n, one in enumerate(units) if one.record == units[at].record)


def _of_record(units: Units, file: str, index: int) -> Iterator[int]:
    return (n for n, one in enumerate(units) if one.is_turn and _is_of(one, file, index))


def _is_of(unit: Unit, file: str, index: int) -> bool:
    return unit.record[0].rpartition("/")[2] == file and unit.record[1] == index


def text_views(document: Document, units: Units, claims: Sequence[Claim]) -> list[TextView]:
    """The captions or turns of an image.

    Args:
        document: its sample
        units: its captions or turns
        claims: its findings
    """
    return [
        {
            "unit": name,
            "kind": "turn" if unit.is_turn else "caption",
            "task": unit.item.get("task"),
            "annotator": unit.item.get("annotator"),
            "category": unit.item.get("category") or "",
            "record": _record(unit),
            "parts": _parts(unit, [one for one in claims if place in one.places]),
            "shapes": list(_boxes(document, unit)),
            "removed": unit.removed,
            "added": not unit.number,
            "verdict": unit.verdict,
        }
        for place, (name, unit) in enumerate(zip(names(units), units, strict=True))
    ]


def _record(unit: Unit) -> str:
    file, index = unit.record
    return f"{file.rpartition('/')[2]}[{index}]" if unit.is_turn else ""


def _parts(unit: Unit, claims: Sequence[Claim]) -> list[TextPart]:
    first: Literal["caption", "question"] = "question" if unit.is_turn else "caption"
    before = unit.texts if unit.published is None else unit.published
    return [
        {
            "name": first if n == 0 else "answer",
            "text": text,
            "published": None if unit.published is None or old == text else old,
            "words": highlights.marked(
                text,
                [(one.check, one.note) for one in claims],
                [(one.check, quote) for one in claims for quote in one.quotes],
            ),
        }
        for n, (text, old) in enumerate(zip(unit.texts, before, strict=True))
    ]


def _boxes(document: Document, unit: Unit) -> Iterator[Shape]:
    """The boxes in the texts of a published turn."""
    if not unit.is_turn or not unit.number:
        return
    for one in (document.get(BOXES) or {}).get("detections") or ():
        if one.get("turn") == unit.number - 1:
            x, y, width, height = one["bounding_box"]
            yield highlights.rect("text_box", one.get("label") or "", x, y, width, height)
    for one in (document.get(ROTATED_BOXES) or {}).get("polylines") or ():
        if one.get("turn") == unit.number - 1:
            for ring in one["points"]:
                outline: Outline = {
                    "type": "outline",
                    "role": "text_box",
                    "label": one.get("label") or "",
                    "soft": 0.0,
                    "points": ring,
                }
                yield outline
