"""Validates service addresses, where a token may be sent, and redirects."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from fiftyone_plugin.predictors.secrets import Token
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


def is_local(url: str) -> bool:
    """Whether it is an address of this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def redirected(url: str, location: str) -> str | None:
    """Where a redirect leads; ``None`` unless that is the same server, or it encrypted."""
    try:
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        ports = [p.port or _PORTS.get(p.scheme) for p in (here, there)]
    except ValueError:
        return None
    same = ports[0] == ports[1] and there.scheme == here.scheme
    encrypted = (here.scheme, there.scheme, ports) == ("http", "https", [80, 443])
    stays = there.hostname == here.hostname and there.username is None
    return target if stays and (same or encrypted) else None


def host_of(url: str) -> str:
    """The server as messages name it: neither its path nor its parameters."""
    return urlsplit(url).netloc
