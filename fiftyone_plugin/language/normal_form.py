"""The normal form of a phrase, for telling whether two say the same."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from pairlens.fiftyone_plugin.language.tokens import REMEMBERED, plain_of, tokenize


@lru_cache(maxsize=REMEMBERED)
def normal_form(phrase: str) -> str:
    """A phrase without case, punctuation and articles, its words divided by one space.

    Hyphens and underscores divide words as spaces do: "Parking_lot" and "the parking-lot" are
    both "parking lot". Characters that Unicode holds compatible (NFKC) are equal. Empty where
    the phrase has no letter and no digit.
    """
    if not phrase.isascii():
        phrase = normalize("NFKC", phrase).casefold()
    return " ".join(filter(None, map(plain_of, tokenize(phrase))))
