"""Tokens of services, from the plugin's secrets or the environment; never logged or printed.

A token is not a parameter, since parameters are stored with the dataset and shown in summaries.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from typing import Any, NoReturn

from pairlens.importers.errors import UsageError

HTTP_TOKEN = "PAIRLENS_HTTP_TOKEN"
VLM_TOKEN = "PAIRLENS_VLM_TOKEN"
TOKEN_HOSTS = "PAIRLENS_TOKEN_HOSTS"
"""Comma-separated names of the only hosts that may receive a token; any host if not set."""

NAMES = (HTTP_TOKEN, VLM_TOKEN, TOKEN_HOSTS)
"""All secrets, as ``fiftyone.yml`` declares them."""

MIN_REDACTED = 6
"""Parts of a token with at least this many characters are redacted."""

Lookup = Callable[[str], str | None]

_lookup: ContextVar[Lookup] = ContextVar("pairlens_secrets", default=os.environ.get)


class Token:
    """A secret text that prints as stars; only :meth:`reveal` returns it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def redact(self, text: str) -> str:
        """Replaces the secret, and parts of it, by stars; case is ignored."""
        secret, folded = self._text.lower(), text.lower()
        size = min(MIN_REDACTED, len(secret))
        parts = {secret[start : start + size] for start in range(len(secret) - size + 1)}
        hidden = bytearray(len(text) + 1)
        for start in range(len(text) - size + 1):
            if folded[start : start + size] in parts:
                hidden[start : start + size] = b"\1" * size
        return "".join(
            "***" if is_hidden else "".join(c for _, c in run)
            for is_hidden, run in groupby(zip(hidden, text, strict=False), key=lambda pair: pair[0])
        )

    def __repr__(self) -> str:
        return "Token('***')"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled")


@contextmanager
def using_lookup(lookup: Lookup) -> Iterator[None]:
    """A context in which secrets are read from ``lookup``, and then from the environment.

    Args:
        lookup: function from a secret's name to its value or ``None``
    """
    reset = _lookup.set(lambda name: lookup(name) or os.environ.get(name))
    try:
        yield
    finally:
        _lookup.reset(reset)


def plugin_lookup(secrets: Any) -> Lookup:
    """A lookup in an operator's ``ctx.secrets``, whose values are texts or objects with one."""

    def lookup(name: str) -> str | None:
        value = secrets[name]
        return getattr(value, "value", value) or None

    return lookup


def find_token(name: str, host: str) -> Token | None:
    """The token for a service; ``None`` if none is set.

    Args:
        name: one of :data:`NAMES`
        host: the host that would receive it

    Raises:
        UsageError: if it cannot be part of a header, or the host may not receive it
    """
    text = (_lookup.get()(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise UsageError(
            f"{name} contains blanks or characters that are not allowed in a token; set it again"
        )
    allowed = (_lookup.get()(TOKEN_HOSTS) or "").lower().replace(",", " ").split()
    if allowed and host.lower() not in allowed:
        raise UsageError(f"{TOKEN_HOSTS} does not list {host!r}, so it is not sent {name}")
    return Token(text)
