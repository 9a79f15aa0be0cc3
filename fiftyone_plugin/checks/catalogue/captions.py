"""Checks on a caption alone, and on which captions an image has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from operator import eq

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import (
    TEXT_KINDS,
    Remark,
    Text,
    quoted,
    remarked,
    texts_of,
    worst,
)
from pairlens.fiftyone_plugin.language.screens import ScreenedTexts
from pairlens.fiftyone_plugin.language.tokens import text_of, tokenize
from pairlens.fiftyone_plugin.language.vocabulary import words
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS

REVISION = 3
DESCRIPTIONS = (1, 2)
"""RSTeller's tasks: 1 describes an area, 2 something else, 3 revises one of them."""
_TASKS = frozenset({*DESCRIPTIONS, REVISION})

LONG_ANSWER = 20
"""Words from which on an answer is prose that is read as a caption is."""


@check(
    "empty_caption",
    severity="error",
    needs=(CAPTIONS,),
    about="A caption holds no letter and no digit.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("a road", (" ", 3)),
    silent=captioned("a road"),
)
def empty_caption(batch: Batch) -> Iterator[Issue]:
    """Finds captions that are blank, or punctuation and invisible characters only."""
    yield from remarked(batch, _wordless, _without_words)


def _without_words(texts: ScreenedTexts) -> list[int]:
    return [number for number, word_list in enumerate(texts.words) if not word_list]


def _wordless(one: Text) -> Remark | None:
    if not one.caption or any(map(str.isalnum, one.text)):
        return None
    return Remark(0.0, f"{one.place} has no words; it is {one.text[:40]!a}")


@check(
    "repetitive_caption",
    severity="warning",
    needs=(CAPTIONS, CONVERSATIONS),
    about="A caption or a long answer says the same again and again, as a model in a loop does.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("Trees stand here in rows. Trees stand here in rows."),
    silent=captioned("Trees stand here in rows. A road runs past them."),
)
def repetitive_caption(batch: Batch, *, min_share: float = 0.3) -> Iterator[Issue]:
    """Finds a sentence that stands twice, a word or a run of four twice over, and runs that return.

    Args:
        batch: images with their texts
        min_share: smallest share of a text's words in repeated runs of five for which it is
            reported
    """
    yield from remarked(batch, lambda one: _repetition(one, min_share), with_repetition)


def _is_prose(one: Text) -> bool:
    return one.caption or len(one.text.split()) >= LONG_ANSWER


_SENTENCE_END = re.compile(r"[.!?]+(?:[\"')\]]+)?(?:\s+|$)")
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_RUN = 5
_ECHO = (4, 12)
"""Fewest and most words of a repeated run that is reported."""
_TWICE = re.compile(r"\b([^\W\d_]{2,}|a)((?:\s+\1\b){1,})", re.IGNORECASE)
_DOUBLED = frozenset({"that", "had", "very", "really", "far", "many", "long", "deep", "is"})
"""Words that can be doubled in English."""
_SHAPED_LIKE_A_CLASS = frozenset({"square"})
"""Classes that are shapes as well: "a square square" is a public square of that shape."""


def with_repetition(texts: ScreenedTexts) -> Iterator[int]:
    """Yields the numbers of texts with a doubled word or a repeated run of three words."""
    for number, (text, different) in enumerate(zip(texts.texts, texts.words, strict=True)):
        tokens = tokenize(text)
        again = len(tokens) - len(different)
        if not again:
            continue
        word_list = list(map(text_of, tokens))
        following = word_list[1:]
        twice = any(map(eq, word_list, following))
        # Each of the three words is a repeated one.
        if twice or (
            again > 2 and _has_repeats(zip(word_list, following, word_list[2:], strict=False))
        ):
            yield number


def _has_repeats(runs: Iterable[tuple[str, ...]]) -> bool:
    listed = list(runs)
    return len(set(listed)) < len(listed)


def _repetition(one: Text, min_share: float) -> Remark | None:
    if not _is_prose(one):
        return None
    word_list = list(map(text_of, tokenize(one.text)))
    twice = any(map(eq, word_list, word_list[1:]))
    sentences = [_WORD.findall(sentence.lower()) for sentence in _SENTENCE_END.split(one.text)]
    long = [" ".join(word_list) for word_list in sentences if len(word_list) > 2]
    if len(set(long)) < len(long):
        again, times = Counter(long).most_common(1)[0]
        note = f"{one.place} says {times} times: {quoted(again)}"
        return Remark(0.2 if times > 2 else 0.3, note)
    share, run = _looped(list(chain.from_iterable(sentences)))
    if share >= min_share:
        note = f"{share:.0%} of the words of {one.place} stand there again: {quoted(run)}"
        return Remark(max(0.05, 0.5 - 0.5 * share), note.replace("%", " %", 1))
    if echo := next(filter(None, map(_echo, sentences)), ""):
        return Remark(0.3, f"{one.place} says twice in a row: {quoted(echo)}")
    for match in _TWICE.finditer(one.text) if twice else ():
        times = 1 + len(match[2].split())
        if times > 2 or not _may_be_doubled(match):
            note = f"{one.place} says {match[1]!r} {times} times in a row"
            return Remark(0.25 if times > 2 else 0.5, note)
    return None


