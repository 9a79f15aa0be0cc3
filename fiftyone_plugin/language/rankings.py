"""The rank of the target among others, as a query claims: "the largest", "second from the left".

The other objects in the image can confirm or refute it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import Noun, class_tokens, target_nouns
from pairlens.fiftyone_plugin.language.comparisons import COMPARATIVES, ORDINALS, SUPERLATIVES
from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.taxonomy import PLURAL
from pairlens.fiftyone_plugin.language.tokens import Token, at, span, tokenize

Axis = Literal["area", "length", "x", "y"]

_AXES: dict[str, tuple[Axis, bool]] = {
    "large": ("area", True), "small": ("area", False), "long": ("length", True),
    "left": ("x", False), "right": ("x", True), "top": ("y", False), "bottom": ("y", True),
}  # fmt: skip
_SIDES = v.HORIZONTAL | v.VERTICAL
_WORDS = {
    word
    for graded in (SUPERLATIVES, COMPARATIVES)
    for word, value in graded.items()
    if value in _AXES
}
_FARTHEST = v.words("farthest furthest outermost")
_CLOSEST = v.words("closest nearest")
_AT_SIDE = v.AREA | v.FRAME | v.words("of in within side")
_MAY_RANK = _WORDS | (ORDINALS.keys() - {"last"}) | _FARTHEST | _CLOSEST | {"highest"}
_OTHERS = v.words("other others rest")
_PLAIN = v.FRAME | v.FRAME_ADJECTIVE | _OTHERS | v.words(
    "in of the this all any within that which is are from than two pair both side edge end far and "
    "find spot locate identify look for search seek select show mark segment pinpoint please one "
    "seen visible shown present out"
)  # fmt: skip
_COPULA = v.words("is are was being")


class Ranking(NamedTuple):
    """A claim of rank.

    Attributes:
        text: the words in the query
        axis: the compared value: area, length, or position along an axis of the image
        greatest: whether ranks count down from the greatest value
        rank: the rank, 1 for the first
        name: class of the compared objects
        plain: whether nothing else in the query restricts the compared objects
    """

    text: str
    axis: Axis
    greatest: bool
    rank: int
    name: str
    plain: bool


@finder(_MAY_RANK, None)
def ranking(query: str) -> Ranking | None:
    """The rank that the query claims of its target; ``None`` if it claims none.

    Superlatives ("the largest car"), comparatives with "of the two" or "than the others", and
    ordinals with a side ("the second car from the left"). They must be about the target itself:
    "the car next to the largest building" claims nothing, nor does "one of the largest cars".
    """
    tokens, nouns = tokenize(query), target_nouns(query)
    named = class_tokens(tokens)
    if any(noun.plural for noun in nouns):
        return None
    for index in range(len(tokens)):
        name = nouns[0].name if nouns else _of_several(tokens, named, index)
        found = (
            name
            and (not nouns or _describes_target(tokens, nouns, index))
            and _ranking(tokens, index)
        )
        if found:
            value, rank, first, last = found
            axis, greatest = _AXES[value]
            used = {*range(first, last + 1), *named}
            plain = all(n in used or t.text in _PLAIN for n, t in enumerate(tokens))
            start, end = span(query, first, first)[0], span(query, last, last)[1]
            return Ranking(query[start:end], axis, greatest, rank, name, plain)
    return None


def _of_several(tokens: Sequence[Token], named: dict[int, str], index: int) -> str:
    """The class in "the smaller of the two ships", which has no noun of its own."""
    if at(tokens, index + 1).text != "of" or any(t.text not in _PLAIN for t in tokens[:index]):
        return ""
    return next((named[n] for n in range(index + 2, index + 5) if n in named), "")


def _describes_target(tokens: Sequence[Token], nouns: Sequence[Noun], index: int) -> bool:
    """Whether a word qualifies the target's noun or is predicated of it, without "one of"."""
    before = {at(tokens, index - n).text for n in (2, 3)}
    if "of" in (at(tokens, index - 1).text, at(tokens, index - 2).text) and before & {
        "one",
        "among",
    }:
        return False
    inside = any(noun.start <= index < noun.first for noun in nouns)
    at_noun = any(index == noun.last + 1 for noun in nouns)
    article = at(tokens, index - 1).text == "the"
    copula = at(tokens, index - 1 - article).text in _COPULA
    return inside or (index > nouns[0].last and (copula or at_noun) and index < nouns[0].last + 5)


def _ranking(tokens: Sequence[Token], index: int) -> tuple[str, int, int, int] | None:
    """The value, the rank, and the first and last token of a claim."""
    text = tokens[index].text
    if text in ORDINALS and text != "last":
        return _ordinal(tokens, index)
    if found := _at_side(tokens, index):
        side, last = found
        return side, 1, index, last
    value = SUPERLATIVES.get(text)
    if value in _AXES:
        return value, 1, index, index
    value = COMPARATIVES.get(text)
    if value in _AXES and (last := _compared(tokens, index)):
        return value, 1, index, last
    return None


def _at_side(tokens: Sequence[Token], index: int) -> tuple[str, int] | None:
    """The side and the last token of "farthest to the left", "closest to the top", "highest up"."""
    text, n = tokens[index].text, index + 1
    if text == "highest":
        return ("top", n) if at(tokens, n).text == "up" else None
    if text not in _FARTHEST and text not in _CLOSEST:
        return None
    for word in ("to", "on", "the", "its"):
        n += at(tokens, n).text == word
    if n == index + 1 and text in _CLOSEST:
        return None
    side, following = _SIDES.get(at(tokens, n).text), at(tokens, n + 1)
    ends = following.starts_clause or following.text in _AT_SIDE
    return (side, n) if side and ends else None


def _ordinal(tokens: Sequence[Token], index: int) -> tuple[str, int, int, int] | None:
    """ "Second largest", "second car from the left"."""
    rank = int(ORDINALS[tokens[index].text])
    value = SUPERLATIVES.get(at(tokens, index + 1).text)
    if value in _AXES:
        return value, rank, index, index + 1
    for n in range(index + 1, min(index + 5, len(tokens))):
        if tokens[n].starts_clause:
            return None
        if tokens[n].text == "from":
            last = n + 1 + (at(tokens, n + 1).text in ("the", "its"))
            last += at(tokens, last).text == "far"
            side = _SIDES.get(at(tokens, last).text)
            return (side, rank, index, last) if side else None
    return None


def _compared(tokens: Sequence[Token], index: int) -> int:
    """The last token of "of the two", "of the ships" or "than the others"; 0 for none."""
    for n in range(index + 1, min(index + 4, len(tokens))):
        rest = [t.text for t in tokens[n : n + 5]]
        if rest[:1] == ["of"] and {"two", "pair", "both"} & {*rest[1:3]}:
            return n + 2 if rest[1:2] == ["the"] else n + 1
        if rest[:2] == ["of", "the"] and any((word,) in PLURAL for word in rest[2:4]):
            return n + 1
        if rest[:1] == ["than"]:
            others = [k for k, word in enumerate(rest[1:4], 1) if word in _OTHERS]
            return n + others[0] if others else 0
    return 0
