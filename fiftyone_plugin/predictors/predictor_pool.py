"""Loaded predictors, in this process or in each worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, Protocol

from pairlens.fiftyone_plugin.predictors.base import (
    NoPrediction,
    Predictor,
    PredictorSpec,
    Query,
)
from pairlens.fiftyone_plugin.predictors.batches import (
    Answer,
    SampleQuery,
    mask_to_png,
    predict_batch,
    predict_batches,
)
from pairlens.fiftyone_plugin.predictors.error_text import first_line
from pairlens.fiftyone_plugin.predictors.params import read_params
from pairlens.importers.decisions import Decision, Decisions
from pairlens.importers.errors import PairLensError, StateError, UsageError, check_memory
from pairlens.importers.parallel import PerWorker, Pool


class OpenPredictor(Protocol):
    """A loaded predictor, in this process or in workers."""

    def predict_batches(
        self, batches: Iterable[list[SampleQuery]]
    ) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
        """Yields the batches in order, each with one answer for each query."""
        ...

    def notes(self) -> list[str]:
        """Notes for the summary of the run, and decisions with their counts."""
        ...

    def unused(self) -> list[str]:
        """Files of predictions that belong to no query; empty for other predictors."""
        ...


@contextmanager
def open_predictor(
    spec: PredictorSpec, params: Mapping[str, Any], device: str, pool: Pool
) -> Iterator[OpenPredictor]:
    """Loads a predictor in this process or in each worker, and closes it at the end.

    Args:
        spec: the predictor
        params: its parameters by name, as texts or values
        device: ``auto``, ``cpu``, ``cuda`` or the like
        pool: the pool that it runs in

    Raises:
        UsageError: for an invalid parameter, or a number of workers without worker processes
        StateError: if a worker cannot load it
    """
    pool.check()
    if pool.is_here:
        if pool.workers is not None:
            raise UsageError(
                "one predictor runs in this process; --workers needs --engine processes or ray"
            )
        loaded = spec.load(params, device)
        try:
            yield _InProcess(loaded)
        finally:
            getattr(loaded, "close", lambda: None)()
        return
    read_params(
        spec.name, spec.settings, params
    )  # validated here, since workers take seconds to start
    gpus = "torch" in spec.needs and device in ("auto", "cuda")
    function = PerWorker(partial(_load, spec, dict(params), device), gpus=gpus)
    with pool.open(function) as ask:
        [ready] = ask([[]], 1)
        if isinstance(ready.error, PairLensError):
            raise ready.error
        if ready.error is not None:
            raise UsageError(
                f"predictor {spec.name} cannot be sent to the workers "
                f"({first_line(ready.error)}); its functions and classes must be in a module"
            ) from ready.error
        yield _Workers(ask, ready.unwrap().notes)


class _InProcess:
    """A predictor in this process."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict_batches(
        self, batches: Iterable[list[SampleQuery]]
    ) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
        return predict_batches(self._predictor, batches)

    def notes(self) -> list[str]:
        return list(getattr(self._predictor, "notes", lambda: [])())

    def unused(self) -> list[str]:
        return list(getattr(self._predictor, "unused", lambda: [])())


class _Answers(NamedTuple):
    """The answers of a worker to a batch, and its new notes."""

    answers: list[Answer]
    notes: list[str]


_Ask = Callable[[Iterable[list[Query]], int], Iterator[Any]]


class _Workers:
    """A predictor in each of several workers."""

    def __init__(self, ask: _Ask, notes: Iterable[str]) -> None:
        self._ask, self._decisions = ask, Decisions(notes)

    def predict_batches(
        self, batches: Iterable[list[SampleQuery]]
    ) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
        pending: deque[list[SampleQuery]] = deque()

        def queries() -> Iterator[list[Query]]:
            for batch in batches:
                pending.append(batch)
                yield [query for _, query in batch]

        for outcome in self._ask(queries(), 1):
            batch = pending.popleft()
            if isinstance(outcome.error, UsageError | StateError):  # a worker cannot load it
                raise outcome.error
            if outcome.error is not None:
                yield batch, [outcome.error] * len(batch)
                continue
            answers, notes = outcome.unwrap()
            for note in notes:
                if isinstance(note, Decision) or note not in self._decisions.notes:
                    self._decisions(note)
            yield batch, answers

    def notes(self) -> list[str]:
        return [*self._decisions.notes, *self._decisions.all()]

    def unused(self) -> list[str]:
        return []  # each worker has seen a part of the queries only


# ------------------------------------------------------------------------------ in a worker


def _load(
    spec: PredictorSpec, params: Mapping[str, Any], device: str
) -> Callable[[list[Query]], _Answers]:
    try:
        return _InWorker(spec.load(params, device))
    except UsageError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise StateError(f"a worker cannot load predictor {spec.name} ({reason})") from None


class _InWorker:
    """A predictor in a worker, with the notes that it has sent so far."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._sent_times: dict[tuple[str, str], int] = {}

    def __call__(self, batch: list[Query]) -> _Answers:
        results = predict_batch(self._predictor, batch) if batch else ()
        answers = list(map(_to_message, results))
        return _Answers(answers, list(self._new_notes()))

    def _new_notes(self) -> Iterator[str]:
        for note in getattr(self._predictor, "notes", lambda: [])():
            decision = note if isinstance(note, Decision) else Decision(note)
            before = self._sent_times.get((decision.kind, str(note)), 0)
            self._sent_times[decision.kind, str(note)] = decision.times
            if decision.times == before:
                continue
            yield note if not isinstance(note, Decision) else Decision(
                str(note), note.kind, example=note.example, override=note.override,
                times=note.times - before, usual=note.usual,
            )  # fmt: skip


def _to_message(answer: Any) -> Answer:
    """The answer to send to the main process; masks as PNG, which is small."""
    try:
        if isinstance(answer, Exception):
            raise answer
        return mask_to_png(answer)
    except NoPrediction as no_prediction:
        return NoPrediction(str(no_prediction))
    except Exception as error:  # its class may not be picklable
        check_memory(error)
        return RuntimeError(str(error) or type(error).__name__)
