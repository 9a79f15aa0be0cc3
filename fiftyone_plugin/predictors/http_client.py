"""A client for services that may be slow, overloaded, broken or hostile.

What it guarantees: one call takes no longer than its deadline, whatever the server does; no
more than a bound is read; certificates are verified; the token goes to one origin; and no
error or log line shows it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    stop_before_delay,
)

from pairlens.fiftyone_plugin.predictors.http_addresses import (
    PRIVATE,
    ConnectionWatch,
    PrivateAddress,
    host_of,
    is_local,
    private_address,
    redirected,
)
from pairlens.fiftyone_plugin.predictors.http_faults import (
    QUOTED,
    HttpFault,
    excerpt,
    of_broken_answer,
    of_error,
    of_status,
)
from pairlens.fiftyone_plugin.predictors.secrets import Token
from pairlens.importers.errors import PairLensError, UsageError

for _name in ("httpx", "httpcore"):
    # What they log of answers can be the token, which a server may repeat.
    logging.getLogger(_name).setLevel(logging.WARNING)

MAX_REDIRECTS = 3
LONGEST_PAUSE = 30.0
"""Seconds between two attempts, unless the server asks for more."""

_NOTHING = 204
_GOOD = (200, 201, _NOTHING)
_LOCATION = "pairlens_location"
_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


class ServiceError(PairLensError):
    """A service did not give an answer that can be used."""


@dataclass(frozen=True)
class Limits:
    """How long a client waits and how much it reads.

    Attributes:
        connect: seconds to connect
        read: seconds without data from the server
        total: seconds for one call with all its attempts
        retries: attempts after the first
        backoff: seconds before the first retry, twice as many before the next, and so on,
            each shortened at random by up to half
        max_bytes: of an answer
    """

    connect: float = 10
    read: float = 60
    total: float = 300
    retries: int = 4
    backoff: float = 0.5
    max_bytes: int = 64 << 20


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        content_type: in lower case, without parameters
        body: its bytes
        nothing: status 204, which says that there is nothing to answer
    """

    content_type: str
    body: bytes
    nothing: bool = False


@dataclass(frozen=True)
class _Redirect:
    """A status that names another address for the same request."""

    location: str


