"""Limits the threads of a process to one large image at a time, to bound the use of memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

LARGE = 1 << 22
"""Pixels from which on an image is large."""

_one = RLock()


@contextmanager
def one_large_at_a_time(pixels: int) -> Iterator[None]:
    """Waits, if an image is large, until no other thread of this process works on a large one."""
    if pixels <= LARGE:
        yield
        return
    with _one:
        yield
