"""The normal form of a phrase, for telling whether two say the same."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from pairlens.fiftyone_plugin.language.tokens import REMEMBERED, Token, tokenize

_ARTICLES = frozenset({"a", "an", "the"})


@lru_cache(maxsize=REMEMBERED)
def normal_form(phrase: str) -> str:
    """A phrase without case, punctuation and articles, its words divided by one space.

    Hyphens and underscores divide words as spaces do: "Parking_lot" and "the parking-lot" are
    both "parking lot". Characters that Unicode holds compatible (NFKC) are equal. Empty where
    the phrase has no letter and no digit.
    """
    if not phrase.isascii():
        phrase = normalize("NFKC", phrase).casefold()
    return " ".join(filter(None, map(_without_article, tokenize(phrase))))


@lru_cache(maxsize=REMEMBERED)
def _without_article(token: Token) -> str:
    word = "" if token.text in _ARTICLES else token.text
    return f"{word} s".strip() if token.suffix else word
