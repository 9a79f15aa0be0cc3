"""Large images and masks one at a time, so that workers together do not fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

LARGE = 1 << 22
"""Pixels; of smaller ones, as many as there are workers are held at once."""

_one = RLock()


@contextmanager
def one_large_at_a_time(pixels: int) -> Iterator[None]:
    """Waits, where an image is large, until no other thread of this process works at one."""
    if pixels <= LARGE:
        yield
        return
    with _one:
        yield
