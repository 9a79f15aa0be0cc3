"""Scores a prediction field and stores the result with the dataset.

The scores of each pair become sample fields. The summary becomes an evaluation run of FiftyOne,
which can be listed, loaded, renamed and deleted like any other, and which the App shows in its
panel Model Evaluation.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from pairlens.fiftyone_plugin.metrics import slices
from pairlens.fiftyone_plugin.metrics.bootstrap import Scheme
from pairlens.fiftyone_plugin.metrics.conventions import DEFAULT
from pairlens.fiftyone_plugin.metrics.evaluation import (
    PairLensEvaluation,
    PairLensEvaluationConfig,
)
from pairlens.fiftyone_plugin.metrics.label_masks import KINDS
from pairlens.fiftyone_plugin.metrics.pair_overlaps import InstanceRule, Shape
from pairlens.fiftyone_plugin.metrics.score_summary import ScoreSummary
from pairlens.importers import fields, fo_internals, leases, process_ids
from pairlens.importers.dataset_pool import pool_for
from pairlens.importers.errors import StateError
from pairlens.importers.field_names import refuse_name
from pairlens.importers.parallel import Engine, Progress, no_progress
from pairlens.importers.scorings import (
    METHOD,
    check_whole,
    evaluation_of,
    finished,
    scored_fields,
    writing_over,
)

__all__ = ["METHOD", "ScoreSummary", "evaluation_of", "load_score", "score", "scored_fields"]

_MAX_DURATION = timedelta(days=1)
"""Age after which a scoring without results and without a known owner counts as killed."""


def score(
    samples: Any,
    *,
    pred: str,
    key: str,
    gt: str = fields.SEGMENTATION,
    convention: str = DEFAULT,
    rounds: int = 0,
    scheme: Scheme = "percentile",
    seed: int = 0,
    by: Collection[str] = slices.DEFAULT,
    instances: InstanceRule = "union",
    side: int = 0,
    shape: Shape = "auto",
    pred_values: str = "auto",
    gt_values: str = "auto",
    engine: Engine | None = None,
    workers: int | None = None,
    ray_address: str | None = None,
    progress: Progress = no_progress,
) -> ScoreSummary:
    """Scores the masks of one field against those of another.

    Either field may hold ``Segmentation`` masks, ``Detections`` with instance masks, or closed
    or filled ``Polylines``; for the scoring of boxes also ``Detections`` without masks.

    Args:
        samples: a dataset or view that PairLens imported
        pred: the prediction field
        key: key of the evaluation. An earlier one of the same key is replaced at the end; until
            then every pair has its earlier scores or its new ones.
        gt: the ground truth field
        convention: one of :data:`pairlens.fiftyone_plugin.metrics.conventions.CONVENTIONS`
        rounds: rounds of the bootstrap for 95 % intervals; 0 for none
        scheme: scheme of the bootstrap, ``percentile`` or ``lisat``
        seed: seed of the bootstrap
        by: names of :data:`pairlens.fiftyone_plugin.metrics.slices.SLICINGS` to summarize by
        instances: how predicted instances are combined: ``union``, or ``best``, the one with the
            highest IoU among those whose label is that of the ground truth or the query
        side: side in pixels of the square that both masks are resized to with nearest neighbour,
            as some papers do; 0 keeps the size of the ground truth
        shape: ``masks``; ``boxes``, which compares bounding boxes; or ``auto``: boxes if the
            targets of the dataset are boxes and ``gt`` is not given
        pred_values: which values of predicted masks are the target, as
            :func:`pairlens.importers.mask_values.parse_mask_values` takes it
        gt_values: the same for the ground truth's masks
        engine, workers, ray_address: the pool that counts, as in
            :class:`pairlens.importers.parallel.Pool`
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for an unknown name or a key that cannot be part of a field name
        StateError: if a field is missing or holds no masks, or the key is taken
    """
    dataset = fo_internals.dataset_of(samples)
    pool = pool_for(samples, engine, workers, ray_address)
    with leases.held(dataset.name, "score", f"scoring {key}"):
        if gt == fields.SEGMENTATION and shape != "masks" and dataset.has_field(fields.TARGET_BOX):
            gt = fields.TARGET_BOX
        _check_fields(dataset, pred, gt)
        _check_key(dataset, key)
        config = PairLensEvaluationConfig(
            pred, gt, convention=convention, rounds=rounds, seed=seed, scheme=scheme,
            by=by, instances=instances, side=side, shape=shape,
            pred_values=pred_values, gt_values=gt_values,
            owner=process_ids.this_process(),
        )  # fmt: skip
        method = PairLensEvaluation(config)
        method.watch, method.pool = progress, pool
        method.ensure_requirements()
        _delete_abandoned(dataset)
        method.replaces = key in finished(dataset)
        with leases.declaring(dataset):
            if not method.replaces:
                method.register_run(samples, key)
            method.register_samples(samples, key)
        with writing_over(dataset, key) as method.before_writing:
            results = method.evaluate_samples(samples, key)
            if method.replaces:  # the earlier run was valid until here
                method.register_run(samples, key, cleanup=False)
            method.save_run_results(samples, key, results)
        method.add_fields_to_sidebar_group(samples, key, omit_fields=(pred, gt))
        return ScoreSummary(**results.summary)


def _delete_abandoned(dataset: Any) -> None:
    """Deletes scorings without results whose process was killed."""
    for key in set(dataset.list_evaluations(method=METHOD)) - set(finished(dataset)):
        run = dataset.get_evaluation_info(key)
        if owner := getattr(run.config, "owner", None):
            dead = process_ids.is_dead(owner)
        else:  # made by FiftyOne itself, or by an earlier version
            dead = datetime.now(UTC).replace(tzinfo=None) - run.timestamp > _MAX_DURATION
        if dead:
            dataset.delete_evaluation(key)


def _check_fields(dataset: Any, pred: str, gt: str) -> None:
    for name in (pred, gt):
        if not dataset.has_field(name):
            raise StateError(f"dataset {dataset.name!r} has no field {name!r} to score")
        kind = getattr(dataset.get_field(name), "document_type", None)
        if getattr(kind, "__name__", "") not in KINDS:
            raise StateError(
                f"field {name!r} holds no masks; labels with masks are: {', '.join(KINDS)}"
            )


def _check_key(dataset: Any, key: str) -> None:
    if key in dataset.list_evaluations():
        if dataset.get_evaluation_info(key).config.method != METHOD:
            raise StateError(f"evaluation {key!r} is not a scoring; choose another key")
        return
    refuse_name("evaluation key", key)
    if taken := [name for name in fields.score_fields(key) if dataset.has_field(name)]:
        raise StateError(f"field {taken[0]!r} exists and is not of a scoring; choose another key")


def load_score(samples: Any, key: str) -> ScoreSummary:
    """The summary of an earlier scoring.

    Raises:
        StateError: if no scoring has that key, or a repeated scoring was interrupted, so that some
            pairs have scores of the earlier one
    """
    dataset = fo_internals.dataset_of(samples)
    if key not in finished(dataset):
        known = ", ".join(finished(dataset)) or "none"
        raise StateError(f"dataset {dataset.name!r} has no scoring {key!r}; it has {known}")
    check_whole(dataset, key)
    return ScoreSummary(**dataset.load_evaluation_results(key, cache=False).summary)
