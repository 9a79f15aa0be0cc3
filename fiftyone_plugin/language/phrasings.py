"""Phrasings: patterns of words that betray a fault of a query, tried where a query can match.

A pattern costs ten times what a look into the set of a query's words does, so each comes with
hints: words, one of which every text has that it matches.
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
        meaning: what a match means
        hints: sets of words in lower case, of each of which every text that the pattern matches
            has one
        pattern: for a text in lower case; its group ``said`` is what is shown of a match, else
            all of it
    """

    meaning: str
    hints: tuple[frozenset[str], ...]
    pattern: re.Pattern[str]


class Phrasings:
    """Patterns that are tried in order.

    Attributes:
        phrasings: the patterns
        hints: words, one of which every text has that one of them matches
    """

    def __init__(self, phrasings: Iterable[Phrasing]) -> None:
        self.phrasings = tuple(phrasings)
        self._other_hints = [one.hints[1:] for one in self.phrasings]
        self._hinted: defaultdict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(self.phrasings):
            for word in one.hints[0]:
                self._hinted[word].append(number)
        self.hints = frozenset(self._hinted)

    def first(self, query: str) -> Word | None:
        """The words of the first pattern that matches, with what they mean; ``None`` for none."""
        words = word_set(query)
        hinting = words & self.hints
        if not hinting:
            return None
        text = lowered(query)
        for number in sorted(set[int]().union(*map(self._hinted.__getitem__, hinting))):
            others, one = self._other_hints[number], self.phrasings[number]
            if others and any(map(words.isdisjoint, others)):
                continue
            if match := one.pattern.search(text):
                start, end = match.span("said" if "said" in one.pattern.groupindex else 0)
                return Word(query[start:end], start, end, one.meaning)
        return None


def phrasings(listed: Iterable[tuple[str, str, str]]) -> Phrasings:
    """Phrasings from meanings, hints divided by spaces, their sets by ``&``, and patterns."""
    return Phrasings(
        Phrasing(
            meaning,
            tuple(frozenset(some.split()) for some in hints.split("&")),
            re.compile(pattern),
        )
        for meaning, hints, pattern in listed
    )


def any_of(listed: str) -> str:
    """A pattern for any of the words of a text, each of which may be a pattern of its own."""
    return f"(?:{'|'.join(listed.split())})"
