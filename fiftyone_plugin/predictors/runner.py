"""Runs a predictor over a dataset: masks to disk, paths to the database, on after failures.

A batch's masks are written before its documents, so a run that is killed can be resumed:
pairs that have a mask are not asked again. While a batch is predicted, the images of the next
one are read and the masks so far are written.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import fiftyone as fo

from fiftyone_plugin.predictors import PREDICTORS
from fiftyone_plugin.predictors.base import Predictor
from fiftyone_plugin.predictors.batches import PredictSummary, read_ahead, run_batch
from fiftyone_plugin.predictors.queries import list_queries, remember_speed
from importers import fields, fo_internals, store
from importers.decisions import Decisions
from importers.errors import StateError, UsageError
from importers.parallel import Progress, no_progress

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MADE = "predictions"
"""Key in PairLens' info: which predictor made which field, with which parameters."""

_STOP = ".stop"
"""File in a field's folder of masks that asks the run to stop: any process can leave it."""

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
    stop: Callable[[], bool] = lambda: False,
    look: Callable[[Sequence[str]], None] = lambda ids: None,
    progress: Progress = no_progress,
) -> PredictSummary:
    """Predicts a mask for every pair and stores it in a field.

    Args:
        samples: a dataset or view that PairLens imported
        predictor: one of :data:`fiftyone_plugin.predictors.base.PREDICTORS`
        field_name: the field for the masks
        params: of the predictor, as texts or values
        batch_size: pairs the predictor is given at once
        device: for predictors with a model
        resume: go on with a field that exists
        overwrite: delete the field and its masks first
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
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other; give one")
    dataset = fo_internals.dataset_of(samples)
    maker = {"predictor": predictor, "params": given}
    _check_field(dataset, field_name, maker, resume, overwrite)
    loaded = spec.load(given, device)  # before anything is deleted: it may refuse
    folder = mask_folder(dataset, field_name)
    _open_field(dataset, field_name, folder, maker, overwrite)
    summary = PredictSummary(dataset.name, predictor, field_name)
    _count_skipped(samples, field_name, spec.reads_images, summary)
    total, done = len(samples), summary.skipped
    queries = islice(list_queries(samples, field_name, reads_images=spec.reads_images), limit)
    ready = time.perf_counter()
    with ThreadPoolExecutor(_WRITERS) as writers, ExitStack() as stack:
        stack.callback(getattr(loaded, "close", lambda: None))
        for batch in read_ahead(loaded, store.batched(queries, batch_size)):
            progress(done, total)
            if stop() or (folder / _STOP).exists():
                summary.stopped = True
                break
            seen = bool(summary.first)
            changes = run_batch(loaded, batch, folder, summary, writers)
            masks = ((i, {field_name: store.segmentation(str(path))}) for i, path in changes)
            store.update(dataset, masks)
            done += len(batch)
            if summary.first and not seen:
                look(list(summary.first))
    progress(done if summary.stopped or limit else total, total)
    remember_speed(dataset, predictor, summary.predicted, time.perf_counter() - ready)
    decisions = Decisions(_notes(loaded, summary, folder))
    summary.notes += [*decisions.others, *decisions.lines()]
    summary.decisions = decisions.stored(f"predict {field_name}")
    if summary.decisions:
        store.add_decisions(dataset, summary.decisions)
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def mask_folder(dataset: Any, field_name: str) -> Path:
    """Where a field's masks are kept."""
    return Path(store.info(dataset)["media_dir"]) / "predictions" / field_name


def request_stop(dataset: Any, field_name: str) -> None:
    """Asks the run that fills a field, in whatever process, to stop after its batch.

    Raises:
        StateError: if no run has begun the field
    """
    folder = mask_folder(dataset, field_name)
    if not _FIELD.fullmatch(field_name) or not folder.is_dir():
        raise StateError(f"no run fills field {field_name!r}")
    (folder / _STOP).touch()


def _notes(predictor: Predictor, summary: PredictSummary, folder: Path) -> list[str]:
    notes = list(getattr(predictor, "notes", lambda: [])())
    if summary.stopped:
        (folder / _STOP).unlink(missing_ok=True)
        notes.append("stopped as it was asked to; --resume predicts the rest")
    if unused := getattr(predictor, "unused", lambda: [])():
        shown = ", ".join(unused[:3]) + (" ..." if len(unused) > 3 else "")
        notes.append(f"{len(unused)} files belong to no pair: {shown}")
    return notes


def _check_field(
    dataset: Any, name: str, maker: dict[str, Any], resume: bool, overwrite: bool
) -> None:
    if not _FIELD.fullmatch(name):
        raise UsageError(f"{name!r} is no field name; use letters, digits and _")
    made = store.info(dataset).get(_MADE, {})
    if not dataset.has_field(name):
        return
    if name not in made:
        raise UsageError(f"field {name!r} was not made by a predictor; choose another name")
    if not (resume or overwrite):
        raise StateError(
            f"field {name!r} exists; --resume adds what is missing, --overwrite replaces it"
        )
    if resume and made[name] != maker:
        raise StateError(
            f"field {name!r} was made by {made[name]['predictor']} with {made[name]['params']}; "
            "resume with the same, or choose another field"
        )


def _open_field(
    dataset: Any, name: str, folder: Path, maker: dict[str, Any], overwrite: bool
) -> None:
    if overwrite and dataset.has_field(name):
        dataset.delete_sample_field(name)
        shutil.rmtree(folder, ignore_errors=True)
    if not dataset.has_field(name):
        dataset.add_sample_field(name, fo.EmbeddedDocumentField, embedded_doc_type=fo.Segmentation)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STOP).unlink(missing_ok=True)
    store.update_info(dataset, **{_MADE: store.info(dataset).get(_MADE, {}) | {name: maker}})


def _count_skipped(
    samples: Any, field_name: str, reads_images: bool, summary: PredictSummary
) -> None:
    def count(where: dict[str, Any]) -> int:
        return sum(1 for _ in store.stream(samples, ("_id",), where=where))

    mask = f"{field_name}.mask_path"
    summary.skip("predicted already", count({mask: {"$ne": None}}))
    if reads_images:
        missing = count({mask: None, fields.IMAGE_MISSING: True})
        summary.skip("the image is missing", missing)
