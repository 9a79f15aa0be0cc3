"""Parsers for parameters whose value is one of a few words."""

from __future__ import annotations

from collections.abc import Callable


def one_of(*values: str) -> Callable[[str], str]:
    """Returns a parser that accepts some words, and raises ``ValueError`` for any other text."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"give one of {', '.join(values)}")
        return text

    return parse


def auto_or_one_of(*values: str) -> Callable[[str], str | None]:
    """Returns a parser like that of :func:`one_of`, which also maps ``auto`` to ``None``."""
    known = one_of("auto", *values)

    def parse(text: str) -> str | None:
        return None if known(text) == "auto" else text

    return parse