def _may_be_doubled(match: re.Match[str]) -> bool:
    """Whether a doubled word can be intended; "Walla Walla" is a name."""
    word, again = match[0].split()
    return word.lower() in _DOUBLED | _SHAPED_LIKE_A_CLASS or (word == again and word.istitle())


def _echo(word_list: Sequence[str]) -> str:
    """A run of words that is directly repeated, or ``""``."""
    for start in range(len(word_list) - 2 * _ECHO[0] + 1):
        for size in range(_ECHO[0], min(_ECHO[1], (len(word_list) - start) // 2) + 1):
            if word_list[start : start + size] == word_list[start + size : start + 2 * size]:
                return " ".join(word_list[start : start + size])
    return ""


def _looped(word_list: Sequence[str]) -> tuple[float, str]:
    """The share of words in repeated runs, and the most frequent run."""
    runs = list(zip(*(word_list[start:] for start in range(_RUN)), strict=False))
    if len(set(runs)) == len(runs):
        return 0.0, ""
    seen: set[tuple[str, ...]] = set()
    covered: set[int] = set()
    for start, run in enumerate(runs):
        if run in seen:
            covered.update(range(start, start + _RUN))
        seen.add(run)
    return len(covered) / len(word_list), " ".join(Counter(runs).most_common(1)[0][0])


def ended_captions(batch: Batch) -> NDArray[np.int64]:
    """The number of captions that end with a full stop, and of all captions, (1, 2)."""
    texts = texts_of(batch)
    listed = list(compress(texts.texts, texts.is_caption))
    ended = sum(_is_ended(text.rstrip()) for text in listed)
    return np.array([(ended, len(listed))], np.int64)


def may_be_cut(batch: Batch) -> NDArray[np.bool_]:
    """Whether a text of each sample may be cut, if captions have full stops."""
    texts, cut = texts_of(batch), np.zeros(len(batch), np.bool_)
    for number, text in enumerate(texts.texts):
        if not _is_complete(text.rstrip()) and _cut(texts.text(number), True):
            cut[texts.rows[number]] = True
    return cut


@check(
    "truncated_caption",
    severity="warning",
    scope="dataset",
    needs=(CAPTIONS, CONVERSATIONS),
    about="A caption or a long answer breaks off in the middle of a sentence.",
    keeps=(ended_captions, may_be_cut),
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned(("A road follows the bank of a river that flows past the", 1)),
    silent=captioned("A road follows the bank of a river."),
)
def truncated_caption(dataset: DatasetStatistics, *, usual: float = 0.9) -> Iterator[Issue]:
    """Finds texts that were cut.

    Many captions have no full stop. But one that ends with "of the" was cut, and so was the last of
    several sentences if it is the only one without a stop. A single sentence without the stop that
    other captions have is ``info``, since it can come from another source. If most captions have no
    stop, "with a highway beside" is a complete sentence.

    Args:
        dataset: all images with their texts
        usual: smallest share of captions with a stop for which one without is reported
    """
    ended, total = dataset[ended_captions].reshape(-1, 2).sum(0)
    stops = bool(total >= LEAST and ended >= usual * total)
    bare = bool(total >= LEAST and ended < total / 2)
    for batch in dataset.read(dataset[may_be_cut]):
        yield from remarked(batch, lambda one: _cut(one, stops, bare))


LEAST = 50
"""Smallest number of captions for which full stops are counted."""

_OPEN_END = re.compile(r"[,;:(\[\u2013\u2014-]$")
_STOPS = (".", "!", "?", "\u2026", "\u3002")
_ENDED = re.compile(r"[.!?\u2026\u3002][\"')\]\u201d\u2019*]*$")
_LISTED = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s", re.MULTILINE)
_ASKS_MORE = words(
    "a an the of and or with to in on at by from for into onto near beside between among "
    "its their this these those which that whose is are was were has have while as than "
    "but surrounded located situated several many including such"
)
"""Words that do not end a complete sentence."""
_MAY_END = words(
    "in on by near to this these those many several is are located surrounded that has have "
    "beside between among at from"
)
"""Words of :data:`_ASKS_MORE` that can end a sentence without full stop."""
_ADVERBS = words("beside by in near on surrounded")
"""Words of these that can be adverbs: "while a highway passed by"."""
_NEVER_ENDS = words("a an the of and or with its their whose than")
"""Words that cannot even stand before a full stop."""
_LAST = re.compile(r"[\W_]*([^\W_]*)")


def _is_ended(text: str) -> bool:
    """Whether a text without trailing space ends like a sentence."""
    return text.endswith(_STOPS) or _ENDED.search(text) is not None


def _is_complete(text: str) -> bool:
    """Whether a text ends like a sentence, and not with a word that cannot end one."""
    return _is_ended(text) and _last_word(text) not in _NEVER_ENDS


def _last_word(text: str) -> str:
    """The last word in lower case, or its part after a hyphen; ``""`` where it is a name.

    "Terminal A" and "Portland, OR" end with names. It is searched from the end, which is fast.
    """
    found = _LAST.match(text[::-1])
    word = found[1][::-1] if found else ""
    return "" if word[:1].isupper() and not text.isupper() else word.lower()


def _cut(one: Text, stopped: bool, bare: bool = False) -> Remark | None:
    """The remark on a text that was cut, ``None`` for other texts.

    Args:
        one: the text
        stopped: whether captions of the dataset have full stops
        bare: whether most captions of the dataset have none
    """
    if not _is_prose(one):
        return None
    text = one.text.rstrip()
    if _is_complete(text):
        return None
    word_list = _WORD.findall(text)
    if not word_list or _is_ended(text):
        # A clean-up can add a full stop after "of the".
        if len(word_list) > 3 and _last_word(text) in _NEVER_ENDS and text.endswith("."):
            return Remark(0.4, f"{one.place} ends with {quoted(' '.join(word_list[-4:]))}")
        return None
    last = _last_word(text)
    if len(word_list) > 2 and last in _ASKS_MORE and text.endswith(word_list[-1]):
        if bare and last in _ADVERBS and not _SENTENCE_END.search(text):
            return None
        sure = last not in _MAY_END
        return Remark(0.1 if sure else 0.3, f"{one.place} breaks off: {quoted(_tail(text))}")
    if len(word_list) > 2 and _OPEN_END.search(text):
        return Remark(0.15, f"{one.place} breaks off: {quoted(_tail(text))}")
    stops = [m for m in _SENTENCE_END.finditer(text) if m.end() < len(text)]
    if len(stops) and len(word_list) >= LONG_ANSWER and not _LISTED.search(text):
        return Remark(0.25, f"the last sentence of {one.place} has no end: {quoted(_tail(text))}")
    if stopped and one.caption:
        note = f"{one.place} has no full stop, as the others have: {quoted(_tail(text))}"
        return Remark(0.4, note, "info")
    return None


def _tail(text: str) -> str:
    return f"... {' '.join(text.split()[-7:])}"


@check(
    "task_mix",
    severity="warning",
    needs=(CAPTIONS,),
    about="An image's captions are not one description and its revisions, as tasks go.",
    kinds=("captions",),
    topic="Captions",
    fires=captioned(("a lake", 3), ("a pond", 3)),
    silent=captioned(("a lake", 1), ("a pond", 3)),
)
def task_mix(batch: Batch) -> Iterator[Issue]:
    """Looks at RSTeller's tasks: one of 1 (area) or 2 (other), and revisions (3) of it.

    Images whose captions have no task, as in early releases, are not checked.
    """
    for key, captions in zip(batch.keys, batch.captions, strict=True):
        if found := list(_mixture([caption.task for caption in captions])):
            yield from worst(key, found)


def _mixture(tasks: Sequence[int | None]) -> Iterator[Remark]:
    described = [task for task in tasks if task in DESCRIPTIONS]
    if set(tasks) <= {None} or (len(described) == 1 and _TASKS.issuperset(tasks)):
        return
    text = ", ".join("none" if task is None else str(task) for task in tasks)
    unknown = [task for task in tasks if task is not None and task not in _TASKS]
    if unknown:
        yield Remark(0.2, f"task {unknown[0]} is none of 1, 2 and 3; the captions' tasks: {text}")
    elif None in tasks:
        yield Remark(0.5, f"some captions name no task; the captions' tasks: {text}", "info")
    elif not described:
        yield Remark(0.3, f"there are revisions and nothing that they revise; tasks: {text}")
    elif len(set(described)) > 1:
        yield Remark(0.4, f"the image is described as an area and as something else; tasks: {text}")
    elif len(described) > 1:
        note = f"the image has {len(described)} descriptions of one task; tasks: {text}"
        yield Remark(0.6, note, "info")
