"""Fewer runs of Python's garbage collector while millions of documents are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 50_000
"""New containers between two looks, about 2,000 documents; by default 700, about 30."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Makes collections rare.

    Documents form no cycles: they go when their batch is read or written, and every look at
    those that are being made is in vain. The default threshold makes those looks two thirds of
    the time that the documents take.
    """
    before = gc.get_threshold()
    if before[0]:  # somebody may have switched it off
        gc.set_threshold(max(before[0], _OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
