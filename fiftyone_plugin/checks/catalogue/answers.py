"""Short answers against their questions and against each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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
)
_COUNT = (
    re.compile(rf"how many {_NOUN}(?: are| is)?{_SEEN}{_FRAME}"),
    re.compile(rf"what is the (?:number|amount|count|quantity) of {_NOUN}{_SEEN}{_FRAME}"),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A short answer to a question.

    Attributes:
        number: of the turn, from 1
        turn: that it stands in
        question: without what is not asked, in lower case
        answer: in one word where it can be: ``yes``, ``no``, a number
        brief: whether the question wants a single word or phrase
    """

    number: int
    turn: Turn
    question: str
    answer: str
    brief: bool

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return turn_place(self.number, self.turn)


def _asked(sample: Sample) -> Iterator[_Asked]:
    for number, turn in enumerate(sample.turns, 1):
        if len(turn.answers) == 1 and "caption" not in turn.category.casefold():
            question, brief = _plain_question(turn.question)
            yield _Asked(number, turn, question, _plain_answer(turn.answers[0]), brief)


@lru_cache(maxsize=REMEMBERED)
def _plain_question(text: str) -> tuple[str, bool]:
    """A question without what is not asked, in lower case; whether it wants a brief answer."""
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

    Answers of more than a few words can differ and be right; yes and no, numbers and single
    words cannot. "Is there a road?" and "How many roads are there?" are compared where both
    name the same thing in the same words: a "large road" may be absent where roads are not.
    """
    for sample in batch:
        asked = [one for one in _asked(sample) if one.answer]
        told = [*_differing(asked), *_denied(asked)]
        yield from worst(sample.key, told or _yes_and_no(sample))


def _yes_and_no(sample: Sample) -> Iterator[Remark]:
    """Longer answers that begin with yes and with no: "No, there is no ship."."""
    for first, again in contradictions(sample.turns):
        one, other = sample.turns[first], sample.turns[again]
        note = (
            f"{turn_place(again + 1, other)} answers {quoted(other.answers[0])} and "
            f"{turn_place(first + 1, one)} {quoted(one.answers[0])} to {quoted(other.question)}"
        )
        yield Remark(0.15, note)


def _differing(asked: list[_Asked]) -> Iterator[Remark]:
    first: dict[str, _Asked] = {}
    for one in asked:
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


def _denied(asked: list[_Asked]) -> Iterator[Remark]:
    counts: defaultdict[str, list[tuple[int, _Asked]]] = defaultdict(list)
    for one in asked:
        noun, head = _noun(one.question, _COUNT), one.answer.partition(" ")[0]
        if noun and (head.isdecimal() or head == "no") and len(head) < 10:
            counts[noun].append((0 if head == "no" else int(head), one))
    for one in asked:
        noun, said = _noun(one.question, _PRESENCE), one.answer.partition(" ")[0]
        for count, other in counts.get(noun, ()) if noun and said in ("yes", "no") else ():
            if (count > 0) != (said == "yes"):
                note = (
                    f"{one.place} says {said!r} to {quoted(one.question)}, and {other.place} "
                    f"counts {count}"
                )
                yield Remark(0.1, note)


@lru_cache(maxsize=REMEMBERED)
def _noun(question: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    """What is asked for, each word in the singular; ``""`` for other questions."""
    for pattern in patterns:
        if match := pattern.fullmatch(question):
            return " ".join(map(_singular, match[1].split()))
    return ""


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
    """Looks at answers of a few words; whole sentences answer in more ways than can be told."""
    for sample in batch:
        yield from worst(sample.key, filter(None, map(_unfit, _asked(sample))))


def opens_yes_no(question: str) -> bool:
    """Whether a question can be answered with yes or no and hardly otherwise."""
    bare, _ = _plain_question(question)
    return _YES_NO.match(bare) is not None and " or " not in bare


def _unfit(one: _Asked) -> Remark | None:
    said = one.answer.split()
    if not said or len(said) > MAX_WORDS:
        return None
    if _YES_NO.match(one.question) and " or " not in one.question:
        if said[0] in _POLAR or _UNDECIDED & set(said):
            return None
        score = 0.15 if one.brief or said[0].isdecimal() else 0.35
        note = f"{one.place}: {quoted(one.question)} is answered with {quoted(one.answer)}"
        return Remark(score, note)
    if _HOW_MANY.match(one.question) and said[0] in ("yes", "no") and len(said) == 1:
        if said[0] == "no":
            return None  # "no" ships are none
        return Remark(0.15, f"{one.place}: {quoted(one.question)} is answered with 'yes'")
    return None
