"""Removes turns from records of questions and answers, and adds turns, as a review decided.

In a training record they are messages of its list, and every other character stays. An evaluation
record has one question, so an added one becomes a new record after it, with a new id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pairlens.importers.formats.json_edit import cut, item_spans, value_span, with_items
from pairlens.importers.formats.llava import ANSWER_KEYS, CATEGORY_KEYS, IMAGE_KEYS, QUESTION_KEYS
from pairlens.importers.formats.message_parts import images_left
from pairlens.importers.formats.messages import FORMS, ROLES, Form, TurnText, form_of

Turn = tuple[str, str]
"""A question and its answer."""

_IDS = ("question_id", "id")


def with_turns(
    text: str,
    record: Mapping[str, Any],
    removed: Sequence[TurnText],
    added: Sequence[Turn],
) -> str:
    """A training record without some turns, and with added ones after the others.

    Image parts of removed messages stay.

    Args:
        text: the JSON of the record
        record: its members
        removed: the turns to remove
        added: questions and answers to add
    """
    form = form_of(record)
    if form is None or not (removed or added):
        return text
    start, _ = value_span(text, (form.list,))
    gone = {int(at[1]) for one in removed for at in (one.question_at, *one.answers_at) if at}
    left, write = images_left(record[form.list], form.text, gone), _writer(text)
    messages = list(map(write, messages_of(record, form, added)))
    text, spans = with_items(text, start, item_spans(text, start), messages)
    kept = {*range(len(spans))} - (gone - left.keys())
    return cut(text, start, spans, kept, {number: write(one) for number, one in left.items()})


def messages_of(
    record: Mapping[str, Any], form: Form, turns: Iterable[Turn]
) -> list[dict[str, str]]:
    """Turns as messages of a training record."""
    asks, answers = (_speaker(record, form, role) for role in ("asks", "answers"))
    return [
        {form.who: who, form.text: said}
        for turn in turns
        for who, said in zip((asks, answers), turn, strict=True)
    ]


def _writer(text: str) -> Callable[[Any], str]:
    ascii_only = text.isascii()
    return lambda value: json.dumps(value, ensure_ascii=ascii_only)


def _speaker(record: Mapping[str, Any], form: Form, role: str) -> str:
    """The record's name for a role, by default that of the form."""
    named = [one.get(form.who) for one in record[form.list]]
    known = [name for name, does in ROLES.items() if does == role]
    usual = known[[one.who for one in FORMS].index(form.who)]
    written = (name for name in named if isinstance(name, str) and name.casefold() in known)
    return next(written, usual)


def new_record(text: str, record: Mapping[str, Any], turn: Turn, number: int) -> str:
    """A new evaluation record of a turn, modelled on another record.

    Args:
        text: the JSON of the other record
        record: its members
        turn: question and answer
        number: the id of the new record, if ids are numbers
    """
    question = next((key for key in QUESTION_KEYS if key in record), QUESTION_KEYS[-1])
    answer = next((key for key in ANSWER_KEYS if key in record), ANSWER_KEYS[0])
    listed = isinstance(record.get(answer), list)
    values = {question: turn[0], answer: [turn[1]] if listed else turn[1]}
    for key in _IDS:
        if isinstance(record.get(key), str):
            values[key] = f"{record[key]}-{number}"
        elif key in record:
            values[key] = number
    kept = {*_IDS, *IMAGE_KEYS, *CATEGORY_KEYS, question, answer}
    members = {key: values.get(key, value) for key, value in record.items() if key in kept}
    return _writer(text)(members | values)


def largest_id(records: Iterable[Any]) -> int:
    """The largest number among the ids of records, at least their number."""
    largest = 0
    for count, record in enumerate(records, 1):
        ids = [record.get(key) for key in _IDS] if isinstance(record, dict) else []
        largest = max(largest, count, *(one for one in ids if isinstance(one, int)))
    return largest
