"""A fast replacement for ``@dataclass(frozen=True)``, for objects that imports make by millions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Makes a class a slotted, hashable dataclass that only the type checker treats as frozen.

    A truly frozen dataclass sets each field through ``object.__setattr__``: with nine fields, it
    takes four times as long to create and ten times as long to pickle. The class must have two
    fields or more.
    """
    made: Any = dataclass(slots=True, unsafe_hash=True)(cls)
    values = attrgetter(*(field.name for field in fields(made)))

    def reduced(self: Any) -> tuple[type[T], tuple[Any, ...]]:
        return made, values(self)

    made.__reduce__ = reduced
    return made
