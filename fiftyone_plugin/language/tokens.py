"""A query cut into words, with what stands between them.

Cutting is one pass of a pattern without alternatives that could backtrack, so the time is
linear in the text's length whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

REMEMBERED = 8192
"""Texts for which each parser caches its result, for the checks that ask again."""

TOKENIZED = 2048
"""Texts whose tokens are cached: they take more memory than what is found in them."""

_WORD = re.compile(r"([^\W_]+(?:['’][sS](?![^\W_]))?)")
_CONTRACTED = frozenset({"that", "it", "there", "what", "who", "where"})  # "that's" is "that is"
_STOP = re.compile(r"[.!?;:\n()\[\]{}]")


@dataclass(frozen=True, slots=True)
class Word:
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
    """A word as the parsers see it.

    Attributes:
        text: in lower case, without ``'s``
        start, end: its span in characters, without ``'s``
        owner: whether ``'s`` follows
        gap: what divides it from the word before: ``"."`` a sentence or clause, ``","`` a
            comma or dash, ``"-"`` a hyphen, ``""`` nothing but space
    """

    text: str
    start: int
    end: int
    owner: bool
    gap: str

    @property
    def starts_clause(self) -> bool:
        """Whether punctuation divides it from the word before."""
        return self.gap in (".", ",")


START = Token("", 0, 0, False, ".")
"""What stands before the first word and behind the last."""


@lru_cache(maxsize=TOKENIZED)
def tokenize(query: str) -> tuple[Token, ...]:
    """The words of a query, in order; cached, as several parsers read each query."""
    pieces = _WORD.split(query)  # gap, word, gap, word ... gap
    tokens: list[Token] = []
    end = 0
    for gap, word in zip(pieces[::2], pieces[1::2], strict=False):
        start = end + len(gap)
        end = start + len(word)
        text, suffix, owner = _normalize(word)
        kind = "" if gap == " " else _gap(gap)
        tokens.append(Token(text, start, end - suffix, owner, kind if tokens else "."))
    return tuple(tokens)


@lru_cache(maxsize=TOKENIZED)
def word_set(query: str) -> frozenset[str]:
    """The different words of a query, for a parser to see at once that it has none to read."""
    return frozenset(token.text for token in tokenize(query))


@lru_cache(maxsize=REMEMBERED)
def _normalize(word: str) -> tuple[str, int, bool]:
    """A word in lower case without ``'s``, the length of that ``'s``, whether it owns."""
    text = word.lower()
    if len(text) > 2 and text[-2] in "'\u2019":
        text = text[:-2]
        return text, 2, text not in _CONTRACTED
    return text, 0, False


def at(tokens: Sequence[Token], index: int) -> Token:
    """The token at an index, or :data:`START` where there is none."""
    return tokens[index] if 0 <= index < len(tokens) else START


@lru_cache(maxsize=1024)
def _gap(between: str) -> str:
    if _STOP.search(between):
        return "."
    if "," in between or "–" in between or "—" in between or " - " in between:
        return ","
    return "-" if "-" in between or "/" in between else ""
