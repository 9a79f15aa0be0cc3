"""Frozen dataclasses for values of which an import makes a dozen for every sample."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=True)
def frozen(cls: type[T]) -> type[T]:
    """A slotted dataclass with a hash, whose fields are frozen for the type checker alone.

    Python freezes a dataclass by setting each field through ``object.__setattr__``: one of nine
    fields takes four times as long to make, and ten times as long to pickle. It has two fields or
    more.
    """
    made: Any = dataclass(slots=True, unsafe_hash=True)(cls)
    values = attrgetter(*(field.name for field in fields(made)))

    def reduced(self: Any) -> tuple[type[T], tuple[Any, ...]]:
        return made, values(self)

    made.__reduce__ = reduced
    return made
