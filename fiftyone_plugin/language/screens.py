"""What a pattern cannot do without, so that most texts are ruled out before it is tried.

A pattern of many words takes a tenth of a millisecond to find nothing in a caption, a look into
the set of the caption's words a hundredth of that. One pass over a text tells whether it holds
anything but words, and of a thousand captions most do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

from pairlens.fiftyone_plugin.language.tokens import word_set

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ,.'-"
"""What nearly all of nearly all captions is made of."""

DIGIT = "0"
"""Stands for all digits among the signs of a screen."""

_ODD = re.compile(f"[^{PLAIN}]")  # the hyphen stands last

_LIKE_ASCII = frozenset("\u0130\u0131\u017f\u212a")
"""Letters that a pattern which ignores case takes for i, s and k, and that lower case keeps."""


class Screen:
    """Which texts a pattern may match: those with one of some words, or with a sign.

    Args:
        words: in lower case, divided by spaces, or a set of them
        signs: characters that are not in :data:`PLAIN`, with :data:`DIGIT` for any digit. Every
            text that the pattern matches holds one of the words as a word by itself, or a sign
        marks: what a text with a sign and none of the words holds as well

    Raises:
        ValueError: for a sign that plain texts hold
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
        """That of two patterns together."""
        both = Screen(self.words | other.words)
        both._signs = self._signs + other._signs
        both._any_sign = self._any_sign | other._any_sign
        return both

    def passes(self, text: str) -> bool:
        """Whether the pattern may match a text."""
        if not word_set(text).isdisjoint(self.words):
            return True
        return self._sign.search(text) is not None and self._is_marked(text, _odd_of(text))

    @cached_property
    def _sign(self) -> re.Pattern[str]:
        """Any of the signs."""
        listed = (r"\d" if sign == DIGIT else re.escape(sign) for sign in self._any_sign)
        return re.compile(f"[{''.join(listed)}]")

    def __call__(self, texts: ScreenedTexts) -> list[int]:
        """The numbers of the texts that the pattern may match, in ascending order."""
        words, signs, numbers = self.words, self._any_sign, list[int]()
        if words:
            numbers = [n for n, said in enumerate(texts.words) if not said.isdisjoint(words)]
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
    all_together = Screen()
    for one in screens:
        all_together |= one
    return all_together


class ScreenedTexts:
    """Texts, with what all screens ask of them, once.

    Args:
        texts: in order; their numbers stand for them
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def words(self) -> list[frozenset[str]]:
        """The different words of each text."""
        return list(map(word_set, self.texts))

    @cached_property
    def odd(self) -> list[tuple[int, frozenset[str]]]:
        """The texts that are not all :data:`PLAIN`, with the characters that are not."""
        return [(n, _odd_of(text)) for n, text in enumerate(self.texts) if _ODD.search(text)]


def _odd_of(text: str) -> frozenset[str]:
    return frozenset([DIGIT if each.isdecimal() else each for each in _ODD.findall(text)])
