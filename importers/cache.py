"""The folder of the cache: where it is, how much it may hold and how much it does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pairlens.importers.errors import UsageError

CACHE_VARIABLE = "PAIRLENS_CACHE"
"""Names the folder of the cache."""

BOUND_VARIABLE = "PAIRLENS_CACHE_GB"
"""How many GB (of 10^9 bytes) the cache may hold."""

BOUND_GB = 100.0


def cache_folder() -> Path:
    """The folder of the cache."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pairlens"


def bound_bytes() -> int:
    """How many bytes the cache may hold.

    Raises:
        UsageError: if the setting is no number above 0
    """
    text = os.environ.get(BOUND_VARIABLE) or str(BOUND_GB)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise UsageError(f"{BOUND_VARIABLE} is {text!r}; give a number of GB above 0")
    return int(number * 1e9)


def held_bytes(folder: Path) -> int:
    """Bytes of the files in a folder, each counted once however often it is linked."""
    sizes: dict[int, int] = {}
    for facts in _files(str(folder)):
        sizes[facts.st_ino] = facts.st_size
    return sum(sizes.values())


def _files(folder: str) -> Iterator[os.stat_result]:
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                yield os.lstat(os.path.join(place, name))  # noqa: PTH118 - of millions of files
