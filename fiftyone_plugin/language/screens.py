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

_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ,.'-"
"""What nearly all of nearly all captions is made of."""

_ODD = re.compile(f"[^{_PLAIN}]")  # the hyphen stands last

_LIKE_ASCII = re.compile("[\u0130\u0131\u017f\u212a]")
"""Letters that a pattern which ignores case takes for i, s and k, and that lower case keeps."""


class Screen:
    """Which texts a pattern may match: those with one of some words, or with a mark.

    Args:
        words: in lower case, divided by spaces, or a set of them; every text that the pattern
            matches holds one of them as a word by itself, or a mark
        marks: a pattern, of which every match holds a character beside ASCII letters, spaces, and
            any of ``,.'-``

    Raises:
        ValueError: if texts without such a character hold a mark
    """

    def __init__(self, words: str | AbstractSet[str] = "", marks: str | None = None) -> None:
        self.words = frozenset(words.split() if isinstance(words, str) else words)
        self.marks = re.compile(marks) if marks else None
        if self.marks and any(map(self.marks.search, _PLAIN)):
            raise ValueError(f"{marks!r} is found in plain words, and rules out nothing")

    def __or__(self, other: Screen) -> Screen:
        """That of two patterns together."""
        marks = [one.marks.pattern for one in (self, other) if one.marks]
        return Screen(self.words | other.words, "|".join(marks))

    def passes(self, text: str) -> bool:
        """Whether the pattern may match a text."""
        return not word_set(text).isdisjoint(self.words) or self._is_marked(text)

    def __call__(self, texts: ScreenedTexts) -> list[int]:
        """The numbers of the texts that the pattern may match, in ascending order."""
        words, numbers = self.words, list[int]()
        if words:
            numbers = [n for n, said in enumerate(texts.words) if not said.isdisjoint(words)]
        marked = [n for n in texts.odd if self._is_marked(texts.texts[n])]
        return sorted({*numbers, *marked}) if marked else numbers

    def _is_marked(self, text: str) -> bool:
        found = self.marks is not None and self.marks.search(text) is not None
        return found or _LIKE_ASCII.search(text) is not None


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
    def odd(self) -> list[int]:
        """The texts that hold more than words."""
        return [n for n, text in enumerate(self.texts) if _ODD.search(text)]


def union(screens: Iterable[Screen]) -> Screen:
    """The screen of several patterns of which any may match."""
    first, *others = screens
    for one in others:
        first = first | one
    return first
