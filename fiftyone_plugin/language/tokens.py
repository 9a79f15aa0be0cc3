"""Splits a query into words, and records what separates them.

A query is split at spaces, and each piece by a pattern that cannot backtrack, so that the time is
linear in the length of any text. Pieces are cached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import NamedTuple

REMEMBERED = 8192
"""Texts for which each parser caches its result, for the checks that ask again."""

TOKENIZED = 16_384
"""Texts whose tokens are cached: those of a batch, and their sentences."""

_WORD = re.compile(r"([^\W_]+(?:['’][sS](?![^\W_]))?)")
_CONTRACTED = frozenset({"that", "it", "there", "what", "who", "where"})  # "that's" is "that is"
_ARTICLES = frozenset({"a", "an", "the"})
_STOP = re.compile(r"[.!?;:\n()\[\]{}]")

_SENTENCE_END = re.compile(r"[.!?;]\s+")


class Word(NamedTuple):
    """A word of the query.

    Attributes:
        text: the word, ``query[start:end]``
        start, end: its span in characters
        value: its normalised meaning: ``"red"``, ``"small"``
    """

    text: str
    start: int
    end: int
    value: str


class Token(NamedTuple):
    """A word for the parsers; equal words after equal gaps are the same object.

    Attributes:
        text: the word in lower case, without ``'s``
        gap: separator from the word before: ``"."`` the end of a sentence or clause, ``","`` a
            comma or dash, ``"-"`` a hyphen, ``""`` space only
        starts_clause: whether the gap is ``"."`` or ``","``
        owner: whether ``'s`` follows
        suffix: the length of that ``'s`` in characters
        plain: the word in the normal form: ``""`` for an article, ``"car s"`` for ``"car's"``
    """

    text: str
    gap: str
    starts_clause: bool
    owner: bool
    suffix: int
    plain: str


# Half the time of asking by name.
text_of = itemgetter(Token._fields.index("text"))
plain_of = itemgetter(Token._fields.index("plain"))

START = Token("", ".", True, False, 0, "")
"""What stands before the first word and behind the last."""


@lru_cache(maxsize=REMEMBERED)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, without the space between them."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        found.append(text[start : end.start() + 1])
        start = end.end()
    return *found, text[start:]


@lru_cache(maxsize=TOKENIZED)
def tokenize(query: str) -> tuple[Token, ...]:
    """The words of a query, in order."""
    if _SENTENCE_END.search(query):  # sentences are asked for by themselves as well
        return tuple(chain.from_iterable(map(tokenize, sentences(query))))
    tokens: list[Token] = []
    before = START.gap
    for piece in query.split(" "):
        cut, before = _cut(before, piece)
        tokens += cut
    return tuple(tokens)


@lru_cache(maxsize=2 * REMEMBERED)
def _cut(before: str, piece: str) -> tuple[tuple[Token, ...], str]:
    """The words of a piece of a query, and the characters after the last of them.

    Args:
        before: the characters between the word before and the space before the piece
        piece: a part of the query without spaces
    """
    first, *rest = _WORD.split(piece)  # gap, word, gap, word ... gap
    gaps, words = [f"{before} {first}", *rest[1::2]], rest[::2]
    # Of what has no word its kind is kept, lest a row of dashes grows with each.
    after = gaps[-1] if words else _gap(f"{gaps[0]} ")
    return tuple(map(_token, gaps, words)), after


@lru_cache(maxsize=TOKENIZED)
def word_set(query: str) -> frozenset[str]:
    """The distinct words of a query, for quick tests whether a parser can find something."""
    return frozenset(map(text_of, tokenize(query)))


def span(query: str, first: int, last: int) -> tuple[int, int]:
    """Start and end in the query, in characters, of the words from token ``first`` to ``last``.

    A possessive ``'s`` of the last word is left out.
    """
    ends = _ends(query)
    return ends[2 * first], ends[2 * last + 1] - tokenize(query)[last].suffix


@lru_cache(maxsize=64)
def _ends(query: str) -> tuple[int, ...]:
    """The positions where gaps and words end, alternately; ``'s`` belongs to the word."""
    return tuple(accumulate(map(len, _WORD.split(query))))


@lru_cache(maxsize=REMEMBERED)
def _token(between: str, word: str) -> Token:
    text, gap = word.lower(), _gap(between)
    starts_clause = gap in (".", ",")
    suffix = 2 if len(text) > 2 and text[-2] in "'\u2019" else 0
    text = text[: len(text) - suffix]
    plain = "" if text in _ARTICLES else text
    owner = bool(suffix) and text not in _CONTRACTED
    return Token(text, gap, starts_clause, owner, suffix, f"{plain} s".strip() if suffix else plain)


def lowered(text: str) -> str:
    """A text in lower case, with the same length.

    A search in it takes half the time of a case-insensitive search.
    """
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


def at(tokens: Sequence[Token], index: int) -> Token:
    """The token at an index, or :data:`START` if there is none."""
    return tokens[index] if 0 <= index < len(tokens) else START


def _gap(between: str) -> str:
    if _STOP.search(between):
        return "."
    if "," in between or "–" in between or "—" in between or " - " in between:
        return ","
    return "-" if "-" in between or "/" in between else ""
