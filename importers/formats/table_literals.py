"""What a text cell spells out that begins with a bracket or brace: lists and objects.

It is JSON, or what Python or NumPy prints for the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from pairlens.importers.json_members import loads

_TUPLE = re.compile(r"\([-+\d.eE,\s()\[\]]+\)")
"""Of numbers, as Python prints it."""

MAX_LITERAL = 1 << 17
"""Characters of what is read as Python; its parser takes hundreds of times as much memory."""

_PRINTED = re.compile(
    r"""('(?:[^'\\]|\\.)*+'?|"(?:[^"\\]|\\.)*+"?|[^\s,:()\[\]{}'"]+|\])(\s+(?=[^\s,:()\]}]))?""",
    re.DOTALL,
)
"""An item of a printed list, with the spaces that alone separate it from another one.

A text that does not end is taken to the end, so that no place is looked at twice."""


def structure(cell: Any) -> Any:
    """The value that a text cell spells out, or the cell itself.

    Raises:
        ValueError: with what is wrong with it, if it begins as one and is none
    """
    text = cell.strip() if isinstance(cell, str) else ""
    if text[:1] not in ("[", "{") or not text:
        return cell
    try:
        return loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        if len(text) <= MAX_LITERAL:
            try:
                return ast.literal_eval(_with_commas(text))
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                pass
        raise ValueError(f"is neither JSON nor a text ({error})") from None


def _with_commas(text: str) -> str:
    """A printed list with commas between its items: NumPy prints none, and Python joins texts."""
    return _PRINTED.sub(lambda item: f"{item[1]}," if item[2] else item[1], text)


def numbers_or(cell: Any, other: Any = None) -> Any:
    """As :func:`structure_or`, also for a tuple of numbers, which else is a text."""
    text = cell.strip() if isinstance(cell, str) else ""
    if len(text) > MAX_LITERAL or not _TUPLE.fullmatch(text):
        return structure_or(cell, other)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return structure_or(cell, other)
    return list(value) if isinstance(value, tuple) else cell


def spelled_out(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Cells with the values of those that spell out some, so that none is parsed twice."""
    return {column: structure_or(cell, cell) for column, cell in cells.items()}


def structure_or(cell: Any, other: Any = None) -> Any:
    """The value that a text cell spells out; another one where it begins as one and is none."""
    try:
        return structure(cell)
    except ValueError:
        return other
