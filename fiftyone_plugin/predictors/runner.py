"""Runs a predictor over a dataset: writes masks to files and their paths to the database.

The masks of a batch are written before its documents, so that a killed run can be resumed: pairs
with a mask are skipped. While a batch is predicted, the images of the next one are read and earlier
masks are written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import PredictorSpec
from pairlens.fiftyone_plugin.predictors.batches import (
    Answer,
    PredictSummary,
    SampleQuery,
    store_batch,
)
from pairlens.fiftyone_plugin.predictors.mask_fields import MaskField
from pairlens.fiftyone_plugin.predictors.predictor_pool import OpenPredictor, open_predictor
from pairlens.fiftyone_plugin.predictors.queries import list_queries, remember_speed
from pairlens.importers import fields, fo_internals, leases, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.dataset_pool import pool_for
from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.parallel import Engine, Progress, no_progress
from pairlens.importers.stored_values import segmentation

STEP = "predictions"
"""Key in PairLens' info of the predictor and parameters of each field."""

_WRITERS = 4


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
    engine: Engine | None = None,
    workers: int | None = None,
    ray_address: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    look: Callable[[Sequence[str]], None] = lambda ids: None,
    progress: Progress = no_progress,
) -> PredictSummary:
    """Predicts a mask for every pair and stores it in a field.

    Args:
        samples: a dataset or view that PairLens imported
        predictor: one of :data:`pairlens.fiftyone_plugin.predictors.base.PREDICTORS`
        field_name: the field for the masks
        params: the predictor's parameters, as texts or values
        batch_size: number of pairs in a batch
        device: device of predictors with a model
        resume: continue a field that exists
        overwrite: replace the field and its masks, once there is a new mask
        limit: predict at most this many pairs
        engine, workers, ray_address: the pool that the predictor runs in, as in
            :class:`pairlens.importers.parallel.Pool`: by default once in this process, else once in
            each worker; on a cluster with GPUs one worker for each, if the predictor uses them
        stop: called before each batch; the run ends if it returns ``True``
        look: called once, with the ids of the first samples with stored masks
        progress: called with pairs done and pairs to do, skipped ones counted in both

    Raises:
        UsageError: for an unknown predictor or parameter, or a field that PairLens did not make
        StateError: if the field exists and neither resume nor overwrite is set, or was made
            with another predictor or other parameters, or the dataset holds no pairs
    """
    started = time.perf_counter()
    spec = PREDICTORS[predictor]
    params_text = {name: str(value) for name, value in (params or {}).items()}
    if batch_size < 1:
        raise UsageError(f"a batch cannot have {batch_size} pairs; give 1 or more")
    if limit is not None and limit < 1:
        raise UsageError(f"the limit cannot be {limit} pairs; give 1 or more")
    dataset = fo_internals.dataset_of(samples)
    if (kind := store.kind_of(samples)) != "pairs":
        raise StateError(
            f"dataset {dataset.name!r} holds {kind} and no queries to predict masks of"
        )
    with leases.held(dataset.name, "predict", f"field {field_name}"):
        recipe = {"predictor": predictor, "params": params_text}
        field = MaskField(dataset, field_name, STEP, recipe)
        field.check("a predictor", resume, overwrite)
        if field.resumes_another(resume):
            made = field.made_with
            raise StateError(
                f"field {field_name!r} was made by {made['predictor']} with {made['params']}; "
                "resume with the same, or choose another field"
            )
        callbacks = _Callbacks(stop, look, progress)
        pool = pool_for(samples, engine, workers, ray_address, _existing_paths(params_text))
        with open_predictor(spec, params_text, device, pool) as loaded:
            # Masks are deleted after this point only, since loading can fail.
            summary = _predict_into(
                samples, spec, loaded, field, batch_size, limit, resume, overwrite, callbacks
            )
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _existing_paths(params: Mapping[str, str]) -> Iterator[Path]:
    """Files and folders among the parameters of a predictor."""
    return (Path(each) for each in params.values() if os.path.exists(each))  # noqa: PTH110 - any text


class _Callbacks(NamedTuple):
    """Callbacks of :func:`predict`."""

    stop: Callable[[], bool]
    look: Callable[[Sequence[str]], None]
    progress: Progress


