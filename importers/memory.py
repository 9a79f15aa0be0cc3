"""Tells errors of a machine without free memory from those of files that claim to be huge.

A decoder that cannot allocate memory fails like one that reads a broken file. The record must not
be counted as broken then: the step ends, and the next run continues.
"""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterator

ENOUGH = 1 << 30
"""Bytes, more than any valid record needs (see :data:`pairlens.importers.arrays.MAX_BYTES`). If so
much can still be allocated, an error about memory comes from a file that claims more."""

_WORDS = (
    "out of memory", "allocate memory", "enough memory", "insufficient memory",
    "unable to allocate", "cannot allocate", "can't start new thread", "failed to map segment",
    "bad_alloc", "bad allocation",
)  # fmt: skip
"""Messages of Pillow, OpenCV, torch, Arrow and the dynamic loader, which do not all raise
``MemoryError``."""


def ran_out(error: BaseException) -> bool:
    """Whether an error, or one in its chain, was raised since the machine has no memory left."""
    return any(map(_speaks_of_memory, chain_of(error))) and _is_short()


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yields an error, its cause or context, the cause or context of that, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _speaks_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error).lower()
    return any(words in text for words in _WORDS)


def _is_short() -> bool:
    """Whether :data:`ENOUGH` bytes cannot be allocated."""
    try:
        mmap.mmap(-1, ENOUGH, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return True
    return False
