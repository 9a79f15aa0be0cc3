"""Several pairs of a batch at a time, for predictors that wait for a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from fiftyone_plugin.predictors.base import Prediction, Query
from fiftyone_plugin.predictors.http_client import Client

Ask = Callable[[Query], Prediction]


class Asker:
    """Asks about the queries of a batch in threads that stay for the next one.

    Args:
        ask: makes a mask of a query; what it raises stands for that pair
        client: stopped when a batch is given up, so that nobody waits for its answers
        concurrency: queries asked at once
    """

    def __init__(self, ask: Ask, client: Client, concurrency: int) -> None:
        self._ask = ask
        self._client = client
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="pairlens-ask")

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """A mask, or what stands for it, for each query in order."""
        pending: list[Future[Prediction | Exception]] = []
        self._client.restart()
        whole = False
        try:
            pending += [self._pool.submit(self._answer, query) for query in batch]
            for future in pending:
                yield future.result()
            whole = True
        finally:
            if not whole:
                for future in pending:
                    future.cancel()
                self._client.stop()

    def _answer(self, query: Query) -> Prediction | Exception:
        try:
            return self._ask(query)
        except Exception as error:  # the Protocol: one failure does not end the batch
            return error
