"""Finders: functions that find words in a text, with hints: words that any match requires.

A look-up in an index of words costs a hundredth of parsing a text. A finder therefore parses only
the texts that contain one of its hints.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache, update_wrapper
from typing import Any, Generic, NamedTuple, TypeVar

from pairlens.fiftyone_plugin.language.tokens import REMEMBERED, Word, span, word_set

T = TypeVar("T", covariant=True)
M = TypeVar("M")
W = TypeVar("W")


class WordIndex:
    """An index of the words of several texts.

    Args:
        texts: the texts; the index refers to them by position
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._asked = False

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(self.texts):
            for word in word_set(text):
                numbers[word].append(number)
        return numbers

    def holding(self, words: AbstractSet[str]) -> list[int]:
        """Positions of the texts that contain any of the lower-case words, ascending."""
        if not self._asked:  # an index pays from the second question on
            self._asked = True
            words_of = enumerate(map(word_set, self.texts))
            return [number for number, said in words_of if not said.isdisjoint(words)]
        found: set[int] = set()
        for word in words & self._numbers.keys():
            found.update(self._numbers[word])
        return sorted(found)


class Finder(Generic[T]):
    """A function of a text that finds nothing in a text without any of its hints.

    Attributes:
        hints: words in lower case; ``None`` if any text may match
        nothing: the result for a text without a match
        signs: a pattern that every text with a match matches, too
    """

    __name__: str

    def __init__(
        self,
        find: Callable[[str], T],
        hints: AbstractSet[str] | None,
        nothing: T,
        signs: re.Pattern[str] | None = None,
    ) -> None:
        self._find = lru_cache(maxsize=REMEMBERED)(find)
        self.hints, self.nothing, self.signs = hints, nothing, signs
        update_wrapper(self, find)

    def __call__(self, text: str) -> T:
        """The result for a text."""
        if self.signs is not None and not self.signs.search(text):
            return self.nothing
        if self.hints is not None and word_set(text).isdisjoint(self.hints):
            return self.nothing
        return self._find(text)

    def each(self, index: WordIndex) -> list[T]:
        """The results for each of several texts."""
        if self.hints is None:
            return list(map(self if self.signs else self._find, index.texts))
        found = [self.nothing] * len(index.texts)
        for number in index.holding(self.hints):
            found[number] = self._find(index.texts[number])
        return found


def finder(
    hints: AbstractSet[str] | None, nothing: Any, signs: re.Pattern[str] | None = None
) -> Callable[[Callable[[str], T]], Finder[T]]:
    """Makes a :class:`Finder` of the decorated function; results are cached.

    Args:
        hints: words of which every match requires one; ``None`` if there are none
        nothing: the result for a text without a match
        signs: a pattern that every text with a match matches, too
    """

    def decorate(find: Callable[[str], T]) -> Finder[T]:
        return Finder(find, hints, nothing, signs)

    return decorate


class Mention(NamedTuple):
    """Words of a text with a meaning, by the indices of their first and last token."""

    first: int
    last: int
    value: str


class WordFinder(Generic[M, W]):
    """A finder of words with a meaning.

    Attributes:
        mentions: finds their tokens only, for callers that do not need the words
    """

    __name__: str

    def __init__(
        self,
        find: Callable[[str], Iterable[M]],
        hints: AbstractSet[str] | None,
        words: Callable[[str, M], W],
    ) -> None:
        nothing: tuple[M, ...] = ()
        self.mentions = Finder(lambda text: tuple(find(text)), hints, nothing)
        self._words = words
        update_wrapper(self, find)

    def __call__(self, text: str) -> tuple[W, ...]:
        """The words found in a text."""
        return tuple(self._words(text, each) for each in self.mentions(text))


def words_found(
    hints: AbstractSet[str] | None = None,
) -> Callable[[Callable[[str], Iterable[Mention]]], WordFinder[Mention, Word]]:
    """Makes a :class:`WordFinder` of the decorated function; results are cached."""
    return lambda find: WordFinder(find, hints, word_of)


def word_of(text: str, found: Mention) -> Word:
    """The words of a mention, with their position in the text."""
    start, end = span(text, found.first, found.last)
    return Word(text[start:end], start, end, found.value)
