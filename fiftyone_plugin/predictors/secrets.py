"""Tokens of services, from the plugin's secrets or the environment; never logged or printed.

A token is no parameter: parameters are stored with the dataset and shown in summaries.
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
"""Host names, with commas between, that alone may be sent a token; any if not set."""

NAMES = (HTTP_TOKEN, VLM_TOKEN, TOKEN_HOSTS)
"""What ``fiftyone.yml`` declares under ``secrets``."""

SHOWN = 6
"""Characters of a token that stand nowhere together."""

Lookup = Callable[[str], str | None]

_lookup: ContextVar[Lookup] = ContextVar("pairlens_secrets", default=os.environ.get)


class Token:
    """A secret text that prints as stars; :meth:`reveal` is the one way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def redact(self, text: str) -> str:
        """A text with stars for the secret and for parts of it, in whatever case they stand."""
        secret, folded = self._text.lower(), text.lower()
        size = min(SHOWN, len(secret))
        parts = {secret[at : at + size] for at in range(len(secret) - size + 1)}
        hidden = bytearray(len(text) + 1)
        for at in range(len(text) - size + 1):
            if folded[at : at + size] in parts:
                hidden[at : at + size] = b"\1" * size
        return "".join(
            "***" if there else "".join(c for _, c in run)
            for there, run in groupby(zip(hidden, text, strict=False), key=lambda pair: pair[0])
        )

    def __repr__(self) -> str:
        return "Token('***')"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled")


@contextmanager
def looked_up(lookup: Lookup) -> Iterator[None]:
    """Within it, secrets come from ``lookup`` and, where it has none, from the environment.

    Args:
        lookup: a secret's name to its value or ``None``
    """
    reset = _lookup.set(lambda name: lookup(name) or os.environ.get(name))
    try:
        yield
    finally:
        _lookup.reset(reset)


def of_plugin(secrets: Any) -> Lookup:
    """A lookup in an operator's ``ctx.secrets``, which gives texts or objects that hold one."""

    def lookup(name: str) -> str | None:
        value = secrets[name]
        return getattr(value, "value", value) or None

    return lookup


def find_token(name: str, host: str) -> Token | None:
    """A service's token, if one is set.

    Args:
        name: one of :data:`NAMES`
        host: that it is for

    Raises:
        UsageError: if it cannot stand in a header, or the host may not have it
    """
    text = (_lookup.get()(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise UsageError(f"{name} holds blanks or characters that no token has; set it again")
    allowed = (_lookup.get()(TOKEN_HOSTS) or "").lower().replace(",", " ").split()
    if allowed and host.lower() not in allowed:
        raise UsageError(f"{TOKEN_HOSTS} does not list {host!r}, so it is not sent {name}")
    return Token(text)
