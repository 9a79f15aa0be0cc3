"""The data of the curation panel: the figures of a dataset, and what is to be done next."""

from __future__ import annotations

from typing import Any, Literal

from pairlens.fiftyone_plugin.curation import summary
from pairlens.fiftyone_plugin.curation.panel_types import Advice, Facts, Overview
from pairlens.fiftyone_plugin.curation.texts import reviewer_of
from pairlens.fiftyone_plugin.metrics.runs import METHOD
from pairlens.fiftyone_plugin.operators.base import mask_fields
from pairlens.fiftyone_plugin.panels.curation_scope import Scope, view_in
from pairlens.importers import fields, fo_internals, working_set
from pairlens.importers.errors import PairLensError

STEPS = {
    "import": "import_dataset",
    "predict": "predict_masks",
    "score": "score_pairs",
    "flag": "flag_pairs",
    "export": "export_subset",
}
"""The steps of the work and the operators that do them."""

EVALUATION = "evaluation"
"""Where the panel's state has the scoring of the histogram; a blank one is the quality."""

_NO_DATASET = "No dataset is open. Open one from the list above, or import published files."
_FOREIGN = (
    "PairLens did not import this dataset, so it has no query/mask pairs to curate. "
    "Import published files into a dataset of their own."
)
_EMPTY = "This dataset has no pairs yet. Import some into it."
_EMPTY_VIEW = "The view that you chose holds no pairs."
_UNFLAGGED = "No check has run on this dataset yet. Flag its pairs to see which are bad, and why."
_UNPREDICTED = "No predictions yet. Predict a mask for every query to see what a model makes of it."
_UNSCORED = "The predictions are not scored yet. Score them for an IoU of every pair."


def facts_of(ctx: Any, scope: Scope) -> Facts:
    """What the panel shows; the most pressing advice first."""
    dataset = ctx.dataset
    if dataset is None:
        return _without("none", _NO_DATASET)
    if not working_set.is_imported(dataset):
        return _without("foreign", _FOREIGN)
    try:
        return _ready(ctx, dataset, scope)
    except PairLensError as error:
        return _without("refused", str(error))


def _without(state: Literal["none", "foreign", "empty", "refused"], text: str) -> Facts:
    return {"state": state, "advice": [{"text": text, "step": "import"}]}


def _ready(ctx: Any, dataset: Any, scope: Scope) -> Facts:
    view = view_in(ctx, scope)
    overview = summary.overview(dataset, view, eval_key=_evaluation(ctx, dataset))
    if not overview["pairs"] and view is None:
        return _without("empty", _EMPTY)
    return {
        "state": "ready",
        "advice": _advice(dataset, overview),
        "overview": overview,
        "whole": view is None,
        "saved_views": dataset.list_saved_views(),
        "reviewer": reviewer_of(ctx.user_id),
    }


def _evaluation(ctx: Any, dataset: Any) -> str | None:
    """The scoring that was chosen, or any where none was; ``None`` for the quality."""
    chosen = ctx.panel.get_state(EVALUATION)
    known = dataset.list_evaluations(method=METHOD)
    return chosen or None if chosen == "" or chosen in known else next(iter(known), None)


def _advice(dataset: Any, overview: Overview) -> list[Advice]:
    """What is still to be done, the most pressing first."""
    if not overview["pairs"]:
        return [{"text": _EMPTY_VIEW, "step": None}]
    todo: list[Advice] = []
    if not is_flagged(dataset):
        todo.append({"text": _UNFLAGGED, "step": "flag"})
    if not [name for name in mask_fields(dataset) if name != fields.SEGMENTATION]:
        todo.append({"text": _UNPREDICTED, "step": "predict"})
    elif not overview["evaluations"]:
        todo.append({"text": _UNSCORED, "step": "score"})
    return todo


def is_flagged(dataset: Any) -> bool:
    """Whether the checks ever ran: every pair then has a quality, the sound ones too."""
    return (
        fo_internals.collection(dataset).find_one({fields.QUALITY: {"$gte": 0}}, {"_id": 1})
        is not None
    )
