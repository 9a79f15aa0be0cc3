"""Addresses of services: which are taken, where a token may go, which redirects are followed."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from fiftyone_plugin.predictors.tokens import Token
from importers.errors import UsageError

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_url(predictor: str, url: str) -> SplitResult:
    """The parts of a service's address.

    Raises:
        UsageError: if it is no plain http or https address, or holds a password, which would
            be stored with the dataset
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in _PORTS or not host or any(c.isspace() or ord(c) < 33 for c in url):
        raise UsageError(f"{predictor}.url takes an address such as http://host:8000, not {url!r}")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"{predictor}.url holds a user or password, which would be stored with the dataset; "
            "give a token in the environment"
        )
    return parts


def check_token(parts: SplitResult, name: str, token: Token | None, open_token: bool) -> None:
    """Refuses to send a token where anyone on the way could read it.

    Raises:
        UsageError: for a token, a plain http address elsewhere and no leave
    """
    if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK and not open_token:
        raise UsageError(
            f"{name} would be sent to {parts.hostname} unencrypted; use https, unset it, or "
            "allow it with the parameter open_token=yes"
        )


def same_origin(here: SplitResult, target: str) -> bool:
    """Whether a redirect stays: the same server, or the same one encrypted."""
    try:
        there = urlsplit(target)
        ports = [p.port or _PORTS.get(p.scheme) for p in (here, there)]
    except ValueError:
        return False
    if there.hostname != here.hostname or there.username is not None:
        return False
    if there.scheme == here.scheme:
        return ports[0] == ports[1]
    return (here.scheme, there.scheme, ports) == ("http", "https", [80, 443])


def host_of(url: str) -> str:
    """The server as messages name it: neither its path nor its parameters."""
    return urlsplit(url).netloc
