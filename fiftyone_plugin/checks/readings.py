"""Reads queries for the checks, once: what was read is kept with the sample.

Reading a query takes longer than all else that is done with a pair. Of what is found the
numbers and the kinds of things are kept, not the words: enough to tell which pairs a check must
look at. Those few queries it reads again itself.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from fiftyone_plugin import language
from fiftyone_plugin.checks.base import CHECKS, Check, Subject
from fiftyone_plugin.checks.positions import named_region
from fiftyone_plugin.checks.said import Reading, say
from fiftyone_plugin.checks.wording import undescribed
from importers import fields


def read(query: str) -> Reading:
    """Reads a query."""
    words, told = language.normal_form(query), undescribed(query)
    subject = Subject("", "", "", query)
    return (
        mark(query),
        len(query.split()),
        _hash(words) if words else 0,
        -1 if told is None else len(told[0]),
        " ".join(one.name for one in _on_queries() if _fires(one, subject)),
        say(query, named_region(query)),
    )


def mark(query: str) -> str:
    """What tells a reading of this query by these rules from others."""
    return f"{version()}{crc32(query.encode('utf-8', 'replace')):08x}"


@cache
def version() -> str:
    """Tells the rules that queries are read by: those of the language and of the checks."""
    rules = blake2b(digest_size=4)
    for package in (Path(language.__file__).parent, Path(__file__).parent):
        for file in sorted(package.glob("*.py")):
            rules.update(file.read_bytes())
    return rules.hexdigest()


def is_on_query(one: Check) -> bool:
    """Whether a check goes by the query alone, so that a reading tells whether it fires."""
    return one.needs == (fields.PHRASE,) and one.scope == "pair" and not one.params


@cache
def _on_queries() -> tuple[Check, ...]:
    return tuple(CHECKS[name] for name in CHECKS if is_on_query(CHECKS[name]))


def _fires(one: Check, subject: Subject) -> bool:
    return any(True for _ in one.function(subject))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest()) + 1
