"""Messages whose content is a list of parts, texts and images, as chat models take them.

::

    [{"type": "image", "image": "a.jpg"}, {"type": "text", "text": "How many?"}]
    [{"type": "image_url", "image_url": {"url": "a.jpg"}}, "How many?", "Answer with a number."]

Several texts are read as one, a line each: no words run together, and where the seams are is known
when the text is edited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from pairlens.importers.decisions import Decision
from pairlens.importers.files import is_text

JsonPath = tuple[str | int, ...]
"""Where a text stands in a record: the keys and numbers that lead to it."""

SEVERAL = "records have several parts of text in a message, read as one text, a line each"
OTHERS = "records have parts of messages that are neither text nor image, and are not read"

_TEXTS = frozenset({"text", "input_text", "output_text"})
_IMAGES = frozenset({"image", "image_url", "input_image"})
_NAMES = ("image", "image_url", "path", "url")
"""Where an image part has the path."""

_SEAM = "\n"


def text_places(parts: Sequence[Any]) -> list[JsonPath]:
    """Where the texts of a content stand, by their way within it.

    Raises:
        ValueError: with what is wrong with a part
    """
    places: list[JsonPath] = []
    for number, part in enumerate(parts):
        if _kind(part) != "text":
            continue
        text = part if isinstance(part, str) else part.get("text")
        if not isinstance(text, str):
            raise ValueError(f"part {number} is of type text and holds none")
        if not is_text(text):
            raise ValueError(f"part {number} holds half a character (a lone surrogate)")
        places.append((number,) if isinstance(part, str) else (number, "text"))
    return places


def joined(parts: Sequence[Any], places: Sequence[JsonPath]) -> str:
    """The texts of a content as one."""
    return _join([_at(parts, place) for place in places])


def is_image(part: Any) -> bool:
    """Whether a part of a content stands for an image."""
    return _kind(part) == "image"


def is_other(part: Any) -> bool:
    """Whether a part of a content is neither text nor image."""
    return _kind(part) == "other"


def image_names(contents: Sequence[Any]) -> Iterator[str]:
    """The paths that the image parts of contents name, as written; some name none."""
    for parts in contents:
        for part in parts if isinstance(parts, list) else ():
            if not is_image(part):
                continue
            values = (part.get(key) for key in _NAMES)
            plain = (v.get("url", v.get("path")) if isinstance(v, Mapping) else v for v in values)
            yield from [value for value in plain if isinstance(value, str) and value][:1]


def text_edits(value: Any, place: JsonPath, text: str) -> dict[JsonPath, str]:
    """The texts to write, by place, for a text that is read of a place.

    Args:
        value: of which the place is: a record, or the messages of a cell
        place: of one text, or of a content with several
        text: the new one

    Returns:
        of a content with several the parts that change: what is edited across a seam goes into
        the first of them, and leaves the others empty
    """
    content = _at(value, place)
    if not isinstance(content, list):
        return {place: text}
    places = text_places(content)
    before = [_at(content, one) for one in places]
    after = _divided(before, text)
    changed = zip(places, before, after, strict=True)
    return {(*place, *one): new for one, old, new in changed if new != old}


def count_decisions(file: str, counts: Mapping[str, int]) -> Iterator[Decision]:
    """Yields the decisions about a file's records, from the number of records by rule."""
    for rule, times in counts.items():
        yield Decision(rule, "parts", times=times, example=file)


def images_left(
    messages: Sequence[Any], text: str, gone: Collection[int]
) -> dict[int, dict[str, Any]]:
    """What stays of messages that are left out: their images, of which the others speak too.

    Args:
        messages: of a record
        text: the member of a message for its text
        gone: numbers of those that are left out
    """
    left: dict[int, dict[str, Any]] = {}
    for number in gone:
        content = messages[number].get(text)
        images = [part for part in content if is_image(part)] if isinstance(content, list) else []
        if images:
            left[number] = {**messages[number], text: images}
    return left


def _kind(part: Any) -> str:
    if isinstance(part, str):
        return "text"
    if not isinstance(part, Mapping):
        return "other"
    kind = part.get("type")
    if kind in _TEXTS or (kind is None and part.get("text") is not None):
        return "text"
    named = any(part.get(key) is not None for key in _NAMES)
    return "image" if kind in _IMAGES or (kind is None and named) else "other"


def _at(value: Any, place: JsonPath) -> Any:
    for step in place:
        value = value[step]
    return value


def _join(texts: Sequence[str]) -> str:
    return _SEAM.join(filter(None, texts))


def _divided(before: Sequence[str], text: str) -> list[str]:
    """A new text in the parts of an old one."""
    old = _join(before)
    most = min(len(old), len(text))
    head = _alike(old, text, most)
    tail = _alike(old[::-1], text[::-1], most - head)
    start, stop = head, len(old) - tail
    after, touched, begin = list(before), [], 0
    for number, part in enumerate(before):
        if part:
            end = begin + len(part)
            if end >= start and (begin <= stop or not touched):
                touched.append((number, begin, end))
            begin = end + len(_SEAM)
    if touched:
        (first, begin, _), (_, _, end) = touched[0], touched[-1]
        for number, _, _ in touched:
            after[number] = ""
        after[first] = old[begin:start] + text[head : len(text) - tail] + old[stop:end]
    return after if _join(after) == text else [text, *[""] * (len(before) - 1)]


def _alike(one: str, other: str, most: int) -> int:
    """How many characters two texts begin with alike."""
    pairs = zip(one[:most], other[:most], strict=True)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
