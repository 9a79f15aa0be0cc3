"""Parses the answers of models, and rejects malformed, misquoting and self-contradicting ones.

An answer *misquotes* if it quotes words that are not in the text. It *contradicts itself* if it
names wrong words of a query but answers that the image shows the query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pairlens.fiftyone_plugin.checks.judgements import CANNOT_TELL, NO, YES, Judgement, Quote
from pairlens.fiftyone_plugin.judging.prompts import QuestionText, QuestionTexts
from pairlens.importers.bounded_json import is_number

MAX_ANSWER = 100_000
"""Maximum of characters of an answer; longer ones are rejected."""

MAX_SENTENCE = 400
"""Maximum of characters of a sentence; longer ones are cut."""

MAX_QUOTES = 50

MALFORMED, MISQUOTING, CONTRADICTING = (
    "malformed", "quotes what is not there", "contradicts itself"
)  # fmt: skip
"""Kinds of faults of an answer; the text of a fault begins with one."""

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)


class _Refused(Exception):
    """Raised for an answer that is rejected; the message begins with a kind of fault."""


def read(text: str, asked: QuestionTexts, judgement: Judgement, is_pair: bool) -> Judgement:
    """Adds the answer of a model, or the fault of its answer, to a judgement.

    Args:
        text: the answer of the model
        asked: the texts in the question
        judgement: a judgement without an answer, as of
            :func:`~pairlens.fiftyone_plugin.judging.identity.new_judgement`
        is_pair: whether the question is about a mask
    """
    try:
        answer = _parse(text)
        values = _pair_values(answer, asked) if is_pair else _text_values(answer, asked)
        sure = _confidence(answer)
        why = _sentence(answer.get("why"), "why")
    except _Refused as refused:
        return replace(judgement, fault=str(refused), spoken=asked.spoken)
    return replace(judgement, confidence=sure, why=why, spoken=asked.spoken, **values)


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAX_ANSWER:
        raise _Refused(f"{MALFORMED}: {len(text):,} characters, which are not read")
    text = _THOUGHT.sub(" ", text)
    at = text.find("{")
    try:
        answer, _ = json.JSONDecoder().raw_decode(text, at) if at >= 0 else (None, 0)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        start = " ".join(text.split())[:80]
        raise _Refused(f"{MALFORMED}: no JSON object, but {start!r}")
    return answer


def _choice(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    word = value.strip().lower() if isinstance(value, str) else value
    if word not in (YES, NO, CANNOT_TELL):
        raise _Refused(f"{MALFORMED}: {name!r} is {word!r:.40}, and not yes, no or cannot tell")
    return word


def _confidence(answer: dict[str, Any]) -> float:
    value = answer.get("confidence")
    if not is_number(value) or not 0 <= value <= 100:
        raise _Refused(f"{MALFORMED}: 'confidence' is {value!r:.40}, and not 0 to 100")
    return round(value / 100, 4)


def _sentence(value: Any, name: str) -> str:
    text = value if isinstance(value, str) else ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not line:
        raise _Refused(f"{MALFORMED}: {name!r} holds no words")
    return line if len(line) <= MAX_SENTENCE else f"{line[: MAX_SENTENCE - 4]} ..."


def _list(answer: dict[str, Any], name: str) -> list[Any]:
    value = answer.get(name)
    if not isinstance(value, list) or len(value) > MAX_QUOTES:
        raise _Refused(f"{MALFORMED}: {name!r} is not a list of at most {MAX_QUOTES}")
    return value


def _pair_values(answer: dict[str, Any], asked: QuestionTexts) -> dict[str, Any]:
    choices = {name: _choice(answer, name) for name in ("shows", "only", "complete")}
    part = asked.parts[0]
    wrong = tuple(_quote(one, part, "") for one in _list(answer, "wrong_words"))
    if wrong and choices["shows"] != NO:
        raise _Refused(
            f"{CONTRADICTING}: it says {choices['shows']!r}, and that {wrong[0].words!r} is wrong"
        )
    return choices | {"wrong": wrong}


def _text_values(answer: dict[str, Any], asked: QuestionTexts) -> dict[str, Any]:
    wrong = tuple(_contradictions(_list(answer, "contradictions"), asked))
    return {"shows": NO if wrong else YES, "wrong": wrong}


def _contradictions(contradictions: list[Any], asked: QuestionTexts) -> Iterator[Quote]:
    for contradiction in contradictions:
        number = contradiction.get("text") if isinstance(contradiction, dict) else None
        if not is_number(number) or number not in range(1, len(asked.parts) + 1):
            raise _Refused(f"{MALFORMED}: a contradiction names text {number!r:.20}")
        why = _sentence(contradiction.get("why"), "why")
        yield _quote(contradiction.get("quote"), asked.parts[int(number) - 1], why)


def _quote(words: Any, part: QuestionText, why: str) -> Quote:
    """Finds quoted words in a text; case and the space between words are ignored."""
    match = _search(words, part.text) if isinstance(words, str) else None
    shown = isinstance(words, str) and _search(words, part.shown)
    if match is None or not shown:
        raise _Refused(f"{MISQUOTING}: {words!r:.60}, of {part.place}")
    return Quote(part.place, match[0], why)


def _search(words: str, text: str) -> re.Match[str] | None:
    tokens = words.split()
    if not tokens or not re.search(r"\w", words):
        return None
    return re.search(r"\s+".join(map(re.escape, tokens)), text, re.IGNORECASE)
