"""A query cut into words, with what stands between them.

Cutting is one pass of a pattern without alternatives that could backtrack, so the time is
linear in the text's length whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

REMEMBERED = 8192
"""Texts for which each parser caches its result, for the checks that ask again."""

TOKENIZED = 4096
"""Texts whose tokens are cached: they take more memory than what is found in them."""

_WORD = re.compile(r"([^\W_]+(?:['’][sS](?![^\W_]))?)")
_CONTRACTED = frozenset({"that", "it", "there", "what", "who", "where"})  # "that's" is "that is"
_STOP = re.compile(r"[.!?;:\n()\[\]{}]")


class Word(NamedTuple):
    """A word of the query.

    Attributes:
        text: as it stands in the query, ``query[start:end]``
        start, end: its span in characters
        value: what it means, normalised: ``"red"``, ``"small"``
    """

    text: str
    start: int
    end: int
    value: str


class Token(NamedTuple):
    """A word as the parsers see it; the same behind the same gap is one object.

    Attributes:
        text: in lower case, without ``'s``
        gap: what divides it from the word before: ``"."`` a sentence or clause, ``","`` a
            comma or dash, ``"-"`` a hyphen, ``""`` nothing but space
        starts_clause: whether that is punctuation, ``"."`` or ``","``
        owner: whether ``'s`` follows
        suffix: the length of that ``'s`` in characters
    """

    text: str
    gap: str
    starts_clause: bool
    owner: bool
    suffix: int


START = Token("", ".", True, False, 0)
"""What stands before the first word and behind the last."""


class Tokens(NamedTuple):
    """The words of a query.

    Attributes:
        tokens: in order
        ends: characters at which gaps and words end in turn: the word of token ``n`` is
            ``query[ends[2 * n] : ends[2 * n + 1]]``, with its ``'s``
    """

    tokens: tuple[Token, ...]
    ends: tuple[int, ...]


def tokenize(query: str) -> tuple[Token, ...]:
    """The words of a query, in order."""
    return _split(query).tokens


@lru_cache(maxsize=TOKENIZED)
def word_set(query: str) -> frozenset[str]:
    """The different words of a query, for a parser to see at once that it has none to read."""
    return frozenset(map(attrgetter("text"), tokenize(query)))


def span(query: str, first: int, last: int) -> tuple[int, int]:
    """Where the words of some tokens start and end in a query, in characters, without ``'s``."""
    tokens, ends = _split(query)
    return ends[2 * first], ends[2 * last + 1] - tokens[last].suffix


def mention(query: str, first: int, last: int, value: str) -> Word:
    """The words from one token to another, with what they mean."""
    start, end = span(query, first, last)
    return Word(query[start:end], start, end, value)


@lru_cache(maxsize=TOKENIZED)
def _split(query: str) -> Tokens:
    pieces = _WORD.split(query)  # gap, word, gap, word ... gap
    gaps, words = pieces[::2], pieces[1::2]
    gaps[0] = "."
    return Tokens(tuple(map(_token, gaps, words)), tuple(accumulate(map(len, pieces))))


@lru_cache(maxsize=2 * REMEMBERED)
def _token(between: str, word: str) -> Token:
    text, gap = word.lower(), _gap(between)
    starts_clause = gap in (".", ",")
    if len(text) > 2 and text[-2] in "'\u2019":
        text = text[:-2]
        return Token(text, gap, starts_clause, text not in _CONTRACTED, 2)
    return Token(text, gap, starts_clause, False, 0)


def at(tokens: Sequence[Token], index: int) -> Token:
    """The token at an index, or :data:`START` where there is none."""
    return tokens[index] if 0 <= index < len(tokens) else START


def _gap(between: str) -> str:
    if _STOP.search(between):
        return "."
    if "," in between or "–" in between or "—" in between or " - " in between:
        return ","
    return "-" if "-" in between or "/" in between else ""
