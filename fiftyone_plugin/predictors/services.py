"""Sends concurrent requests to a service, and the base class of predictors that do so.

Requests run on an event loop in a thread of its own, where a deadline can end any of them.
Images are read and answers decoded on further threads.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.http_addresses import check_address, check_token, check_url
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.payloads import read_payload
from pairlens.fiftyone_plugin.predictors.secrets import Token
from pairlens.importers.errors import PairLensError

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.http_client import Client, Reply

KEPT_IMAGES = 32
"""Image payloads that are cached, since queries of one image are consecutive."""

PendingMask = Future[Prediction | Exception]

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """Parameters of all predictors that use a service."""

    url: str = option("address of the service")
    concurrency: int = option("pairs asked at once", 4, low=1, high=256)
    retries: int = option("attempts after the first", 4, low=0, high=20)
    backoff: float = option(
        "seconds before the first retry, doubled each time", 0.5, low=0, high=60
    )
    connect_timeout: float = option("seconds to connect", 10, low=0.01, high=600)
    read_timeout: float = option("seconds the server may be silent", 120, low=0.01, high=86400)
    deadline: float = option("seconds for a pair, retries included", 600, low=0.01, high=86400)
    open_token: bool = option("send the token over plain http to another machine", False)
    allow_private: bool = option("post to a private or link-local address", False)


class ServicePool(ABC, Generic[Q, A]):
    """Sends requests to a service; subclasses define requests and how answers are read.

    Args:
        client: the client of the service
        concurrency: maximum of concurrent requests
    """

    def __init__(self, client: Client, concurrency: int) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(concurrency)
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        # A daemon, so that a pool that was not closed does not keep the process alive.
        threading.Thread(
            target=_run, args=(client, started), name="pairlens-service", daemon=True
        ).start()
        self._loop, stopped = started.result()
        self._stop = weakref.finalize(self, self._loop.call_soon_threadsafe, stopped.set)

    @abstractmethod
    def request(self, query: Q) -> dict[str, Any]:
        """Arguments of :meth:`Client.post` for a query; called on a thread."""

    @abstractmethod
    def read(self, reply: Reply, query: Q) -> A:
        """Decodes the answer to a query; called on a thread."""

    def submit(self, query: Q) -> Future[A | Exception]:
        """Sends a request; the future gives the answer, or the exception in its place."""
        return asyncio.run_coroutine_threadsafe(self._answer(query), self._loop)

    def close(self) -> None:
        """Ends what is under way without waiting for the service."""
        self._stop()

    async def _answer(self, query: Q) -> A | Exception:
        async with self._turns:
            try:
                request = await asyncio.to_thread(self.request, query)
                reply = await self._client.post(**request)
                return await asyncio.to_thread(self.read, reply, query)
            except Exception as error:  # one failure does not end the others
                return _without_token(error, self._client.token)


class ServicePredictor(ServicePool[Query, Prediction]):
    """Predicts masks by requests to a service.

    Requests of the next batch are sent while the current one waits for its slowest pair.

    Args:
        client: the client of the service
        concurrency: maximum of concurrent requests
    """

    def __init__(self, client: Client, concurrency: int) -> None:
        super().__init__(client, concurrency)
        self._read_payload = lru_cache(maxsize=KEPT_IMAGES)(read_payload)
        self._prefetched: dict[str, PendingMask] = {}

    def prefetch(self, batch: Sequence[Query]) -> None:
        """Sends the requests of the next batch."""
        for query in batch:
            if query.key not in self._prefetched:
                self._prefetched[query.key] = self.submit(query)

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Yields a mask in the size of its image, or an exception, for each query."""
        pending = [self._prefetched.pop(query.key, None) or self.submit(query) for query in batch]
        try:
            for future in pending:
                yield future.result()
        finally:
            if not all(future.done() for future in pending):
                self._cancel(pending)

    def close(self) -> None:
        """Ends what is under way without waiting for the service."""
        self._cancel([])
        super().close()

    def _cancel(self, pending: Sequence[PendingMask]) -> None:
        for future in (*pending, *self._prefetched.values()):
            future.cancel()
        self._prefetched.clear()


def _without_token(error: Exception, token: Token | None) -> Exception:
    """An error with the token redacted, since a server can repeat it in its answers."""
    if token is None or isinstance(error, NoPrediction):
        return error
    text = token.redact(str(error) or type(error).__name__)
    return type(error)(text) if isinstance(error, PairLensError) else PairLensError(text)


def _run(client: Client, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    """Runs an event loop; if it cannot start, ``started`` gets the exception."""
    try:
        with asyncio.Runner() as runner:
            runner.run(_serve(client, started))
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(
    client: Client, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    """Keeps the event loop running until the event in ``started`` is set."""
    stopped = asyncio.Event()
    async with client:
        started.set_result((asyncio.get_running_loop(), stopped))
        await stopped.wait()


def open_client(
    predictor: str, settings: ServiceSettings, url: str, token_name: str, max_bytes: int
) -> Client:
    """Makes the client of a service; nothing is sent yet.

    Args:
        predictor: name of the predictor, for messages
        settings: parameters of the predictor
        url: the address to post to, on the host of ``settings.url``
        token_name: name of the secret with the service's token
        max_bytes: maximum size of an answer in bytes

    Raises:
        UsageError: for an invalid address, or a token that may not be sent there
    """
    parts = check_url(predictor, settings.url)
    token = secrets.find_token(token_name, parts.hostname or "")
    check_token(parts, token_name, token, settings.open_token)
    if not settings.allow_private:
        check_address(predictor, parts.hostname or "")
    from pairlens.fiftyone_plugin.predictors.http_client import Client, Limits

    limits = Limits(
        connect=settings.connect_timeout,
        read=settings.read_timeout,
        total=settings.deadline,
        retries=settings.retries,
        backoff=settings.backoff,
        max_bytes=max_bytes,
    )
    return Client(url, limits, token, allow_private=settings.allow_private)
