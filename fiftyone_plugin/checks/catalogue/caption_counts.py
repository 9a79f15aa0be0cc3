"""Captions and answers of one image that count the same things differently."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.captions import REVISION
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import (
    TEXT_KINDS,
    Remark,
    Text,
    captions,
    turn_place,
    worst,
)
from pairlens.fiftyone_plugin.language import places
from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import class_tokens
from pairlens.fiftyone_plugin.language.taxonomy import PLURAL
from pairlens.fiftyone_plugin.language.tokens import (
    REMEMBERED,
    Token,
    at,
    sentences,
    span,
    tokenize,
    word_set,
)
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS

_NUMERALS: dict[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_ONE = v.words("one single lone sole solitary")
_DIGITS = {str(number): number for number in range(2, 100)}
_OPENING = re.compile(
    r"(?:(?:in|on) (?:this|the) (?:[\w-]+ ){0,2}(?:image|picture|photo|photograph|scene|view),? )?"
    r"(?:(?:there (?:are|were)|(?:i|we|you) (?:can )?(?:see|count|spot|identify|observe)"
    r"|(?:this|the) (?:[\w-]+ ){0,2}(?:image|picture|photo|photograph|scene|view) "
    r"(?:shows|contains|has|features|includes|depicts|displays|captures)) )?"
    r"(?:a total of |exactly |only )?(?:the |an? )?",
    re.IGNORECASE,
)
"""Words for all objects of a kind in the image."""

_PARTS = v.words(
    "each every both either per another other others more additional further remaining rest most "
    "half among between least about around approximately nearly almost over roughly than or"
)
"""Words with which a count is of a part, of something else, or not exact."""

_LOOKAHEAD = 3
"""Words that may describe the things between their number and their name."""

_PLACED = re.compile(
    r"\b(?:on|in|at|near|beside|along|next|behind|inside|outside|left|right|top|bottom)\b"
)
_STOPS = v.PREPOSITION | v.RELATION | v.words("and or the with which that a an of")
MIN_WORDS = 4
"""Smallest number of words of an answer that is read like a caption."""


class Count(NamedTuple):
    """A count in a text.

    Attributes:
        number: the number
        noun: the counted noun, in lower case
        words: number and noun as written
        rest: the rest of the sentence, in lower case
    """

    number: int
    noun: str
    words: str
    rest: str


@check(
    "count_drift",
    severity="warning",
    needs=(CAPTIONS, CONVERSATIONS),
    about="Two captions or answers about one image count the same things differently.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("there are three planes .", "two airplanes are there ."),
    silent=captioned("there are three planes .", "two large planes and a small plane ."),
)
def count_drift(batch: Batch) -> Iterator[Issue]:
    """Compares exact counts of things with equal class and attributes.

    Counts are compared if each text counts all things of the class and names them once, in a
    sentence that begins with them or with "there are". A smaller count at a place of its own ("on
    the runway") can be a part: the severity is then ``info`` if the other count has the same place,
    and there is no issue otherwise. Images with revisions are left to ``revision_drift``.
    """
    for row, listed in enumerate(batch.captions):
        if any(caption.task == REVISION for caption in listed):
            continue
        sample = batch.sample(row)
        if len(listed) + len(sample.turns) > 1:
            yield from worst(sample.key, _drifts(sample))


def _drifts(sample: Sample) -> Iterator[Remark]:
    by_class: defaultdict[tuple[str, frozenset[str]], list[tuple[str, Count]]] = defaultdict(list)
    for one in _texts(sample):
        for what, count in _counts(one.text).items():
            by_class[what].append((one.place, count))
    for counts in by_class.values():
        place, first = counts[0]
        for other_place, other in counts[1:]:
            if other.number == first.number or not _alike(first.noun, other.noun):
                continue
            note = f"{place} says {first.words!r}, {other_place} {other.words!r}"
            fewer, more = sorted((first, other))
            if _plain(first.rest) == _plain(other.rest) or not _PLACED.search(fewer.rest):
                yield Remark(0.25, note)
            elif _PLACED.search(more.rest) and _same_place(fewer.rest, more.rest):
                yield Remark(0.5, note, "info")


_COPULA = re.compile(r"^(?:(?:that|which) )?(?:is|are|was|were) ")


def _plain(rest: str) -> str:
    """The rest of a sentence without a leading verb, which "there are" has before the count."""
    return _COPULA.sub("", rest)


def _same_place(rest: str, other: str) -> bool:
    """Whether two rests share a content word, such as both "on the runway"."""
    a, b = (
        word_set(each) - _STOPS - v.FUNCTION - v.words("is are was were") for each in (rest, other)
    )
    return not a.isdisjoint(b)


def _alike(noun: str, other: str) -> bool:
    """Whether two nouns of a class are variants, such as "airplanes" and "planes"."""
    a, b = noun.removesuffix("s"), other.removesuffix("s")
    return a.endswith(b) or b.endswith(a)


def _texts(sample: Sample) -> Iterator[Text]:
    """Yields captions, and answers to questions without a place or box."""
    yield from captions(sample)
    known = {caption.text for caption in sample.captions}
    for number, turn in enumerate(sample.turns, 1):
        for answer in turn.answers:
            if answer in known or len(answer.split()) < MIN_WORDS:
                continue
            if "[" not in turn.question and not places(turn.question):
                yield Text(f"the answer of {turn_place(number, turn)}", answer, False)


_COUNTING = _ONE | _NUMERALS.keys() | _DIGITS.keys() | {"pair"}


@lru_cache(maxsize=REMEMBERED)
def _counts(text: str) -> dict[tuple[str, frozenset[str]], Count]:
    """The exact counts of a text, by class and attributes."""
    if word_set(text).isdisjoint(_COUNTING):
        return {}
    found: dict[tuple[str, frozenset[str]], Count] = {}
    named: defaultdict[str, int] = defaultdict(int)
    for sentence in sentences(text):
        tokens = tokenize(sentence)
        classes = class_tokens(tokens)
        for index, name in classes.items():
            named[name] += classes.get(index - 1) != name
        if not _PARTS.isdisjoint(word_set(sentence)):
            continue
        for index in range(len(tokens)):
            if counted := _counted(sentence, tokens, classes, index):
                found[counted[0]] = counted[1]
    return {what: count for what, count in found.items() if named[what[0]] == 1}


def _counted(
    sentence: str, tokens: tuple[Token, ...], classes: dict[int, str], index: int
) -> tuple[tuple[str, frozenset[str]], Count] | None:
    """The count that begins at a token."""
    number, begin = _number(tokens, index)
    start = span(sentence, index, index)[0]
    if not number or not _OPENING.fullmatch(sentence[:start].lstrip()):
        return None
    for first in range(begin, min(begin + 1 + _LOOKAHEAD, len(tokens))):
        if tokens[first].gap or tokens[first].text in _STOPS:
            return None
        if first in classes:
            last = first
            while classes.get(last + 1) == classes[first] and not tokens[last + 1].gap:
                last += 1
            if _is_plural(tokens, first, last) != (number > 1):
                return None
            attributes = frozenset(token.text for token in tokens[begin:first])
            end = span(sentence, last, last)[1]
            words = sentence[start:end]
            noun = sentence[span(sentence, first, first)[0] : end].lower()
            count = Count(number, noun, words, sentence[end:].strip(" .!?;").lower())
            return (classes[first], attributes), count
    return None


def _number(tokens: tuple[Token, ...], index: int) -> tuple[int, int]:
    """The number at a token, 0 for none, and the index of the next token."""
    text = tokens[index].text
    if text == "pair" and at(tokens, index + 1).text == "of":
        return 2, index + 2
    number = 1 if text in _ONE else _NUMERALS.get(text) or _DIGITS.get(text, 0)
    return number, index + 1


def _is_plural(tokens: tuple[Token, ...], first: int, last: int) -> bool:
    words = tuple(token.text for token in tokens[first : last + 1])
    return words in PLURAL or words[-1:] in PLURAL
