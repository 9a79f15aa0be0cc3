"""Predicts batches, validates and writes their masks, and counts failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Predictor, Query
from pairlens.importers.errors import MaskError, StateError, check_memory
from pairlens.importers.files import safe_name, write_once
from pairlens.importers.masks import encode_png

SHOWN_FIRST = 24

MAX_LISTED = 1000
"""Maximum of pairs without a prediction that a summary names; all are counted."""

Answer = Prediction | bytes | Exception
"""A mask, a mask as PNG, or the exception for a pair without one."""

SampleQuery = tuple[Any, Query]
"""A sample's id and its query."""


@dataclass
class PredictSummary:
    """Summary of a prediction run.

    Attributes:
        predicted: number of pairs with a new mask
        failed: number of pairs whose prediction failed; ``failures`` has their keys and reasons
        skipped: number of pairs that had a mask already, have no image, or for which the predictor
            has no prediction; ``skips`` counts them by reason
        without: keys of the first thousand pairs for which the predictor has no prediction
        stopped: whether the run was stopped early
        first: ids of the first samples with a new mask
    """

    dataset: str
    predictor: str
    field: str
    predicted: int = 0
    failed: int = 0
    skipped: int = 0
    skips: dict[str, int] = dataclasses.field(default_factory=dict)
    without: list[str] = dataclasses.field(default_factory=list)
    failures: list[dict[str, str]] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    decisions: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    stopped: bool = False
    first: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def skip(self, reason: str, pairs: int = 1) -> None:
        """Counts skipped pairs."""
        if pairs:
            self.skipped += pairs
            self.skips[reason] = self.skips.get(reason, 0) + pairs


def predict_batches(
    predictor: Predictor, batches: Iterable[list[SampleQuery]]
) -> Iterator[tuple[list[SampleQuery], Iterator[Answer]]]:
    """Yields the batches, each with an iterator that predicts its answers.

    The predictor can prefetch the next batch before each.
    """
    prefetch = getattr(predictor, "prefetch", None)
    remaining_batches = iter(batches)
    batch = next(remaining_batches, None)
    if batch and prefetch:
        prefetch([query for _, query in batch])
    while batch:
        upcoming = next(remaining_batches, None)
        if upcoming and prefetch:
            prefetch([query for _, query in upcoming])
        yield batch, predict_batch(predictor, [query for _, query in batch])
        batch = upcoming


def store_batch(
    batch: Sequence[SampleQuery],
    answers: Iterable[Answer],
    folder: Path,
    summary: PredictSummary,
    writers: ThreadPoolExecutor,
) -> list[tuple[Any, Path]]:
    """Writes the masks of a batch; returns the ids and mask paths of the pairs that succeeded."""
    pending: list[tuple[SampleQuery, Exception | Future[Path]]] = []
    for pair, result in zip(batch, answers, strict=True):
        if isinstance(result, Exception):
            pending.append((pair, result))
        else:
            pending.append((pair, writers.submit(_write, folder, pair[1].key, result)))
    written = []
    for (sample_id, query), outcome in pending:
        try:
            if isinstance(outcome, Exception):
                raise outcome
            written.append((sample_id, outcome.result()))
        except NoPrediction as no_prediction:
            summary.skip(str(no_prediction) or "the predictor has nothing")
            if len(summary.without) < MAX_LISTED:
                summary.without.append(query.key)
        except StateError as error:
            if not isinstance(outcome, Exception):
                raise
            _fail(summary, query, error)
        except Exception as error:
            _fail(summary, query, error)
    summary.predicted += len(written)
    summary.first += [str(i) for i, _ in written[: SHOWN_FIRST - len(summary.first)]]
    return written


def _write(folder: Path, key: str, mask: Any) -> Path:
    """Writes a mask.

    Raises:
        MaskError: if it is not a mask
        StateError: if the file cannot be written, which ends the run
    """
    path = folder / f"{safe_name(key)}.png"
    data = mask if isinstance(mask, bytes) else mask_to_png(mask)
    try:
        return write_once(path, data)
    except OSError as error:
        raise StateError(f"masks cannot be written to {folder} ({error})") from error


def _fail(summary: PredictSummary, query: Query, error: Exception) -> None:
    check_memory(error)
    summary.failed += 1
    reason = str(error) or type(error).__name__
    summary.failures.append({"key": query.key, "reason": reason})


def predict_batch(predictor: Predictor, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
    """Yields a mask or an exception for each query; if the predictor raises, the rest fails."""
    remaining = len(batch)
    failure: Exception = RuntimeError("the predictor gave fewer masks than it was asked for")
    try:
        for result in predictor.predict(batch):
            if not remaining:
                break
            remaining -= 1
            yield result
    except Exception as error:
        check_memory(error)
        failure = error
    for _ in range(remaining):
        yield failure


def mask_to_png(mask: Any) -> bytes:
    """A predicted mask as PNG of 0 and 1.

    Raises:
        MaskError: if it is not a mask
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype.kind not in "bui" or mask.size == 0:
        raise MaskError(f"the predictor gave an array of shape {mask.shape} and {mask.dtype}")
    return encode_png((mask != 0).astype(np.uint8))
