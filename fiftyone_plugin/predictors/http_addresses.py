"""Validates service addresses, where a token may be sent, and redirects."""

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
"""Names under which clouds hand out the credentials of their machines."""

_NAT64 = IPv6Network("64:ff9b::/96")

PRIVATE = (
    "is an address of a private network, which may be meant for others; if it is yours, allow it "
    "with the parameter allow_private=yes"
)


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


def check_address(predictor: str, host: str) -> None:
    """Refuses a host that is written as an address of a private network.

    Raises:
        UsageError: for such an address, but for one of this machine
    """
    name = host.rstrip(".")
    if name not in _LOOPBACK and (name in _METADATA or any(map(_is_private, _as_numbers(name)))):
        raise UsageError(f"{predictor}.url: {host} {PRIVATE}")


async def private_address(host: str) -> str | None:
    """The first address of a private network that a name stands for; ``None`` where it has none.

    A name that cannot be looked up has none: it may be one that a proxy knows.
    """
    if host in _LOOPBACK:
        return None
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return next((str(entry[4][0]) for entry in found if _is_private(str(entry[4][0]))), None)


class PrivateAddress(Exception):
    """A connection turned out to lead to an address of a private network, and was closed."""


class ConnectionWatch:
    """Closes a connection to an address of a private network before anything is sent.

    A name can resolve to another address for the connection than for the look-up, so the address of
    the connection is checked. Connections to a proxy are not checked.

    Args:
        url: of the request, whose extension ``trace`` it is
    """

    def __init__(self, url: str) -> None:
        self._host = httpx.URL(url).raw_host.decode("ascii")
        self._connecting = ""

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by ``httpcore`` with each thing that it does.

        Raises:
            PrivateAddress: if it has connected to one
        """
        if event == "connection.connect_tcp.started":
            self._connecting = info["host"]
        elif event == "connection.connect_tcp.complete" and self._connecting == self._host:
            stream = info["return_value"]
            address = str(stream.get_extra_info("server_addr")[0])
            if self._host not in _LOOPBACK and _is_private(address):
                await stream.aclose()
                raise PrivateAddress(address)


def _as_numbers(host: str) -> list[str]:
    """The address that a host is written as, in any of the forms that systems take."""
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def _is_private(text: str) -> bool:
    """Whether an address is of no public network: private, link-local, this machine's, ..."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        else:
            address = address.ipv4_mapped or address.sixtofour or address
    return not address.is_global or address.is_multicast


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