def _predict_into(
    samples: Any,
    spec: PredictorSpec,
    predictor: OpenPredictor,
    field: MaskField,
    batch_size: int,
    limit: int | None,
    resume: bool,
    overwrite: bool,
    callbacks: _Callbacks,
) -> PredictSummary:
    field.delete_left()
    summary = PredictSummary(field.dataset.name, spec.name, field.name)
    anew = overwrite and field.exists
    if not anew:
        field.open(overwrite=False)
    if resume and (lost := field.clear_lost()):
        summary.notes.append(f"{lost:,} masks whose files were gone are predicted again")
    field.stop_file.unlink(missing_ok=True)
    _count_skipped(samples, field.name, spec.reads_images, anew, summary)
    total = working_set.count(samples)
    if limit is not None:
        total = min(total, summary.skipped + limit)
    pairs = list_queries(samples, field.name, reads_images=spec.reads_images, anew=anew)
    batches = batched(islice(pairs, limit), batch_size)
    decision_store = _DecisionStore(field.dataset, predictor, f"predict {field.name}", resume)
    ready = time.perf_counter()
    _predict_batches(predictor, batches, field, anew, summary, decision_store, callbacks, total)
    if anew and not summary.predicted:
        summary.notes.append(f"field {field.name!r} is left as it was: nothing was predicted")
    remember_speed(field.dataset, spec.name, summary.predicted, time.perf_counter() - ready)
    field.stop_file.unlink(missing_ok=True)
    decisions = Decisions(_notes(predictor, summary.stopped))
    summary.notes += [*decisions.notes, *decisions.lines()]
    summary.decisions = decision_store.store(decisions)
    return summary


def _predict_batches(
    predictor: OpenPredictor,
    batches: Iterator[list[SampleQuery]],
    field: MaskField,
    anew: bool,
    summary: PredictSummary,
    decision_store: _DecisionStore,
    callbacks: _Callbacks,
    total: int,
) -> None:
    """Predicts all batches and stores their masks."""
    done = summary.skipped

    def stopped() -> bool:
        callbacks.progress(done, total)
        return callbacks.stop() or field.stop_file.exists()

    callbacks.stop()  # everything is loaded: from here on Ctrl-C waits for the current batch
    with ThreadPoolExecutor(_WRITERS) as writers, field.writing_folder(anew) as folder:
        for batch, answers in _until_stopped(predictor.predict_batches(batches), stopped, summary):
            looked = bool(summary.first)
            changes = store_batch(batch, answers, folder, summary, writers)
            if changes:
                if anew:
                    field.open(overwrite=True)
                    anew = False
                decision_store.store_new()
                masks = ((i, {field.name: segmentation(str(path))}) for i, path in changes)
                field.store_values([*masks])
            done += len(batch)
            if summary.first and not looked:
                callbacks.look(list(summary.first))
    callbacks.progress(done if summary.stopped or done < total else total, total)


def _until_stopped(
    batches: Iterable[tuple[list[SampleQuery], Iterable[Answer]]],
    stopped: Callable[[], bool],
    summary: PredictSummary,
) -> Iterator[tuple[list[SampleQuery], Iterable[Answer]]]:
    """Yields batches until the run is to stop; batches that workers have started are completed."""
    for batch, answers in batches:
        is_complete = not isinstance(answers, Iterator)  # from workers; else lazy
        if not is_complete and stopped():
            summary.stopped = True
            return
        yield batch, answers
        if is_complete and stopped():
            summary.stopped = True
            return


class _DecisionStore:
    """Stores the decisions of a run, each before the first masks that depend on it.

    Args:
        dataset: the dataset
        predictor: the predictor that decides
        step: name of the step for which they are stored
        resume: whether they are added to those of an earlier run
    """

    def __init__(self, dataset: Any, predictor: OpenPredictor, step: str, resume: bool) -> None:
        stored = store.info(dataset).get("decisions", ()) if resume else ()
        self._dataset, self._predictor, self._step = dataset, predictor, step
        self._earlier = [one for one in stored if one["step"] == step]
        self._rules = 0

    def store_new(self) -> None:
        """Stores the decisions if there is a new one."""
        decisions = Decisions(_notes(self._predictor))
        if len(decisions.all()) > self._rules:
            self._rules = len(decisions.all())
            self.store(decisions)

    def store(self, decisions: Decisions) -> list[dict[str, Any]]:
        """Stores decisions, and returns them as stored."""
        stored = decisions.stored(self._step, self._earlier)
        if stored:
            store.add_decisions(self._dataset, stored)
        return stored


def request_stop(dataset: Any, field_name: str) -> None:
    """Requests that the run that fills a field stops after its batch; it may be in another process.

    Raises:
        StateError: if no run fills the field
    """
    field = MaskField(dataset, field_name, STEP)
    if field.made_with is None or not field.stop_file.parent.is_dir():
        raise StateError(f"no run fills field {field_name!r}")
    field.stop_file.touch()


def _notes(predictor: OpenPredictor, stopped: bool = False) -> list[str]:
    notes = predictor.notes()
    if stopped:
        notes.append("stopped on request; --resume predicts the rest")
    if unused := predictor.unused():
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
