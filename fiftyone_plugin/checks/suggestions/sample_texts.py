"""The texts of a sample by their place: its query, or its captions or answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.importers.documents import standing_caption

T = TypeVar("T")

Place = tuple[int, int]
"""The number of a caption or turn, and of the caption or answer in it, from 0."""


def places(sample: Sample) -> list[Place]:
    """The places of all texts but questions, the caption that stands for the image first."""
    if sample.turns:
        return [(n, k) for n, turn in enumerate(sample.turns) for k in range(len(turn.answers))]
    numbers = range(len(sample.captions)) or range(1)
    first = standing_caption(sample.captions)
    return [(n, 0) for n in sorted(numbers, key=lambda n: n != first)]


def text_at(sample: Sample, place: Place) -> str:
    """The text at a place; of a pair, its query."""
    number, part = place
    if sample.turns:
        return sample.turns[number].answers[part]
    return sample.captions[number].text if sample.captions else sample.phrase


def with_text(sample: Sample, place: Place, text: str) -> Sample:
    """The sample with another text at a place; captions that are answers follow these."""
    number, part = place
    if sample.turns:
        turn, old = sample.turns[number], text_at(sample, place)
        answers = _replaced(turn.answers, part, text)
        turns = _replaced(sample.turns, number, replace(turn, answers=answers))
        texts = [one.text for one in sample.captions]
        captions = sample.captions
        if old in texts:
            at = texts.index(old)
            captions = _replaced(captions, at, replace(captions[at], text=text))
        return replace(sample, turns=turns, captions=captions)
    if not sample.captions:
        return replace(sample, phrase=text)
    caption = replace(sample.captions[number], text=text)
    return replace(sample, captions=_replaced(sample.captions, number, caption))


def _replaced(items: Sequence[T], place: int, item: T) -> tuple[T, ...]:
    return (*items[:place], item, *items[place + 1 :])


def without(sample: Sample, gone: Collection[int]) -> Sample:
    """The sample without some of its turns, with the captions that these are, or of its captions.

    Args:
        sample: as it is
        gone: numbers from 0
    """
    if not sample.turns:
        kept = (one for n, one in enumerate(sample.captions) if n not in gone)
        return replace(sample, captions=tuple(kept))
    turns = tuple(one for n, one in enumerate(sample.turns) if n not in gone)
    answers = {answer for one in turns for answer in one.answers}
    captions = tuple(one for one in sample.captions if one.text in answers)
    return replace(sample, turns=turns, captions=captions)
