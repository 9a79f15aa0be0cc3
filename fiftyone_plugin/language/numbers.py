"""Words for the number of targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import Noun, target_nouns
from pairlens.fiftyone_plugin.language.finders import Mention, words_found
from pairlens.fiftyone_plugin.language.tokens import Token, at, tokenize

MANY = "many"

_CARDINALS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_QUANTIFIERS = v.words(
    "several multiple many numerous various all every each some few row rows group groups cluster "
    "clusters line series dozens bunch collection array"
)
_NUMERAL = {
    **dict.fromkeys(("both", "couple", "pair"), "2"),
    **{word: str(n) for n, word in enumerate(_CARDINALS, 2)},
    **dict.fromkeys(_QUANTIFIERS, MANY),
}
_COLLECTIVE = v.words("pair couple row rows group groups cluster clusters line series bunch "
                        "collection array few")  # fmt: skip
_ONE = frozenset({"the", "a", "an", "this", "that", "one", "single", "which", "only", "sole"})
_LOOKBACK = 4


@words_found()
def counts(query: str) -> Iterator[Mention]:
    """The words for the number of objects that the query asks for.

    Values are ``"1"`` for a singular noun with an article, a number for "two", "a pair of",
    "both", and ``"many"`` for "several" and for plurals without a number. A class without an
    article ("vehicle", "low vegetation") has no number: it can mean all of them.
    """
    tokens = tokenize(query)
    for noun in target_nouns(query):
        marker = _numeral(tokens, noun)
        if marker >= 0 and (noun.plural or noun.mass):
            yield Mention(marker, marker, _NUMERAL[tokens[marker].text])
        elif noun.plural:
            yield Mention(noun.first, noun.last, MANY)
        elif not noun.mass and _is_single(tokens, noun):
            yield Mention(noun.first, noun.last, "1")


def _numeral(tokens: Sequence[Token], noun: Noun) -> int:
    """Index of the numeral before a noun, or -1; "the two-storey house" has none."""
    for index in range(noun.first - 1, max(-1, noun.start - _LOOKBACK), -1):
        token = tokens[index]
        if token.gap == "." and index < noun.start:
            break
        if token.text in _NUMERAL:
            following = at(tokens, index + 1)
            collective = token.text in _COLLECTIVE and following.text != "of"
            if following.gap != "-" and not collective:
                return index
    return -1


def _is_single(tokens: Sequence[Token], noun: Noun) -> bool:
    before = tokens[max(0, noun.start - _LOOKBACK) : noun.first]
    return not _ONE.isdisjoint([token.text for token in before])
