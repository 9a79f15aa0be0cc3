"""The texts of a sample in the form that checks take: captions, questions and answers."""

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
    """A text of a sample and its place.

    Attributes:
        place: its place for messages: ``caption 2 (task 3)``, ``the answer of turn 1``
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
    """The place of a caption, for messages."""
    task = f" (task {caption.task})" if caption.task is not None else ""
    return f"caption {number}{task}"


def answers(sample: Sample) -> Iterator[Text]:
    """The answers that are no captions."""
    captions = {caption.text for caption in sample.captions} if sample.turns else ()
    for number, turn in enumerate(sample.turns, 1):
        for answer in turn.answers:
            if answer not in captions:
                yield Text(f"the answer of {turn_place(number, turn)}", answer, False)


def turn_place(number: int, turn: Turn) -> str:
    """The place of a turn, for messages: its number in the image, and its record."""
    file = turn.source.file.rpartition("/")[2]
    return f"turn {number} ({file}[{turn.source.index}])" if file else f"turn {number}"


def written(sample: Sample) -> Iterator[Text]:
    """Captions, then answers."""
    yield from captions(sample)
    yield from answers(sample)


class BatchTexts(ScreenedTexts):
    """The captions and answers of all samples of a batch, as columns.

    Most texts have no issue and need no object.

    Attributes:
        rows: the row of the sample of each text
        is_caption: whether each text is a caption
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
        """The text of a number."""
        row = self.rows[number]
        place, captions = number - self._first[row], self._batch.captions[row]
        if self.is_caption[number]:
            return Text(caption_place(place + 1, captions[place]), self.texts[number], True)
        return list(answers(self._batch.sample(row)))[place - len(captions)]

    def key(self, number: int) -> str:
        """The key of the sample of a text."""
        return self._batch.keys[self.rows[number]]


def texts_of(batch: Batch) -> BatchTexts:
    """The texts of the samples of a batch."""
    return batch.once(BatchTexts)


def quoted(text: str) -> str:
    """A text in quotation marks on one line, shortened if it is long."""
    line = " ".join(text.split())
    return repr(line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]} ...")


def in_quotes(text: str) -> str:
    """Words of a query in quotation marks, unchanged so that the panel can highlight them."""
    text = text.strip()
    return f"'{text[:MAX_QUOTED]} ...'" if len(text) > MAX_QUOTED else f"'{text}'"


class Remark(NamedTuple):
    """A possible fault in one text of a sample; the attributes are those of an issue."""

    score: float
    note: str
    severity: Severity | None = None


def worst(key: str, remarks: Iterable[Remark]) -> Iterator[Issue]:
    """The issue of a sample's strongest remark, which counts the others."""
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
    """Yields an issue for each sample with a remark on its texts: the strongest one.

    Args:
        batch: the samples
        find: yields the remarks on a text, or nothing
        among: selects the texts to look at; all if not given
    """
    for key, found in remarks(batch, find, among):
        yield from worst(key, found)


def remarks(
    batch: Batch, find: Callable[[Text], Remark | None], among: Among | None = None
) -> Iterator[tuple[str, list[Remark]]]:
    """Yields the key and all remarks of each sample that has some; see :func:`remarked`."""
    texts = texts_of(batch)
    numbers = range(len(texts.texts)) if among is None else among(texts)
    for row, some in groupby(numbers, texts.rows.__getitem__):
        found = [remark for remark in map(find, map(texts.text, some)) if remark is not None]
        if found:
            yield batch.keys[row], found


def in_texts(function: CheckFunction, batch: Batch, **params: Any) -> Iterator[Issue]:
    """Runs a check of queries over the texts of each sample."""
    texts = texts_of(batch)
    numbers, queries = batch.once(_as_queries)
    found: defaultdict[str, list[Remark]] = defaultdict(list)
    for issue in function(queries, **params):
        number = numbers[int(issue.key)]
        place = texts.text(number).place
        note = issue.note.replace("the query", place)
        note = note if place in note else f"{place}: {note}"
        # Strengths were calibrated on queries only.
        severity = None if issue.severity == "error" else issue.severity
        found[texts.key(number)].append(Remark(issue.score, note, severity))
    for key, remarks in found.items():
        yield from worst(key, remarks)


def _as_queries(batch: Batch) -> tuple[list[int], Batch]:
    """The numbers of the texts that are checked like queries, and a batch of them.

    The key of a sample in the batch is its position among these numbers.
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
    spoken = [str(place) for place, n in enumerate(numbers) if not texts.is_caption[n]]
    return numbers, Batch(rows, columns, frozenset(spoken))
