"""Reads captions and conversations for the checks, once: which checks have something to say.

As with queries, what was read is kept with the sample, and a check looks again at those
samples alone of which it has something to say, to say it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any
from zlib import crc32

from fiftyone_plugin.checks.base import CHECKS, Check
from fiftyone_plugin.checks.readings import version
from fiftyone_plugin.checks.records import FIXED, Columns, Row
from fiftyone_plugin.checks.texts import for_kind
from importers import fields
from importers.formats.base import Kind

NAMES = ("texts", "fires")
"""What is stored: of what it is, as :func:`mark` has it, and the checks that fire."""

PATHS = tuple(f"{fields.READING}.{name}" for name in NAMES)

_TEXTS = {fields.CAPTIONS, fields.CONVERSATIONS}


def is_on_texts(one: Check) -> bool:
    """Whether a check goes by an image's texts alone, and with the parameters of a reading."""
    alone = one.scope == "pair" and bool(one.needs) and _TEXTS.issuperset(one.needs)
    return alone and one.params == CHECKS[one.name].params


@cache
def on_texts(kind: Kind) -> tuple[Check, ...]:
    """The checks that a reading of such a dataset's texts tells of."""
    of_kind = (for_kind(CHECKS[name], kind) for name in CHECKS if kind in CHECKS[name].kinds)
    return tuple(filter(is_on_texts, of_kind))


def read_texts(row: Row, columns: Columns, checks: Sequence[Check]) -> str:
    """The names of the checks that have something to say."""
    sample = columns.subject(row, measured=False)
    return " ".join(one.name for one in checks if any(True for _ in one.run(sample)))


def mark(row: Row, columns: Columns) -> str:
    """What tells a reading of this row's texts by these rules from others.

    All that a check which asks for texts only is given counts, save the key.
    """
    _, *told = row[: len(FIXED)]
    given: list[Any] = [*told, *(row[at] for at in (columns.captions, columns.turns) if at > 0)]
    return f"{version()}{crc32(json.dumps(given, default=str).encode()):08x}"
