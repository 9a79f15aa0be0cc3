"""Several pairs at a time, for predictors that wait for a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from fiftyone_plugin.predictors.base import Prediction, Query
from fiftyone_plugin.predictors.http_client import Client

Ask = Callable[[Query], Prediction]
Answer = Future[Prediction | Exception]


class Asker:
    """Asks about queries in threads, those of the next batch before this one is through.

    A batch ends with its slowest pair; the threads that are done with it go on with the next.

    Args:
        ask: makes a mask of a query; what it raises stands for that pair
        client: stopped when a batch is given up, so that nobody waits for its answers
        concurrency: queries asked at once
    """

    def __init__(self, ask: Ask, client: Client, concurrency: int) -> None:
        self._ask = ask
        self._client = client
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="pairlens-ask")
        self._early: dict[str, Answer] = {}

    def prefetch(self, batch: Sequence[Query]) -> None:
        """Begins to ask about a batch that comes next."""
        self._client.restart()
        for query in batch:
            if query.key not in self._early:
                self._early[query.key] = self._pool.submit(self._answer, query)

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """A mask, or what stands for it, for each query in order."""
        self._client.restart()
        pending: list[Answer] = []
        try:
            for query in batch:
                early = self._early.pop(query.key, None)
                pending.append(early or self._pool.submit(self._answer, query))
            for future in pending:
                yield future.result()
        finally:
            if not all(future.done() for future in pending):
                self._give_up(pending)

    def close(self) -> None:
        """Asks no more, and waits for nothing that is under way."""
        self._give_up([])
        self._pool.shutdown(wait=False)

    def _give_up(self, pending: list[Answer]) -> None:
        for future in (*pending, *self._early.values()):
            future.cancel()
        self._early.clear()
        self._client.stop()

    def _answer(self, query: Query) -> Prediction | Exception:
        try:
            return self._ask(query)
        except Exception as error:  # the Protocol: one failure does not end the batch
            return error
