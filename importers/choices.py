"""Parses values of parameters that are one of a few words."""

from __future__ import annotations

from collections.abc import Callable


def one_of(*values: str) -> Callable[[str], str]:
    """A parser that gives back the words that it knows.

    It raises a ``ValueError`` with the words for any other.
    """

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"give one of {', '.join(values)}")
        return text

    return parse


def auto_or_one_of(*values: str) -> Callable[[str], str | None]:
    """As :func:`one_of`; the word ``auto``, which comes first, gives ``None``."""
    known = one_of("auto", *values)

    def parse(text: str) -> str | None:
        return None if known(text) == "auto" else text

    return parse
