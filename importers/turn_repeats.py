"""Turns of one image that repeat each other, or answer one question with yes and with no."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pairlens.importers.records import Turn

_IMAGE = re.compile(r"<image>|<img>|</img>", re.IGNORECASE)
_NOT_WORDS = re.compile(r"[^\w\s]+|_+")
_POLARITY = re.compile(r"\s*(yes|no)\b", re.IGNORECASE)

TurnPair = tuple[int, int]
"""Numbers of two turns, from 0, the earlier first."""


def plain(text: str) -> str:
    """A text as it is compared: without case, punctuation, white space and image marks."""
    return " ".join(_NOT_WORDS.sub(" ", _IMAGE.sub(" ", text).casefold()).split())


def repeated_turns(turns: Sequence[Turn]) -> list[TurnPair]:
    """Turns that ask and answer what an earlier one asks and answers.

    Args:
        turns: of one image, those of different records too

    Returns:
        each repeating turn with the first that it repeats
    """
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    found: list[TurnPair] = []
    for number, turn in enumerate(turns):
        said = plain(turn.question), tuple(map(plain, turn.answers))
        if not said[0] or not any(said[1]):
            continue
        first = seen.setdefault(said, number)
        if first != number:
            found.append((first, number))
    return found


def contradicting_turns(turns: Sequence[Turn]) -> list[TurnPair]:
    """Turns that answer a question with yes where an earlier one answers it with no, or back.

    An answer counts by its first word: ``Yes.`` and ``No, there is no ship.`` contradict.
    """
    seen: dict[str, dict[str, int]] = {}
    found: list[TurnPair] = []
    for number, turn in enumerate(turns):
        question = plain(turn.question)
        said = {match[1].casefold() for a in turn.answers if (match := _POLARITY.match(a))}
        if not question or len(said) != 1:
            continue
        (polarity,) = said
        known = seen.setdefault(question, {})
        other = known.get("no" if polarity == "yes" else "yes")
        if other is not None:
            found.append((other, number))
        known.setdefault(polarity, number)
    return found
