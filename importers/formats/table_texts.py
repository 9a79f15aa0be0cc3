"""The texts that a cell of a table holds, and cells that hold others."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from pairlens.importers.errors import shown
from pairlens.importers.formats.table_cells import describe_empty, is_empty
from pairlens.importers.formats.table_literals import structure_or

MAX_PHRASES = 1000
"""In one cell."""


def texts_of(cell: Any, separator: str | None) -> list[str]:
    """The texts of a cell, each as it stands: one, or those of a list or between separators.

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
            listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
            found = value if listed else cell
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


def with_texts(cell: Any, separator: str | None, texts: list[str]) -> Any:
    """A cell with other texts in the notation that it has.

    Raises:
        ValueError: if one of them cannot be written in it
    """
    if separator and isinstance(cell, str):
        if any(separator in text for text in texts):
            raise ValueError(f"a text with {separator!r} in it cannot stand between such")
        spaced = f"{separator} " in cell
        made: Any = (f"{separator} " if spaced else separator).join(texts)
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


def _listed_as(cell: str, texts: list[str]) -> str:
    """A list of texts, spelled as another one: as JSON, or as Python prints it."""
    try:
        json.loads(cell)
    except ValueError:
        return repr(texts)
    return json.dumps(texts, ensure_ascii=cell.isascii())
