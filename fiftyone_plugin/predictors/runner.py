"""Runs a predictor over a dataset: writes masks to disk and their paths to the database.

A batch's masks are written before its documents, so a run that is killed can be resumed:
pairs that have a mask are not asked again. While a batch is predicted, the images of the next
one are read and the masks so far are written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import Any

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Predictor
from pairlens.fiftyone_plugin.predictors.batches import PredictSummary, read_ahead, run_batch
from pairlens.fiftyone_plugin.predictors.mask_fields import MaskField
from pairlens.fiftyone_plugin.predictors.queries import list_queries, remember_speed
from pairlens.importers import fields, fo_internals, leases, store, working_set
from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.parallel import Progress, no_progress

STEP = "predictions"
"""Key in PairLens' info: which predictor made which field, with which parameters."""

_WRITERS = 4


@leases.holding("predict", "field {field_name}")
def predict(
    samples: Any,
    *,
    predictor: str,
    field_name: str,
    params: Mapping[str, Any] | None = None,
    batch_size: int = 8,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    limit: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    look: Callable[[Sequence[str]], None] = lambda ids: None,
    progress: Progress = no_progress,
) -> PredictSummary:
    """Predicts a mask for every pair and stores it in a field.

    Args:
        samples: a dataset or view that PairLens imported
        predictor: one of :data:`pairlens.fiftyone_plugin.predictors.base.PREDICTORS`
        field_name: the field for the masks
        params: of the predictor, as texts or values
        batch_size: pairs the predictor is given at once
        device: for predictors with a model
        resume: go on with a field that exists
        overwrite: replace the field and its masks, once there is a new mask
        limit: ask for this many pairs at the most, to look at them before the rest
        stop: asked before each batch whether that one and all others are to be left
        look: called once with the ids of the first samples that got a mask, as soon as they
            are stored
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for an unknown predictor or parameter, or a field that is not PairLens'
            to write
        StateError: if the field exists and neither resume nor overwrite is set, or was made
            with another predictor or other parameters
    """
    started = time.perf_counter()
    spec = PREDICTORS[predictor]
    given = {name: str(value) for name, value in (params or {}).items()}
    if batch_size < 1:
        raise UsageError(f"a batch of {batch_size} predicts nothing; give 1 or more")
    if limit is not None and limit < 1:
        raise UsageError(f"the first {limit} pairs are none; give 1 or more")
    dataset = fo_internals.dataset_of(samples)
    field = MaskField(dataset, field_name, STEP, {"predictor": predictor, "params": given})
    field.check("a predictor", resume, overwrite)
    if field.resumes_another(resume):
        made = field.made_with
        raise StateError(
            f"field {field_name!r} was made by {made['predictor']} with {made['params']}; "
            "resume with the same, or choose another field"
        )
    loaded = spec.load(given, device)  # before anything is deleted: it may refuse
    field.clear_left()
    summary = PredictSummary(dataset.name, predictor, field_name)
    anew = overwrite and field.exists
    if not anew:
        field.open(overwrite=False)
    if resume and (lost := field.forget_lost()):
        summary.notes.append(f"{lost:,} masks whose files were gone are predicted again")
    stop_file = field.stop_file
    stop_file.unlink(missing_ok=True)
    _count_skipped(samples, field_name, spec.reads_images, anew, summary)
    total, done = working_set.count(samples), summary.skipped
    deciding = _Deciding(dataset, loaded, f"predict {field_name}", resume)
    pairs = list_queries(samples, field_name, reads_images=spec.reads_images, anew=anew)
    queries = islice(pairs, limit)
    ready = time.perf_counter()
    with ThreadPoolExecutor(_WRITERS) as writers, ExitStack() as stack:
        stack.callback(getattr(loaded, "close", lambda: None))
        folder = stack.enter_context(field.filling(anew))
        for batch in read_ahead(loaded, store.batched(queries, batch_size)):
            progress(done, total)
            if stop() or stop_file.exists():
                summary.stopped = True
                break
            seen = bool(summary.first)
            changes = run_batch(loaded, batch, folder, summary, writers)
            if changes:
                if anew:
                    field.open(overwrite=True)
                    anew = False
                deciding.keep_new()
                masks = ((i, {field_name: store.segmentation(str(path))}) for i, path in changes)
                field.store_values([*masks])
            done += len(batch)
            if summary.first and not seen:
                look(list(summary.first))
    if anew:
        summary.notes.append(f"field {field_name!r} is left as it was: nothing was predicted")
    progress(done if summary.stopped or limit else total, total)
    remember_speed(dataset, predictor, summary.predicted, time.perf_counter() - ready)
    stop_file.unlink(missing_ok=True)
    decisions = Decisions(_notes(loaded, summary.stopped))
    summary.notes += [*decisions.others, *decisions.lines()]
    summary.decisions = deciding.keep(decisions)
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


class _Deciding:
    """Stores what a run decided, each rule before the first masks that it was applied to.

    Args:
        dataset: that is predicted
        predictor: whose decisions they are
        step: that takes them
        resume: whether they come to those of an earlier run
    """

    def __init__(self, dataset: Any, predictor: Predictor, step: str, resume: bool) -> None:
        stored = store.info(dataset).get("decisions", ()) if resume else ()
        self._dataset, self._predictor, self._step = dataset, predictor, step
        self._before = [one for one in stored if one["step"] == step]
        self._rules = 0

    def keep_new(self) -> None:
        """Stores them where there is a new one."""
        decisions = Decisions(_notes(self._predictor))
        if len(decisions.all()) > self._rules:
            self._rules = len(decisions.all())
            self.keep(decisions)

    def keep(self, decisions: Decisions) -> list[dict[str, Any]]:
        """Stores them, and gives what is stored."""
        stored = decisions.stored(self._step, self._before)
        if stored:
            store.add_decisions(self._dataset, stored)
        return stored


def request_stop(dataset: Any, field_name: str) -> None:
    """Asks the run that fills a field, in whatever process, to stop after its batch.

    Raises:
        StateError: if no run has begun the field
    """
    field = MaskField(dataset, field_name, STEP)
    if field.made_with is None or not field.stop_file.parent.is_dir():
        raise StateError(f"no run fills field {field_name!r}")
    field.stop_file.touch()


def _notes(predictor: Predictor, stopped: bool = False) -> list[str]:
    notes = list(getattr(predictor, "notes", lambda: [])())
    if stopped:
        notes.append("stopped as it was asked to; --resume predicts the rest")
    if unused := getattr(predictor, "unused", lambda: [])():
        shown = ", ".join(unused[:3]) + (" ..." if len(unused) > 3 else "")
        notes.append(f"{len(unused)} files belong to no pair: {shown}")
    return notes


def _count_skipped(
    samples: Any, field_name: str, reads_images: bool, anew: bool, summary: PredictSummary
) -> None:
    def count(where: dict[str, Any]) -> int:
        return sum(1 for _ in store.stream(samples, ("_id",), where=where))

    mask = f"{field_name}.mask_path"
    pending: dict[str, Any] = {} if anew else {mask: None}
    if not anew:
        summary.skip("predicted already", count({mask: {"$ne": None}}))
    if reads_images:
        missing = count({**pending, fields.IMAGE_MISSING: True})
        summary.skip("the image is missing", missing)
