"""Words that say what shape the target has, seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from fiftyone_plugin.language import vocabulary as v
from fiftyone_plugin.language.appearance import of_target
from fiftyone_plugin.language.tokens import REMEMBERED, Token, Word, at, mention, tokenize, word_set

_SHAPE = {
    word: value
    for value, words in {
        "round": "round circular circle circles disc disk disks roundish",
        "oval": "oval elliptical ellipse ovoid",
        "elongated": "elongated elongate long lengthy stretched lengthened extended linear slender "
        "slim narrow oblong longer longest thin",
        "rectangular": "rectangular rectangle rectangles boxy rectangularly",
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
_FORM = v.words("shape shaped form formed shapes")
_ENDS_COMPOUND = _FORM | {"out", "like"}
_MEASURED = v.words("meter meters metre metres feet foot m km times way")


@lru_cache(maxsize=REMEMBERED)
def shapes(query: str) -> tuple[Word, ...]:
    """The shape words of the target as a whole.

    Values are ``round``, ``oval``, ``elongated``, ``rectangular``, ``square``,
    ``triangular``, ``curved``, ``straight``, ``irregular`` and ``L-shaped`` and the like.
    Shapes of parts ("with round wheels"), surroundings and other objects do not count.
    """
    if word_set(query).isdisjoint(_SHAPE_WORDS):
        return ()
    tokens = tokenize(query)
    values = {
        index: value
        for index, token in enumerate(tokens)
        if token.text in _SHAPE_WORDS and (value := _value(tokens, index))
    }
    return tuple(
        mention(query, index, index + values[index].endswith("-shaped"), values[index])
        for index in of_target(tokens, list(values))
    )


def _value(tokens: Sequence[Token], index: int) -> str:
    token, following = tokens[index], at(tokens, index + 1)
    if token.text in _LETTERS:
        lettered = following.text in _FORM and not following.starts_clause
        return f"{token.text.upper()}-shaped" if lettered else ""
    if token.text not in _SHAPE or _is_other_sense(tokens, index):
        return ""
    return _SHAPE[token.text]


def _is_other_sense(tokens: Sequence[Token], index: int) -> bool:
    """Whether it is "extended along", "12 m long", "a long way" or "square metres"."""
    token, before, following = tokens[index], at(tokens, index - 1), at(tokens, index + 1)
    if following.text in _MEASURED or before.text in _MEASURED:
        return True
    if token.text in ("extended", "stretched", "bent") and following.text in v.PREPOSITION:
        return True
    if following.gap == "-" and following.text not in _ENDS_COMPOUND:
        return True  # "long-haul", "square-mouthed"
    adverb = at(tokens, index + 1).text in ("lasting", "distance", "range", "line")
    return adverb or before.text in ("as", "so", "no", "not", "town")
