"""The normal form of a phrase, by which phrases are compared."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from pairlens.fiftyone_plugin.language.tokens import REMEMBERED, plain_of, tokenize


@lru_cache(maxsize=REMEMBERED)
def normal_form(phrase: str) -> str:
    """A phrase in lower case, without punctuation and articles, its words separated by one space.

    Hyphens and underscores separate words: "Parking_lot" and "the parking-lot" both become
    "parking lot". Compatible Unicode characters (NFKC) are equal. A phrase without letters and
    digits becomes ``""``.
    """
    if not phrase.isascii():
        phrase = normalize("NFKC", phrase).casefold()
    return " ".join(filter(None, map(plain_of, tokenize(phrase))))
