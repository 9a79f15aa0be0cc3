"""Runs a predictor over a dataset: masks to disk, paths to the database, on after failures.

A batch's masks are written before its documents, so a run that is killed can be resumed:
pairs that have a mask are not asked again.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from fiftyone_plugin.predictors import PREDICTORS
from fiftyone_plugin.predictors.base import NoPrediction, Prediction, Predictor, Query
from importers import fields, store
from importers.errors import MaskError, StateError, UsageError
from importers.files import safe_name, write_atomic
from importers.masks import encode_png
from importers.parallel import Progress, no_progress

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MADE = "predictions"
"""Key in PairLens' info: which predictor made which field, with which parameters."""


@dataclass
class PredictSummary:
    """What a run did.

    Attributes:
        predicted: pairs that got a mask
        failed: pairs whose prediction failed, each named in ``failures``
        skipped: pairs that had a mask already, whose image is missing, or for which the
            predictor has nothing; counted by reason in ``skips``
    """

    dataset: str
    predictor: str
    field: str
    predicted: int = 0
    failed: int = 0
    skipped: int = 0
    skips: dict[str, int] = dataclasses.field(default_factory=dict)
    failures: list[dict[str, str]] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def skip(self, reason: str, pairs: int = 1) -> None:
        """Counts skipped pairs."""
        if pairs:
            self.skipped += pairs
            self.skips[reason] = self.skips.get(reason, 0) + pairs


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
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other; give one")
    dataset = samples._dataset
    maker = {"predictor": predictor, "params": given}
    _check_field(dataset, field_name, maker, resume, overwrite)
    loaded = spec.load(given, device)  # before anything is deleted: it may refuse
    folder = Path(store.info(dataset)["media_dir"]) / "predictions" / field_name
    _open_field(dataset, field_name, folder, maker, overwrite)
    summary = PredictSummary(dataset.name, predictor, field_name)
    total = done = len(samples)
    queries = list_queries(samples, field_name, reads_images=spec.reads_images)
    _count_skipped(samples, field_name, spec.reads_images, summary)
    done = summary.skipped
    for batch in store.batched(queries, batch_size):
        progress(done, total)
        changes = list(_run_batch(loaded, batch, folder, summary))
        store.update(dataset, ((i, {field_name: store.segmentation(str(p))}) for i, p in changes))
        done += len(batch)
    progress(total, total)
    if unused := getattr(loaded, "unused", lambda: [])():
        shown = ", ".join(unused[:3]) + (" ..." if len(unused) > 3 else "")
        summary.notes.append(f"{len(unused)} files belong to no pair: {shown}")
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


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
    store.update_info(dataset, **{_MADE: store.info(dataset).get(_MADE, {}) | {name: maker}})


_READ = (
    fields.KEY, fields.IMAGE_ID, "tags", fields.PHRASE, "filepath", "metadata.width",
    "metadata.height", f"{fields.SOURCE}.image_name", f"{fields.SOURCE}.image_digest",
)  # fmt: skip


def list_queries(
    samples: Any, field_name: str, *, reads_images: bool
) -> Iterator[tuple[Any, Query]]:
    """Sample id and query of each pair that has no mask in the field, image by image."""
    where: dict[str, Any] = {f"{field_name}.mask_path": None}
    if reads_images:
        where[fields.IMAGE_MISSING] = {"$ne": True}
    # Queries of one image follow each other, so that a predictor can decode it once.
    order = (f"{fields.SOURCE}.image_digest", fields.IMAGE_ID)
    for doc in store.stream(samples, _READ, where=where, order=order):
        size = doc.get("metadata") or {}
        yield (
            doc["_id"],
            Query(
                key=doc[fields.KEY],
                image_id=doc[fields.IMAGE_ID],
                split=(doc.get("tags") or [""])[0],
                phrase=doc.get(fields.PHRASE) or "",
                image=Path(doc["filepath"]),
                image_name=(doc.get(fields.SOURCE) or {}).get("image_name", ""),
                image_size=(size.get("width", 0), size.get("height", 0)),
            ),
        )


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


def _run_batch(
    predictor: Predictor,
    batch: Sequence[tuple[Any, Query]],
    folder: Path,
    summary: PredictSummary,
) -> Iterator[tuple[Any, Path]]:
    """Predicts and writes a batch; yields sample ids and mask paths of what succeeded."""
    for (sample_id, query), result in zip(batch, _predictions(predictor, batch), strict=True):
        try:
            if isinstance(result, Exception):
                raise result
            path = folder / f"{safe_name(query.key)}.png"
            write_atomic(path, encode_png(_checked(result)))
        except NoPrediction as nothing:
            summary.skip(str(nothing) or "the predictor has nothing")
        except OSError as error:
            if not isinstance(result, Exception):
                raise StateError(f"masks cannot be written to {folder} ({error})") from error
            _fail(summary, query, error)
        except Exception as error:
            _fail(summary, query, error)
        else:
            summary.predicted += 1
            yield sample_id, path


def _fail(summary: PredictSummary, query: Query, error: Exception) -> None:
    summary.failed += 1
    reason = str(error) or type(error).__name__
    summary.failures.append({"key": query.key, "reason": reason})


def _predictions(
    predictor: Predictor, batch: Sequence[tuple[Any, Query]]
) -> Iterator[Prediction | Exception]:
    """One result a query, whatever the predictor does: what raises fails the rest of a batch."""
    left = len(batch)
    failure: Exception = RuntimeError("the predictor gave fewer masks than it was asked for")
    try:
        for result in predictor.predict([query for _, query in batch]):
            if not left:
                break
            left -= 1
            yield result
    except Exception as error:
        failure = error
    for _ in range(left):
        yield failure


def _checked(mask: Any) -> Prediction:
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype.kind not in "bui" or mask.size == 0:
        raise MaskError(f"the predictor gave an array of shape {mask.shape} and {mask.dtype}")
    return (mask != 0).astype(np.uint8)
