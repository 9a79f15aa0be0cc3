"""Asks a service about several things at a time, and predictors that do.

Requests run on an event loop in a thread of its own, where a deadline can end any of them;
images are read and answers decoded on further threads.
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
"""Images whose bytes are kept, since queries of one image follow each other."""

PendingMask = Future[Prediction | Exception]

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """The parameters that every predictor behind a network has."""

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
    """Questions to a service; a subclass says what is sent and how answers are read.

    Args:
        client: posts to the service
        concurrency: questions asked at once
    """

    def __init__(self, client: Client, concurrency: int) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(concurrency)
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        # A daemon, so that a pool that nobody closed does not keep the process.
        threading.Thread(
            target=_run, args=(client, started), name="pairlens-service", daemon=True
        ).start()
        self._loop, stopped = started.result()
        self._stop = weakref.finalize(self, self._loop.call_soon_threadsafe, stopped.set)

    @abstractmethod
    def request(self, query: Q) -> dict[str, Any]:
        """Arguments of :meth:`Client.post`; called on a thread."""

    @abstractmethod
    def read(self, reply: Reply, query: Q) -> A:
        """What an answer holds; called on a thread."""

    def submit(self, query: Q) -> Future[A | Exception]:
        """Asks; the future gives the answer, or the exception that stands for it."""
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
    """Masks from a service.

    While a batch waits for its slowest pair, the next one is asked already.

    Args:
        client: posts to the service
        concurrency: pairs asked at once
    """

    def __init__(self, client: Client, concurrency: int) -> None:
        super().__init__(client, concurrency)
        self._read_payload = lru_cache(maxsize=KEPT_IMAGES)(read_payload)
        self._early: dict[str, PendingMask] = {}

    def prefetch(self, batch: Sequence[Query]) -> None:
        """Starts asking about the batch that comes next."""
        for query in batch:
            if query.key not in self._early:
                self._early[query.key] = self.submit(query)

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """A mask in its image's size for each query, or why the service gave none."""
        pending = [self._early.pop(query.key, None) or self.submit(query) for query in batch]
        try:
            for answer in pending:
                yield answer.result()
        finally:
            if not all(answer.done() for answer in pending):
                self._cancel(pending)

    def close(self) -> None:
        """Ends what is under way without waiting for the service."""
        self._cancel([])
        super().close()

    def _cancel(self, pending: Sequence[PendingMask]) -> None:
        for answer in (*pending, *self._early.values()):
            answer.cancel()
        self._early.clear()


def _without_token(error: Exception, token: Token | None) -> Exception:
    """An error without the token, which a server can repeat in its answers."""
    if token is None or isinstance(error, NoPrediction):
        return error
    said = token.redact(str(error) or type(error).__name__)
    return type(error)(said) if isinstance(error, PairLensError) else PairLensError(said)


def _run(client: Client, started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    """Runs an event loop; where there can be none, who waits for it is told."""
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
    """Keeps the event loop running until the event that it hands out is set."""
    stopped = asyncio.Event()
    async with client:
        started.set_result((asyncio.get_running_loop(), stopped))
        await stopped.wait()


def open_client(
    predictor: str, settings: ServiceSettings, url: str, token_name: str, max_bytes: int
) -> Client:
    """A client for the service that the parameters name; nothing is sent yet.

    Args:
        predictor: its name, for messages
        settings: its parameters
        url: where to post, on the host of ``settings.url``
        token_name: the secret that holds the service's token
        max_bytes: of an answer

    Raises:
        UsageError: for an address that is none, or a token that may not go there
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
