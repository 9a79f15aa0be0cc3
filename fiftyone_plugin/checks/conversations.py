"""Checks on the form of conversations: who speaks when, and whether anything is said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.texts import turn_place, worst
from importers.fields import CONVERSATIONS
from importers.records import Turn

TOKEN = "<image>"
"""Where a LLaVA record puts the image."""

MOST = 0.5
"""Share of a file's records with the token from which on one without it is a mistake."""

Numbered = tuple[int, Turn]


def by_record(sample: Subject) -> Iterator[list[Numbered]]:
    """The turns of each record of an image, with their numbers from 1."""
    records: defaultdict[tuple[str, int], list[Numbered]] = defaultdict(list)
    for number, turn in enumerate(sample.turns, 1):
        records[turn.source.file, turn.source.index].append((number, turn))
    return iter(records.values())


@check(
    "turn_order",
    severity="warning",
    needs=(CONVERSATIONS,),
    about="Somebody speaks out of turn: a question has no answer, or an answer no question.",
    kinds=("instructions",),
)
def turn_order(sample: Subject) -> Iterator[Doubt]:
    yield from worst(_out_of_turn(sample))


def _out_of_turn(sample: Subject) -> Iterator[Doubt]:
    for turns in by_record(sample):
        for number, turn in turns:
            place, last = turn_place(number, turn), turn is turns[-1][1]
            if not turn.answers:
                after = "the conversation ends" if last else "the next question follows"
                yield Doubt(0.3 if last else 0.2, f"{place} has no answer: {after}")
            elif not turn.question:
                yield Doubt(0.1, f"{place} answers what nobody asked")
        places = [turn.position for _, turn in turns]
        if places != sorted(places):
            note = f"the turns of {turn_place(*turns[0])} stand in the order {places[:8]}"
            yield Doubt(0.3, note)


@check(
    "missing_image_token",
    severity="warning",
    scope="dataset",
    needs=(CONVERSATIONS,),
    about="A training record does not say where its image goes, or says it in the wrong place.",
    kinds=("instructions",),
)
def missing_image_token(samples: Iterable[Subject]) -> Iterator[Doubt]:
    """Looks for ``<image>``, which is to stand once in a record, in its first question.

    Only in files most of whose records have it: evaluation records have none, and where a whole
    training file has none its reader puts it there.
    """
    records, with_token = Counter[str](), Counter[str]()
    for sample in samples:
        for turns in by_record(sample):
            file = turns[0][1].source.file
            records[file] += 1
            with_token[file] += any(TOKEN in turn.question for _, turn in turns)
    trained = {
        file for file, count in with_token.items() if count and count >= MOST * records[file]
    }
    if not trained:
        return
    for sample in samples:
        for doubt in worst(_misplaced(sample, trained)):
            yield Doubt(doubt.score, doubt.note, doubt.severity, sample.key)


def _misplaced(sample: Subject, trained: set[str]) -> Iterator[Doubt]:
    for turns in by_record(sample):
        number, first = turns[0]
        if first.source.file not in trained:
            continue
        place = turn_place(number, first)
        times = [turn.question.count(TOKEN) for _, turn in turns]
        if not sum(times):
            yield Doubt(0.1, f"no question of the record of {place} holds {TOKEN}")
        elif sum(times) > 1:
            yield Doubt(0.2, f"{TOKEN} stands {sum(times)} times in the record of {place}")
        elif not times[0]:
            late = turn_place(*turns[times.index(1)])
            yield Doubt(0.3, f"{TOKEN} stands in {late}, not in the first question of its record")
        elif _answered(turns):
            yield Doubt(0.3, f"an answer in the record of {place} holds {TOKEN}")


def _answered(turns: Sequence[Numbered]) -> bool:
    return any(TOKEN in answer for _, turn in turns for answer in turn.answers)


@check(
    "empty_answer",
    severity="error",
    needs=(CONVERSATIONS,),
    about="An answer holds no letter and no digit.",
    kinds=("instructions",),
)
def empty_answer(sample: Subject) -> Iterator[Doubt]:
    """Finds answers that are blank; a question without any is left to ``turn_order``."""
    yield from worst(
        Doubt(0.0, f"the answer of {turn_place(number, turn)} has no words; it is {answer[:40]!a}")
        for number, turn in enumerate(sample.turns, 1)
        for answer in turn.answers
        if not any(character.isalnum() for character in answer)
    )
