"""Repeated turns and records of an image."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import talk
from pairlens.fiftyone_plugin.checks.texts import Remark, quoted, turn_place, worst
from pairlens.importers.fields import CONVERSATIONS
from pairlens.importers.records import Source, Turn
from pairlens.importers.turn_repeats import contradicting_turns, plain, repeated_turns

MIN_WORDS = 3
"""Of a question that can be compared: "Why?" asks something else after each answer."""

_REFERS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|ones?|others?|another|else|more|that|those|these|former|latter)\b"
    r"|\bthis(?! (?:\w+ ){0,2}(?:image|picture|photo|photograph|scene|area|view|tile)\b)",
    re.IGNORECASE,
)
"""Words for what was said before, which may be something else the next time."""


@check(
    "repeated_turn",
    severity="warning",
    needs=(CONVERSATIONS,),
    about="A question with its answer, or a whole record, stands at an image again.",
    kinds=("instructions",),
    topic="Conversations",
    fires=talk("Is there a ship?", "Yes.", "How many roads?", "2", "is there a ship", "yes"),
    silent=talk("Is there a ship?", "Yes.", "How many roads?", "2", "Is there a lake?", "Yes."),
)
def repeated_turn(batch: Batch) -> Iterator[Issue]:
    """Finds repeated turns, compared without case and punctuation.

    Repeated captions are left to ``duplicate_caption``. A question such as "Is it large?" may
    be about something else each time, and counts only if its whole record is repeated.
    """
    for sample in batch:
        yield from worst(sample.key, _repeats(sample))


def doubled(sample: Sample) -> Iterator[tuple[int, int, bool]]:
    """Yields repeated turns: both numbers, from 0, and whether the whole record is repeated."""
    turns = sample.turns
    if len(turns) < 2:
        return
    pairs = [
        (first, again) for first, again in repeated_turns(turns) if not _is_captions(sample, again)
    ]
    lengths = Counter(turn.source for turn in turns)
    records = Counter((turns[first].source, turns[again].source) for first, again in pairs)
    whole = {two for two, n in records.items() if two[0] != two[1] and n == lengths[two[1]]}
    for first, again in pairs:
        is_whole = (turns[first].source, turns[again].source) in whole
        if is_whole or can_be_compared(turns[again].question):
            yield first, again, is_whole


def _repeats(sample: Sample) -> Iterator[Remark]:
    turns = sample.turns
    for first, again, is_whole in doubled(sample):
        two = turns[first].source, turns[again].source
        if is_whole:
            whole_record = f"the record of {turn_place(again + 1, turns[again])}"
            if turns[again - 1].source != two[1]:  # once for each record
                note = f"{whole_record} repeats {_record(two[0])}: {quoted(turns[again].question)}"
                yield Remark(0.1, note)
        else:
            yield Remark(
                0.2,
                f"{turn_place(again + 1, turns[again])} asks and answers what "
                f"{turn_place(first + 1, turns[first])} does: {quoted(turns[again].question)}",
            )


def _is_captions(sample: Sample, number: int) -> bool:
    """Whether all answers of a turn are captions."""
    captions = {caption.text for caption in sample.captions}
    return bool(captions) and captions.issuperset(sample.turns[number].answers)


def _record(source: Source) -> str:
    return f"record {source.index} of {source.file.rpartition('/')[2]}"


def can_be_compared(question: str) -> bool:
    """Whether a question has the same meaning in every record."""
    return len(plain(question).split()) >= MIN_WORDS and not _REFERS_BACK.search(question)


def contradictions(turns: tuple[Turn, ...]) -> list[tuple[int, int]]:
    """Yields turns that answer the same question with yes and with no: numbers from 0, in order."""
    return [
        (first, again)
        for first, again in contradicting_turns(turns)
        if can_be_compared(turns[again].question)
    ]
