"""Absolute places in the image: "upper-left corner", "slightly below the centre".

A query is read once from left to right. Words of direction that belong together are read as one
phrase ("the centre of the lower part of the image"), which is classified by the words around it:
"of the image" makes it a place, "of the road" a relation, a preceding "with a white" a part of the
target, "facing" an orientation. In doubt a phrase is not a place, because it is worse to accuse a
good pair than to overlook a bad one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.direction_phrases import (
    OPENERS,
    DirectionPhrase,
    is_direction,
    names_other,
    read_direction_phrase,
    skip_small,
)
from pairlens.fiftyone_plugin.language.directions import name_of, region_of
from pairlens.fiftyone_plugin.language.finders import WordFinder
from pairlens.fiftyone_plugin.language.regions import Region
from pairlens.fiftyone_plugin.language.tokens import START, Token, at, span, tokenize

MAX_LOOKBACK = 6
MAX_NOUN = 4

_OPENS_PART = v.PART_MARKER | {"its", "there"}
_TELLING = v.DIRECTION | v.BESIDE_CENTER.keys() | v.LOCATOR | _OPENS_PART | v.RELATION
"""Words that begin a phrase, or decide whether the following words are about the target."""

_OF_SURFACE = v.COLOR.keys() | v.words(
    "darker lighter brighter paler open empty hollow gone missing collapsed caved marked broken"
)
"""Descriptions of a part of a surface: "white in the middle"."""

_NOT_DESCRIBING = v.FUNCTION | v.FRAME
_MORE_PLACE = v.HEDGE | v.PREPOSITION
_PLACING = v.PREPOSITION - {"to", "of"} | v.HEDGE


class Place(NamedTuple):
    """Words for the place of the target in the image.

    Attributes:
        text: the words, ``query[start:end]``
        start, end: their span in characters
        region: the region that they name
        name: its normalised name: ``"bottom-right"``, ``"left edge"``, ``"right of center"``
        hedged: whether there is a hedge, such as "near", "slightly", "towards". It widens the
            region, except for "towards" a corner or the middle of a side.
    """

    text: str
    start: int
    end: int
    region: Region
    name: str
    hedged: bool


class _Mention(NamedTuple):
    """A :class:`Place`, by its first and last token."""

    first: int
    last: int
    region: Region
    name: str
    hedged: bool


class _Before(NamedTuple):
    """The function words before a phrase.

    Attributes:
        head: index of the word before them; -1 if a clause begins with them
        reach: the same, but across a comma
        words: the function words
        framed: whether they name the frame: "the image's"
        owned: whether they have another possessive: "the car's"
    """

    head: int
    reach: int
    words: frozenset[str]
    framed: bool
    owned: bool

    @property
    def definite(self) -> bool:
        return self.framed or bool(self.words & v.DETERMINER)


@dataclass(slots=True)
class _Clause:
    """State of the clause: whether the following words are about a part or another object."""

    part: bool = False
    relation: bool = False
    last: int = -1  # the last token of the place accepted last


def _places(query: str) -> Iterator[_Mention]:
    """Yields the absolute places of the target in the image.

    Relations ("to the left of the road"), parts ("with a blue roof on top"), orientations
    ("facing right") and the places of other objects do not count. The time is linear in the length
    of the query.
    """
    tokens = tokenize(query)
    clause = _Clause()
    end = 0
    for index in [n for n, token in enumerate(tokens) if token.gap or token.text in _TELLING]:
        if index < end:
            continue
        token = tokens[index]
        _enter(token, clause)
        phrase = read_direction_phrase(tokens, index) if token.text in OPENERS else None
        if phrase is None:
            _note(tokens, index, clause)
            continue
        before = _look_back(tokens, phrase.first)
        if _is_place(tokens, phrase, before, clause):
            yield _mention(phrase, before)
            clause.last = phrase.last
        elif _of_other(tokens, phrase):
            clause.relation = True
        end = phrase.last + 1


def _place(query: str, mention: _Mention) -> Place:
    first, last, region, name, hedged = mention
    start, end = span(query, first, last)
    return Place(query[start:end], start, end, region, name, hedged)


places = WordFinder(_places, v.DIRECTION, _place)


def _mention(phrase: DirectionPhrase, before: _Before) -> _Mention:
    directions = phrase.directions
    hedges = before.words & v.HEDGE
    hedged = directions.hedged or bool(hedges)
    extreme = bool(before.words & v.EXTREME)
    # "Towards the middle-right" names a direction on both axes, which excludes the other side.
    aimed = hedges <= v.TOWARD and directions.axes == 2 and not directions.offset
    widened = hedged and not aimed
    region = region_of(directions.named, hedged=hedged, extreme=extreme, widened=widened)
    name = name_of(directions.named, extreme=extreme)
    return _Mention(phrase.first, phrase.last, region, name, hedged)


# Classifying a phrase.


def _look_back(tokens: Sequence[Token], first: int) -> _Before:
    index, words, framed, owned = first - 1, set(), False, False
    starts = tokens[first].starts_clause
    while index >= 0 and not starts and first - index <= MAX_LOOKBACK:
        token = tokens[index]
        if token.owner or token.text in v.POSSESSIVE:
            framed, owned = framed or token.text in v.FRAME, owned or token.text not in v.FRAME
            if not framed:
                break
        elif token.text not in v.BRIDGE and token.text not in v.ARTICLE:
            break
        words.add(token.text)
        starts = token.starts_clause
        index -= 1
    head = START if starts else at(tokens, index)
    framed = framed or (head.text in v.FRAME and not words & {"to"})
    sentence = starts and at(tokens, index + 1).gap == "."
    return _Before(
        head=-1 if starts else index,
        reach=-1 if sentence else index,
        words=frozenset(words),
        framed=framed,
        owned=owned,
    )


def _of_other(tokens: Sequence[Token], phrase: DirectionPhrase) -> bool:
    following = at(tokens, phrase.last + 1)
    return following.text == "of" and not following.starts_clause


def _is_place(
    tokens: Sequence[Token], phrase: DirectionPhrase, before: _Before, clause: _Clause
) -> bool:
    directions = phrase.directions
    if directions.contradictory or before.owned or "from" in before.words:
        return False
    if clause.relation or _of_other(tokens, phrase) or _is_orientation(tokens, phrase, before):
        return False
    if _is_negated(tokens, before):
        return False
    adjective = before.head == phrase.first - 1 >= 0 and not before.words
    described = adjective and at(tokens, before.head).text not in _NOT_DESCRIBING
    if phrase.framed or before.framed:
        plain = directions.axes == 1 and not directions.areas and not directions.offset
        adverb = tokens[phrase.first].text in v.CENTERED
        return adverb or phrase.framed_by_of or not (described and plain)
    if clause.last >= 0 and before.reach == clause.last:
        # More of the place accepted just now: "in the lower middle, slightly left".
        return directions.axes > 1 or bool(before.words - {"to", "the"} & _MORE_PLACE)
    return _is_bare_place(tokens, phrase, before, clause, described=described)


def _is_orientation(tokens: Sequence[Token], phrase: DirectionPhrase, before: _Before) -> bool:
    """Whether the phrase is a direction of movement or view."""
    following = at(tokens, phrase.last + 1)
    if following.text in v.ORIENTATION and following.gap == "-":
        return True
    if before.head < 0 or is_direction(tokens[before.head]):
        return False
    near = {at(tokens, before.head - n).text for n in range(2)}
    return bool(near & v.ORIENTATION)


def _is_negated(tokens: Sequence[Token], before: _Before) -> bool:
    """Whether the phrase is negated, "not in the left half", or relative, "closest to the left"."""
    if before.head < 0:
        return False
    near = {at(tokens, before.head - n).text for n in range(3)}
    return bool(near & v.NEGATION) or tokens[before.head].text in v.CLOSEST


def _is_bare_place(
    tokens: Sequence[Token],
    phrase: DirectionPhrase,
    before: _Before,
    clause: _Clause,
    *,
    described: bool,
) -> bool:
    """Whether a phrase without "of the image" is a place in the image."""
    directions = phrase.directions
    text = tokens[phrase.first].text
    if before.words & v.ARTICLE and not before.words & v.HEDGE:
        return False
    if directions.axes < 2 and at(tokens, before.head).text in _OF_SURFACE:
        return False
    if directions.axes < 2 and _is_defined_by_content(tokens, phrase):
        return False
    if at(tokens, before.head).text in v.STRETCHING or (described and directions.axes < 2):
        return False
    if text in v.COMPASS and not (directions.axes == 2 and (directions.areas or directions.offset)):
        return False
    if clause.part and not (directions.corner and directions.areas):
        return False
    if _qualifies_noun(tokens, phrase):
        return (before.definite or before.head < 0) and _noun_is_target(tokens, phrase)
    if directions.axes == 2:
        return True
    if text in v.CENTERED:
        return text == "centrally"
    return before.definite and bool(before.words & _PLACING)


def _is_defined_by_content(tokens: Sequence[Token], phrase: DirectionPhrase) -> bool:
    """Whether a clause defines the place: "the core region where forms stand out"."""
    following = at(tokens, phrase.last + 1)
    return following.text == "where" and not following.starts_clause


def _qualifies_noun(tokens: Sequence[Token], phrase: DirectionPhrase) -> bool:
    following = at(tokens, phrase.last + 1)
    return not (following.starts_clause or following.text in v.FUNCTION)


def _noun_is_target(tokens: Sequence[Token], phrase: DirectionPhrase) -> bool:
    """Whether the phrase qualifies the target: "the top-left truck", "the central hall in view"."""
    if tokens[phrase.first].text in v.SUPERLATIVE:
        return False
    following = tokens[phrase.last + 1 : phrase.last + 1 + MAX_NOUN]
    texts = [t.text for t in following]
    if "of" in texts:
        return False
    return phrase.directions.corner or (
        phrase.directions.center and _framed_soon(tokens, phrase.last + 1)
    )


def _framed_soon(tokens: Sequence[Token], index: int) -> bool:
    for position in range(index, min(index + MAX_NOUN, len(tokens))):
        if tokens[position].starts_clause:
            return False
        if tokens[position].text in ("in", "of", "within"):
            return at(tokens, skip_small(tokens, position)).text in v.FRAME
    return False


# Words between the phrases.


def _enter(token: Token, clause: _Clause) -> None:
    if token.starts_clause:
        clause.relation = False
    if token.gap == ".":
        clause.part = False


def _note(tokens: Sequence[Token], index: int, clause: _Clause) -> None:
    token = tokens[index]
    if token.text in v.LOCATOR and (
        token.starts_clause or at(tokens, index - 1).text in ("that", "which", "is", "are")
    ):
        clause.part = False
    elif token.text in _OPENS_PART:
        clause.part = True
    if token.text in v.RELATION and names_other(tokens, index):
        clause.relation = True
