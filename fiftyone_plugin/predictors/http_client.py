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
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from fiftyone_plugin.predictors.http_session import Watch, make_session
from fiftyone_plugin.predictors.tokens import Token
from importers.errors import PairLensError, UsageError

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
SLOWEST = 30.0
"""Seconds; the longest wait between two attempts, unless the server asks for more."""

_CHUNK = 1 << 16
_EXCERPT = 160
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
    """An answer: its content type in lower case without parameters, and its body."""

    content_type: str
    body: bytes


@dataclass
class _Attempt:
    """What came of one: a reply, or why there is none and whether to try again, and when."""

    reply: Reply | None = None
    reason: str = ""
    again: bool = False
    wait: float | None = None
    location: str = ""


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
        self._random = random.Random(self.seed)  # noqa: S311
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
        last, url, redirects, attempt = _Attempt(), self.url, 0, 0
        while True:
            last = self._attempt(url, accept, ends, body)
            if last.reply is not None:
                return last.reply
            if last.location:
                url, redirects = self._follow(url, last.location, redirects), redirects + 1
                continue
            if not last.again or attempt >= self.limits.retries or self._stopped.is_set():
                break
            wait = self._wait(attempt) if last.wait is None else last.wait
            if time.monotonic() + wait >= ends:
                last.reason += f"; no time is left to try again within {self.limits.total:g} s"
                break
            self._stopped.wait(wait)
            attempt += 1
        tries = f" ({attempt + 1} attempts)" if attempt else ""
        raise ServiceError(f"{_host(self.url)} {last.reason}{tries}")

    def stop(self) -> None:
        """Ends the calls that are under way, and the waiting; until :meth:`restart`."""
        self._stopped.set()
        for watch in list(self._watches):
            watch.cut()

    def restart(self) -> None:
        """Takes calls again."""
        self._stopped.clear()

    def _wait(self, attempt: int) -> float:
        longest = min(SLOWEST, self.limits.backoff * 2**attempt)
        return longest * self._random.uniform(0.5, 1)

    def _follow(self, url: str, location: str, redirects: int) -> str:
        target = urljoin(url, location)
        host = _host(self.url)
        if redirects >= MAX_REDIRECTS:
            raise ServiceError(f"{host} redirects in circles")
        if not _same_origin(urlsplit(url), target):
            raise ServiceError(
                f"{host} redirects to another server, which is not followed; if it is meant, "
                "give its address"
            )
        return target

    def _attempt(self, url: str, accept: str, ends: float, body: dict[str, Any]) -> _Attempt:
        """One request; whatever goes wrong is told in words, and no exception is kept.

        Exceptions of ``requests`` hold the request with its headers, the token among them.
        """
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        session = self._sessions.pop() if self._sessions else make_session()
        watch = Watch(max(0.001, ends - time.monotonic()))
        self._watches.add(watch)
        try:
            with watch:
                done = self._send(session, url, accept, body)
        except (RequestException, HTTPError, OSError, ValueError) as error:
            done = _told(error, self.limits)
        finally:
            self._watches.discard(watch)
        if self._stopped.is_set():
            done = _Attempt(reason="was not waited for: the run was stopped")
        elif watch.expired:
            done = _Attempt(reason=f"gave no whole answer within {self.limits.total:g} s")
        if done.reply is None:
            session.close()
        else:
            self._sessions.append(session)
        return done

    def _send(self, session: Any, url: str, accept: str, body: dict[str, Any]) -> _Attempt:
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "pairlens"}
        with session.post(
            url,
            headers=headers,
            auth=_Bearer(self.token),
            timeout=(self.limits.connect, self.limits.read),
            allow_redirects=False,
            stream=True,
            **body,
        ) as response:
            status = response.status_code
            if status in REDIRECTS and (location := response.headers.get("Location")):
                if status in (307, 308):
                    return _Attempt(location=location)
                return _Attempt(reason=f"redirects ({status}) what it should answer; check the URL")
            if status not in (200, 201, 204):
                return self._refusal(response)
            return self._read(response)

    def _read(self, response: Any) -> _Attempt:
        most = self.limits.max_bytes
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _Attempt(reason="answers compressed, which was not asked for")
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and (len(length) > 18 or int(length) > most):
            return _Attempt(reason=f"answers with more than {most:,} bytes, which are not read")
        data = bytearray()
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            data += chunk
            if len(data) > most:
                return _Attempt(reason=f"answers with more than {most:,} bytes; not read on")
        if length.isdecimal() and len(data) != int(length):
            return _Attempt(reason="broke off its answer", again=True)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return _Attempt(Reply("" if response.status_code == 204 else kind, bytes(data)))

    def _refusal(self, response: Any) -> _Attempt:
        status = response.status_code
        with suppress(Exception):  # the words are a courtesy; the status is what counts
            start = response.raw.read(4 * _EXCERPT, decode_content=False)
            words = self._clean(start.decode("utf-8", "replace"))
            told = f": {words}" if words else ""
            return _Attempt(
                reason=f"answers {status}{_hint(status)}{told}",
                again=status in RETRIED,
                wait=_retry_after(response.headers.get("Retry-After")),
            )
        return _Attempt(reason=f"answers {status}{_hint(status)}", again=status in RETRIED)

    def _clean(self, text: str) -> str:
        """The start of a text in one line; a server may repeat the token that it was sent."""
        if self.token is not None:
            text = text.replace(self.token.reveal(), "***")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= _EXCERPT else line[: _EXCERPT - 3] + "..."


class _Bearer:
    """Adds the token, and keeps ``requests`` from adding what a ``.netrc`` has for the host."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request
