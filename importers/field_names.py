"""Validates the names of new fields and evaluations."""

from __future__ import annotations

import re

from pairlens.importers import fields, fo_internals
from pairlens.importers.errors import UsageError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")

OWN = frozenset(
    value for name, value in vars(fields).items() if name.isupper() and isinstance(value, str)
)
"""PairLens' own fields, whether or not a dataset has them yet."""


def is_name(name: str) -> bool:
    """Whether a name has 1 to 100 letters, digits and ``_``, beginning with a letter."""
    return _NAME.fullmatch(name) is not None


def refuse_name(what: str, name: str) -> None:
    """Validates the name of a new field or evaluation.

    Args:
        what: what it names, for messages: ``"field name"``
        name: the name

    Raises:
        UsageError: if it is not made of letters, digits and ``_``, or is a name of PairLens' or
            FiftyOne's own
    """
    if not is_name(name):
        raise UsageError(
            f"{name[:200]!r} is no {what}; use up to 100 letters, digits and _, a letter first"
        )
    for names, whose in ((OWN, "PairLens"), (fo_internals.reserved_names(), "FiftyOne")):
        if name in names:
            raise UsageError(f"{name!r} is a name that {whose} uses itself; choose another {what}")
