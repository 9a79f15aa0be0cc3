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
"""Queries of which each parser remembers what it found, for the checks that ask again."""

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


@lru_cache(maxsize=256)
def tokenize(query: str) -> tuple[Token, ...]:
    """The words of a query, in order.

    The last few queries are remembered, as several parsers read each.
    """
    pieces = _WORD.split(query)  # gap, word, gap, word ... gap
    tokens: list[Token] = []
    end = 0
    for gap, word in zip(pieces[::2], pieces[1::2], strict=False):
        start = end + len(gap)
        end = last = start + len(word)
        text, owner = word.lower(), False
        if len(text) > 2 and text[-2] in "'\u2019":
            last, text = end - 2, text[:-2]
            owner = text not in _CONTRACTED
        kind = "" if gap == " " else _gap(gap)
        tokens.append(Token(text, start, last, owner, kind if tokens else "."))
    return tuple(tokens)


def at(tokens: Sequence[Token], index: int) -> Token:
    """The token at an index, or :data:`START` where there is none."""
    return tokens[index] if 0 <= index < len(tokens) else START


def _gap(between: str) -> str:
    if _STOP.search(between):
        return "."
    if "," in between or "–" in between or "—" in between or " - " in between:
        return ","
    return "-" if "-" in between or "/" in between else ""
