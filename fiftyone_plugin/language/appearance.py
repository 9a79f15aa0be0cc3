"""Words that say what color the target has and how large it is, as well as words can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fiftyone_plugin.language import vocabulary as v
from fiftyone_plugin.language.phrases import is_direction, names_other, skip_small
from fiftyone_plugin.language.tokens import Token, Word, at, tokenize

MAX_NOUN = 4
_VAGUE_AFTER = v.HEDGE | v.HORIZONTAL.keys() | v.VERTICAL.keys() | v.BESIDE_CENTER.keys()
_ENDS_LEAD = v.PREPOSITION | v.PART_MARKER | v.AROUND


def colors(query: str) -> tuple[Word, ...]:
    """The basic color words of the target and its parts.

    Values are the eleven basic color terms of English (Berlin and Kay, 1969); others are
    mapped to the nearest. Colors of the background and of other objects do not count.
    """
    tokens = tokenize(query)
    found, around, lead = [], False, True
    for index, token in enumerate(tokens):
        if token.gap == "." or (token.gap == "," and not _sets_scene(tokens, index)):
            around = False
        around = around or _turns_away(tokens, index)
        lead = lead and token.text not in _ENDS_LEAD
        if token.text in v.COLOR and not around and (lead or not _sets_scene(tokens, index)):
            found.append(_word(query, token, v.COLOR[token.text]))
    return tuple(found)


def sizes(query: str) -> tuple[Word, ...]:
    """The size words of the target: ``small``, ``medium`` or ``large``.

    Sizes of its parts ("with large windows") and of other objects do not count.
    """
    tokens = tokenize(query)

    def is_size(index: int) -> bool:
        return tokens[index].text in v.SIZE and not _is_vague(tokens, index)

    return tuple(
        _word(query, tokens[index], v.SIZE[tokens[index].text])
        for index in of_target(tokens, is_size)
    )


def of_target(tokens: list[Token], wanted: Callable[[int], bool]) -> Iterator[int]:
    """The wanted tokens that describe the target as a whole, not its parts or other objects."""
    part = other = False
    for index, token in enumerate(tokens):
        other = (other and not token.starts_clause) or _leaves_target(tokens, index)
        part = part or token.text in v.PART_MARKER or token.text == "of"
        if token.gap == "." or token.text in v.NAMING:
            part = other = False
        if other or not wanted(index):
            continue
        if not part or _describes_whole(tokens, index):
            yield index


def _word(query: str, token: Token, value: str) -> Word:
    return Word(query[token.start : token.end], token.start, token.end, value)


def _turns_away(tokens: list[Token], index: int) -> bool:
    """Whether what follows is no longer about the target."""
    token = tokens[index]
    if token.text in v.RELATION:
        return names_other(tokens, index)
    if token.text in v.HORIZONTAL or token.text in v.VERTICAL:
        end = skip_small(tokens, index + 1)
        return at(tokens, index + 1).text == "of" and at(tokens, end).text not in v.FRAME
    return token.text in v.AROUND


def _sets_scene(tokens: list[Token], index: int) -> bool:
    """Whether the words from ``index`` on qualify a background, as "brown, sandy ground"."""
    for n in range(1, 4):
        text = at(tokens, index + n).text
        if text in v.SETTING:
            return True
        if text in v.GROUND:
            return is_direction(at(tokens, skip_small(tokens, index + n + 1)))
    return False


def _leaves_target(tokens: list[Token], index: int) -> bool:
    return _turns_away(tokens, index) or tokens[index].text == "on"


def _is_vague(tokens: list[Token], index: int) -> bool:
    """Whether it is "a little" in "a little higher"."""
    return tokens[index].text == "little" and at(tokens, index + 1).text in _VAGUE_AFTER


def _describes_whole(tokens: list[Token], index: int) -> bool:
    """Whether a size within a description is the target's own: "with a large body"."""
    for token in tokens[index + 1 : index + 1 + MAX_NOUN]:
        if token.text in v.WHOLE:
            return True
        if token.text in v.PREPOSITION or token.text in v.ARTICLE or token.gap == ".":
            return False
    return False
