"""Phrasings: patterns of words that show a fault of a query.

A pattern costs ten times as much as a look-up in the set of a query's words. Each therefore has
hints: words of which every match requires one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pairlens.fiftyone_plugin.language.tokens import Word, lowered, word_set


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One pattern.

    Attributes:
        meaning: the meaning of a match
        hints: sets of words in lower case; every text that matches has one word of each set
        pattern: pattern for a text in lower case; its group ``part`` is the part of the match to
            show, by default all of it
    """

    meaning: str
    hints: tuple[frozenset[str], ...]
    pattern: re.Pattern[str]


class Phrasings:
    """Patterns that are tried in order.

    Attributes:
        phrasings: the patterns
        hints: words of which every text that matches one of them has one
    """

    def __init__(self, phrasings: Iterable[Phrasing]) -> None:
        self.phrasings = tuple(phrasings)
        self._other_hints = [phrasing.hints[1:] for phrasing in self.phrasings]
        self._hinted: defaultdict[str, list[int]] = defaultdict(list)
        for number, phrasing in enumerate(self.phrasings):
            for word in phrasing.hints[0]:
                self._hinted[word].append(number)
        self.hints = frozenset(self._hinted)

    def first(self, query: str) -> Word | None:
        """The match of the first pattern that matches, with its meaning; ``None`` for none."""
        words = word_set(query)
        hinting = words & self.hints
        if not hinting:
            return None
        text = lowered(query)
        for number in sorted(set[int]().union(*map(self._hinted.__getitem__, hinting))):
            others, phrasing = self._other_hints[number], self.phrasings[number]
            if others and any(map(words.isdisjoint, others)):
                continue
            if match := phrasing.pattern.search(text):
                start, end = match.span("part" if "part" in phrasing.pattern.groupindex else 0)
                return Word(query[start:end], start, end, phrasing.meaning)
        return None


def phrasings(rows: Iterable[tuple[str, str, str]]) -> Phrasings:
    """Makes phrasings from rows of meaning, hints and pattern.

    Hints are separated by spaces, and sets of hints by ``&``.
    """
    return Phrasings(
        Phrasing(
            meaning,
            tuple(frozenset(hint_set.split()) for hint_set in hints.split("&")),
            re.compile(pattern),
        )
        for meaning, hints, pattern in rows
    )


def any_of(words: str) -> str:
    """A pattern for any of several patterns that are separated by spaces."""
    return f"(?:{'|'.join(words.split())})"
