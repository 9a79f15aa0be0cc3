"""Short answers against their questions and against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.repeated_turns import contradictions
from pairlens.fiftyone_plugin.checks.examples import talk
from pairlens.fiftyone_plugin.checks.texts import Remark, quoted, turn_place, worst
from pairlens.fiftyone_plugin.language.tokens import REMEMBERED
from pairlens.fiftyone_plugin.language.vocabulary import words
from pairlens.importers.fields import CONVERSATIONS
from pairlens.importers.records import Turn

MAX_WORDS = 4
"""Of an answer that is compared word by word; longer ones can be right in many ways."""

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
)  # fmt: skip
_NUMBERS: dict[str, str] = {
    word: str(number) for number, word in enumerate((*_SMALL, "eleven", "twelve"))
} | {
    "none": "0",
    "no": "no",
}
_BRIEF = re.compile(
    r"\b(?:answer|respond|reply)\b[^.?!\n]{0,40}\b(?:single word|one word|short phrase|phrase|"
    r"yes or no|briefly)\b[^\n]*",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"<image>|<img>.*?</img>|\[(?:vqa|identify|refer|grounding)\]", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")

_YES_NO = re.compile(
    r"(?:(?:in|on|from|within) (?:this|the) \w+ )?"
    r"(?:is|are|was|were|does|do|did|has|have)\b(?! you| not sure| it (?:a|an) .* or )"
)
_POLAR = frozenset({"yes", "no", "yeah", "nope", "true", "false", "correct", "incorrect"})
_UNDECIDED = words(
    "not none nothing neither never there isn't aren't unknown unclear uncertain maybe "
    "possibly likely unlikely probably both all some cannot can't partially partly it "
    "they"
)
"""Words with which a yes/no question is answered too, in more words than one."""
_HOW_MANY = re.compile(r"how many\b|what is the (?:number|amount|count|quantity) of\b")

_FRAME = (
    r"(?: (?:in|on|within|from) (?:the|this) (?:(?:entire|whole|given|satellite|aerial|remote "
    r"sensing) )*(?:image|picture|scene|photo|area|view))?"
)
_SEEN = r"(?: (?:there|present|visible|shown|seen|can you see|do you see))?"
_NOUN = r"([a-z][a-z -]{0,40}?)"
_PRESENCE = (
    re.compile(rf"(?:is|are) there (?:a |an |any |some )?{_NOUN}{_SEEN}{_FRAME}"),
    re.compile(rf"(?:is|are) (?:a |an |any |some ){_NOUN} (?:present|visible){_FRAME}"),
    re.compile(rf"(?:can|do) you (?:see|spot|find|notice) (?:a |an |any |some )?{_NOUN}{_FRAME}"),
    re.compile(
        r"(?:does|do) (?:the|this) (?:\w+ )?(?:image|picture|scene|photo) (?:contain|show|have|"
        rf"include|depict) (?:a |an |any |some )?{_NOUN}"
    ),
)
_COUNT = (
    re.compile(rf"how many {_NOUN}(?: are| is)?{_SEEN}{_FRAME}"),
    re.compile(rf"what is the (?:number|amount|count|quantity) of {_NOUN}{_SEEN}{_FRAME}"),
)


_THAN = re.compile(
    rf"(?:is|are) there (?P<more>more|less|fewer) than (?P<number>\w+) {_NOUN}{_SEEN}{_FRAME}"
)
_CHOICE = re.compile(r"(?:is|are) (?:it|this|that|these|they|the [a-z -]{1,40}?) an? .{1,60} or ")


@dataclass(frozen=True, slots=True)
class _ShortAnswer:
    """A short answer to a question.

    Attributes:
        number: number of the turn, from 1
        turn: the turn
        question: the question in lower case, without tokens and instructions
        answer: the answer in lower case, its numbers in digits
        brief: whether the question asks for a single word or phrase
    """

    number: int
    turn: Turn
    question: str
    answer: str
    brief: bool

    @property
    def place(self) -> str:
        """The place of its turn, for messages."""
        return turn_place(self.number, self.turn)


def _short_answers(sample: Sample) -> Iterator[_ShortAnswer]:
    for number, turn in enumerate(sample.turns, 1):
        if len(turn.answers) == 1 and "caption" not in turn.category.casefold():
            question, brief = _plain_question(turn.question)
            yield _ShortAnswer(number, turn, question, _plain_answer(turn.answers[0]), brief)


@lru_cache(maxsize=REMEMBERED)
def _plain_question(text: str) -> tuple[str, bool]:
    """A question in lower case without tokens and instructions; whether it asks to be brief."""
    bare = _TOKEN.sub(" ", text)
    return " ".join(_WORD.findall(_BRIEF.sub(" ", bare).lower())), bool(_BRIEF.search(bare))


@lru_cache(maxsize=REMEMBERED)
def _plain_answer(text: str) -> str:
    """An answer in lower case, its numbers in digits."""
    found: list[str] = _WORD.findall(text.lower())
    return " ".join([_NUMBERS.get(word, word) for word in found])


@check(
    "answer_conflict",
    severity="warning",
    needs=(CONVERSATIONS,),
    about="One image, equal questions, different answers; or none of what others are counted of.",
    kinds=("instructions",),
    topic="Conversations",
    fires=talk("Is there a ship in the image?", "no", "How many ships are there?", "4"),
    silent=talk("Is there a ship in the image?", "yes", "How many ships are there?", "4"),
)
def answer_conflict(batch: Batch) -> Iterator[Issue]:
    """Compares short answers about one image.

    Longer answers can differ and be right; yes and no, numbers and single words cannot. "Is there a
    road?", "How many roads are there?" and "Are there more than two roads?" are compared if they
    name the same thing in the same words: a "large road" can be absent although there are roads.
    """
    for sample in batch:
        answers = [one for one in _short_answers(sample) if one.answer]
        remarks = [*_different_answers(answers), *_inconsistent_counts(answers)]
        yield from worst(sample.key, remarks or _opposite_answers(sample))


def _opposite_answers(sample: Sample) -> Iterator[Remark]:
    """Yields remarks on longer answers, of which one begins with yes and one with no."""
    for first, again in contradictions(sample.turns):
        one, other = sample.turns[first], sample.turns[again]
        note = (
            f"{turn_place(again + 1, other)} answers {quoted(other.answers[0])} and "
            f"{turn_place(first + 1, one)} {quoted(one.answers[0])} to {quoted(other.question)}"
        )
        yield Remark(0.15, note)


def _different_answers(answers: list[_ShortAnswer]) -> Iterator[Remark]:
    first: dict[str, _ShortAnswer] = {}
    for one in answers:
        if not one.question or len(one.answer.split()) > MAX_WORDS:
            continue
        other = first.setdefault(one.question, one)
        if _contradict(one.answer, other.answer):
            note = (
                f"{one.place} answers {quoted(one.answer)} and {other.place} "
                f"{quoted(other.answer)} to {quoted(one.question)}"
            )
            yield Remark(0.1, note)


def _contradict(a: str, b: str) -> bool:
    """Whether short answers exclude each other: not "2" and "2 ships", nor "road" and "roads"."""
    if a == b:
        return False
    here, there = ({_singular(word) for word in text.split()} for text in (a, b))
    return not (here <= there or there <= here)


class _Bounds(NamedTuple):
    """The smallest and the largest possible number of things, by an answer."""

    low: int
    high: int


MANY = 10**9
_ONE, _NONE = _Bounds(1, MANY), _Bounds(0, 0)


def _inconsistent_counts(answers: list[_ShortAnswer]) -> Iterator[Remark]:
    """Yields remarks on answers that contradict each other about a number of things."""
    extremes: dict[str, tuple[tuple[_Bounds, _ShortAnswer], tuple[_Bounds, _ShortAnswer]]] = {}
    for one in answers:
        noun, bounds = _bounds(one)
        if bounds is None:
            continue
        most, least = extremes.get(noun, ((bounds, one), (bounds, one)))
        for known, other in (most, least):
            apart = known.low > bounds.high or known.high < bounds.low
            if apart and one.question != other.question:
                note = (
                    f"{other.place} says {quoted(other.answer)} to {quoted(other.question)}, and "
                    f"{one.place} {quoted(one.answer)} to {quoted(one.question)}"
                )
                yield Remark(0.1, note)
        extremes[noun] = (
            max(most, (bounds, one), key=lambda each: each[0].low),
            min(least, (bounds, one), key=lambda each: each[0].high),
        )


def _bounds(one: _ShortAnswer) -> tuple[str, _Bounds | None]:
    """The noun of a question about a number or presence, and the bounds that the answer gives."""
    first = one.answer.partition(" ")[0]
    if noun := _noun(one.question, _COUNT):
        number = _count(first)
        return noun, None if number is None else _Bounds(number, number)
    if first not in ("yes", "no"):
        return "", None
    if match := _THAN.fullmatch(one.question):
        limit = _count(_NUMBERS.get(match["number"], match["number"]))
        return _singulars(match[3]), None if limit is None else _than(match["more"], limit, first)
    noun = _noun(one.question, _PRESENCE)
    return noun, (_ONE if first == "yes" else _NONE) if noun else None


def _count(word: str) -> int | None:
    """The value of a number in digits, 0 for "no"; ``None`` for other words."""
    number = "0" if word == "no" else word
    return int(number) if number.isdecimal() and len(number) < 10 else None


def _than(more: str, limit: int, polarity: str) -> _Bounds:
    """The bounds of a yes or no to the question for more or fewer than a limit."""
    if more == "more":
        return _Bounds(limit + 1, MANY) if polarity == "yes" else _Bounds(0, limit)
    return _Bounds(0, limit - 1) if polarity == "yes" else _Bounds(limit, MANY)


@lru_cache(maxsize=REMEMBERED)
def _noun(question: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    """The noun of a question, each word in the singular; ``""`` for other questions."""
    for pattern in patterns:
        if match := pattern.fullmatch(question):
            return _singulars(match[1])
    return ""


def _singulars(nouns: str) -> str:
    return " ".join(map(_singular, nouns.split()))


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word


_IRREGULAR = {"buses": "bus", "people": "person", "men": "man", "series": "series"}


@check(
    "answer_form",
    severity="warning",
    needs=(CONVERSATIONS,),
    about="A yes/no question is answered otherwise, or the question how many with yes or no.",
    kinds=("instructions",),
    topic="Conversations",
    fires=talk("Is there a road?", "3"),
    silent=talk("Is there a road?", "no"),
)
def answer_form(batch: Batch) -> Iterator[Issue]:
    """Checks answers of a few words; the form of whole sentences varies too much."""
    for sample in batch:
        yield from worst(sample.key, filter(None, map(_unfit, _short_answers(sample))))


def opens_yes_no(question: str) -> bool:
    """Whether a question asks for yes or no."""
    bare, _ = _plain_question(question)
    return _YES_NO.match(bare) is not None and " or " not in bare


def _unfit(one: _ShortAnswer) -> Remark | None:
    words = one.answer.split()
    if not words or len(words) > MAX_WORDS:
        return None
    if _YES_NO.match(one.question) and " or " not in one.question:
        if words[0] in _POLAR or _UNDECIDED & set(words):
            return None
        score = 0.15 if one.brief or words[0].isdecimal() else 0.35
        note = f"{one.place}: {quoted(one.question)} is answered with {quoted(one.answer)}"
        return Remark(score, note)
    if _CHOICE.match(one.question) and words in (["yes"], ["no"]):
        note = f"{one.place}: {quoted(one.question)} is answered with {quoted(one.answer)}"
        return Remark(0.25, note)
    if _HOW_MANY.match(one.question) and words[0] in ("yes", "no") and len(words) == 1:
        if words[0] == "no":
            return None  # "no" ships are none
        return Remark(0.15, f"{one.place}: {quoted(one.question)} is answered with 'yes'")
    return None
