"""The cache folder: its path, its maximum size and its present size."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pairlens.importers.errors import UsageError

CACHE_VARIABLE = "PAIRLENS_CACHE"
"""Environment variable with the path of the cache."""

BOUND_VARIABLE = "PAIRLENS_CACHE_GB"
"""Environment variable with the maximum size of the cache in GB (10^9 bytes)."""

BOUND_GB = 100.0
"""Default maximum size of the cache in GB."""


def cache_folder() -> Path:
    """Returns the cache folder, ``~/.cache/pairlens`` by default; it need not exist."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pairlens"


def bound_bytes() -> int:
    """Returns the maximum size of the cache in bytes.

    Raises:
        UsageError: if the setting is not a number above 0
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
    """Returns the total size of the files in a folder in bytes, counting hard links once."""
    sizes: dict[int, int] = {}
    for facts in _files(str(folder)):
        sizes[facts.st_ino] = facts.st_size
    return sum(sizes.values())


def _files(folder: str) -> Iterator[os.stat_result]:
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                yield os.lstat(os.path.join(place, name))  # noqa: PTH118 - of millions of files
