"""Screens: cheap necessary conditions of a pattern, which exclude most texts before it is tried.

A pattern of many words takes 0.1 ms on a caption that does not match, a look-up in the set of the
caption's words a hundredth of that. One pass over a text finds out whether it contains anything but
words, which most captions do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

from pairlens.fiftyone_plugin.language.tokens import word_set

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ,.'-"
"""The characters of most captions."""

DIGIT = "0"
"""Stands for all digits among the signs of a screen."""

_ODD = re.compile(f"[^{PLAIN}]")  # the hyphen stands last

_LIKE_ASCII = frozenset("\u0130\u0131\u017f\u212a")
"""Letters that case-insensitive patterns match as i, s and k, unlike ``str.lower``."""


class Screen:
    """A necessary condition of a pattern: every text that matches has one of some words, or a sign.

    Args:
        words: words in lower case: a set, or a text with spaces between them
        signs: characters that are not in :data:`PLAIN`; :data:`DIGIT` is any digit
        marks: a pattern that a text with a sign and none of the words matches, too

    Raises:
        ValueError: for a sign in :data:`PLAIN`
    """

    def __init__(
        self, words: str | AbstractSet[str] = "", signs: str = "", marks: str = ""
    ) -> None:
        if plain := set(signs) & set(PLAIN):
            raise ValueError(f"{sorted(plain)} rule out no caption, and cannot be signs")
        self.words = frozenset(words.split() if isinstance(words, str) else words)
        pattern = re.compile(marks) if marks else None
        self._signs = [(_LIKE_ASCII, None), (frozenset(signs), pattern)]
        self._any_sign = _LIKE_ASCII.union(signs)

    def __or__(self, other: Screen) -> Screen:
        """The screen of either of two patterns."""
        combined = Screen(self.words | other.words)
        combined._signs = self._signs + other._signs
        combined._any_sign = self._any_sign | other._any_sign
        return combined

    def passes(self, text: str) -> bool:
        """Whether the pattern may match a text."""
        if not word_set(text).isdisjoint(self.words):
            return True
        return self._sign.search(text) is not None and self._is_marked(text, _odd_of(text))

    @cached_property
    def _sign(self) -> re.Pattern[str]:
        """A pattern of all signs."""
        patterns = (r"\d" if sign == DIGIT else re.escape(sign) for sign in self._any_sign)
        return re.compile(f"[{''.join(patterns)}]")

    def __call__(self, texts: ScreenedTexts) -> list[int]:
        """Positions of the texts that the pattern may match, in ascending order."""
        words, signs, numbers = self.words, self._any_sign, list[int]()
        if words:
            numbers = [
                n for n, text_words in enumerate(texts.words) if not text_words.isdisjoint(words)
            ]
        signed = [(n, odd) for n, odd in texts.odd if not odd.isdisjoint(signs)]
        marked = [n for n, odd in signed if self._is_marked(texts.texts[n], odd)]
        return sorted({*numbers, *marked}) if marked else numbers

    def _is_marked(self, text: str, odd: frozenset[str]) -> bool:
        return any(
            not odd.isdisjoint(signs) and (marks is None or marks.search(text) is not None)
            for signs, marks in self._signs
        )


def union(screens: Iterable[Screen]) -> Screen:
    """The screen of several patterns, any of which may match."""
    combined = Screen()
    for screen in screens:
        combined |= screen
    return combined


class ScreenedTexts:
    """Texts, with the words and odd characters that all screens use.

    Args:
        texts: the texts
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def words(self) -> list[frozenset[str]]:
        """The different words of each text."""
        return list(map(word_set, self.texts))

    @cached_property
    def odd(self) -> list[tuple[int, frozenset[str]]]:
        """Positions of the texts with characters outside :data:`PLAIN`, and these characters."""
        return [(n, _odd_of(text)) for n, text in enumerate(self.texts) if _ODD.search(text)]


def _odd_of(text: str) -> frozenset[str]:
    return frozenset(
        [DIGIT if character.isdecimal() else character for character in _ODD.findall(text)]
    )
