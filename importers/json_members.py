"""Decodes JSON, and reports objects with duplicate keys, of which the last value counts.

RFC 8259 calls the behaviour of such objects unpredictable, and Python does not report them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from hashlib import blake2b
from typing import Any, TypeVar

from pairlens.importers.errors import OnNote, shown

T = TypeVar("T")

_MOST = 10_000
_EXCERPT = 120
"""Characters of an object in a message, enough to find it in its file."""


class _Duplicates:
    """Objects with duplicate members; each counts once, however often it is decoded."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._first = ""

    def take(self, pairs: list[tuple[str, Any]]) -> None:
        # A digest instead of the object, which may be large.
        digest = blake2b(repr(pairs).encode(errors="surrogatepass"), digest_size=16).digest()
        if len(self._seen) < _MOST:
            self._seen.add(digest)
        if not self._first:
            self._first = f"{shown(_duplicate_name(pairs), 60)!r} in {{{_excerpt(pairs)}}}"

    def note(self) -> str:
        count = f"{len(self._seen):,}" + " or more" * (len(self._seen) == _MOST)
        what = "object of JSON has" if count == "1" else "objects of JSON have"
        return (
            f"{count} {what} two members of one name, of which the last counts: {self._first}"
            if self._seen
            else ""
        )


def _duplicate_name(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))


def _excerpt(pairs: list[tuple[str, Any]]) -> str:
    values = ", ".join(f"{key!r}: {value!r}" for key, value in pairs[:_EXCERPT])
    with suppress(UnicodeError):  # strings from a window of a file are UTF-8 decoded as Latin-1
        values = values.encode("latin-1").decode()
    return shown(values, _EXCERPT)


_duplicates: ContextVar[_Duplicates | None] = ContextVar("pairlens_duplicate_members", default=None)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs) and (duplicates := _duplicates.get()) is not None:
        duplicates.take(pairs)
    return made


def report_duplicate_member(name: str) -> None:
    """Reports a duplicate key of an object whose members are decoded one by one."""
    if (duplicates := _duplicates.get()) is not None:
        duplicates.take([(name, "..."), (name, "...")])


DECODER = json.JSONDecoder(object_pairs_hook=_object)
"""A JSON decoder that reports duplicate keys; all readers of files use it."""


def loads(data: str | bytes) -> Any:
    """Does what ``json.loads`` does, and reports duplicate keys.

    Raises:
        ValueError: if it is not JSON
        RecursionError: if it is nested too deeply
    """
    if isinstance(data, bytes):
        data = data.decode(json.detect_encoding(data), "surrogatepass")
    elif data.startswith("\ufeff"):
        raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", data, 0)
    return DECODER.decode(data)


def reporting_duplicate_members(items: Iterator[T], on_note: OnNote) -> Iterator[T]:
    """Yields the items of a reader, and in the end reports objects with duplicate members.

    Args:
        items: of a reader, which decodes JSON as they are taken
        on_note: takes the report
    """
    duplicates = _Duplicates()
    try:
        while True:
            # Set only while the reader runs: the consumer of the items may decode other JSON.
            token = _duplicates.set(duplicates)
            try:
                item = next(items)
            finally:
                _duplicates.reset(token)
            yield item
    except StopIteration:
        if note := duplicates.note():
            on_note(note)
