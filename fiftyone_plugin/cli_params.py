"""Parameters given as texts: ``--param K=V`` and ``--param CHECK.K=V``."""

from __future__ import annotations

from collections.abc import Iterable

from importers.errors import UsageError


def check_params(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """``["tiny_mask.min_area=9"]`` as ``{"tiny_mask": {"min_area": "9"}}``.

    Raises:
        UsageError: for a text without a check or a value
    """
    params: dict[str, dict[str, str]] = {}
    for name, value in pairs_of(texts, "--param").items():
        check, dot, param = name.partition(".")
        if not dot:
            raise UsageError(f"--param {name}=... names no check; write CHECK.PARAMETER=VALUE")
        params.setdefault(check, {})[param] = value
    return params


def pairs_of(texts: Iterable[str], option: str) -> dict[str, str]:
    """``["k=v"]`` as ``{"k": "v"}``.

    Raises:
        UsageError: for a text without ``=``
    """
    parsed = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text!r} is no NAME=VALUE")
        parsed[name] = value
    return parsed
