"""Reads what a model answered: what is malformed, lies or contradicts itself is not believed.

An answer *lies* where it quotes words that do not stand in the text. It *contradicts itself* where
it names wrong words of a query that it says the image shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pairlens.fiftyone_plugin.checks.judgements import CANNOT_TELL, NO, YES, Judgement, Quote
from pairlens.fiftyone_plugin.judging.prompts import Asked, Part
from pairlens.importers.bounded_json import is_number

MOST_TEXT = 100_000
"""Characters of an answer that are read."""

SENTENCE = 400
"""Characters of a sentence that are kept."""

MOST_QUOTES = 50

MALFORMED, LYING, CONTRADICTING = (
    "malformed", "quotes what is not there", "contradicts itself"
)  # fmt: skip
"""How an answer's fault begins, and what it is counted as."""

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)


class _Refused(Exception):
    """Why an answer is not believed; its text begins with a kind of fault."""


def read(text: str, asked: Asked, judgement: Judgement, is_pair: bool) -> Judgement:
    """A judgement with what a model answered, or with the fault of its answer.

    Args:
        text: as the model wrote it
        asked: the texts that it was asked about
        judgement: who answers, about what
        is_pair: whether it was asked about a mask
    """
    try:
        answer = _parsed(text)
        values = _of_pair(answer, asked) if is_pair else _of_texts(answer, asked)
        sure = _confidence(answer)
        why = _sentence(answer.get("why"), "why")
    except _Refused as refused:
        return replace(judgement, fault=str(refused), spoken=asked.spoken)
    return replace(judgement, confidence=sure, why=why, spoken=asked.spoken, **values)


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MOST_TEXT:
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


def _said(answer: dict[str, Any], name: str) -> str:
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
    return line if len(line) <= SENTENCE else f"{line[: SENTENCE - 4]} ..."


def _list(answer: dict[str, Any], name: str) -> list[Any]:
    value = answer.get(name)
    if not isinstance(value, list) or len(value) > MOST_QUOTES:
        raise _Refused(f"{MALFORMED}: {name!r} is no list of at most {MOST_QUOTES}")
    return value


def _of_pair(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    said = {name: _said(answer, name) for name in ("shows", "only", "complete")}
    part = asked.parts[0]
    wrong = tuple(_quote(one, part, "") for one in _list(answer, "wrong_words"))
    if wrong and said["shows"] != NO:
        raise _Refused(
            f"{CONTRADICTING}: it says {said['shows']!r}, and that {wrong[0].words!r} is wrong"
        )
    return said | {"wrong": wrong}


def _of_texts(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    wrong = tuple(_contradictions(_list(answer, "contradictions"), asked))
    return {"shows": NO if wrong else YES, "wrong": wrong}


def _contradictions(listed: list[Any], asked: Asked) -> Iterator[Quote]:
    for one in listed:
        number = one.get("text") if isinstance(one, dict) else None
        if not is_number(number) or number not in range(1, len(asked.parts) + 1):
            raise _Refused(f"{MALFORMED}: a contradiction names text {number!r:.20}")
        why = _sentence(one.get("why"), "why")
        yield _quote(one.get("quote"), asked.parts[int(number) - 1], why)


def _quote(words: Any, part: Part, why: str) -> Quote:
    """The words as they stand in the text, whatever their case and the blanks between them."""
    found = _search(words, part.text) if isinstance(words, str) else None
    shown = isinstance(words, str) and _search(words, part.shown)
    if found is None or not shown:
        raise _Refused(f"{LYING}: {words!r:.60}, of {part.place}")
    return Quote(part.place, found[0], why)


def _search(words: str, text: str) -> re.Match[str] | None:
    said = words.split()
    if not said or not re.search(r"\w", words):
        return None
    return re.search(r"\s+".join(map(re.escape, said)), text, re.IGNORECASE)
