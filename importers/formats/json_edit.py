"""Edits items of a list in JSON text; every other character stays.

Parsing and writing again would keep the meaning and lose the rest: indentation, escapes, the
spelling of numbers. Here the text is cut where the parser says that the items lie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")

Span = tuple[int, int]


def member_starts(text: str) -> dict[str, int]:
    """Where the values of the members of an object begin.

    Args:
        text: valid JSON, an object

    Returns:
        positions by name; of equal names the last, which is the one that ``json`` reads
    """
    starts: dict[str, int] = {}
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        name, end = _DECODER.raw_decode(text, position)
        starts[name] = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, starts[name])
        position = _after_comma(text, end)
    return starts


def item_spans(text: str, start: int) -> list[Span]:
    """Where the items of a list lie.

    Args:
        text: valid JSON
        start: where the list begins, at its bracket
    """
    spans: list[Span] = []
    position = _skip(text, start + 1)
    while text[position] != "]":
        _, end = _DECODER.raw_decode(text, position)
        spans.append((position, end))
        position = _after_comma(text, end)
    return spans


def edit_list(text: str, start: int, keep: Collection[int], replacements: Mapping[int, str]) -> str:
    """Keeps some items of a list, with other texts for some of them.

    Args:
        text: valid JSON
        start: where the list begins, at its bracket
        keep: numbers of the items to keep
        replacements: JSON texts by item number

    Returns:
        the whole text; a kept item keeps the white space before it, an emptied list is ``[]``
    """
    spans = item_spans(text, start)
    if not spans or (len(keep) == len(spans) and not replacements):
        return text
    kept = [number for number in range(len(spans)) if number in keep]
    close = text.index("]", spans[-1][1])
    if not kept:
        return text[: start + 1] + text[close:]
    pieces = [text[: spans[0][0]]]
    for number in kept:
        begin, end = spans[number]
        if number != kept[0]:
            pieces.append(text[spans[number - 1][1] : begin])
        pieces.append(replacements.get(number, text[begin:end]))
    pieces.append(text[spans[-1][1] :])
    return "".join(pieces)


def replace_values(text: str, values: Mapping[tuple[str | int, ...], str]) -> str:
    """Replaces some values, none of which contains another.

    Args:
        text: valid JSON
        values: JSON texts by place

    Returns:
        the whole text
    """
    spans = {value_span(text, place): value for place, value in values.items()}
    for (begin, end), value in sorted(spans.items(), reverse=True):
        text = text[:begin] + value + text[end:]
    return text


def value_span(text: str, place: tuple[str | int, ...]) -> Span:
    """Where a value lies, by the names and numbers that lead to it from the outermost one."""
    begin, end = _skip(text, 0), len(text)
    for step in place:
        inner = text[begin:end]
        named = isinstance(step, str)
        start = member_starts(inner)[step] if named else item_spans(inner, 0)[step][0]
        begin += start
        end = begin + _DECODER.raw_decode(inner, start)[1] - start
    return begin, end


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()


def _after_comma(text: str, end: int) -> int:
    """The next member or item, or the closing bracket."""
    position = _skip(text, end)
    return _skip(text, position + 1) if text[position] == "," else position
