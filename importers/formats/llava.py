r"""Parses records of questions and answers about an image, in the forms in use.

Training data is LLaVA's or has messages with roles, evaluation data is as RS-GPT4V, GeoChat-Bench
and VRSBench publish it::

    {"id": "1", "image": "a/b.jpg", "conversations": [
        {"from": "human", "value": "<image>\nHow many ships?"}, {"from": "gpt", "value": "Two."}]}
    {"messages": [{"role": "user", "content": "<image>How many ships?"},
                  {"role": "assistant", "content": "Two."}], "images": ["a/b.jpg"]}
    {"question_id": 0, "image": "a/b.tif", "text": "How many ships?", "answer": "Two." | [...],
     "category": "count"}
    {"question_id": 0, "image_id": "P0003_0002", "question": "the ship", "type": "ref",
     "ground_truth": "{<25><40><33><60>}" | [[[x, y], ...]], "obj_corner": [x1, y1, ... y4]}
    {"image_id": "P0003_0002.png", "description": "A port with two ships."}

Texts stay exactly as published, ``<image>`` and line ends with them. A content may be a list of
parts, which can name the image in place of the record: :mod:`.message_parts`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeGuard

from pairlens.importers.bounded_json import is_number
from pairlens.importers.files import is_text
from pairlens.importers.formats.message_parts import image_names
from pairlens.importers.formats.messages import (
    MAX_MESSAGES,
    TurnText,
    contents_of,
    form_of,
    kind_of,
    rules_of,
    text_of,
    turns_in,
)
from pairlens.importers.image_lookup import clean_path

MAX_CATEGORY = 100
"""Characters; a longer text names no task."""

QUESTION_KEYS, ANSWER_KEYS = ("text", "question"), ("answer", "answers", "ground_truth")
CATEGORY_KEYS = ("category", "task", "type")
IMAGE_KEYS = ("image", "image_id", "images")
_CAPTION_KEY = "description"
"""Of records that are a caption, and hold no question."""

ASKED = "Describe the image in detail"
"""What a caption that nobody asked for is taken to answer, as in VRSBench's evaluation records."""

_ASKS_CAPTION = re.compile(
    r"\b(?:give|provide|write|generate|create|compose|produce|offer)\b[^.?!\n]{0,80}\bcaptions?\b",
    re.IGNORECASE,
)


class RecordOutline(NamedTuple):
    """A polygon that a record holds beside its texts.

    Attributes:
        label: the words that it goes with
        points: (x, y) in order
        shares: whether they are shares of the image by their name; else their scale is not known
    """

    label: str
    points: tuple[tuple[float, float], ...]
    shares: bool


class Parsed(NamedTuple):
    """A record.

    Attributes:
        image: the path it names, cleaned
        turns: in the order in which they stand
        category: the task that the record names; ``""`` where it does not
        listed: whether its answer is a list
        id: a hash of the id it gives itself, for this process; ``None`` where it gives none
        outlines: of objects
        rules: rules for parts of its messages that are to be reported
    """

    image: str
    turns: tuple[TurnText, ...]
    category: str
    listed: bool
    id: int | None
    outlines: tuple[RecordOutline, ...] = ()
    rules: tuple[str, ...] = ()


def looks_trained(record: Any) -> bool:
    """Whether a JSON value is a record of a training form, broken or not."""
    return isinstance(record, dict) and ("conversations" in record or looks_chatted(record))


def looks_chatted(record: Any) -> bool:
    """Whether a JSON value is a training record with roles, broken or not."""
    if not isinstance(record, dict) or "messages" not in record:
        return False
    return bool(record.keys() & {*IMAGE_KEYS}) or any(image_names(contents_of(record)))


def looks_evaluated(record: Any) -> bool:
    """Whether a JSON value is a record of an evaluation form, broken or not."""
    if not isinstance(record, dict) or looks_trained(record):
        return False
    if "image" in record and _one_of(record, QUESTION_KEYS) is not None:
        return bool(_one_of(record, ANSWER_KEYS) or "question_id" in record)
    return looks_benched(record)


def looks_benched(record: Any) -> bool:
    """Whether a JSON value is an evaluation record as GeoChat-Bench and VRSBench have them."""
    if not isinstance(record, dict) or looks_trained(record):
        return False
    if "image_id" in record:
        asked = "question" in record and "question_id" in record
        return asked or _CAPTION_KEY in record
    return "image" in record and "ground_truth" in record and "text" in record


def is_unanswered(record: Any) -> bool:
    """Whether an evaluation record is a question alone, whose answer is published elsewhere."""
    return looks_evaluated(record) and not record.keys() & {*ANSWER_KEYS, _CAPTION_KEY}


def parse(record: Any) -> Parsed:
    """Reads a record of any form.

    Raises:
        ValueError: with what is wrong with it
    """
    if not isinstance(record, dict):
        raise ValueError(f"a record is an object, not {kind_of(record)}")
    image = _image(record)
    category = _category(record)
    form = form_of(record)
    if form is not None:
        turns, listed = tuple(turns_in(record[form.list], form)), False
    else:
        turn, listed = _evaluated(record)
        turns = (turn,)
        category = category or "caption" * (turn.question_at is None)
    if not turns:
        raise ValueError("the conversation holds no question and no answer")
    outlines, rules = tuple(_outlines(record)), tuple(rules_of(record, turns))
    return Parsed(image, turns, category, listed, _id(record), outlines, rules)


