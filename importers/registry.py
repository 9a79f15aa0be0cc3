"""Names for things of one kind: formats, conventions, checks, predictors, exporters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from importers.errors import UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping that refuses a second thing of the same name.

    Args:
        kind: what the things are, for messages: ``"format"``
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Adds a thing.

        Raises:
            ValueError: if the name is taken, which is a mistake in the code
        """
        if name in self._things:
            raise ValueError(f"a {self._kind} named {name!r} is already registered")
        self._things[name] = thing
        return thing

    def __getitem__(self, name: str) -> T:
        try:
            return self._things[name]
        except KeyError:
            raise UnknownName(self._kind, name, self._things) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def values(self) -> list[T]:
        """The things, in the order they were added."""
        return list(self._things.values())
