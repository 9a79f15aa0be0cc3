"""Registries of formats, conventions, checks, predictors and converters.

Entries of PairLens register when their package is imported. Those of other packages are found
through entry points, each of which names a module that registers its entries on import::

    [project.entry-points."pairlens.checks"]
    my_checks = "my_package.my_checks"
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.metadata import entry_points
from threading import RLock
from typing import Generic, TypeVar

from pairlens.importers.errors import UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping by name that refuses duplicates.

    Args:
        kind: what an entry is, for messages: ``"format"``
        group: the entry points whose modules register more entries; they are imported when
            the registry is first read

    Attributes:
        broken: by entry point, why its module could not be imported
    """

    def __init__(self, kind: str, group: str | None = None) -> None:
        self._kind = kind
        self._group = group
        self._things: dict[str, T] = {}
        self._lock = RLock()
        self.broken: dict[str, str] = {}

    def add(self, name: str, thing: T) -> T:
        """Adds an entry.

        Raises:
            ValueError: if the name is taken, which is a mistake in the code
        """
        if name in self._things:
            raise ValueError(f"a {self._kind} named {name!r} is already registered")
        self._things[name] = thing
        return thing

    def __getitem__(self, name: str) -> T:
        self._load()
        try:
            return self._things[name]
        except KeyError:
            raise UnknownName(self._kind, name, self._things) from None

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._things)

    def __len__(self) -> int:
        self._load()
        return len(self._things)

    def values(self) -> list[T]:
        """Returns the entries in the order in which they were added."""
        self._load()
        return list(self._things.values())

    def _load(self) -> None:
        """Imports the modules of other packages, once; a broken one loses only its own entries."""
        if self._group is None:
            return
        with self._lock:  # reentrant: a module may read the registry while it registers
            group, self._group = self._group, None
            if group is None:
                return
            for entry in entry_points(group=group):
                try:
                    entry.load()
                except Exception as error:
                    self.broken[entry.name] = f"{type(error).__name__}: {error}"
                    warnings.warn(
                        f"the {self._kind}s of {entry.value} ({group}) cannot be used: "
                        f"{self.broken[entry.name]}",
                        stacklevel=3,
                    )