def is_caption(question: str, category: str, listed: bool) -> bool:
    """Whether the answers of a turn are captions of the image.

    They are where the category says so, and where there is none, if the answers come as a
    list or the question asks for a caption.
    """
    if category:
        return "caption" in category.casefold()
    return listed or bool(_ASKS_CAPTION.search(question))


def _image(record: dict[str, Any]) -> str:
    key = _one_key(record, IMAGE_KEYS) or IMAGE_KEYS[0]
    image = record.get(key)
    if isinstance(image, list) and len(image) == 1:
        image = image[0]
        image = image.get("path", image) if isinstance(image, dict) else image
    shown = list(dict.fromkeys(image_names(contents_of(record))))
    if len(shown) > 1:
        raise ValueError(f"its messages name {len(shown)} images, and a record is read of one")
    if image is None or image == []:
        # What the record itself names counts before what its messages do.
        key, image = "messages", shown[0] if shown else None
    if image is None:
        raise ValueError("the record names no image")
    if isinstance(image, list) and key == "images":
        raise ValueError(f"{key!r} names {len(image)} images, and a record is read of one")
    if not isinstance(image, str):
        raise ValueError(f"{key!r} is {kind_of(image)}, not one path")
    if image.startswith("data:"):
        raise ValueError("its image stands in the record as data; write it to a file and name that")
    try:
        return clean_path(image.removeprefix("file://"))
    except ValueError as error:
        raise ValueError(f"the image path {image[:80]!a} {error}") from error


def _category(record: dict[str, Any]) -> str:
    category = _one_of(record, CATEGORY_KEYS)
    if not isinstance(category, str) or not is_text(category) or len(category) > MAX_CATEGORY:
        return ""
    return category


def _id(record: dict[str, Any]) -> int | None:
    given = record.get("question_id", record.get("id"))
    return hash(given) if isinstance(given, str | int) else None


def _evaluated(record: dict[str, Any]) -> tuple[TurnText, bool]:
    key, answer_key = _one_key(record, QUESTION_KEYS), _one_key(record, ANSWER_KEYS)
    if key is None and _CAPTION_KEY in record:
        caption = text_of(record[_CAPTION_KEY], f"{_CAPTION_KEY!r}")
        return TurnText(ASKED, (caption,), None, ((_CAPTION_KEY,),)), False
    if key is None:
        raise ValueError("the record has neither 'conversations' nor a 'text' that asks")
    if answer_key is None:
        raise ValueError("the record has no 'answer'")
    question, answer = text_of(record[key], f"{key!r}"), record[answer_key]
    if _is_polygons(answer):
        return TurnText(question, (json.dumps(_rings(answer)),), (key,), ()), False
    if not isinstance(answer, list):
        answers = (_answer(answer, f"{answer_key!r}"),)
        return TurnText(question, answers, (key,), ((answer_key,),)), False
    if len(answer) > MAX_MESSAGES:
        raise ValueError(f"the record has more than {MAX_MESSAGES:,} answers")
    answers = tuple(_answer(a, f"answer {i}") for i, a in enumerate(answer))
    places = tuple((answer_key, i) for i in range(len(answers)))
    return TurnText(question, answers, (key,), places), True


def _outlines(record: dict[str, Any]) -> Iterator[RecordOutline]:
    """The polygons of a record: VRSBench's rotated box, or what GeoChat-Bench has for an answer."""
    label = record.get("question")
    label = label if isinstance(label, str) and is_text(label) else ""
    corners, answer = record.get("obj_corner"), record.get("ground_truth")
    if isinstance(corners, list) and len(corners) == 8 and all(map(is_number, corners)):
        yield RecordOutline(
            label, tuple(zip(corners[::2], corners[1::2], strict=True)), shares=True
        )
    elif _is_polygons(answer):
        for ring in _rings(answer):
            yield RecordOutline(label, tuple((float(x), float(y)) for x, y in ring), shares=False)


def _is_polygons(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list of polygons: lists of points, or of their numbers one by one."""
    return isinstance(value, list) and bool(value) and all(map(_is_ring, value))


def _rings(polygons: list[Any]) -> list[list[Any]]:
    """Polygons as lists of points."""
    return [
        ring if isinstance(ring[0], list) else list(zip(ring[::2], ring[1::2], strict=True))
        for ring in polygons
    ]


def _is_ring(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if all(map(is_number, value)):
        return len(value) >= 6 and len(value) % 2 == 0
    points = (isinstance(p, list) and len(p) == 2 and all(map(is_number, p)) for p in value)
    return len(value) >= 3 and all(points)


def _answer(value: Any, what: str) -> str:
    """An answer; a number, as a count may be written, is one too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_of(value, what)


def _one_key(record: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in record), None)


def _one_of(record: dict[str, Any], keys: tuple[str, ...]) -> Any:
    key = _one_key(record, keys)
    return None if key is None else record[key]
