"""Shape words of the target, as seen from above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.appearance import of_target
from pairlens.fiftyone_plugin.language.classes import target_nouns
from pairlens.fiftyone_plugin.language.finders import Mention, words_found
from pairlens.fiftyone_plugin.language.tokens import Token, at, tokenize

_SHAPE = {
    word: value
    for value, words in {
        "round": "round circular circle circles disc disk disks roundish",
        "oval": "oval elliptical ellipse ovoid",
        "elongated": "elongated elongate long lengthy stretched lengthened extended linear slender "
        "slim narrow oblong longer longest thin",
        "rectangular": "rectangular rectangle rectangles boxy rectangularly blocky boxlike cuboid",
        "square": "square squared squarish squares",
        "triangular": "triangular triangle",
        "curved": "curved curving curvy winding crescent arched bent serpentine meandering",
        "straight": "straight",
        "irregular": "irregular irregularly asymmetrical asymmetric amorphous",
    }.items()
    for word in words.split()
}
_LETTERS = v.words("l t u v h c y x")
SHAPE_WORDS = frozenset(_SHAPE)
_SHAPE_WORDS = _LETTERS | SHAPE_WORDS
_ADJECTIVES = SHAPE_WORDS | v.SIZE.keys() | v.COLOR.keys()
_FORM = v.words("shape shaped form formed shapes")
_ENDS_COMPOUND = _FORM | {"out", "like"}
_OUTLINE = v.words("shape form outline silhouette footprint contour figure profile layout")
_COPULA = v.words("is are was appears looks seems being")
_MODIFIES = v.words(
    "quite very rather mostly somewhat nearly almost perfectly clearly distinctly and"
)
_BETWEEN = _MODIFIES | _ADJECTIVES
_REACH = 5
_MEASURED = v.words("meter meters metre metres feet foot m km times way")


@words_found(_SHAPE_WORDS)
def shapes(query: str) -> Iterator[Mention]:
    """The shape words of the target as a whole.

    Values are ``round``, ``oval``, ``elongated``, ``rectangular``, ``square``,
    ``triangular``, ``curved``, ``straight``, ``irregular`` and ``L-shaped`` and the like.
    Shapes of parts ("with round wheels"), surroundings and other objects do not count.
    """
    tokens = tokenize(query)
    values = {
        index: value
        for index, token in enumerate(tokens)
        if token.text in _SHAPE_WORDS and (value := _value(tokens, index))
    }
    for index in of_target(tokens, list(values)):
        yield Mention(index, index + values[index].endswith("-shaped"), values[index])


def _value(tokens: Sequence[Token], index: int) -> str:
    token, following = tokens[index], at(tokens, index + 1)
    if token.text in _LETTERS:
        lettered = following.text in _FORM and not following.starts_clause
        return f"{token.text.upper()}-shaped" if lettered else ""
    if token.text not in _SHAPE or _is_other_sense(tokens, index):
        return ""
    return _SHAPE[token.text]


def _is_other_sense(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word has another sense: "extended along", "12 m long", "square metres"."""
    token, before, following = tokens[index], at(tokens, index - 1), at(tokens, index + 1)
    if following.text in _MEASURED or before.text in _MEASURED:
        return True
    if token.text in ("extended", "stretched", "bent") and following.text in v.PREPOSITION:
        return True
    if following.gap == "-" and following.text not in _ENDS_COMPOUND:
        return True  # "long-haul", "square-mouthed"
    adverb = at(tokens, index + 1).text in ("lasting", "distance", "range", "line")
    return adverb or before.text in ("as", "so", "no", "not", "town")


@words_found(_SHAPE_WORDS)
def own_shapes(query: str) -> Iterator[Mention]:
    """The shape words of the object itself, and not of its parts (body, roof, cab, wheels).

    They are directly before its class ("the *long* truck"), before a noun for an outline ("with a
    *round* shape", not "with a round body"), or after "is" ("which is *square*").
    """
    tokens, nouns = tokenize(query), target_nouns(query)
    for mention in shapes.mentions(query):
        before = any(noun.start <= mention.first < noun.first for noun in nouns)
        if before or _is_outline(tokens, mention.first) or _is_predicated(tokens, mention.first):
            yield mention


def _is_outline(tokens: Sequence[Token], index: int) -> bool:
    """Whether a noun for an outline follows: "a round, compact shape", not "a long body shape"."""
    for following in tokens[index + 1 : index + _REACH]:
        if following.text in _OUTLINE:
            return True
        if not (following.text in _ADJECTIVES or following.text == "and") or following.gap == ".":
            return False
    return False


def _is_predicated(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word is predicated: "that is long and narrow"."""
    index -= 1
    while at(tokens, index).text in _BETWEEN:
        index -= 1
    return at(tokens, index).text in _COPULA
