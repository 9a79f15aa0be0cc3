"""Phrasings: patterns of words that betray a fault of a query, tried where a query can match.

A pattern costs ten times what a look into the set of a query's words does, so each comes with
hints: words, one of which every text has that it matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pairlens.fiftyone_plugin.language.tokens import Word, word_set


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One pattern.

    Attributes:
        meaning: what a match means
        hints: sets of words in lower case, of each of which every text that the pattern matches
            has one
        pattern: ignores case; its group ``said`` is what is shown of a match, else all of it
    """

    meaning: str
    hints: tuple[frozenset[str], ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Phrasings:
    """Patterns that are tried in order."""

    phrasings: tuple[Phrasing, ...]
    hints: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        hints = frozenset[str]().union(*(one.hints[0] for one in self.phrasings))
        object.__setattr__(self, "hints", hints)

    def first(self, query: str) -> Word | None:
        """The words of the first pattern that matches, with what they mean; ``None`` for none."""
        words = word_set(query)
        present = words & self.hints
        for one in self.phrasings if present else ():
            if present.isdisjoint(one.hints[0]) or any(map(words.isdisjoint, one.hints[1:])):
                continue
            if match := one.pattern.search(query):
                start, end = match.span("said" if "said" in one.pattern.groupindex else 0)
                return Word(query[start:end], start, end, one.meaning)
        return None


def phrasings(listed: Iterable[tuple[str, str, str]]) -> Phrasings:
    """Phrasings from meanings, hints divided by spaces, their sets by ``&``, and patterns."""
    return Phrasings(
        tuple(
            Phrasing(
                meaning,
                tuple(frozenset(some.split()) for some in hints.split("&")),
                re.compile(pattern, re.IGNORECASE),
            )
            for meaning, hints, pattern in listed
        )
    )


def any_of(listed: str) -> str:
    """A pattern for any of the words of a text, each of which may be a pattern of its own."""
    return f"(?:{'|'.join(listed.split())})"
