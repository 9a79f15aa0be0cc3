"""The class of the target, and whether it is one object or several.

The target's noun follows the verb of the request ("find the *truck* ..."), or words that resume the
description ("by locating the large *vehicle* ..."), or is the last word ("recognize the white
object ... as the *aircraft*"). Nouns of parts, landmarks, surroundings and comparisons are
elsewhere in the query, and do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from pairlens.fiftyone_plugin.language import taxonomy
from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.finders import Mention, words_found
from pairlens.fiftyone_plugin.language.tokens import TOKENIZED, Token, at, text_of, tokenize

MAX_NOUN_PHRASE = 14

REQUEST = v.words(
    "find spot locate identify look search seek recognize recognise determine point pinpoint "
    "distinguish separate divide partition isolate segment highlight mark select show detect "
    "discover notice observe discern specify see outline extract place choose mask"
)
_LOOKING = v.words(
    "looking locating finding identifying spotting recognizing recognising searching seeking "
    "noticing observing pinpointing detecting"
)
_SMALL = v.words("out for up the a an that this please which what any me is are of")
_SKIPPED = _SMALL | _LOOKING
_NOUN_OF = v.words(
    "piece type kind pair couple row rows group groups cluster clusters set number series bunch "
    "line collection array silhouette outline"
)
_STOP = (
    v.PREPOSITION
    | v.RELATION
    | v.PART_MARKER
    | v.AROUND
    | v.LOCATOR
    | v.TELLING
    | v.ORIENTATION
    | v.STRETCHING
    | v.words(
        "that which who whose where while as for with from and or but when because due despite "
        "though by to used using against resembling like such than via through based"
    )
) - {"standing", "close", "opposite", "parallel", "leading", "looking", "set"}
_COMPARED = frozenset({"like", "shaped", "sized", "themed", "style", "esque", "type", "bound"})


class Noun(NamedTuple):
    """A noun of the target.

    Attributes:
        start: index of the first token of its noun phrase
        first, last: indices of its first and last token
        name: its class in :mod:`.taxonomy`
        plural: whether it is a plural
        mass: whether it is a mass noun, such as "vegetation"
    """

    start: int
    first: int
    last: int
    name: str
    plural: bool
    mass: bool


@words_found()
def classes(query: str) -> Iterator[Mention]:
    """The class words of the target; values are classes of :mod:`.taxonomy`."""
    return (Mention(noun.first, noun.last, noun.name) for noun in target_nouns(query))


@lru_cache(maxsize=TOKENIZED)
def target_nouns(query: str) -> tuple[Noun, ...]:
    """The target's nouns, in order."""
    tokens = tokenize(query)
    found: list[Noun] = []
    openers = [
        n for n, text in enumerate(map(text_of, tokens))
        if not n or (text in _OPENERS and (text in _ANYWHERE or tokens[n].starts_clause))
    ]  # fmt: skip
    end = 0
    for index in openers:
        start = _opening(tokens, index) if index >= end else -1
        if start >= 0:
            noun, end = _noun_phrase(tokens, start)
            if noun is not None:
                found.append(noun)
    return tuple(found)


def class_tokens(tokens: Sequence[Token]) -> dict[int, str]:
    """Classes by token index, for the class words of all objects in the query."""
    found: dict[int, str] = {}
    texts = tuple(map(text_of, tokens))
    for index in [n for n, text in enumerate(texts) if text in taxonomy.SIZES]:
        if size := _match(tokens, index):
            name = taxonomy.NAMES[texts[index : index + size]]
            for n in range(index, index + size):
                found.setdefault(n, name)
    return found


def _opening(tokens: Sequence[Token], index: int) -> int:
    """Index where the phrase that the word at ``index`` opens begins; -1 if it opens none."""
    token, before = tokens[index], at(tokens, index - 1)
    if index == 0 and token.text not in _NO_NOUN_FIRST:
        return _skip(tokens, 0)
    if token.text in REQUEST and at(tokens, index - 2).text in _HARD:
        return -1  # "it is hard to distinguish any structures"
    if token.text in REQUEST and (token.starts_clause or before.text in ("to", "please", "and")):
        return _skip(tokens, index + 1)
    if token.text in _LOOKING and before.text in ("by", "and"):
        return _skip(tokens, index + 1)
    if token.text == "as" and at(tokens, index + 1).text in ("the", "a", "an"):
        named = before.text not in ("such", "well", "used", "same", "far", "just", "serves")
        return index + 2 if named and at(tokens, 0).text in _NAMED_AS else -1
    if token.starts_clause and before.text in v.FRAME and token.text in ("a", "the", "an"):
        return index + 1
    if token.text in ("which", "what") and before.text in _ASKING:
        return index + 1
    if token.text == "for" and before.text in v.FRAME and at(tokens, 0).text in _ASKS_FOR:
        return index + 2 if at(tokens, index + 1).text in ("the", "a", "an") else -1
    if token.text in ("is", "it's") and before.text in ("which", "that", "it"):
        return index + 2 if at(tokens, index + 1).text in ("the", "a", "an") else -1
    return -1


