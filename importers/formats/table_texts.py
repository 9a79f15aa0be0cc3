"""The texts that a cell of a table holds, and cells that hold others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pairlens.importers.errors import shown
from pairlens.importers.formats.table_cells import (
    MASK_ENDINGS,
    describe_empty,
    is_empty,
    is_file_cell,
)
from pairlens.importers.formats.table_literals import structure, structure_or

MAX_PHRASES = 1000
"""In one cell."""

_TEXT_KEYS = ("raw", "sent", "sentence", "caption", "text")
"""Of objects that hold a text beside other things, such as Karpathy's sentences of an image."""


def is_text_cell(cell: Any) -> bool:
    """Whether a cell looks like words: one text, a list of them, or of objects that hold one."""
    if isinstance(cell, str):
        value = structure_or(cell, cell)
        if isinstance(value, str):
            return bool(re.search(r"[^\W\d_]", cell)) and not is_file_cell(cell, MASK_ENDINGS)
        cell = value
    return isinstance(cell, list) and bool(cell) and _listed_texts(cell) is not None


def _listed_texts(value: list[Any]) -> list[str] | None:
    """The texts of a list of texts, or of objects that hold one; ``None`` for other lists."""
    if all(isinstance(one, str) for one in value):
        return value
    key = _text_key(value)
    return [one[key] for one in value] if key else None


def _text_key(value: Sequence[Any]) -> str:
    """The member that holds the text in each object of a list; ``""`` for other lists."""
    if not value or not all(isinstance(one, Mapping) for one in value):
        return ""
    return next((k for k in _TEXT_KEYS if all(isinstance(one.get(k), str) for one in value)), "")


def texts_of(cell: Any, separator: str | None) -> list[str]:
    """The texts of a cell, each as it stands: one, those of a list or between separators, or those
    that the objects of a list hold.

    Raises:
        ValueError: with what is wrong with it
    """
    if separator and isinstance(cell, str):
        found: Any = [text.strip() for text in cell.split(separator)]
    else:
        found = cell
        if isinstance(cell, str):
            # "[1] a red house" is a text, and so is a list of other things than texts.
            value = structure_or(cell, cell)
            listed = isinstance(value, list) and _listed_texts(value) is not None
            found = value if listed else cell
        if isinstance(found, list):
            found = _listed_texts(found) or found
    texts = [found] if not isinstance(found, list) else found
    if is_empty(cell) or not texts:
        raise ValueError(describe_empty(cell if texts else None))
    if len(texts) > MAX_PHRASES:
        raise ValueError(f"holds more than {MAX_PHRASES:,} texts")
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"holds {type(text).__name__}, not a text")
        if is_empty(text):
            raise ValueError("holds an empty text")
    return texts


def text_cell(text: str) -> str:
    """A cell that is read as this one text: itself, or a list of it where it looks like a list.

    Raises:
        ValueError: if it is read as an empty cell
    """
    for cell in (text, json.dumps([text], ensure_ascii=text.isascii())):
        with suppress(ValueError):
            if texts_of(cell, None) == [text]:
                return cell
    raise ValueError(f"a cell that holds {shown(text, 40)!r} is read as empty; say it otherwise")


def with_texts(cell: Any, separator: str | None, changed: Sequence[str | None]) -> Any:
    """A cell with other texts in the notation that it has.

    Args:
        cell: that holds texts
        separator: what stands between them in a cell that is no list
        changed: what stands in place of each of its texts, ``None`` for nothing, and behind them
            those that are added

    Raises:
        ValueError: if one of them cannot be written in it
    """
    texts = [text for text in changed if text is not None]
    if separator and isinstance(cell, str):
        if any(separator in text for text in texts):
            raise ValueError(f"a text with {separator!r} in it cannot stand between such")
        spaced = f"{separator} " in cell
        made: Any = (f"{separator} " if spaced else separator).join(texts)
    elif isinstance(value := structure(cell), list) and (key := _text_key(value)):
        made = _with_objects(value, key, changed)
        made = _listed_as(cell, made) if isinstance(cell, str) else made
    elif not isinstance(cell, str):
        made = texts
    elif texts_of(cell, None) == [cell]:
        if len(texts) > 1:
            raise ValueError("a cell that is one text cannot hold another; remove one of them")
        return text_cell(texts[0])
    else:
        made = _listed_as(cell, texts)
    if texts_of(made, separator) != texts:
        raise ValueError(f"a cell that holds {shown(str(made), 80)!r} is read as other texts")
    return made


def _with_objects(
    value: list[Mapping[str, Any]], key: str, changed: Sequence[str | None]
) -> list[Mapping[str, Any]]:
    """Objects with other texts; of a new text, ``tokens`` are its words."""
    made: list[Mapping[str, Any]] = []
    for number, text in enumerate(changed):
        old = value[number] if number < len(value) else None
        if text is None:
            continue
        if old is not None and old[key] == text:
            made.append(old)
            continue
        tokens = {"tokens": text.split()} if "tokens" in value[0] else {}
        made.append({**(old or {}), **tokens, key: text})
    return made


def _listed_as(cell: str, texts: Sequence[Any]) -> str:
    """A list, spelled as another one: as JSON, or as Python prints it."""
    try:
        json.loads(cell)
    except ValueError:
        return repr(texts)
    return json.dumps(texts, ensure_ascii=cell.isascii())
