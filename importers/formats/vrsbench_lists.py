"""The lists of records of VRSBench, written so that they say what the exported annotations do.

``VRSBench_train.json`` and ``VRSBench_EVAL_*.json`` were made of the annotations: a caption, a
sentence or a question a record. Of an image that is left out no record stays; of one of which an
object was dropped, only the referring records stay that match an object which was kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pairlens.importers.errors import StateError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.instruction_export import Pieces
from pairlens.importers.formats.instruction_files import TextFile
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.formats.llava import Parsed, parse
from pairlens.importers.formats.message_parts import JsonPath, text_edits
from pairlens.importers.formats.messages import TurnText
from pairlens.importers.json_items import Item
from pairlens.importers.json_stream import read_items
from pairlens.importers.source_files import open_source

_PHRASE = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_REFER = "[refer]"


@dataclass
class KeptParts:
    """What of an annotation is exported.

    Attributes:
        whole: whether none of its objects was dropped
        sentences: of the objects that are exported, as published, as :func:`compared`
        edits: texts to write by those that were published
        answers: questions and answers to write by those that were published
        gone: questions and answers that were removed; of a caption the question is ""
    """

    whole: bool = True
    sentences: set[str] = field(default_factory=set)
    edits: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)


def compared(sentence: str) -> str:
    """A sentence as it is compared: records have some without their stop."""
    return " ".join(sentence.split()).rstrip(" .").casefold()


def write_list(file: TextFile, out: Path, kept: dict[str, KeptParts]) -> tuple[int, bool]:
    """Writes a list of records.

    Args:
        file: the list
        out: the folder to write to
        kept: by the name of the image; others are left out

    Returns:
        the number of records written, and whether the file differs from the source

    Raises:
        StateError: if it cannot be read or written
    """
    target = native_export.inside(out, file.name)
    changed = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            open_source(file.path) as stream,
            open_source(file.path) as copied,
            open(target, "wb") as written,
        ):
            pieces = Pieces(copied, written, b"," if file.form == "list" else b"")
            for item in read_items(stream, file.form):
                if item.last:
                    raise StateError(f"{file.name} is cut short: nothing was exported")
                data = _record(item, kept)
                changed |= data != item.data
                pieces.take(item, data)
            pieces.end(None)
    except OSError as error:
        raise native_export.cannot("copied", file.name, error) from error
    if not pieces.written:
        target.unlink()
    return pieces.written, changed


def _record(item: Item, kept: dict[str, KeptParts]) -> bytes | None:
    """The record to write; ``None`` where its image or object is left out."""
    try:
        record = item.load()
        parsed = parse(record)
    except ValueError:
        return None
    found = kept.get(parsed.image.rpartition("/")[2])
    if found is None or not all(_stays(parsed, turn, found) for turn in parsed.turns):
        return None
    values: dict[JsonPath, str] = {}
    for turn in parsed.turns:
        for place, new_text in _edits(turn, found):
            values |= text_edits(record, place, new_text)
    if not values:
        return item.data
    text = item.data.decode()
    new = {at: json.dumps(value, ensure_ascii=text.isascii()) for at, value in values.items()}
    return replace_values(text, new).encode()


def _stays(parsed: Parsed, turn: TurnText, kept: KeptParts) -> bool:
    if any(turn.answers == (answer,) and text in turn.question for text, answer in kept.gone):
        return False
    refers = _REFER in turn.question or parsed.category == "ref"
    return kept.whole or not refers or compared(_sentence(turn.question)) in kept.sentences


def _sentence(question: str) -> str:
    """The words of a question that refer to an object."""
    marked = _PHRASE.search(question)
    return marked[1] if marked else question


def _edits(turn: TurnText, kept: KeptParts) -> Iterator[tuple[JsonPath, str]]:
    """Where a record holds a text that was edited, and what to write there."""
    for question, answer in kept.answers:
        if turn.answers == (answer,) and question in turn.question and turn.question_at:
            new_question, new_answer = kept.answers[question, answer]
            yield turn.question_at, turn.question.replace(question, new_question)
            yield turn.answers_at[0], new_answer
            return
    if turn.answers and turn.answers[0] in kept.edits and turn.answers_at:
        yield turn.answers_at[0], kept.edits[turn.answers[0]]
    sentence = _sentence(turn.question)
    for old, new in kept.edits.items():
        if turn.question_at and compared(sentence) == compared(old):
            written = new if sentence.endswith(".") else new.rstrip(" .")
            yield turn.question_at, turn.question.replace(sentence, written)
