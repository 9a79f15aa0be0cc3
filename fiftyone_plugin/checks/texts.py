"""The texts of a sample as the checks read them: captions, questions and answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from pairlens.fiftyone_plugin.checks.base import CheckFunction, Issue, Sample, Severity
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.rows import Columns
from pairlens.fiftyone_plugin.language.screens import ScreenedTexts
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


class BatchTexts(ScreenedTexts):
    """What is :func:`written` of the samples of a batch, one text after the other.

    A text of which nothing is to be remarked, as most are, takes no object.

    Attributes:
        rows: the sample of each text
        is_caption: whether it is a caption
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.rows: list[int] = []
        self.is_caption: list[bool] = []
        self._first: list[int] = []
        texts: list[str] = []
        turns = batch.values(CONVERSATIONS) if CONVERSATIONS in batch.columns.paths else ()
        for row, captions in enumerate(batch.captions):
            self._first.append(len(texts))
            texts += [caption.text for caption in captions]
            self.is_caption += [True] * len(captions)
            if turns and turns[row]:
                answered = [one.text for one in answers(batch.sample(row))]
                texts += answered
                self.is_caption += [False] * len(answered)
            self.rows += [row] * (len(texts) - len(self.rows))
        super().__init__(texts)

    def text(self, number: int) -> Text:
        """A text, and where it stands."""
        row = self.rows[number]
        place, captions = number - self._first[row], self._batch.captions[row]
        if self.is_caption[number]:
            return Text(caption_place(place + 1, captions[place]), self.texts[number], True)
        return list(answers(self._batch.sample(row)))[place - len(captions)]

    def key(self, number: int) -> str:
        """The key of a text's sample."""
        return self._batch.keys[self.rows[number]]


def texts_of(batch: Batch) -> BatchTexts:
    """The texts of the samples of a batch."""
    return batch.once(BatchTexts)


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


Among = Callable[[BatchTexts], Iterable[int]]
"""The numbers of those texts that are looked at, in ascending order, such as a
:class:`~pairlens.fiftyone_plugin.language.screens.Screen`."""


def remarked(
    batch: Batch, find: Callable[[Text], Remark | None], among: Among | None = None
) -> Iterator[Issue]:
    """The surest of what is remarked of the texts of each sample.

    Args:
        batch: with the samples
        find: remarks something of a text, or nothing
        among: which texts it may remark something of; any, if not given
    """
    for key, found in remarks(batch, find, among):
        yield from worst(key, found)


def remarks(
    batch: Batch, find: Callable[[Text], Remark | None], among: Among | None = None
) -> Iterator[tuple[str, list[Remark]]]:
    """The keys of samples of whose texts something is remarked, with all of it; as
    :func:`remarked`.
    """
    texts = texts_of(batch)
    numbers = range(len(texts.texts)) if among is None else among(texts)
    for row, some in groupby(numbers, texts.rows.__getitem__):
        found = [remark for remark in map(find, map(texts.text, some)) if remark is not None]
        if found:
            yield batch.keys[row], found


def in_texts(function: CheckFunction, batch: Batch, **params: Any) -> Iterator[Issue]:
    """Runs a check of queries over the texts of each sample as if they were queries."""
    texts = texts_of(batch)
    numbers, queries = batch.once(_as_queries)
    found: defaultdict[str, list[Remark]] = defaultdict(list)
    for issue in function(queries, **params):
        number = numbers[int(issue.key)]
        place = texts.text(number).place
        note = issue.note.replace("the query", place)
        note = note if place in note else f"{place}: {note}"
        # How sure an issue is was measured on queries alone.
        severity = None if issue.severity == "error" else issue.severity
        found[texts.key(number)].append(Remark(issue.score, note, severity))
    for key, remarks in found.items():
        yield from worst(key, remarks)


def _as_queries(batch: Batch) -> tuple[list[int], Batch]:
    """The numbers of texts that are read as queries are, and a batch of them: each has its place
    among these for its key.
    """
    texts = texts_of(batch)
    each = zip(texts.texts, texts.is_caption, strict=True)
    numbers = [n for n, (text, is_caption) in enumerate(each)
               if is_caption or len(text.split()) >= MIN_WORDS]  # fmt: skip
    columns = Columns.of((), {})
    blank = columns.row(Sample("", "", "", ""))
    key, phrase = columns.paths.index(KEY), columns.paths.index(PHRASE)
    rows = [blank.copy() for _ in numbers]
    for place, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        row[key], row[phrase] = str(place), texts.texts[number]
    return numbers, Batch(rows, columns)
