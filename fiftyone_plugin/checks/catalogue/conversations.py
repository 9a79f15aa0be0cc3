"""Checks on the form of conversations: order of speakers, image tokens, empty answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.statistics import text_hash
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import talk
from pairlens.fiftyone_plugin.checks.texts import Remark, turn_place, worst
from pairlens.importers.fields import CONVERSATIONS
from pairlens.importers.records import Turn

TOKEN = "<image>"
"""Where a LLaVA record puts the image."""

MOST = 0.5
"""Share of a file's records with the token from which on one without it is a mistake."""

Numbered = tuple[int, Turn]


def by_record(sample: Sample) -> Iterator[list[Numbered]]:
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
    topic="Conversations",
    fires=talk("What?", "-", "Why?", "Rain.", file="train.json", index=7),
    silent=talk("What?", "A lake.", "Why?", "Rain."),
)
def turn_order(batch: Batch) -> Iterator[Issue]:
    for sample in batch:
        yield from worst(sample.key, _out_of_turn(sample))


def _out_of_turn(sample: Sample) -> Iterator[Remark]:
    for turns in by_record(sample):
        for number, turn in turns:
            place, last = turn_place(number, turn), turn is turns[-1][1]
            if not turn.answers:
                after = "the conversation ends" if last else "the next question follows"
                yield Remark(0.3 if last else 0.2, f"{place} has no answer: {after}")
            elif not turn.question:
                yield Remark(0.1, f"{place} answers what nobody asked")
        places = [turn.position for _, turn in turns]
        if places != sorted(places):
            note = f"the turns of {turn_place(*turns[0])} stand in the order {places[:8]}"
            yield Remark(0.3, note)


_RECORD = np.dtype([("file", np.uint64), ("token", np.bool_)])


def records(batch: Batch) -> NDArray[Any]:
    """A hash of the file of every record, and whether one of its questions holds the token."""
    found = [
        (text_hash(turns[0][1].source.file), any(TOKEN in turn.question for _, turn in turns))
        for sample in batch
        for turns in by_record(sample)
    ]
    return np.array(found, _RECORD)


def misplaced_tokens(batch: Batch) -> NDArray[np.bool_]:
    """Whether a record has the token nowhere, or in a wrong place."""
    found = (any(_misplaced(turns) for turns in by_record(sample)) for sample in batch)
    return np.fromiter(found, np.bool_, len(batch))


@check(
    "missing_image_token",
    severity="warning",
    scope="dataset",
    needs=(CONVERSATIONS,),
    about="A training record does not say where its image goes, or says it in the wrong place.",
    keeps=(records, misplaced_tokens),
    kinds=("instructions",),
    topic="Conversations",
    fires=(
        *(talk("<image>\nWhat?", "A", key=f"rsgpt4v/train/{n}", index=n) for n in range(9)),
        talk("What?", "A", key="rsgpt4v/train/9", index=9),
    ),
    silent=talk("What?", "A lake."),
)
def missing_image_token(dataset: DatasetStatistics) -> Iterator[Issue]:
    """Looks for ``<image>``, which is to stand once in a record, in its first question.

    Only in files most of whose records have it: evaluation records have none, and where a whole
    training file has none its reader puts it there.
    """
    kept = dataset[records]
    files, file_of = np.unique(kept["file"], return_inverse=True)
    with_token = np.bincount(file_of.ravel(), kept["token"], len(files))
    of_file = np.bincount(file_of.ravel(), minlength=len(files))
    trained = set(files[(with_token > 0) & (with_token >= MOST * of_file)].tolist())
    for batch in dataset.read(dataset[misplaced_tokens]) if trained else ():
        for sample in batch:
            in_training = (
                turns
                for turns in by_record(sample)
                if text_hash(turns[0][1].source.file) in trained
            )
            yield from worst(sample.key, filter(None, map(_misplaced, in_training)))


def _misplaced(turns: Sequence[Numbered]) -> Remark | None:
    place = turn_place(*turns[0])
    times = [turn.question.count(TOKEN) for _, turn in turns]
    if not sum(times):
        return Remark(0.1, f"no question of the record of {place} holds {TOKEN}")
    if sum(times) > 1:
        return Remark(0.2, f"{TOKEN} stands {sum(times)} times in the record of {place}")
    if not times[0]:
        late = turn_place(*turns[times.index(1)])
        note = f"{TOKEN} stands in {late}, not in the first question of its record"
        return Remark(0.3, note)
    if _answered(turns):
        return Remark(0.3, f"an answer in the record of {place} holds {TOKEN}")
    return None


def _answered(turns: Sequence[Numbered]) -> bool:
    return any(TOKEN in answer for _, turn in turns for answer in turn.answers)


@check(
    "empty_answer",
    severity="error",
    needs=(CONVERSATIONS,),
    about="An answer holds no letter and no digit.",
    kinds=("instructions",),
    topic="Conversations",
    fires=talk("What?", "A lake.", "Why?", "", file="VQA.jsonl", index=31),
    silent=talk("How many?", "3"),
)
def empty_answer(batch: Batch) -> Iterator[Issue]:
    """Finds answers that are blank; a question without any is left to ``turn_order``."""
    for sample in batch:
        empty = (
            f"the answer of {turn_place(number, turn)} has no words; it is {answer[:40]!a}"
            for number, turn in enumerate(sample.turns, 1)
            for answer in turn.answers
            if not any(character.isalnum() for character in answer)
        )
        yield from worst(sample.key, (Remark(0.0, note) for note in empty))
