"""Finds turns of an image that repeat each other, or answer a question with both yes and no."""

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
    """Normalizes a text for comparison: without case, punctuation, white space and image tokens."""
    return " ".join(_NOT_WORDS.sub(" ", _IMAGE.sub(" ", text).casefold()).split())


def repeated_turns(turns: Sequence[Turn]) -> list[TurnPair]:
    """Finds turns with the question and answers of an earlier turn.

    Args:
        turns: of one image, also from different records

    Returns:
        for each such turn, the first turn that it repeats and its own number
    """
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    found: list[TurnPair] = []
    for number, turn in enumerate(turns):
        question, answers = plain(turn.question), tuple(map(plain, turn.answers))
        if not question or not any(answers):
            continue
        first = seen.setdefault((question, answers), number)
        if first != number:
            found.append((first, number))
    return found


def contradicting_turns(turns: Sequence[Turn]) -> list[TurnPair]:
    """Finds turns that answer yes to a question to which an earlier one answers no, or vice versa.

    Only the first word of an answer counts: ``Yes.`` and ``No, there is no ship.`` contradict.
    """
    seen: dict[str, dict[str, int]] = {}
    found: list[TurnPair] = []
    for number, turn in enumerate(turns):
        question = plain(turn.question)
        polarities = {match[1].casefold() for a in turn.answers if (match := _POLARITY.match(a))}
        if not question or len(polarities) != 1:
            continue
        (polarity,) = polarities
        known = seen.setdefault(question, {})
        other = known.get("no" if polarity == "yes" else "yes")
        if other is not None:
            found.append((other, number))
        known.setdefault(polarity, number)
    return found
