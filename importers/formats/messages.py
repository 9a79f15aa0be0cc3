"""The messages of a training record, paired to questions with the answers that follow them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pairlens.importers.files import is_text
from pairlens.importers.formats.message_parts import (
    OTHERS,
    SEVERAL,
    JsonPath,
    is_image,
    is_other,
    joined,
    text_places,
)

MAX_MESSAGES = 10_000
"""Of a record."""

ROLES = {"human": "asks", "user": "asks", "gpt": "answers", "assistant": "answers", "system": ""}
"""What the message of a speaker does; a system prompt is part of no turn."""


class TurnText(NamedTuple):
    """A question and its answers as a record holds them.

    Attributes:
        question: the question, ``""`` for an answer without question
        answers: the answers, empty for a question without answer
        question_at: place of the question, or of the content with its parts; ``None`` without
            question
        answers_at: place of each answer; polygons, which are shown as a text, have none
    """

    question: str
    answers: tuple[str, ...]
    question_at: JsonPath | None
    answers_at: tuple[JsonPath, ...]


class Form(NamedTuple):
    """The member names of a conversation for its list, its speaker and its text."""

    list: str
    who: str
    text: str


FORMS = (Form("conversations", "from", "value"), Form("messages", "role", "content"))


def form_of(record: Mapping[str, Any]) -> Form | None:
    """The form of a training record, ``None`` for an evaluation record.

    The first message shows the member names of the list.
    """
    usual = next((form for form in FORMS if form.list in record), None)
    messages = record[usual.list] if usual else None
    first = messages[0] if isinstance(messages, list) and messages else None
    if usual is None or not isinstance(first, dict) or usual.who in first:
        return usual
    names = next((form for form in FORMS if form.who in first), usual)
    return names._replace(list=usual.list)


def contents_of(record: dict[str, Any]) -> list[Any]:
    """Yields the texts in the messages of a training record, which may be broken."""
    form = form_of(record)
    messages = record[form.list] if form else None
    if form is None or not isinstance(messages, list):
        return []
    return [one.get(form.text) for one in messages[:MAX_MESSAGES] if isinstance(one, dict)]


def rules_of(record: dict[str, Any], turns: tuple[TurnText, ...]) -> Iterator[str]:
    """Yields the rules that were applied to the parts of a record's messages."""
    contents = contents_of(record)
    places = (at for turn in turns for at in (turn.question_at, *turn.answers_at) if at)
    if any(len(at) == 3 and isinstance(contents[int(at[1])], list) for at in places):
        yield SEVERAL
    if any(isinstance(parts, list) and any(map(is_other, parts)) for parts in contents):
        yield OTHERS


def turns_in(messages: Any, form: Form) -> list[TurnText]:
    """Yields questions with their answers; a single question or answer makes half a turn."""
    if not isinstance(messages, list):
        raise ValueError(f"{form.list!r} is {kind_of(messages)}, not a list of messages")
    if len(messages) > MAX_MESSAGES:
        raise ValueError(f"the conversation has more than {MAX_MESSAGES:,} messages")
    turns: list[TurnText] = []
    waiting: TurnText | None = None
    for number, message in enumerate(messages):
        role, text, inner = _message(message, number, form)
        at: JsonPath = (form.list, number, *inner)
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


def _message(message: Any, number: int, form: Form) -> tuple[str, str, JsonPath]:
    """Role of a message, its text, and the place of the text in it."""
    who = message.get(form.who) if isinstance(message, dict) else None
    if not isinstance(who, str):
        raise ValueError(f"message {number} does not say who it is from")
    role = ROLES.get(who.casefold())
    if role is None:
        raise ValueError(f"message {number} is from {who[:40]!a}, not human or gpt")
    text, inner = message.get(form.text), (form.text,)
    if isinstance(text, list):
        return _in_parts(text, number, role, inner)
    if isinstance(text, str) and is_text(text):
        return role, text, inner
    return role, text_of(text, f"the {form.text} of message {number}"), inner


def _in_parts(
    parts: list[Any], number: int, role: str, inner: JsonPath
) -> tuple[str, str, JsonPath]:
    """Role of a message of parts, its text, and the place of the text; see :func:`_message`."""
    try:
        places = text_places(parts)
        if not places and role == "asks" and any(map(is_image, parts)):
            return "", "", inner  # an image alone is no question
    except ValueError as error:
        raise ValueError(f"message {number}: {error}") from None
    if not places:
        raise ValueError(f"message {number} has no part of text")
    one = places[0] if len(places) == 1 else ()
    return role, joined(parts, places), (*inner, *one)


def text_of(value: Any, what: str) -> str:
    """A value that is a text.

    Raises:
        ValueError: if it is not a text, with what it should be
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} is {kind_of(value)}, not a text")
    if not is_text(value):
        raise ValueError(f"{what} holds half a character (a lone surrogate)")
    return value


def kind_of(value: Any) -> str:
    """The type of a value, in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    names |= {int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
