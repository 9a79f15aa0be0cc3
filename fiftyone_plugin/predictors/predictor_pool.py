"""A loaded predictor that answers batches of queries: in this process, or one in each worker."""

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
    answered,
    answers_of,
    packed,
)
from pairlens.fiftyone_plugin.predictors.error_text import first_line
from pairlens.fiftyone_plugin.predictors.params import read_params
from pairlens.importers.decisions import Decision, Decisions
from pairlens.importers.errors import PairLensError, StateError, UsageError, check_memory
from pairlens.importers.parallel import PerWorker, Pool


class OpenPredictor(Protocol):
    """A predictor that is loaded, in this process or in workers."""

    def answered(
        self, batches: Iterable[list[SampleQuery]]
    ) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
        """Yields the batches in their order, each with one answer for each query."""
        ...

    def notes(self) -> list[str]:
        """Notes for the summary of the run, and decisions with their counts."""
        ...

    def unused(self) -> list[str]:
        """Files of predictions that belong to no query, if the predictor knows them."""
        ...


@contextmanager
def open_predictor(
    spec: PredictorSpec, params: Mapping[str, Any], device: str, pool: Pool
) -> Iterator[OpenPredictor]:
    """Loads a predictor, in this process or in each worker, and closes it in the end.

    Args:
        spec: of the predictor
        params: by name, as text or value
        device: ``auto``, ``cpu``, ``cuda`` or the like
        pool: where it runs

    Raises:
        UsageError: for a parameter that the predictor refuses, or a number of workers without
            worker processes
        StateError: if a worker cannot load it
    """
    pool.check()
    if pool.is_here:
        if pool.workers is not None:
            raise UsageError(
                "one predictor answers in this process; --workers belongs to --engine processes "
                "or ray"
            )
        loaded = spec.load(params, device)
        try:
            yield _InProcess(loaded)
        finally:
            getattr(loaded, "close", lambda: None)()
        return
    read_params(spec.name, spec.settings, params)  # workers take seconds to say the same
    gpus = "torch" in spec.needs and device in ("auto", "cuda")
    function = PerWorker(partial(_load, spec, dict(params), device), gpus=gpus)
    with pool.open(function) as ask:
        [ready] = ask([[]], 1)
        if isinstance(ready.error, PairLensError):
            raise ready.error
        if ready.error is not None:
            raise UsageError(
                f"predictor {spec.name} cannot be sent to the workers "
                f"({first_line(ready.error)}); what it is made of must stand in a module"
            ) from ready.error
        yield _Workers(ask, ready.unwrap().notes)


class _InProcess:
    """A predictor in this process."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def answered(
        self, batches: Iterable[list[SampleQuery]]
    ) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
        return answered(self._predictor, batches)

    def notes(self) -> list[str]:
        return list(getattr(self._predictor, "notes", lambda: [])())

    def unused(self) -> list[str]:
        return list(getattr(self._predictor, "unused", lambda: [])())


class _Answers(NamedTuple):
    """The answers of a worker to a batch, and what it noted meanwhile."""

    answers: list[Answer]
    notes: list[str]


_Ask = Callable[[Iterable[list[Query]], int], Iterator[Any]]


class _Workers:
    """A predictor in each of several workers."""

    def __init__(self, ask: _Ask, notes: Iterable[str]) -> None:
        self._ask, self._decisions = ask, Decisions(notes)

    def answered(
        self, batches: Iterable[list[SampleQuery]]
    ) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
        under_way: deque[list[SampleQuery]] = deque()

        def queries() -> Iterator[list[Query]]:
            for batch in batches:
                under_way.append(batch)
                yield [query for _, query in batch]

        for outcome in self._ask(queries(), 1):
            batch = under_way.popleft()
            if isinstance(outcome.error, UsageError | StateError):  # of a worker that cannot load
                raise outcome.error
            if outcome.error is not None:
                yield batch, [outcome.error] * len(batch)
                continue
            answers, notes = outcome.unwrap()
            for note in notes:
                if isinstance(note, Decision) or note not in self._decisions.others:
                    self._decisions(note)
            yield batch, answers

    def notes(self) -> list[str]:
        return [*self._decisions.others, *self._decisions.all()]

    def unused(self) -> list[str]:
        return []  # each worker knows of the queries that it was asked


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
    """A predictor with what it has noted so far."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._told: dict[tuple[str, str], int] = {}

    def __call__(self, batch: list[Query]) -> _Answers:
        answers = [_sent(each) for each in answers_of(self._predictor, batch)] if batch else []
        return _Answers(answers, list(self._new_notes()))

    def _new_notes(self) -> Iterator[str]:
        for note in getattr(self._predictor, "notes", lambda: [])():
            known = note if isinstance(note, Decision) else Decision(note)
            before = self._told.get((known.kind, str(note)), 0)
            self._told[known.kind, str(note)] = known.times
            if known.times == before:
                continue
            yield note if not isinstance(note, Decision) else Decision(
                str(note), note.kind, example=note.example, override=note.override,
                times=note.times - before, usual=note.usual,
            )  # fmt: skip


def _sent(answer: Any) -> Answer:
    """An answer as it travels: masks as PNG, which is small and made by all workers at once."""
    try:
        if isinstance(answer, Exception):
            raise answer
        return packed(answer)
    except NoPrediction as nothing:
        return NoPrediction(str(nothing))
    except Exception as error:  # whatever it is of, its text can be sent
        check_memory(error)
        return RuntimeError(str(error) or type(error).__name__)