class Client:
    """Posts to one address, from one event loop; closed by ``async with``.

    Args:
        url: the address, checked by :func:`check_url`
        limits: of each call
        token: sent as ``Authorization: Bearer``
        allow_private: whether the address may turn out to be one of a private network

    Raises:
        UsageError: if certificates or a proxy that the environment names cannot be used
    """

    def __init__(
        self,
        url: str,
        limits: Limits,
        token: Token | None = None,
        *,
        allow_private: bool = False,
    ) -> None:
        self.url = url
        self.limits = limits
        self.token = token
        self._allow_private = allow_private
        self._http = _open(url, limits)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._http.aclose()

    async def post(self, accept: str, **body: Any) -> Reply:
        """Posts until there is an answer, the retries are used up or the time is.

        Args:
            accept: content types, for the header
            body: ``json=`` or ``files=`` and ``data=``, as ``httpx`` takes them

        Raises:
            ServiceError: in one sentence that names the host and what it did
        """
        limits = self.limits
        retrying = AsyncRetrying(
            stop=stop_after_attempt(limits.retries + 1) | stop_before_delay(limits.total),
            wait=self._pause,
            retry=retry_if_result(lambda done: isinstance(done, HttpFault) and done.again),
            retry_error_callback=_last_result,
        )
        done: Reply | HttpFault
        try:
            async with asyncio.timeout(limits.total):
                done = await retrying(self._attempt, accept, body)
        except TimeoutError:
            done = HttpFault(f"gave no whole answer within {limits.total:g} s")
        if isinstance(done, Reply):
            return done
        attempts = retrying.statistics["attempt_number"]
        tries = f" ({attempts} attempts)" if attempts > 1 else ""
        # Outside the handlers, so that no exception that holds the token is its context.
        raise ServiceError(f"{host_of(self.url)} {done.reason}{tries}")

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next attempt."""
        fault: HttpFault = _last_result(state)
        if fault.wait is not None:
            return fault.wait
        longest = min(LONGEST_PAUSE, self.limits.backoff * 2 ** (state.attempt_number - 1))
        return longest * random.uniform(0.5, 1)

    async def _attempt(self, accept: str, body: dict[str, Any]) -> Reply | HttpFault:
        """One request, and those that redirects lead to on the same server."""
        url = self.url
        for _ in range(MAX_REDIRECTS + 1):
            done = await self._send(url, accept, body)
            if not isinstance(done, _Redirect):
                return done
            target = redirected(url, done.location)
            if target is None:
                return HttpFault(
                    "redirects to another server, which is not followed; if it is meant, give "
                    "its address"
                )
            url = target
        return HttpFault("redirects in circles")

    async def _send(
        self, url: str, accept: str, body: dict[str, Any]
    ) -> Reply | _Redirect | HttpFault:
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "pairlens"}
        host = urlsplit(url).hostname or ""
        if not self._allow_private:
            if address := await private_address(host):
                return _refused(address)
            body = body | {"extensions": {"trace": ConnectionWatch(url)}}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        try:
            async with self._http.stream("POST", url, headers=headers, **body) as response:
                return await self._read(response)
        except PrivateAddress as error:
            return _refused(str(error))
        except _ERRORS as error:
            return of_error(error, self.limits.connect, self.limits.read)

    async def _read(self, response: httpx.Response) -> Reply | _Redirect | HttpFault:
        status, location = response.status_code, response.extensions[_LOCATION]
        if status in (307, 308) and location:
            return _Redirect(location)
        if 300 <= status < 400:
            return HttpFault(f"redirects ({status}) where it should answer; check the address")
        if status not in _GOOD:
            words = excerpt(await _read_some(response), self.token)
            return of_status(status, words, response.headers.get("Retry-After"))
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return HttpFault("answers compressed, which was not asked for")
        return await self._read_body(response)

    async def _read_body(self, response: httpx.Response) -> Reply | HttpFault:
        most = self.limits.max_bytes
        # httpx has refused what is no number.
        if int(response.headers.get("Content-Length", "0")) > most:
            return HttpFault(f"answers with more than {most:,} bytes, which are not read")
        data = bytearray()
        try:
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > most:
                    return HttpFault(
                        f"answers with more than {most:,} bytes, which are not read on"
                    )
        except _ERRORS as error:
            return of_broken_answer(error, self.limits.read)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(kind, bytes(data), nothing=response.status_code == _NOTHING)


def _refused(address: str) -> HttpFault:
    return HttpFault(f"has the address {address}, which {PRIVATE}")


async def _read_some(response: httpx.Response) -> bytes:
    """The start of a refusal's body, as far as it can be read: what counts is the status."""
    data = b""
    try:
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) >= QUOTED:
                break
    except _ERRORS:
        pass
    return data[:QUOTED]


def _last_result(state: RetryCallState) -> Any:
    outcome: Any = state.outcome  # set before anything asks
    return outcome.result()


def _open(url: str, limits: Limits) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            verify=_authorities(),
            # Proxies of the environment; never for this machine, nor a token in the open to one.
            trust_env=not is_local(url),
            timeout=httpx.Timeout(limits.read, connect=limits.connect, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"response": [_set_location_aside]},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise UsageError(f"the proxy that the environment names cannot be used ({error})") from None


async def _set_location_aside(response: httpx.Response) -> None:
    """Keeps ``httpx`` from reading redirects, which it does although it is to follow none."""
    response.extensions[_LOCATION] = response.headers.pop("Location", None)


def _authorities() -> ssl.SSLContext | bool:
    """The certificate authorities that the environment names; ``True`` for the common ones."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not named:
        return True
    try:
        if Path(named).is_dir():
            return ssl.create_default_context(capath=named)
        return ssl.create_default_context(cafile=named)
    except OSError as error:
        raise UsageError(
            f"REQUESTS_CA_BUNDLE names {named}, which holds no certificates ({error.strerror})"
        ) from error
