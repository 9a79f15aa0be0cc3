"""A query cut into words, with what stands between them.

Cutting is one pass of a pattern without alternatives that could backtrack, so the time is
linear in the text's length whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’]s(?![^\W_])", re.IGNORECASE)
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


@dataclass(frozen=True, slots=True)
class Token:
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


def tokenize(query: str) -> list[Token]:
    """The words of a query, in order."""
    tokens: list[Token] = []
    position = end = 0
    while match := _WORD.search(query, position):
        gap = _gap(query[end : match.start()]) if tokens else "."
        possessive = _POSSESSIVE.match(query, match.end())
        text = match[0].lower()
        owner = possessive is not None and text not in _CONTRACTED
        tokens.append(Token(text, match.start(), match.end(), owner, gap))
        position = end = possessive.end() if possessive else match.end()
    return tokens


def at(tokens: list[Token], index: int) -> Token:
    """The token at an index, or :data:`START` where there is none."""
    return tokens[index] if 0 <= index < len(tokens) else START


def _gap(between: str) -> str:
    if _STOP.search(between):
        return "."
    if "," in between or "–" in between or "—" in between or " - " in between:
        return ","
    return "-" if "-" in between or "/" in between else ""
