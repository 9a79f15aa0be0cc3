"""Direction phrases: words of direction that name one place together.

"The centre of the lower part of the image" is one place, not two: function words ("of the",
"on the") join the parts of a phrase, and the name of the frame ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.directions import Directions
from pairlens.fiftyone_plugin.language.tokens import Token, at

MAX_BRIDGE = 5
OPENERS = v.DIRECTION | v.BESIDE_CENTER.keys()
"""Words with which a phrase can begin."""

_KNOWN = v.AREA | v.FRAME | v.POINTER
_SMALL = v.BRIDGE | v.ARTICLE | v.FRAME_ADJECTIVE | {"specified"}


@dataclass(slots=True)
class DirectionPhrase:
    """A direction phrase.

    Attributes:
        first, last: indices of its first and last token
        directions: the directions that it names
        framed: whether it names the frame: "of the image", "the image's"
        framed_by_of: whether "of" joins it to the frame
    """

    first: int
    last: int
    directions: Directions = field(default_factory=Directions)
    framed: bool = False
    framed_by_of: bool = False


def read_direction_phrase(tokens: Sequence[Token], first: int) -> DirectionPhrase | None:
    """The phrase that begins with token ``first``; ``None`` if none does."""
    if not _begins(tokens, first):
        return None
    phrase = DirectionPhrase(first, first)
    index = first
    while index < len(tokens):
        token = tokens[index]
        if index > first and token.starts_clause:
            break
        if _take(tokens, index, phrase):
            phrase.last = index
            index += 1
            continue
        if at(tokens, first - 1).text in v.ORIENTATION:
            break  # "facing left in the top right" are two phrases
        index = _bridge(tokens, index, phrase)
        if index < 0:
            break
    return phrase


def _begins(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.text in v.BESIDE_CENTER:
        return _center_follows(tokens, index + 1)
    if token.text == "top" and at(tokens, index - 1).text in ("on", "atop"):
        # "on top" is an idiom for a part; "on top left" is not.
        return at(tokens, index + 1).text in v.HORIZONTAL
    return is_direction(token)


def _center_follows(tokens: Sequence[Token], index: int) -> bool:
    target = skip_small(tokens, index)
    if at(tokens, target).text in v.HORIZONTAL:
        target = skip_small(tokens, target + 1)  # "above and to the left of the center"
    frame = at(tokens, target)
    if frame.text in v.FRAME and frame.owner:
        target += 1
    center = at(tokens, target)
    return center.text in v.CENTER and not center.starts_clause


def is_direction(token: Token) -> bool:
    """Whether a word means up, down, left, right or middle."""
    return token.text in v.DIRECTION


def _take(tokens: Sequence[Token], index: int, phrase: DirectionPhrase) -> bool:
    text, directions = tokens[index].text, phrase.directions
    if text in v.BESIDE_CENTER and index == phrase.first:
        directions.beside(v.BESIDE_CENTER[text])
    elif is_direction(tokens[index]):
        directions.add(text)
    elif text in v.AREA and index > phrase.first:
        directions.areas.add(text)
    elif text in v.FRAME and index > phrase.first and at(tokens, index + 1).text in v.AREA:
        phrase.framed = True
    elif text == "two" and at(tokens, index + 1).text == "thirds":
        directions.areas.add(text)
    elif text == "most" and tokens[index].gap == "-":
        directions.areas.add("edge")
    else:
        return False
    return True


def skip_small(tokens: Sequence[Token], index: int) -> int:
    """Skips function words from ``index`` on, at most :data:`MAX_BRIDGE`."""
    end = min(index + MAX_BRIDGE, len(tokens))
    while index < end and not tokens[index].starts_clause:
        if tokens[index].text not in v.BRIDGE and tokens[index].text not in v.FRAME_ADJECTIVE:
            break
        index += 1
    return index


def _bridge(tokens: Sequence[Token], index: int, phrase: DirectionPhrase) -> int:
    """The index where the phrase continues after function words, or -1 if it ends."""
    target = skip_small(tokens, index)
    token = at(tokens, target)
    between = frozenset(t.text for t in tokens[index:target])
    if target == index or token.starts_clause:
        return -1
    if token.text in v.FRAME:
        return _frame(tokens, target, phrase, between)
    if not is_direction(token) or between & v.HEDGE or not phrase.directions.joins(token.text):
        return -1
    if between & {"of", "than"} and token.text in v.CENTER:
        phrase.directions.offset = True
    return target


def _frame(
    tokens: Sequence[Token], index: int, phrase: DirectionPhrase, between: frozenset[str]
) -> int:
    if not between & v.PREPOSITION:
        return -1
    while at(tokens, index + 1).text in v.FRAME and not at(tokens, index + 1).starts_clause:
        index += 1
    following = at(tokens, index + 1)
    if tokens[index].owner and not following.starts_clause and is_direction(following):
        phrase.framed = True
        if between & {"of", "than"} and following.text in v.CENTER:
            phrase.directions.offset = True
        return index + 1
    if not tokens[index].owner:
        phrase.framed = True
        phrase.framed_by_of = "of" in between
        phrase.last = index
    return -1


def names_other(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word of relation at ``index`` relates the target to another object.

    It does not before a place or a point ("near the centre", "near the given coordinates"), and not
    if it introduces a manner ("characterized by a", "by finding").
    """
    if tokens[index].text == "front" and at(tokens, index + 1).text != "of":
        return False
    end = min(index + 1 + MAX_BRIDGE, len(tokens))
    target = index + 1
    while target < end and tokens[target].text in _SMALL:
        target += 1
    token = at(tokens, target)
    if target >= end or (tokens[index].text == "by" and _is_manner(tokens, index, target)):
        return False
    if at(tokens, index - 1).text in v.POINTER:
        return False
    known = token.text in _KNOWN or is_direction(token)
    return not (known or token.starts_clause)


def _is_manner(tokens: Sequence[Token], index: int, target: int) -> bool:
    before, following = at(tokens, index - 1).text, at(tokens, index + 1).text
    describes = before in v.PART_MARKER or before in v.TELLING
    return (
        describes or following in v.POSSESSIVE or target == index + 1 or following.endswith("ing")
    )
