"""Cells that say yes or no."""

from __future__ import annotations

from typing import Any

from pairlens.importers.errors import shown
from pairlens.importers.formats.table_cells import is_empty

_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0", ""})


def truth_of(cell: Any) -> bool:
    """Whether a cell says yes.

    Raises:
        ValueError: if it says neither yes nor no
    """
    text = "" if is_empty(cell) else str(cell).strip().casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError(f"{shown(text, 40)!r} is neither true nor false")


def is_truth_cell(cell: Any) -> bool:
    """Whether a cell says yes or no."""
    return isinstance(cell, bool | int | str) and str(cell).strip().casefold() in _TRUE | _FALSE
