"""A setting of a reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReadParam:
    """A setting of a reader.

    Attributes:
        name: for ``--param NAME=VALUE`` and as a keyword of ``read``
        about: what it sets and what it is without, for people
        parse: makes the value of its text; a ``ValueError`` says in words what was expected
    """

    name: str
    about: str
    parse: Callable[[str], Any] = str
