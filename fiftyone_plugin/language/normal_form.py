"""The normal form of a phrase, by which two phrases are told to be the same."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

_NOT_WORD = re.compile(r"[^\w]+")
_ARTICLES = frozenset({"a", "an", "the"})


@lru_cache(maxsize=4096)
def normal_form(phrase: str) -> str:
    """A phrase without case, punctuation and articles; ``""`` for one without words."""
    words = _NOT_WORD.sub(" ", normalize("NFKC", phrase).casefold()).split()
    return " ".join(word for word in words if word not in _ARTICLES)
