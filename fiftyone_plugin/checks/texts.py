"""The texts of a sample as the checks read them: captions, questions and answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pairlens.fiftyone_plugin.checks.base import CheckFunction, Issue, Sample, Severity
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.rows import Columns
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS, KEY, PHRASE
from pairlens.importers.records import Caption, Kind, Turn

TEXT_KINDS: tuple[Kind, ...] = ("captions", "instructions")
ALL_KINDS: tuple[Kind, ...] = ("pairs", *TEXT_KINDS)

TEXT_FIELDS: dict[Kind, tuple[str, ...]] = {
    "pairs": (),
    "captions": (CAPTIONS, CONVERSATIONS),
    "instructions": (CAPTIONS, CONVERSATIONS),
}
"""By kind of dataset, the fields of texts beside the query."""

MAX_QUOTED = 60

MIN_WORDS = 3
"""Of an answer that is read as a query is: "none" is a sound answer and no sound query."""


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


def captions(sample: Sample) -> Iterator[Text]:
    """The captions of an image, by number from 1."""
    for number, caption in enumerate(sample.captions, 1):
        yield Text(caption_place(number, caption), caption.text, True)


def caption_place(number: int, caption: Caption) -> str:
    """Where a caption stands, for people."""
    task = f" (task {caption.task})" if caption.task is not None else ""
    return f"caption {number}{task}"


def answers(sample: Sample) -> Iterator[Text]:
    """The answers that are no captions."""
    told = {caption.text for caption in sample.captions} if sample.turns else ()
    for number, turn in enumerate(sample.turns, 1):
        for answer in turn.answers:
            if answer not in told:
                yield Text(f"the answer of {turn_place(number, turn)}", answer, False)


def turn_place(number: int, turn: Turn) -> str:
    """Where a turn stands, for people: its number among those of the image, and its record."""
    file = turn.source.file.rpartition("/")[2]
    return f"turn {number} ({file}[{turn.source.index}])" if file else f"turn {number}"


def written(sample: Sample) -> Iterator[Text]:
    """Captions, then answers."""
    yield from captions(sample)
    yield from answers(sample)


def texts_of(batch: Batch) -> list[tuple[Sample, tuple[Text, ...]]]:
    """The samples of a batch with what is :func:`written` of each."""
    return batch.once(_texts_of)


def _texts_of(batch: Batch) -> list[tuple[Sample, tuple[Text, ...]]]:
    return [(sample, tuple(written(sample))) for sample in batch]


def quoted(text: str) -> str:
    """A piece of text in quotation marks, cut if it is long, on one line."""
    line = " ".join(text.split())
    return repr(line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]} ...")


def in_quotes(text: str) -> str:
    """Words of a query as they stand in it, so that they can be found there again."""
    text = text.strip()
    return f"'{text[:MAX_QUOTED]} ...'" if len(text) > MAX_QUOTED else f"'{text}'"


class Remark(NamedTuple):
    """What is remarked of one of a sample's texts; as in an issue."""

    score: float
    note: str
    severity: Severity | None = None


def worst(key: str, remarks: Iterable[Remark]) -> Iterator[Issue]:
    """The surest of the remarks on one sample, with how many others there are."""
    found = sorted(remarks, key=lambda remark: remark.score)
    if found:
        more = f"; {len(found) - 1} more of the kind" if len(found) > 1 else ""
        score, note, severity = found[0]
        yield Issue(key, score, note + more, severity)


def remarked(batch: Batch, find: Callable[[Text], Remark | None]) -> Iterator[Issue]:
    """The surest of what is remarked of the texts of each sample."""
    for sample, texts in texts_of(batch):
        if found := [remark for remark in map(find, texts) if remark is not None]:
            yield from worst(sample.key, found)


def in_texts(function: CheckFunction, batch: Batch, **params: Any) -> Iterator[Issue]:
    """Runs a check of queries over the texts of each sample as if they were queries."""
    texts, queries = batch.once(_as_queries)
    found: defaultdict[str, list[Remark]] = defaultdict(list)
    for issue in function(queries, **params):
        sample, (place, _, _) = texts[int(issue.key)]
        note = issue.note.replace("the query", place)
        note = note if place in note else f"{place}: {note}"
        # How sure an issue is was measured on queries alone.
        severity = None if issue.severity == "error" else issue.severity
        found[sample.key].append(Remark(issue.score, note, severity))
    for key, remarks in found.items():
        yield from worst(key, remarks)


def _as_queries(batch: Batch) -> tuple[list[tuple[Sample, Text]], Batch]:
    """The texts that are read as queries are, and a batch of them, with their numbers for keys."""
    texts = [
        (sample, each)
        for sample, written in texts_of(batch)
        for each in written
        if each.caption or len(each.text.split()) >= MIN_WORDS
    ]
    columns = Columns.of((), {})
    blank = columns.row(Sample("", "", "", ""))
    key, phrase = columns.paths.index(KEY), columns.paths.index(PHRASE)
    rows = [blank.copy() for _ in texts]
    for number, (row, (_, one)) in enumerate(zip(rows, texts, strict=True)):
        row[key], row[phrase] = str(number), one.text
    return texts, Batch(rows, columns)