_NO_NOUN_FIRST = REQUEST | v.PREPOSITION | {"despite", "to"}
_ASKS_FOR = REQUEST | {"check"}
_HARD = v.words("hard difficult challenging tough impossible difficulty")
_ASKING = frozenset({"out", "tell", "know", "determine", "say"})
_ARTICLES = v.words("a an the")
_ANYWHERE = REQUEST | _LOOKING | v.words("as which what for is it's")
_OPENERS = _ANYWHERE | _ARTICLES
"""Words with which a phrase can open; articles where a clause begins alone."""
_NAMED_AS = REQUEST - {"look", "search", "seek", "see"} | {"in"}


def _skip(tokens: Sequence[Token], index: int) -> int:
    while at(tokens, index).text in _SKIPPED:
        index += 1
    return index


def _noun_phrase(tokens: Sequence[Token], start: int) -> tuple[Noun | None, int]:
    """The last class word of the noun phrase at ``start``, and the end of the phrase."""
    noun: Noun | None = None
    index = start
    end = min(start + MAX_NOUN_PHRASE, len(tokens))
    while index < end:
        token = tokens[index]
        if token.gap == "." and index > start:
            break
        if token.text in taxonomy.SIZES and (size := _match(tokens, index)):
            noun = _noun(tokens, start, index, size) or noun
            index += size
            continue
        if noun is not None and (token.starts_clause or _is_participle(token)):
            break
        if token.text in _STOP and not _joins(tokens, index, noun):
            break
        index += 1
    return noun, index


def _joins(tokens: Sequence[Token], index: int, noun: Noun | None) -> bool:
    """Whether a function word is part of the noun phrase: "black and white car", "piece of"."""
    token, before = tokens[index], at(tokens, index - 1)
    if noun is not None:
        return False
    if token.text == "and":
        return at(tokens, index + 1).text not in ("the", "a", "an", "its")
    if token.text == "of":
        return before.text in _NOUN_OF
    if token.text in _ATTRIBUTES and not token.starts_clause:
        return not _ends_phrase(at(tokens, index + 1))  # "the row of parked cars"
    adverb = before.text.endswith("ly") and _is_participle(token)  # "the centrally located car"
    return adverb or token.gap == "-" or at(tokens, index + 1).gap == "-"


_ATTRIBUTES = v.words("parked moored docked stationed standing resting")
_ENDS_PHRASE = _STOP | v.ARTICLE | v.DETERMINER


def _ends_phrase(following: Token) -> bool:
    """Whether no noun can follow: "the object parked near"."""
    return following.starts_clause or following.text in _ENDS_PHRASE


def _is_participle(token: Token) -> bool:
    return len(token.text) > 4 and token.text.endswith(("ed", "ing"))


def _goes_on(following: Token) -> bool:
    """Whether the noun phrase continues with another noun."""
    return not (following.starts_clause or following.text in _STOP or _is_participle(following))


def _match(tokens: Sequence[Token], index: int) -> int:
    """The number of tokens of the longest class word at ``index``, 0 if there is none."""
    for size in taxonomy.SIZES.get(tokens[index].text, ()):
        if size == 1:
            return 1
        run = tokens[index : index + size]
        named = tuple([token.text for token in run]) in taxonomy.NAMES
        if named and len(run) == size and _is_compound(run):
            return size
    return 0


def _is_compound(run: Sequence[Token]) -> bool:
    """Whether no punctuation and no ``'s`` separates the words."""
    return not any(t.starts_clause for t in run[1:]) and not any(t.owner for t in run[:-1])


def _noun(tokens: Sequence[Token], start: int, first: int, size: int) -> Noun | None:
    words = tuple([token.text for token in tokens[first : first + size]])
    last, following = tokens[first + size - 1], at(tokens, first + size)
    if last.owner or (following.text in _COMPARED and not following.starts_clause):
        return None  # "the car's roof", "the truck-like vehicle"
    if words == ("construction",) and _goes_on(following):
        return None  # "construction parts"
    plural = words in taxonomy.PLURAL
    name = taxonomy.NAMES[words]
    return Noun(start, first, first + size - 1, name, plural, words in taxonomy.MASS)
