"""Runs one batch: calls the predictor, validates its masks, writes them, counts failures."""

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

MOST_LISTED = 1000
"""Pairs without a prediction that a summary names; all are counted."""

Answer = Prediction | bytes | Exception
"""A mask, or that as PNG, or the exception that stands for it."""

SampleQuery = tuple[Any, Query]
"""A sample's id and its query."""


@dataclass
class PredictSummary:
    """Summary of a prediction run.

    Attributes:
        predicted: pairs that got a mask
        failed: pairs whose prediction failed, each named in ``failures``
        skipped: pairs that had a mask already, whose image is missing, or for which the
            predictor has nothing; counted by reason in ``skips``
        without: keys of the first thousand pairs for which the predictor has nothing
        stopped: whether it was stopped before its end
        first: ids of the first samples that got a mask, for a look at them
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


def answered(
    predictor: Predictor, batches: Iterable[list[SampleQuery]]
) -> Iterator[tuple[list[SampleQuery], Iterator[Answer]]]:
    """Yields the batches, each with its answers, which are computed as they are taken.

    Before each, the predictor may prefetch the next one.
    """
    prefetch = getattr(predictor, "prefetch", None)
    following = iter(batches)
    batch = next(following, None)
    if batch and prefetch:
        prefetch([query for _, query in batch])
    while batch:
        upcoming = next(following, None)
        if upcoming and prefetch:
            prefetch([query for _, query in upcoming])
        yield batch, answers_of(predictor, [query for _, query in batch])
        batch = upcoming


def store_batch(
    batch: Sequence[SampleQuery],
    answers: Iterable[Answer],
    folder: Path,
    summary: PredictSummary,
    writers: ThreadPoolExecutor,
) -> list[tuple[Any, Path]]:
    """Writes the masks of a batch; returns sample ids and mask paths of what succeeded."""
    under_way: list[tuple[SampleQuery, Exception | Future[Path]]] = []
    for pair, result in zip(batch, answers, strict=True):
        if isinstance(result, Exception):
            under_way.append((pair, result))
        else:
            under_way.append((pair, writers.submit(_write, folder, pair[1].key, result)))
    written = []
    for (sample_id, query), outcome in under_way:
        try:
            if isinstance(outcome, Exception):
                raise outcome
            written.append((sample_id, outcome.result()))
        except NoPrediction as nothing:
            summary.skip(str(nothing) or "the predictor has nothing")
            if len(summary.without) < MOST_LISTED:
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
        MaskError: if it is none
        StateError: if the disk does not take it, which ends the run
    """
    path = folder / f"{safe_name(key)}.png"
    data = mask if isinstance(mask, bytes) else packed(mask)
    try:
        return write_once(path, data)
    except OSError as error:
        raise StateError(f"masks cannot be written to {folder} ({error})") from error


def _fail(summary: PredictSummary, query: Query, error: Exception) -> None:
    check_memory(error)
    summary.failed += 1
    reason = str(error) or type(error).__name__
    summary.failures.append({"key": query.key, "reason": reason})


def answers_of(predictor: Predictor, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
    """Yields one result for each query; an exception fails the rest of the batch."""
    left = len(batch)
    failure: Exception = RuntimeError("the predictor gave fewer masks than it was asked for")
    try:
        for result in predictor.predict(batch):
            if not left:
                break
            left -= 1
            yield result
    except Exception as error:
        check_memory(error)
        failure = error
    for _ in range(left):
        yield failure


def packed(mask: Any) -> bytes:
    """A predicted mask as PNG of 0 and 1.

    Raises:
        MaskError: if it is not a mask
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype.kind not in "bui" or mask.size == 0:
        raise MaskError(f"the predictor gave an array of shape {mask.shape} and {mask.dtype}")
    return encode_png((mask != 0).astype(np.uint8))
