"""Edits items of a list in JSON text; every other character stays.

Parsing and writing again would lose indentation, escapes and the spelling of numbers. Instead, the
text is cut at the positions of the items that the parser reports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")

Span = tuple[int, int]


def member_starts(text: str) -> dict[str, int]:
    """The start positions of the values of an object's members.

    Args:
        text: valid JSON, an object

    Returns:
        positions by name; for equal names the last, which ``json`` reads
    """
    return {name: start for name, start, _ in members(text)}


def members(text: str) -> list[tuple[str, int, int]]:
    """The members of an object: names, and start and end of the values.

    Args:
        text: valid JSON, an object
    """
    found: list[tuple[str, int, int]] = []
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        name, end = _DECODER.raw_decode(text, position)
        start = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, start)
        found.append((name, start, end))
        position = _after_comma(text, end)
    return found


def item_spans(text: str, start: int) -> list[Span]:
    """The positions of the items of a list.

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


def with_items(
    text: str, start: int, spans: list[Span], added: Sequence[str]
) -> tuple[str, list[Span]]:
    """Appends items to a list, with the separator of its last two items.

    Args:
        text: JSON, or a Python literal
        start: where the list begins, at its bracket
        spans: positions of its items
        added: the texts of the new items

    Returns:
        the whole text, and the positions of all items
    """
    before = text[start + 1 : spans[0][0]] if spans else ""
    between = text[spans[-2][1] : spans[-1][0]] if len(spans) > 1 else f",{before or ' '}"
    end = at = spans[-1][1] if spans else start + 1
    found, pieces = list(spans), [text[:end]]
    for item in added:
        piece = between * bool(found) + item
        at += len(piece)
        found.append((at - len(item), at))
        pieces.append(piece)
    return "".join([*pieces, text[end:]]), found


def edit_list(text: str, start: int, keep: Collection[int], replacements: Mapping[int, str]) -> str:
    """Keeps some items of a list, and replaces the texts of some.

    Args:
        text: valid JSON
        start: where the list begins, at its bracket
        keep: numbers of the items to keep
        replacements: JSON texts by item number

    Returns:
        the whole text; a kept item keeps the white space before it, an emptied list is ``[]``
    """
    return cut(text, start, item_spans(text, start), keep, replacements)


def edit_members(text: str, keep: Collection[int], replacements: Mapping[int, str]) -> str:
    """Keeps some members of an object, and replaces the values of some.

    Args:
        text: valid JSON, an object
        keep: numbers of the members to keep
        replacements: JSON texts of values by member number

    Returns:
        the whole text, as of :func:`edit_list`
    """
    start, spans = _skip(text, 0), []
    edits: dict[int, str] = {}
    position = _skip(text, start + 1)
    for number, (_, value, end) in enumerate(members(text)):
        spans.append((position, end))
        if number in replacements:
            edits[number] = text[position:value] + replacements[number]
        position = _after_comma(text, end)
    return cut(text, start, spans, keep, edits)


def cut(
    text: str, start: int, spans: list[Span], keep: Collection[int], replacements: Mapping[int, str]
) -> str:
    """The text with only some of the items between two brackets.

    Args:
        text: JSON, or a Python literal
        start: position of the opening bracket
        spans: positions of the items
        keep: numbers of the items to keep
        replacements: new texts by item number
    """
    if not spans or (len(keep) == len(spans) and not replacements):
        return text
    kept = [number for number in range(len(spans)) if number in keep]
    close = _skip(text, spans[-1][1])
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
    """Replaces some values that do not contain each other.

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
    """The position of a value, by the names and numbers on the path to it."""
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
