"""PairLens' scoring as a method of FiftyOne's ``evaluate_segmentations``.

Importing this module, or loading the plugin, makes ``method="pairlens"`` known. The run is an
evaluation like any other: the App's Model Evaluation panel lists it, FiftyOne lists, loads,
renames and deletes it, and deleting it deletes its fields.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import fiftyone as fo
import fiftyone.core.utils as fou
from fiftyone.utils.eval.segmentation import (
    SegmentationEvaluation,
    SegmentationEvaluationConfig,
)

from pairlens.fiftyone_plugin.metrics import slices
from pairlens.fiftyone_plugin.metrics.bootstrap import (
    LISAT_ROUNDS,
    SCHEMES,
    Scheme,
    Spread,
    bootstrap,
)
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS, DEFAULT
from pairlens.fiftyone_plugin.metrics.dataset_overlaps import (
    DatasetOverlaps,
    count_overlaps,
    score_changes,
)
from pairlens.fiftyone_plugin.metrics.evaluation_results import (
    CLASSES,
    PairLensResults,
    confusion,
    panel_metrics,
)  # fmt: skip
from pairlens.fiftyone_plugin.metrics.pair_overlaps import (
    INSTANCES,
    SHAPES,
    InstanceRule,
    MaskSource,
    Shape,
    count_chunk,
)
from pairlens.fiftyone_plugin.metrics.score_summary import ScoreSummary
from pairlens.fiftyone_plugin.metrics.summary import summarize
from pairlens.importers import fencing, fields, fo_internals, indexes, store
from pairlens.importers.background import background_thread
from pairlens.importers.errors import UsageError
from pairlens.importers.mask_values import MaskValues, parse_mask_values
from pairlens.importers.parallel import Pool, Progress
from pairlens.importers.scorings import METHOD

MAX_SIDE = 10_000
"""Greatest side; its square is the greatest number of pixels of a mask."""


class PairLensEvaluationConfig(SegmentationEvaluationConfig):
    """Options of a scoring.

    Args:
        pred_field: the field of the predictions
        gt_field: the field of the ground truth
        convention: one of :data:`pairlens.fiftyone_plugin.metrics.conventions.CONVENTIONS`
        rounds: rounds of the bootstrap; 0 for none
        seed: seed of the bootstrap
        scheme: scheme of the bootstrap, ``percentile`` or ``lisat``
        by: names of :data:`pairlens.fiftyone_plugin.metrics.slices.SLICINGS`
        instances: ``union`` or ``best``, for predictions with instances
        side: side in pixels of the square that masks are resized to; 0 for their own size
        shape: ``masks``, ``boxes``, or ``auto``: boxes where the ground truth is a box
        pred_values, gt_values: which values of masks are the target, as
            :func:`pairlens.importers.mask_values.parse_mask_values` takes it
        owner: identity of the scoring process, which shows whether an unfinished run was killed
        custom_metrics: as in FiftyOne's own methods
    """

    def __init__(
        self,
        pred_field: str,
        gt_field: str,
        convention: str = DEFAULT,
        rounds: int = 0,
        seed: int = 0,
        scheme: Scheme = "percentile",
        by: Iterable[str] = slices.DEFAULT,
        instances: InstanceRule = "union",
        side: int = 0,
        shape: Shape = "auto",
        pred_values: str = "auto",
        gt_values: str = "auto",
        owner: str | None = None,
        custom_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pred_field, gt_field, custom_metrics=custom_metrics, **kwargs)
        self.convention = convention
        self.rounds = rounds
        self.seed = seed
        self.scheme = scheme
        self.by = list(by)
        self.instances = instances
        self.side = side
        self.shape = shape
        self.pred_values = pred_values
        self.gt_values = gt_values
        self.owner = owner

    @property
    def method(self) -> str:  # type: ignore[override]
        """The name of the method in FiftyOne."""
        return METHOD


class PairLensEvaluation(SegmentationEvaluation):
    """The evaluation method that scores a field of masks."""

    config: Any
    watch: Progress | None = None
    """Called with pairs done and pairs in all; ``None`` shows FiftyOne's progress bar."""
    pool: Pool | None = None
    """The pool that counts; ``None`` for threads. It does not affect the result."""
    replaces = False
    """Whether an earlier scoring of the key is replaced."""
    before_writing: Callable[[], None] | None = None
    """Called before each batch that replaces values of an earlier scoring."""

    def ensure_requirements(self) -> None:
        """Validates the options, before anything of an earlier run is deleted.

        Raises:
            UsageError: for an unknown name or a number out of range
        """
        config = self.config
        CONVENTIONS[config.convention]
        slices.chosen(config.by, default=())
        if config.rounds < 0:
            raise UsageError(f"{config.rounds} bootstrap rounds; give 0 or more")
        if not 0 <= config.side <= MAX_SIDE:
            raise UsageError(f"masks cannot be scored at {config.side} pixels square")
        _values(config)
        for value, known, option in (
            (config.scheme, SCHEMES, "bootstrap scheme"),
            (config.instances, INSTANCES, "rule for instances"),
            (config.shape, SHAPES, "shape"),
        ):
            if value not in known:
                raise UsageError(f"there is no {option} {value!r}; known: {', '.join(known)}")
        if config.side and _are_boxes(config):
            raise UsageError("boxes are not resized before they are scored; leave the size out")

    def get_fields(
        self, samples: Any, eval_key: str, include_custom_metrics: bool = True
    ) -> list[str]:
        """The sample fields of the evaluation ``eval_key``, as FiftyOne requests them."""
        custom = self.get_custom_metric_fields(samples, eval_key) if include_custom_metrics else []
        return [*fields.score_fields(eval_key), *custom]

    def register_samples(self, samples: Any, eval_key: str | None) -> None:
        """Adds the fields to the dataset."""
        if eval_key is None:
            return
        iou, *counts = fields.score_fields(eval_key)
        schema = {iou: fo.FloatField(), **{name: fo.IntField() for name in counts}}
        # In one call: adding them one by one takes as long as scoring two hundred pairs.
        fo_internals.add_fields(fo_internals.dataset_of(samples), schema)

    def evaluate_samples(  # type: ignore[override]
        self,
        samples: Any,
        eval_key: str | None = None,
        mask_targets: dict[int, str] | None = None,
        progress: Any = None,
    ) -> PairLensResults:
        """Scores the pairs and writes the scores to the samples.

        Args:
            samples: a dataset or view
            eval_key: key of the evaluation; ``None`` stores nothing
            mask_targets: names of mask values; pixels of a value named "ignore" do not count
            progress: as in FiftyOne
        """
        if self.watch is not None:
            return self._evaluate(samples, eval_key, mask_targets, self.watch)
        with fou.ProgressBar(total=len(samples), progress=progress) as bar:
            return self._evaluate(
                samples, eval_key, mask_targets, lambda done, _: bar.set_iteration(done)
            )

    def _evaluate(
        self, samples: Any, key: str | None, mask_targets: Any, on_progress: Progress
    ) -> PairLensResults:
        started = time.perf_counter()
        config = self.config
        convention = CONVENTIONS[config.convention]
        source = _source(fo_internals.dataset_of(samples), config, mask_targets)
        slicer = slices.Slicer(config.by)
        before_writing = self.before_writing if self.replaces else None
        overlaps = count_overlaps(
            samples, source, convention, slicer, key, on_progress, before_writing, self.pool
        )
        if key is not None and self.replaces:
            _clear_others(fo_internals.dataset_of(samples), key, overlaps.ids)
        with background_thread() as in_background:
            # The database builds the index while the summary is computed.
            in_background(partial(_index, fo_internals.dataset_of(samples), key))
            table = overlaps.table
            spread = bootstrap(table, convention, config.rounds, config.seed, config.scheme)
            summary = self._summary(overlaps, spread, key)
        if summary.decisions:
            store.add_decisions(fo_internals.dataset_of(samples), summary.decisions)
        summary.seconds = round(time.perf_counter() - started, 3)
        return PairLensResults(
            samples, config, key, confusion(table), list(CLASSES), missing=CLASSES[0],
            custom_metrics=panel_metrics(summary), backend=self, summary=asdict(summary),
        )  # fmt: skip

    def _summary(self, overlaps: DatasetOverlaps, spread: Spread, key: str | None) -> ScoreSummary:
        config = self.config
        convention = CONVENTIONS[config.convention]
        return ScoreSummary(
            key or "",
            config.convention,
            config.pred_field,
            config.gt_field,
            **summarize(overlaps.table, convention),
            ci=spread.ci,
            bootstrap=_drawn(config, spread.mean, spread.std),
            by=overlaps.slicer.summaries(overlaps.table, convention),
            unscored=overlaps.unscored,
            unreadable=overlaps.unreadable,
            unscored_total=overlaps.unscored_total,
            unreadable_total=overlaps.unreadable_total,
            notes=overlaps.decisions.lines(),
            decisions=overlaps.decisions.stored(f"score {key or config.pred_field}"),
        )

    def cleanup(self, samples: Any, eval_key: str) -> None:
        """Deletes the fields and the index of an evaluation."""
        dataset = fo_internals.dataset_of(samples)
        names = [n for n in fields.score_fields(eval_key) if dataset.has_field(n)]
        indexed = fields.iou_field(eval_key)
        if indexed in dataset.list_indexes():
            dataset.drop_index(indexed)
        if names:
            dataset.delete_sample_fields(names)
        self.cleanup_custom_metrics(samples, eval_key)
        fo_internals.delete_empty_sidebar_group(samples, eval_key)

    def rename(self, samples: Any, eval_key: str, new_eval_key: str) -> None:
        """Renames the fields of an evaluation, and the index of its IoU."""
        dataset = fo_internals.dataset_of(samples)
        indexed = fields.iou_field(eval_key)
        if indexed in dataset.list_indexes():
            dataset.drop_index(indexed)
        super().rename(samples, eval_key, new_eval_key)
        indexes.create_optional_indexes(dataset, [[(fields.iou_field(new_eval_key), 1)]])

    @classmethod
    def save_run_info(
        cls, samples: Any, run_info: Any, overwrite: bool = True, cleanup: bool = True
    ) -> None:
        """Saves the configuration of a run; an earlier one is replaced in a single write."""
        fencing.check_writing()
        if cleanup or run_info.key not in cls.list_runs(samples):
            super().save_run_info(samples, run_info, overwrite=overwrite, cleanup=cleanup)
        else:
            fo_internals.change_run(samples, run_info)

    @classmethod
    def save_run_results(
        cls, samples: Any, key: str, run_results: Any, overwrite: bool = True, cache: bool = True
    ) -> None:
        """Saves the results without caching, so that loading reads the label ids of the pairs."""
        fencing.check_writing()
        super().save_run_results(samples, key, run_results, overwrite=overwrite, cache=False)

    def _validate_run(self, samples: Any, eval_key: str, existing_info: Any) -> None:
        """Accepts any configuration: a scoring may replace any other of its key."""


