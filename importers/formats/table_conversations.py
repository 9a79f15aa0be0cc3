"""Conversations in the cells of a table: lists of messages as in records of :mod:`.llava`."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

from pairlens.importers.formats.json_edit import (
    cut,
    item_spans,
    replace_values,
    value_span,
    with_items,
)
from pairlens.importers.formats.llava import Parsed, parse
from pairlens.importers.formats.message_parts import JsonPath, images_left
from pairlens.importers.formats.messages import FORMS, Form, TurnText, form_of
from pairlens.importers.formats.record_edit import Turn, messages_of
from pairlens.importers.formats.table_literals import structure


def talk_in(cell: Any, image: str) -> Parsed:
    """The conversation of a cell, as a record of the image; its places are within the cell.

    Raises:
        ValueError: with what is wrong with it
    """
    record, _ = _record(cell)
    try:
        parsed = parse({"image": image, **record})
    except ValueError as error:
        raise ValueError(f"cannot be read: {error}") from None
    turns = (
        turn._replace(
            question_at=turn.question_at and turn.question_at[1:],
            answers_at=tuple(path[1:] for path in turn.answers_at),
        )
        for turn in parsed.turns
    )
    return parsed._replace(turns=tuple(turns))


def _record(cell: Any) -> tuple[dict[str, Any], Form]:
    """The messages of a cell as a record has them, and their form."""
    messages = structure(cell)
    if not isinstance(messages, list):
        raise ValueError("holds no list of messages")
    usual = FORMS[0]
    record = {usual.list: messages}
    return record, form_of(record) or usual


class TalkEdits(NamedTuple):
    """What is to become of a conversation.

    Attributes:
        texts: new texts by place
        removed: the turns that are left out
        added: questions and answers that come behind the others
    """

    texts: Mapping[JsonPath, str]
    removed: Sequence[TurnText] = ()
    added: Sequence[Turn] = ()

    @property
    def gone(self) -> set[int]:
        """The numbers of the messages that are left out."""
        return {
            int(at[0]) for one in self.removed for at in (one.question_at, *one.answers_at) if at
        }


def with_talk(cell: Any, edits: TalkEdits) -> Any:
    """A cell with other texts, and turns; all else of it stays, images of a turn too."""
    record, form = _record(cell)
    messages = messages_of(record, form, edits.added)
    left = images_left(record[form.list], form.text, edits.gone)
    if not isinstance(cell, str):
        return _changed(deepcopy(cell), edits, messages, left)
    try:
        json.loads(cell)
    except ValueError:
        return repr(_changed(ast.literal_eval(cell.strip()), edits, messages, left))
    write = partial(json.dumps, ensure_ascii=cell.isascii())
    text = replace_values(cell, {at: write(new) for at, new in edits.texts.items()})
    start, _ = value_span(text, ())
    text, spans = with_items(text, start, item_spans(text, start), list(map(write, messages)))
    kept = {*range(len(spans))} - (edits.gone - left.keys())
    return cut(text, start, spans, kept, {number: write(one) for number, one in left.items()})


def _changed(value: Any, edits: TalkEdits, messages: Sequence[Any], left: Mapping[int, Any]) -> Any:
    for (*way, last), text in edits.texts.items():
        inner = value
        for step in way:
            inner = inner[step]
        inner[last] = text
    gone = edits.gone - left.keys()
    kept = [left.get(number, one) for number, one in enumerate(value) if number not in gone]
    return kept + list(messages)
