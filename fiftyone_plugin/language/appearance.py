"""Color and size words of the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import target_nouns
from pairlens.fiftyone_plugin.language.direction_phrases import (
    is_direction,
    names_other,
    skip_small,
)
from pairlens.fiftyone_plugin.language.finders import Mention, words_found
from pairlens.fiftyone_plugin.language.tokens import Token, at, tokenize

MAX_NOUN = 4
_VAGUE_AFTER = v.HEDGE | v.HORIZONTAL.keys() | v.VERTICAL.keys() | v.BESIDE_CENTER.keys()
_COLORS, _SIZES = frozenset(v.COLOR), frozenset(v.SIZE)
_LOOKS = _COLORS | _SIZES
_DESCRIBES = v.PART_MARKER | v.CARRYING | {"of"}
_TURNS_AWAY = v.AROUND | v.HORIZONTAL.keys() | v.VERTICAL.keys()
_ENDS_LEAD = v.PREPOSITION | v.PART_MARKER | v.AROUND


@words_found(_COLORS)
def colors(query: str) -> Iterator[Mention]:
    """The basic color words of the target and its parts.

    Values are the eleven basic color terms of English (Berlin and Kay, 1969); others are
    mapped to the nearest. Colors of the background and of other objects do not count.
    """
    tokens = tokenize(query)
    around, lead = False, True
    for index, token in enumerate(tokens):
        if token.gap == "." or (token.gap == "," and not _sets_scene(tokens, index)):
            around = False
        around = around or (token.text in _TURNS_AWAY and _turns_away(tokens, index))
        lead = lead and token.text not in _ENDS_LEAD
        if token.text in v.COLOR and not around and (lead or not _sets_scene(tokens, index)):
            yield Mention(index, index, v.COLOR[token.text])


@words_found(_COLORS)
def own_colors(query: str) -> Iterator[Mention]:
    """The color words directly before the target's class: "the *red* car"."""
    nouns = target_nouns(query)
    return (mention for mention in colors.mentions(query)
            if any(noun.start <= mention.first < noun.first for noun in nouns))  # fmt: skip


@words_found(_SIZES)
def sizes(query: str) -> Iterator[Mention]:
    """The size words of the target: ``small``, ``medium`` or ``large``.

    Sizes of its parts ("with large windows") and of other objects do not count.
    """
    tokens = tokenize(query)
    described = [
        index
        for index, token in enumerate(tokens)
        if token.text in _SIZES and not _is_vague(tokens, index)
    ]
    for index in of_target(tokens, described):
        yield Mention(index, index, v.SIZE[tokens[index].text])


def of_target(tokens: Sequence[Token], candidates: Sequence[int]) -> Iterator[int]:
    """Selects the tokens that describe the target as a whole, not its parts or other objects.

    Args:
        tokens: the tokens of the query
        candidates: indices of the tokens to select from, in ascending order

    Yields:
        the indices of the selected tokens
    """
    part = other = False
    for index in range(candidates[-1] + 1 if candidates else 0):
        token = tokens[index]
        if other and token.starts_clause:
            other = token.gap == "," and _is_listed(tokens, index, candidates)
        other = other or _leaves_target(tokens, index)
        part = part or token.text in _DESCRIBES
        if token.gap == "." or token.text in v.NAMING:
            part = other = False
        if not other and index in candidates and (not part or _describes_whole(tokens, index)):
            yield index


def _is_listed(tokens: Sequence[Token], index: int, candidates: Sequence[int]) -> bool:
    """Whether the comma before a token continues a list: "small, white"."""
    return index - 1 in candidates or at(tokens, index - 1).text in _LOOKS


def _turns_away(tokens: Sequence[Token], index: int) -> bool:
    """Whether the words from ``index`` on are about something else than the target."""
    text = tokens[index].text
    if text not in _TURNS_AWAY:
        return False
    if text in v.RELATION:
        return names_other(tokens, index)
    if text in v.AROUND:
        return True
    of_something = at(tokens, index + 1).text == "of"
    return of_something and at(tokens, skip_small(tokens, index + 1)).text not in v.FRAME


def _sets_scene(tokens: Sequence[Token], index: int) -> bool:
    """Whether the words from ``index`` on qualify a background, as "brown, sandy ground"."""
    for n in range(1, 4):
        text = at(tokens, index + n).text
        if text in v.SETTING:
            return True
        if text in v.GROUND:
            return is_direction(at(tokens, skip_small(tokens, index + n + 1)))
    return False


def _leaves_target(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].text == "on" or _turns_away(tokens, index)


def _is_vague(tokens: Sequence[Token], index: int) -> bool:
    """Whether the size word is the adverb in "a little higher"."""
    return tokens[index].text == "little" and at(tokens, index + 1).text in _VAGUE_AFTER


def _describes_whole(tokens: Sequence[Token], index: int) -> bool:
    """Whether a size word in a description is about the whole target: "with a large body"."""
    for token in tokens[index : index + 1 + MAX_NOUN]:
        if token.text in v.WHOLE:
            return True
        if token.text in v.PREPOSITION or token.text in v.ARTICLE or token.gap == ".":
            return False
    return False
