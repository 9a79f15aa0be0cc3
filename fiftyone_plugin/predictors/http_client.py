"""A client for services that may be slow, overloaded, broken or hostile.

Guarantees: a call ends by its deadline, whatever the server does; answers are read up to a limit;
certificates are verified; the token is sent to one origin only and appears in no error or log line.
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
    PRIVATE_NETWORK,
    ConnectionWatch,
    PrivateAddress,
    host_of,
    is_local,
    private_address,
    redirect_target,
)
from pairlens.fiftyone_plugin.predictors.http_faults import (
    MAX_QUOTED,
    HttpFault,
    excerpt,
    fault_of_broken_answer,
    fault_of_error,
    fault_of_status,
)
from pairlens.fiftyone_plugin.predictors.secrets import Token
from pairlens.importers.errors import PairLensError, UsageError

for _name in ("httpx", "httpcore"):
    # They log parts of answers, in which a server may repeat the token.
    logging.getLogger(_name).setLevel(logging.WARNING)

MAX_REDIRECTS = 3
MAX_PAUSE = 30.0
"""Maximum of seconds between two attempts, unless the server requests more."""

_NO_CONTENT = 204
_SUCCESS = (200, 201, _NO_CONTENT)
_LOCATION = "pairlens_location"
_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


class ServiceError(PairLensError):
    """Raised when a service gives no usable answer."""


@dataclass(frozen=True)
class Limits:
    """Limits of time and size of a call.

    Attributes:
        connect: seconds to connect
        read: seconds without data from the server
        total: seconds for one call, all attempts included
        retries: attempts after the first
        backoff: seconds before the first retry, doubled for each further one; each pause is
            shortened at random by up to half
        max_bytes: maximum size of an answer in bytes
    """

    connect: float = 10
    read: float = 60
    total: float = 300
    retries: int = 4
    backoff: float = 0.5
    max_bytes: int = 64 << 20


@dataclass(frozen=True)
class Reply:
    """The answer of a service.

    Attributes:
        content_type: content type in lower case, without parameters
        body: the bytes of the answer
        nothing: whether the status is 204, no content
    """

    content_type: str
    body: bytes
    nothing: bool = False


@dataclass(frozen=True)
class _Redirect:
    """A redirect to another address for the same request."""

    location: str


class Client:
    """Posts to one address, from one event loop; closed by ``async with``.

    Args:
        url: the address, validated by
            :func:`~pairlens.fiftyone_plugin.predictors.http_addresses.check_url`
        limits: limits of each call
        token: sent as ``Authorization: Bearer``, if given
        allow_private: whether the address may be one of a private network

    Raises:
        UsageError: if certificates or a proxy set in the environment cannot be used
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
        """Posts until there is an answer, or until retries or time are used up.

        Args:
            accept: content types for the header ``Accept``
            body: ``json=``, or ``files=`` and ``data=``, as in ``httpx``

        Raises:
            ServiceError: with one sentence that names the host and the reason
        """
        limits = self.limits
        retrying = AsyncRetrying(
            stop=stop_after_attempt(limits.retries + 1) | stop_before_delay(limits.total),
            wait=self._pause,
            retry=retry_if_result(lambda outcome: isinstance(outcome, HttpFault) and outcome.again),
            retry_error_callback=_last_result,
        )
        outcome: Reply | HttpFault
        try:
            async with asyncio.timeout(limits.total):
                outcome = await retrying(self._attempt, accept, body)
        except TimeoutError:
            outcome = HttpFault(f"gave no whole answer within {limits.total:g} s")
        if isinstance(outcome, Reply):
            return outcome
        attempts = retrying.statistics["attempt_number"]
        tries = f" ({attempts} attempts)" if attempts > 1 else ""
        # Outside the handlers, so that no exception that holds the token is its context.
        raise ServiceError(f"{host_of(self.url)} {outcome.reason}{tries}")

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next attempt."""
        fault: HttpFault = _last_result(state)
        if fault.wait is not None:
            return fault.wait
        longest = min(MAX_PAUSE, self.limits.backoff * 2 ** (state.attempt_number - 1))
        return longest * random.uniform(0.5, 1)

    async def _attempt(self, accept: str, body: dict[str, Any]) -> Reply | HttpFault:
        """Sends one request and follows its redirects on the same server."""
        url = self.url
        for _ in range(MAX_REDIRECTS + 1):
            outcome = await self._send(url, accept, body)
            if not isinstance(outcome, _Redirect):
                return outcome
            target = redirect_target(url, outcome.location)
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
            return fault_of_error(error, self.limits.connect, self.limits.read)

    async def _read(self, response: httpx.Response) -> Reply | _Redirect | HttpFault:
        status, location = response.status_code, response.extensions[_LOCATION]
        if status in (307, 308) and location:
            return _Redirect(location)
        if 300 <= status < 400:
            return HttpFault(f"redirects ({status}) where it should answer; check the address")
        if status not in _SUCCESS:
            quoted = excerpt(await _read_start(response), self.token)
            return fault_of_status(status, quoted, response.headers.get("Retry-After"))
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return HttpFault("answers compressed, which was not asked for")
        return await self._read_body(response)

    async def _read_body(self, response: httpx.Response) -> Reply | HttpFault:
        max_bytes = self.limits.max_bytes
        # httpx refuses a header that is not a number.
        if int(response.headers.get("Content-Length", "0")) > max_bytes:
            return HttpFault(f"answers with more than {max_bytes:,} bytes, which are not read")
        data = bytearray()
        try:
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > max_bytes:
                    return HttpFault(
                        f"answers with more than {max_bytes:,} bytes, which are not read on"
                    )
        except _ERRORS as error:
            return fault_of_broken_answer(error, self.limits.read)
        content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(content_type, bytes(data), nothing=response.status_code == _NO_CONTENT)


def _refused(address: str) -> HttpFault:
    return HttpFault(f"has the address {address}, which {PRIVATE_NETWORK}")


async def _read_start(response: httpx.Response) -> bytes:
    """The start of the body of an error; reading errors are ignored, since the status counts."""
    data = b""
    try:
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) >= MAX_QUOTED:
                break
    except _ERRORS:
        pass
    return data[:MAX_QUOTED]


def _last_result(state: RetryCallState) -> Any:
    outcome: Any = state.outcome  # always set after an attempt
    return outcome.result()


def _open(url: str, limits: Limits) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            verify=_authorities(),
            # Uses proxies of the environment, except for this machine: its token stays here.
            trust_env=not is_local(url),
            timeout=httpx.Timeout(limits.read, connect=limits.connect, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"response": [_hide_location]},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise UsageError(f"the proxy that the environment names cannot be used ({error})") from None


async def _hide_location(response: httpx.Response) -> None:
    """Hides the header ``Location``: ``httpx`` parses it even if it does not follow redirects."""
    response.extensions[_LOCATION] = response.headers.pop("Location", None)


def _authorities() -> ssl.SSLContext | bool:
    """Certificate authorities set in the environment; ``True`` for the default ones."""
    path = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not path:
        return True
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise UsageError(
            f"REQUESTS_CA_BUNDLE names {path}, which holds no certificates ({error.strerror})"
        ) from error
