"""What depends on a pair's mask: colors, scores and findings of the pair.

They are measured again at once, so that the pair does not contradict itself. The findings of
checks that compare several pairs, and the totals of a scoring, stay as their last run left
them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fiftyone_plugin.checks import CHECKS
from fiftyone_plugin.checks.base import PREDICTIONS, Check
from fiftyone_plugin.checks.batch import MASK_DIGEST, Batch, Columns
from fiftyone_plugin.checks.engine import find_in
from fiftyone_plugin.checks.findings_store import earlier_findings, sorted_findings, stored_values
from fiftyone_plugin.checks.runner import RAN, kind_of
from fiftyone_plugin.checks.sample_reader import LABEL_VALUES
from fiftyone_plugin.checks.texts import for_kind
from fiftyone_plugin.curation.log import Values
from fiftyone_plugin.metrics.conventions import CONVENTIONS
from fiftyone_plugin.metrics.dataset_overlaps import score_changes
from fiftyone_plugin.metrics.pair_overlaps import MaskSource, count_chunk
from fiftyone_plugin.metrics.runs import METHOD, scored_fields
from importers import store
from importers.errors import MaskError
from importers.fields import (
    FINDINGS,
    IMAGE_MISSING,
    IMAGE_STATS,
    QUALITY,
    SEGMENTATION,
    TARGET_COLORS,
    iou_field,
    score_fields,
)
from importers.formats.base import Kind
from importers.image_stats import measure_target
from importers.masks import Mask, load_stored
from importers.media import ImageError, read_rgb

Document = dict[str, Any]


def of_mask(dataset: Any, document: Document, mask: Values) -> Values:
    """The fields that depend on the mask, measured for another mask.

    Args:
        dataset: that the pair belongs to
        document: the pair
        mask: the fields of its new mask, whose file is written

    Returns:
        fields to set with the mask; ``None`` for those to remove
    """
    changed = document | mask
    following: Values = {TARGET_COLORS: _colors(changed)}
    following |= _scores(dataset, changed)
    return following | _findings(dataset, changed | following)


def _colors(document: Document) -> Document | None:
    """The colors of the new target, where those of the old one were measured."""
    path = (document.get(SEGMENTATION) or {}).get("mask_path")
    if not document.get(IMAGE_STATS) or document.get(IMAGE_MISSING) or not path:
        return None
    try:
        colors = measure_target(read_rgb(Path(document["filepath"])), Mask(load_stored(path)))
    except (ImageError, MaskError):
        return None
    return store.embedded(store.plain_stats(colors)) if colors else None


def _scores(dataset: Any, document: Document) -> Values:
    """The pair's numbers in every scoring that it is in and that is against the mask."""
    scores: Values = {}
    for key in dataset.list_evaluations(method=METHOD):
        config = dataset.get_evaluation_info(key).config
        scored = any(document.get(name) is not None for name in score_fields(key))
        if config.gt_field != SEGMENTATION or not scored:
            continue
        source = MaskSource(
            config.pred_field, SEGMENTATION, instances=config.instances, side=config.side
        )
        counted = count_chunk([document], source).overlaps[0]
        scores |= dict.fromkeys(score_fields(key))
        if counted is not None:
            convention = CONVENTIONS[config.convention]
            batch = [(document["_id"], counted)]
            scores |= next(iter(score_changes(batch, key, convention)))[1]
    return scores


def _findings(dataset: Any, document: Document) -> Values:
    """What the checks of single pairs say now that ran over the dataset before."""
    ran: dict[str, Any] = store.info(dataset).get(RAN) or {}
    checks = _checks(ran, kind_of(dataset))
    if not checks or document.get(QUALITY) is None:
        return {}
    wants = any(PREDICTIONS in check.needs for check in checks)
    ious = {name: iou_field(key) for name, key in scored_fields(dataset).items()} if wants else {}
    columns = Columns.of(checks, ious)
    stored = (document.get(FINDINGS) or {}).get("classifications") or []
    labels = [[label.get(name) for name in LABEL_VALUES] for label in stored]
    earlier = earlier_findings(document["key"], labels)
    again = {check.name for check in checks}
    found = find_in(Batch([_row(document, columns)], columns), checks).get(0, [])
    found += [one for one in earlier if one.check not in again]
    return stored_values(sorted_findings(found, _at(document, MASK_DIGEST)))


def _checks(ran: dict[str, Any], kind: Kind) -> list[Check]:
    return [
        for_kind(CHECKS[name].with_params(params), kind)
        for name, params in ran.items()
        if name in CHECKS and CHECKS[name].scope == "sample"
    ]


def _row(document: Document, columns: Columns) -> list[Any]:
    """What the database would send of the document."""
    return [_at(document, path) for path in columns.paths]


def _at(document: Document, path: str) -> Any:
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
