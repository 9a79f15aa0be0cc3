"""Validates service addresses, the hosts that may receive a token, and redirects."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from pairlens.fiftyone_plugin.predictors.secrets import Token
from pairlens.importers.errors import UsageError

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_METADATA = ("metadata", "metadata.google.internal", "instance-data")
"""Host names of cloud metadata services, which give out a machine's credentials."""

_NAT64 = IPv6Network("64:ff9b::/96")

PRIVATE_NETWORK = (
    "is an address of a private network, which may be meant for others; if it is yours, allow it "
    "with the parameter allow_private=yes"
)


def check_url(predictor: str, url: str) -> SplitResult:
    """Parses and validates the address of a service.

    Args:
        predictor: name of the predictor, for messages
        url: the address

    Raises:
        UsageError: if it is not a http or https address, or contains a user or password, which
            would be stored with the dataset
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
    """Refuses to send a token unencrypted to another machine.

    Args:
        parts: the address of the service
        name: name of the token, for messages
        token: the token, if any
        open_token: whether the user allows it

    Raises:
        UsageError: for a token and a plain http address of another machine, unless allowed
    """
    if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK and not open_token:
        raise UsageError(
            f"{name} would be sent to {parts.hostname} unencrypted; use https, unset it, or "
            "allow it with the parameter open_token=yes"
        )


def check_address(predictor: str, host: str) -> None:
    """Refuses a host that is the IP address of a private network, or a metadata service.

    Names are not resolved here; :func:`private_address` does that.

    Raises:
        UsageError: for such a host, except this machine
    """
    name = host.rstrip(".")
    if name not in _LOOPBACK and (
        name in _METADATA or any(map(_is_private, _numeric_addresses(name)))
    ):
        raise UsageError(f"{predictor}.url: {host} {PRIVATE_NETWORK}")


async def private_address(host: str) -> str | None:
    """The first private address that a host name resolves to; ``None`` if there is none.

    A name that cannot be resolved has none: a proxy may know it.
    """
    if host in _LOOPBACK:
        return None
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return next((str(entry[4][0]) for entry in entries if _is_private(str(entry[4][0]))), None)


class PrivateAddress(Exception):
    """Raised when a connection leads to a private address; the connection is closed."""


class ConnectionWatch:
    """Closes a connection to a private address before anything is sent.

    A name can resolve to one address when it is checked and to another when the connection is made,
    so the address of the connection is checked, too. Connections to a proxy are not checked.

    Args:
        url: address of the request; the object is the request's extension ``trace``
    """

    def __init__(self, url: str) -> None:
        self._host = httpx.URL(url).raw_host.decode("ascii")
        self._connecting = ""

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Handles a trace event of ``httpcore``.

        Raises:
            PrivateAddress: if the connection leads to a private address
        """
        if event == "connection.connect_tcp.started":
            self._connecting = info["host"]
        elif event == "connection.connect_tcp.complete" and self._connecting == self._host:
            stream = info["return_value"]
            address = str(stream.get_extra_info("server_addr")[0])
            if self._host not in _LOOPBACK and _is_private(address):
                await stream.aclose()
                raise PrivateAddress(address)


def _numeric_addresses(host: str) -> list[str]:
    """The IP addresses that a host is written as, in any form that the system accepts."""
    try:
        entries = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in entries]


def _is_private(text: str) -> bool:
    """Whether an IP address is not public: private, link-local, loopback, multicast, ..."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        else:
            address = address.ipv4_mapped or address.sixtofour or address
    return not address.is_global or address.is_multicast


def is_local(url: str) -> bool:
    """Whether a URL is an address of this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def redirect_target(url: str, location: str) -> str | None:
    """The target of a redirect; ``None`` unless it is the same origin, or its https version."""
    try:
        target = urljoin(url, location)
        source, destination = urlsplit(url), urlsplit(target)
        ports = [p.port or _PORTS.get(p.scheme) for p in (source, destination)]
    except ValueError:
        return None
    same_origin = ports[0] == ports[1] and destination.scheme == source.scheme
    encrypted = (source.scheme, destination.scheme, ports) == ("http", "https", [80, 443])
    same_host = destination.hostname == source.hostname and destination.username is None
    return target if same_host and (same_origin or encrypted) else None


def host_of(url: str) -> str:
    """Host and port of a URL, for messages; path and parameters can be confidential."""
    return urlsplit(url).netloc
