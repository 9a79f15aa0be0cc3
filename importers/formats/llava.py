r"""Parses records of questions and answers about an image, in the two forms in use.

Training data is LLaVA's, evaluation data as RS-GPT4V publishes it::

    {"id": "1", "image": "a/b.jpg", "conversations": [
        {"from": "human", "value": "<image>\nHow many ships?"}, {"from": "gpt", "value": "Two."}]}
    {"question_id": 0, "image": "a/b.tif", "text": "How many ships?", "answer": "Two." | [...],
     "category": "count"}

Texts stay exactly as published, ``<image>`` and line ends with them.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pairlens.importers.files import is_text
from pairlens.importers.image_lookup import clean_path

MAX_MESSAGES = 10_000
"""Of a record."""

MAX_CATEGORY = 100
"""Characters; a longer text names no task."""

_ROLES = {"human": "asks", "user": "asks", "gpt": "answers", "assistant": "answers", "system": ""}
"""What the message of a speaker does; a system prompt is part of no turn."""

_QUESTION_KEYS, _ANSWER_KEYS = ("text", "question"), ("answer", "answers")
_CATEGORY_KEYS = ("category", "task")
_ASKS_CAPTION = re.compile(
    r"\b(?:give|provide|write|generate|create|compose|produce|offer)\b[^.?!\n]{0,80}\bcaptions?\b",
    re.IGNORECASE,
)

JsonPath = tuple[str | int, ...]
"""Where a text stands in a record: the keys and numbers that lead to it."""


class TurnText(NamedTuple):
    """A question and its answers as a record holds them.

    Attributes:
        question: ``""`` where an answer has none
        answers: none where a question has none
        question_at: where the question stands; ``None`` where there is none
        answers_at: where each answer stands
    """

    question: str
    answers: tuple[str, ...]
    question_at: JsonPath | None
    answers_at: tuple[JsonPath, ...]


class Parsed(NamedTuple):
    """A record.

    Attributes:
        image: the path it names, cleaned
        turns: in the order in which they stand
        category: the task that the record names; ``""`` where it does not
        listed: whether its answer is a list
        id: a hash of the id it gives itself, for this process; ``None`` where it gives none
    """

    image: str
    turns: tuple[TurnText, ...]
    category: str
    listed: bool
    id: int | None


def looks_trained(record: Any) -> bool:
    """Whether a JSON value is a record of the training form, broken or not."""
    return isinstance(record, dict) and "conversations" in record


def looks_evaluated(record: Any) -> bool:
    """Whether a JSON value is a record of the evaluation form, broken or not."""
    if not isinstance(record, dict) or "conversations" in record or "image" not in record:
        return False
    return _one_of(record, _QUESTION_KEYS) is not None and bool(
        _one_of(record, _ANSWER_KEYS) or "question_id" in record
    )


def parse(record: Any) -> Parsed:
    """Reads a record of either form.

    Raises:
        ValueError: with what is wrong with it
    """
    if not isinstance(record, dict):
        raise ValueError(f"a record is an object, not {_kind(record)}")
    image = _image(record)
    category = _category(record)
    if "conversations" in record:
        turns, listed = tuple(_pair(record["conversations"])), False
    else:
        turn, listed = _evaluated(record)
        turns = (turn,)
    if not turns:
        raise ValueError("the conversation holds no question and no answer")
    return Parsed(image, turns, category, listed, _id(record))


def is_caption(question: str, category: str, listed: bool) -> bool:
    """Whether the answers of a turn are captions of the image.

    They are where the category says so, and where there is none, if the answers come as a
    list or the question asks for a caption.
    """
    if category:
        return "caption" in category.casefold()
    return listed or bool(_ASKS_CAPTION.search(question))


def _image(record: dict[str, Any]) -> str:
    image = record.get("image")
    if isinstance(image, list) and len(image) == 1:
        image = image[0]
    if image is None:
        raise ValueError("the record names no image")
    if not isinstance(image, str):
        raise ValueError(f"'image' is {_kind(image)}, not one path")
    try:
        return clean_path(image)
    except ValueError as error:
        raise ValueError(f"the image path {image[:80]!a} {error}") from error


def _category(record: dict[str, Any]) -> str:
    category = _one_of(record, _CATEGORY_KEYS)
    if not isinstance(category, str) or not is_text(category) or len(category) > MAX_CATEGORY:
        return ""
    return category


def _id(record: dict[str, Any]) -> int | None:
    given = record.get("question_id", record.get("id"))
    return hash(given) if isinstance(given, str | int) else None


def _evaluated(record: dict[str, Any]) -> tuple[TurnText, bool]:
    key, answer_key = _one_key(record, _QUESTION_KEYS), _one_key(record, _ANSWER_KEYS)
    if key is None:
        raise ValueError("the record has neither 'conversations' nor a 'text' that asks")
    if answer_key is None:
        raise ValueError("the record has no 'answer'")
    question, answer = _text(record[key], f"{key!r}"), record[answer_key]
    if not isinstance(answer, list):
        answers = (_answer(answer, f"{answer_key!r}"),)
        return TurnText(question, answers, (key,), ((answer_key,),)), False
    if len(answer) > MAX_MESSAGES:
        raise ValueError(f"the record has more than {MAX_MESSAGES:,} answers")
    answers = tuple(_answer(a, f"answer {i}") for i, a in enumerate(answer))
    places = tuple((answer_key, i) for i in range(len(answers)))
    return TurnText(question, answers, (key,), places), True


def _pair(messages: Any) -> list[TurnText]:
    """Questions with the answers that follow them; what stands alone makes half a turn."""
    if not isinstance(messages, list):
        raise ValueError(f"'conversations' is {_kind(messages)}, not a list of messages")
    if len(messages) > MAX_MESSAGES:
        raise ValueError(f"the conversation has more than {MAX_MESSAGES:,} messages")
    turns: list[TurnText] = []
    waiting: TurnText | None = None
    for number, message in enumerate(messages):
        role, text = _message(message, number)
        at: JsonPath = ("conversations", number, "value")
        if role == "asks":
            if waiting is not None:
                turns.append(waiting)
            waiting = TurnText(text, (), at, ())
        elif role == "answers":
            question, _, question_at, _ = waiting or _UNASKED
            turns.append(TurnText(question, (text,), question_at, (at,)))
            waiting = None
    return turns if waiting is None else [*turns, waiting]


_UNASKED = TurnText("", (), None, ())


def _message(message: Any, number: int) -> tuple[str, str]:
    """What a message does, and its text."""
    who = message.get("from") if isinstance(message, dict) else None
    if not isinstance(who, str):
        raise ValueError(f"message {number} does not say who it is from")
    role = _ROLES.get(who)
    if role is None:
        raise ValueError(f"message {number} is from {who[:40]!a}, not human or gpt")
    text = message.get("value")
    if isinstance(text, str) and is_text(text):
        return role, text
    return role, _text(text, f"the value of message {number}")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is {_kind(value)}, not a text")
    if not is_text(value):
        raise ValueError(f"{what} holds half a character (a lone surrogate)")
    return value


def _answer(value: Any, what: str) -> str:
    """An answer; a number, as a count may be written, is one too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, what)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    names |= {int: "a number", float: "a number", type(None): "null"}
    return names[type(value)]


def _one_key(record: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in record), None)


def _one_of(record: dict[str, Any], keys: tuple[str, ...]) -> Any:
    key = _one_key(record, keys)
    return None if key is None else record[key]
