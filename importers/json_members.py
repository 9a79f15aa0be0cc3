"""Decodes JSON, and tells of objects that have two members of one name, of which the last counts.

The standard calls such objects unpredictable, and Python is silent about them.
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
"""Characters, by which the object is found in its file."""


class _Doubled:
    """Objects with two members of one name; each counts once, however often it is decoded."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._first = ""

    def take(self, pairs: list[tuple[str, Any]]) -> None:
        # Of what may be a large object no more than a digest stays.
        digest = blake2b(repr(pairs).encode(errors="surrogatepass"), digest_size=16).digest()
        if len(self._seen) < _MOST:
            self._seen.add(digest)
        if not self._first:
            self._first = f"{shown(_doubled_name(pairs), 60)!r} in {{{_excerpt(pairs)}}}"

    def told(self) -> str:
        count = f"{len(self._seen):,}" + " or more" * (len(self._seen) == _MOST)
        what = "object of JSON has" if count == "1" else "objects of JSON have"
        return (
            f"{count} {what} two members of one name, of which the last counts: {self._first}"
            if self._seen
            else ""
        )


def _doubled_name(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))


def _excerpt(pairs: list[tuple[str, Any]]) -> str:
    values = ", ".join(f"{key!r}: {value!r}" for key, value in pairs[:_EXCERPT])
    with suppress(UnicodeError):  # what was cut out of a file, a character a byte
        values = values.encode("latin-1").decode()
    return shown(values, _EXCERPT)


_doubled: ContextVar[_Doubled | None] = ContextVar("pairlens_doubled_members", default=None)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs) and (doubled := _doubled.get()) is not None:
        doubled.take(pairs)
    return made


def tell_doubled(name: str) -> None:
    """Tells of a member that stands twice in an object which is read piece by piece."""
    if (doubled := _doubled.get()) is not None:
        doubled.take([(name, "..."), (name, "...")])


DECODER = json.JSONDecoder(object_pairs_hook=_object)
"""For the readers of files; as Python's own."""


def loads(data: str | bytes) -> Any:
    """As ``json.loads``.

    Raises:
        ValueError: if it is no JSON
        RecursionError: if it is nested too deeply
    """
    if isinstance(data, bytes):
        data = data.decode(json.detect_encoding(data), "surrogatepass")
    elif data.startswith("\ufeff"):
        raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", data, 0)
    return DECODER.decode(data)


def telling_doubled(items: Iterator[T], on_note: OnNote) -> Iterator[T]:
    """What a reader yields; in the end it is told which objects have doubled members."""
    doubled = _Doubled()
    try:
        while True:
            # Each time anew: whoever takes an item decodes other things.
            token = _doubled.set(doubled)
            try:
                item = next(items)
            finally:
                _doubled.reset(token)
            yield item
    except StopIteration:
        if told := doubled.told():
            on_note(told)
