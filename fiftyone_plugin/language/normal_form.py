"""The normal form of a phrase, for telling whether two say the same."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

from fiftyone_plugin.language.tokens import REMEMBERED

_WORD = re.compile(r"[^\W_]+")
_ARTICLES = frozenset({"a", "an", "the"})


@lru_cache(maxsize=REMEMBERED)
def normal_form(phrase: str) -> str:
    """A phrase without case, punctuation and articles, its words divided by one space.

    Hyphens and underscores divide words as spaces do: "Parking_lot" and "the parking-lot" are
    both "parking lot". Characters that Unicode holds compatible (NFKC) are equal. Empty where
    the phrase has no letter and no digit.
    """
    if not phrase.isascii():
        phrase = normalize("NFKC", phrase)
    words = _WORD.findall(phrase.casefold())
    return " ".join([word for word in words if word not in _ARTICLES])
