"""Scores a prediction field and keeps the result on the dataset.

Per-pair numbers become sample fields, the summary becomes a FiftyOne run, which can be
listed, loaded and deleted like any other.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from fiftyone_plugin.metrics.conventions import CONVENTIONS, DEFAULT
from fiftyone_plugin.metrics.overlap import Overlap, overlap
from fiftyone_plugin.metrics.summary import Table, bootstrap, summarize
from importers import fields, store
from importers.errors import MaskError, StateError, UsageError
from importers.masks import load_stored
from importers.parallel import Progress, map_items, no_progress

METHOD = "pairlens"
"""The ``method`` of every scoring run, by which they are told from others."""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class ScoreSummary:
    """A scoring; see :func:`fiftyone_plugin.metrics.summary.summarize` for the numbers.

    ``unscored`` names pairs whose ground truth cannot be read: no number exists for them.
    """

    key: str
    convention: str
    pred: str
    gt: str
    pairs: int = 0
    missing: int = 0
    resized: int = 0
    gIoU: float | None = None
    cIoU: float | None = None
    precision: dict[str, float] | None = None
    n_acc: float | None = None
    t_acc: float | None = None
    ci: dict[str, list[float]] = field(default_factory=dict)
    by: dict[str, dict[str, Any]] = field(default_factory=dict)
    unscored: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Row:
    """What a worker needs of a pair."""

    sample_id: Any
    key: str
    image: tuple[str, str]
    gt: str | None
    pred: str | None


def score(
    samples: Any,
    *,
    pred: str,
    key: str,
    gt: str = fields.SEGMENTATION,
    convention: str = DEFAULT,
    rounds: int = 0,
    seed: int = 0,
    progress: Progress = no_progress,
) -> ScoreSummary:
    """Scores the masks of one field against those of another.

    Args:
        samples: a dataset or view that PairLens imported
        pred: the prediction field
        key: of the evaluation; an earlier one of the same key is replaced
        gt: the ground truth field
        convention: one of :data:`fiftyone_plugin.metrics.conventions.CONVENTIONS`
        rounds: of the bootstrap for 95 % intervals; 0 for none
        seed: of the bootstrap
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for an unknown convention or a key that is no identifier
        StateError: if a field is missing or holds no masks on disk
    """
    started = time.perf_counter()
    chosen = CONVENTIONS[convention]
    dataset = samples._dataset
    _check(dataset, pred, gt, key, rounds)
    summary = ScoreSummary(key, convention, pred, gt)
    rows, overlaps = [], []
    total = len(samples)
    outcomes = map_items(_measure, _rows(samples, pred, gt))
    for done, outcome in enumerate(outcomes, 1):
        if isinstance(outcome.error, MaskError):
            summary.unscored.append({"key": outcome.item.key, "reason": str(outcome.error)})
        else:
            overlaps.append(outcome.unwrap())
            rows.append(outcome.item)
        if done % store.BATCH == 0 or done == total:
            progress(done, total)
    codes: dict[tuple[str, str], int] = {}
    images = [codes.setdefault(row.image, len(codes)) for row in rows]
    table = Table.from_overlaps(overlaps, images)
    numbers = summarize(table, chosen)
    for name, value in numbers.items():
        setattr(summary, name, value)
    summary.ci = bootstrap(table, chosen, rounds, seed)
    summary.by = {"split": _by_split(rows, table, chosen)}
    _store_pairs(dataset, key, rows, table, chosen)
    summary.seconds = round(time.perf_counter() - started, 3)
    _register(dataset, summary)
    return summary


def _check(dataset: Any, pred: str, gt: str, key: str, rounds: int) -> None:
    if not _KEY.fullmatch(key):
        raise UsageError(f"{key!r} is no evaluation key; use letters, digits and _")
    if rounds < 0:
        raise UsageError(f"{rounds} bootstrap rounds; give 0 or more")
    for name in (pred, gt):
        if not dataset.has_field(name):
            raise StateError(f"dataset {dataset.name!r} has no field {name!r} to score")
        kind = getattr(dataset.get_field(name), "document_type", None)
        if kind is not fo.Segmentation:
            raise StateError(f"field {name!r} holds no segmentation masks")
    if key in dataset.list_runs() and dataset.get_run_info(key).config.method != METHOD:
        raise StateError(f"run {key!r} is not a scoring; choose another key")


def _rows(samples: Any, pred: str, gt: str) -> Iterator[_Row]:
    wanted = (fields.KEY, fields.IMAGE_ID, "tags", f"{pred}.mask_path", f"{gt}.mask_path")
    for doc in store.stream(samples, wanted):
        yield _Row(
            sample_id=doc["_id"],
            key=doc[fields.KEY],
            image=((doc.get("tags") or [""])[0], doc[fields.IMAGE_ID]),
            gt=(doc.get(gt) or {}).get("mask_path"),
            pred=(doc.get(pred) or {}).get("mask_path"),
        )


def _measure(row: _Row) -> Overlap:
    if row.gt is None:
        raise MaskError("the ground truth has no mask")
    target = load_stored(row.gt)
    # A prediction whose file is gone is as missing as one that was never made.
    there = row.pred is not None and Path(row.pred).is_file()
    return overlap(target, load_stored(row.pred) if there and row.pred else None)


def _by_split(rows: list[_Row], table: Table, convention: Any) -> dict[str, Any]:
    splits = np.array([row.image[0] for row in rows])
    return {
        str(split): summarize(table.where(splits == split), convention)
        for split in sorted(set(splits.tolist()))
    }


def _store_pairs(dataset: Any, key: str, rows: list[_Row], table: Table, convention: Any) -> None:
    names = (fields.iou_field(key), fields.intersection_field(key), fields.union_field(key))
    for name, kind in zip(names, (fo.FloatField, fo.IntField, fo.IntField), strict=True):
        if not dataset.has_field(name):
            dataset.add_sample_field(name, kind)
    # Pairs outside this view, and those that can no longer be scored, lose old numbers.
    dataset._sample_collection.update_many({}, {"$unset": dict.fromkeys(names, "")})
    columns = (table.iou(convention), table.intersection, table.union)
    values = zip(*(column.tolist() for column in columns), strict=True)
    changes = (
        (row.sample_id, dict(zip(names, value, strict=True)))
        for row, value in zip(rows, values, strict=True)
    )
    store.update(dataset, changes)
    dataset.create_index(names[0])


def _register(dataset: Any, summary: ScoreSummary) -> None:
    if summary.key in dataset.list_runs():
        dataset.delete_run(summary.key)
    config = dataset.init_run(
        method=METHOD, pred_field=summary.pred, gt_field=summary.gt, convention=summary.convention
    )
    dataset.register_run(summary.key, config)
    results = dataset.init_run_results(summary.key, summary=asdict(summary))
    dataset.save_run_results(summary.key, results)


def scored_fields(dataset: Any) -> dict[str, str]:
    """Prediction fields that were scored against something, and the key of the newest scoring."""
    newest: dict[str, tuple[Any, str]] = {}
    for key in dataset.list_runs():
        run = dataset.get_run_info(key)
        if getattr(run.config, "method", None) == METHOD:
            field_name = run.config.pred_field
            newest[field_name] = max(
                newest.get(field_name, (run.timestamp, key)), (run.timestamp, key)
            )
    return {name: key for name, (_, key) in newest.items()}


def evaluation_of(samples: Any, pred: str) -> str:
    """The key of the newest scoring of a prediction field.

    Raises:
        StateError: if the field was never scored
    """
    dataset = samples._dataset
    try:
        return scored_fields(dataset)[pred]
    except KeyError:
        raise StateError(
            f"field {pred!r} was not scored; run: pairlens score {dataset.name} --pred {pred} "
            f"--key {pred}"
        ) from None
