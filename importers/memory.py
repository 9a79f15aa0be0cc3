"""Whether the machine has no memory left, and telling that from a file that claims much.

A decoder that gets no memory fails as one does on a broken file. A record is not to be counted as
broken for that: the step ends, and what was not done is done by the next run.
"""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterator

ENOUGH = 1 << 30
"""Bytes; no record takes more (see :data:`pairlens.importers.arrays.MAX_BYTES`). Where so much can
still be had, an error that speaks of memory is of a file that claims more."""

_WORDS = (
    "out of memory", "allocate memory", "enough memory", "insufficient memory",
    "unable to allocate", "cannot allocate", "can't start new thread", "failed to map segment",
    "bad_alloc", "bad allocation",
)  # fmt: skip
"""Of Pillow, OpenCV, torch, Arrow and the system's loader, which raise errors of other classes."""


def ran_out(error: BaseException) -> bool:
    """Whether an error, or one that it came of, is of a machine that has no memory left."""
    return any(map(_speaks_of_memory, chain_of(error))) and _is_short()


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that were met or handled when it was raised."""
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
    try:
        mmap.mmap(-1, ENOUGH, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return True
    return False
