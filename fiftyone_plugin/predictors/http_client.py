"""A client for services that may be slow, overloaded, broken or hostile.

What it guarantees: one call takes no longer than its deadline, whatever the server does; no
more than a bound is read; certificates are verified; the token goes to one origin; and no
error or log line shows it.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fiftyone_plugin.predictors.http_addresses import host_of, proxies_for, redirected
from fiftyone_plugin.predictors.http_faults import QUOTED, Fault, excerpt, of_error, of_status
from fiftyone_plugin.predictors.http_session import Watch, make_session
from fiftyone_plugin.predictors.secrets import Token
from importers.errors import PairLensError

MAX_REDIRECTS = 3
SLOWEST = 30.0
"""Seconds; the longest wait between two attempts, unless the server asks for more."""

_NOTHING = 204
_GOOD = (200, 201, _NOTHING)
_CHUNK = 1 << 16
_DIGITS = 18


class ServiceError(PairLensError):
    """A service did not give an answer that can be used."""


@dataclass(frozen=True)
class Limits:
    """How long a client waits and how much it reads.

    Attributes:
        connect: seconds to connect
        read: seconds that a server may say nothing
        total: seconds for one call with all its attempts
        retries: attempts after the first
        backoff: seconds before the first retry, twice as many before the next, and so on,
            each shortened by chance down to the half
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
    """An answer that another address of the same server is to give."""

    url: str
    location: str


@dataclass
class Client:
    """Posts to one address, from any number of threads at once.

    Args:
        url: the address, as :func:`check_url` takes it
        limits: of each call
        token: sent as ``Authorization: Bearer``
        seed: of the chance in the waiting times
    """

    url: str
    limits: Limits = field(default_factory=Limits)
    token: Token | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._sessions: list[Any] = []
        self._stopped = threading.Event()
        self._watches: set[Watch] = set()

    def post(self, accept: str, **body: Any) -> Reply:
        """Posts until there is an answer, the retries are used up or the time is.

        Args:
            accept: content types, for the header
            body: ``json=`` or ``files=`` and ``data=``, as ``requests`` takes them

        Raises:
            ServiceError: in one sentence that names the host and what it did
        """
        ends = time.monotonic() + self.limits.total
        for attempt in range(self.limits.retries + 1):
            done = self._attempt(self.url, accept, ends, body)
            redirects = 0
            while isinstance(done, _Redirect):
                redirects += 1
                done = self._attempt(self._follow(done, redirects), accept, ends, body)
            if isinstance(done, Reply):
                return done
            last = attempt == self.limits.retries
            if last or not done.again or not self._rest(done.wait, attempt, ends):
                tries = f" ({attempt + 1} attempts)" if attempt else ""
                raise ServiceError(f"{host_of(self.url)} {done.reason}{tries}")
        raise AssertionError("the last attempt returns or raises")

    def stop(self) -> None:
        """Ends the calls that are under way, and the waiting; until :meth:`restart`."""
        self._stopped.set()
        for watch in list(self._watches):
            watch.cut()

    def restart(self) -> None:
        """Takes calls again."""
        self._stopped.clear()

    def _rest(self, asked: float | None, attempt: int, ends: float) -> bool:
        """Waits before the next attempt; says whether there is to be one."""
        longest = min(SLOWEST, self.limits.backoff * 2**attempt)
        wait = longest * self._random.uniform(0.5, 1) if asked is None else asked
        if time.monotonic() + wait >= ends:
            return False
        return not self._stopped.wait(wait)

    def _follow(self, redirect: _Redirect, number: int) -> str:
        """The address to go on with; the token never leaves for another server."""
        if number > MAX_REDIRECTS:
            raise ServiceError(f"{host_of(self.url)} redirects in circles")
        target = redirected(redirect.url, redirect.location)
        if target is None:
            raise ServiceError(
                f"{host_of(self.url)} redirects to another server, which is not followed; if "
                "it is meant, give its address"
            )
        return target

    def _attempt(
        self, url: str, accept: str, ends: float, body: dict[str, Any]
    ) -> Reply | _Redirect | Fault:
        """One request; whatever goes wrong is told in words, and no exception is kept."""
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        done: Reply | _Redirect | Fault
        session = self._sessions.pop() if self._sessions else make_session()
        watch = Watch(max(0.001, ends - time.monotonic()))
        self._watches.add(watch)
        try:
            with watch:
                done = self._send(session, url, accept, body)
        except (RequestException, HTTPError, OSError, ValueError) as error:
            done = of_error(error, self.limits.connect, self.limits.read)
        finally:
            self._watches.discard(watch)
        if self._stopped.is_set():
            done = Fault("was not waited for, since the run was stopped")
        elif watch.expired:
            done = Fault(f"gave no whole answer within {self.limits.total:g} s")
        if isinstance(done, Reply):
            self._sessions.append(session)
        else:
            session.close()
        return done

    def _send(
        self, session: Any, url: str, accept: str, body: dict[str, Any]
    ) -> Reply | _Redirect | Fault:
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "pairlens"}
        with session.post(
            url,
            headers=headers,
            auth=_Bearer(self.token),
            proxies=proxies_for(url),
            timeout=(self.limits.connect, self.limits.read),
            allow_redirects=False,
            stream=True,
            **body,
        ) as response:
            status, location = response.status_code, response.headers.get("Location")
            if status in (307, 308) and location:
                return _Redirect(url, location)
            if 300 <= status < 400:
                return Fault(f"redirects ({status}) where it should answer; check the address")
            return self._read(response) if status in _GOOD else self._refusal(response)

    def _read(self, response: Any) -> Reply | Fault:
        most = self.limits.max_bytes
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return Fault("answers compressed, which was not asked for")
        length = response.headers.get("Content-Length", "")
        told = length.isascii() and length.isdecimal()
        if told and (len(length) > _DIGITS or int(length) > most):
            return Fault(f"answers with more than {most:,} bytes, which are not read")
        data = bytearray()
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            data += chunk
            if len(data) > most:
                return Fault(f"answers with more than {most:,} bytes, which are not read on")
        if told and len(data) != int(length):
            return Fault("broke off its answer", again=True)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(kind, bytes(data), nothing=response.status_code == _NOTHING)

    def _refusal(self, response: Any) -> Fault:
        data = b""
        with suppress(Exception):  # the words are a courtesy; the status is what counts
            data = response.raw.read(QUOTED, decode_content=False)
        wait = response.headers.get("Retry-After")
        return of_status(response.status_code, excerpt(data, self.token), wait)


class _Bearer:
    """Adds the token, and keeps ``requests`` from adding what a ``.netrc`` has for the host."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request