def scores_again(dataset: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of a pair whose ground truth changed, for every scoring that includes it.

    Args:
        dataset: the dataset of the pair
        document: the pair as it will be stored

    Returns:
        values by field, ``None`` for those to remove; summaries of scorings are not updated
    """
    scores: dict[str, Any] = {}
    for key in dataset.list_evaluations(method=METHOD):
        config = dataset.get_evaluation_info(key).config
        names = fields.score_fields(key)
        if config.gt_field != fields.SEGMENTATION or all(document.get(n) is None for n in names):
            continue
        [counted] = count_chunk([document], _source(dataset, config)).overlaps
        scores |= dict.fromkeys(names)
        if counted is not None:
            batch = [(document["_id"], counted)]
            [(_, values)] = score_changes(batch, key, CONVENTIONS[config.convention])
            scores |= values
    return scores


def _source(dataset: Any, config: Any, mask_targets: dict[int, str] | None = None) -> MaskSource:
    names = config.pred_field, config.gt_field
    ignores = _ignores(dataset, config.gt_field, mask_targets)
    whole = all(_is_whole(dataset, name) for name in names)
    boxes = _are_boxes(config)
    return MaskSource(
        *names, ignores, config.instances, config.side, whole, boxes, *_values(config)
    )


def _are_boxes(config: Any) -> bool:
    """Whether a scoring compares boxes; stored configurations of earlier versions do not."""
    shape = getattr(config, "shape", "auto")
    return shape == "boxes" or (shape == "auto" and config.gt_field == fields.TARGET_BOX)


def _values(config: Any) -> list[MaskValues | None]:
    """The settings for mask values: of predictions, of the ground truth.

    Raises:
        UsageError: if one is invalid
    """
    settings = []
    for name in ("pred_values", "gt_values"):
        try:
            settings.append(parse_mask_values(getattr(config, name)))
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from error
    return settings


def _drawn(config: Any, mean: dict[str, float], std: dict[str, float]) -> dict[str, Any]:
    rounds = config.rounds or LISAT_ROUNDS
    facts = {"scheme": config.scheme, "rounds": rounds, "seed": config.seed}
    return facts | {"mean": mean, "std": std} if mean else {}


def _clear_others(dataset: Any, key: str, scored: bytearray) -> None:
    """Removes the scores of an earlier scoring from the pairs that are not in this one.

    Args:
        dataset: the dataset
        key: key of the scoring
        scored: ids of the samples in this scoring, twelve bytes each
    """
    kept = {bytes(scored[at : at + 12]) for at in range(0, len(scored), 12)}
    names = fields.score_fields(key)
    has_values = {"$or": [{name: {"$ne": None}} for name in names]}
    found = fo_internals.collection(dataset).find(has_values, {"_id": 1})
    others = (doc["_id"] for doc in found if doc["_id"].binary not in kept)
    store.update(dataset, ((sample_id, dict.fromkeys(names)) for sample_id in others))


def _index(dataset: Any, key: str | None) -> None:
    """Indexes the IoU, since reviewers filter by it."""
    if key is not None:
        indexes.create_optional_indexes(dataset, [[(fields.iou_field(key), 1)]])


def _is_whole(dataset: Any, name: str) -> bool:
    return getattr(dataset.get_field(name), "document_type", None) is fo.Segmentation


def _ignores(dataset: Any, gt: str, given: dict[Any, str] | None) -> bool:
    """Whether 255 means *ignore* in the ground truth, by the names of the mask values."""
    names = given or dataset.mask_targets.get(gt) or dataset.default_mask_targets or {}
    return "ignore" in str(names.get(fields.IGNORE, "")).casefold()


def enable() -> None:
    """Registers the method with FiftyOne, in this process."""
    name = f"{PairLensEvaluationConfig.__module__}.{PairLensEvaluationConfig.__qualname__}"
    fo.evaluation_config.segmentation_backends.setdefault(METHOD, {})["config_cls"] = name


enable()
