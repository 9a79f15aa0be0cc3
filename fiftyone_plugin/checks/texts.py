"""What was written about an image, as the checks go through it: captions, questions, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from fiftyone_plugin.checks.base import Check, CheckFunction, Doubt, Subject
from importers.fields import CAPTIONS, CONVERSATIONS, PHRASE
from importers.formats.base import Kind
from importers.records import Caption, Source, Turn

TEXT_KINDS: tuple[Kind, ...] = ("captions", "instructions")
ALL_KINDS: tuple[Kind, ...] = ("pairs", *TEXT_KINDS)

MAX_QUOTED = 60


class Text(NamedTuple):
    """A text and where it stands.

    Attributes:
        place: for people: ``caption 2 (task 3)``, ``the answer of turn 1``
        text: as published
        caption: whether it is a caption
    """

    place: str
    text: str
    caption: bool


def captions_from(row: list[Any], at: int) -> tuple[Caption, ...]:
    """The captions of a row that the database sent; none where ``at`` is -1.

    They are put into the row, as each check of a sample asks again.
    """
    if at < 0:
        return ()
    if not isinstance(row[at], tuple):
        row[at] = tuple(map(_caption, _objects(row[at])))
    return row[at]


def turns_from(row: list[Any], at: int) -> tuple[Turn, ...]:
    """The turns of a row, likewise."""
    if at < 0:
        return ()
    if not isinstance(row[at], tuple):
        row[at] = tuple(map(_turn, _objects(row[at])))
    return row[at]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in value or () if isinstance(each, dict))


def _caption(doc: dict[str, Any]) -> Caption:
    return Caption(doc.get("text") or "", doc.get("task"), doc.get("annotator"))


def _turn(doc: dict[str, Any]) -> Turn:
    return Turn(
        question=doc.get("question") or "",
        answers=tuple(answer or "" for answer in doc.get("answers") or ()),
        category=doc.get("category") or "",
        source=Source(doc.get("file") or "", doc.get("index") or 0),
        position=doc.get("turn") or 0,
    )


def captions(sample: Subject) -> Iterator[Text]:
    """The captions of an image, by number from 1."""
    for number, caption in enumerate(sample.captions, 1):
        yield Text(caption_place(number, caption), caption.text, True)


def caption_place(number: int, caption: Caption) -> str:
    """Where a caption stands, for people."""
    task = f" (task {caption.task})" if caption.task is not None else ""
    return f"caption {number}{task}"


def answers(sample: Subject) -> Iterator[Text]:
    """The answers that are no captions."""
    told = {caption.text for caption in sample.captions}
    for number, turn in enumerate(sample.turns, 1):
        for answer in turn.answers:
            if answer not in told:
                yield Text(f"the answer of {turn_place(number, turn)}", answer, False)


def turn_place(number: int, turn: Turn) -> str:
    """Where a turn stands, for people: its number among those of the image, and its record."""
    file = turn.source.file.rpartition("/")[2]
    return f"turn {number} ({file}[{turn.source.index}])" if file else f"turn {number}"


def written(sample: Subject) -> Iterator[Text]:
    """Captions, then answers."""
    yield from captions(sample)
    yield from answers(sample)


def quoted(text: str) -> str:
    """A piece of text in quotation marks, cut if it is long, on one line."""
    line = " ".join(text.split())
    return repr(line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]} ...")


def worst(doubts: Iterable[Doubt]) -> Iterator[Doubt]:
    """The surest of the doubts of one sample, with how many others there are."""
    found = sorted(doubts, key=lambda doubt: doubt.score)
    if found:
        more = f"; {len(found) - 1} more of the kind" if len(found) > 1 else ""
        yield replace(found[0], note=found[0].note + more)


def for_kind(one: Check, kind: Kind) -> Check:
    """A check as it runs on a kind of dataset.

    Checks of queries go through captions instead, and where there are conversations through
    answers of more than a word or two.
    """
    if kind == "pairs" or one.kind == kind or one.needs != (PHRASE,):
        return one
    needs = (CAPTIONS, CONVERSATIONS) if kind == "instructions" else (CAPTIONS,)
    return replace(one, needs=needs, function=_each(one.function), screen=None, kind=kind)


MIN_WORDS = 3
"""Of an answer that is read as a query is: "none" is a sound answer and no sound query."""


def _each(function: CheckFunction) -> Callable[..., Iterator[Doubt]]:
    def run(sample: Subject, **params: Any) -> Iterator[Doubt]:
        found: list[Doubt] = []
        for place, text, caption in written(sample):
            if caption or len(text.split()) >= MIN_WORDS:
                one = Subject(sample.key, sample.image_id, sample.split, text)
                for doubt in function(one, **params):
                    note = doubt.note.replace("the query", place)
                    found.append(replace(doubt, note=note if place in note else f"{place}: {note}"))
        yield from worst(found)

    return run
