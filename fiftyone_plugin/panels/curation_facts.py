"""The data of the curation panel: the figures of a dataset, and what is to be done next."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import fiftyone as fo

from pairlens.fiftyone_plugin.curation import summary
from pairlens.fiftyone_plugin.curation.panel_types import Advice, Facts, Overview, RankingView
from pairlens.fiftyone_plugin.curation.selection import groups_left
from pairlens.fiftyone_plugin.curation.texts import known_reviewer, text_of
from pairlens.fiftyone_plugin.metrics.runs import METHOD
from pairlens.fiftyone_plugin.operators.base import mask_fields
from pairlens.fiftyone_plugin.operators.wording import in_app
from pairlens.fiftyone_plugin.panels.curation_scope import Scope, state_of, view_in
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.errors import PairLensError
from pairlens.importers.store import kind_of

STEPS = {
    "import": "import_dataset",
    "predict": "predict_masks",
    "score": "score_pairs",
    "flag": "flag_pairs",
    "export": "export_subset",
}
"""The steps of the work and the operators that do them."""

_NO_DATASET = "No dataset is open. Open one from the list above, or import published files."
_FOREIGN = (
    "PairLens did not import this dataset, so it has no query/mask pairs to curate. "
    "Import published files into a dataset of their own."
)
_EMPTY = "This dataset has no pairs yet. Import some into it."
_EMPTY_VIEW = "The view that you chose holds no pairs."
_UNFLAGGED = "No check has run on this dataset yet. Flag its pairs to see which are bad, and why."
_UNPREDICTED = "No predictions yet. Predict a mask for every query to see what a model makes of it."
_NO_MAP = (
    "FiftyOne's panel Map draws the places of these images on maps of Mapbox. It needs their "
    "token: set MAPBOX_TOKEN before pairlens app."
)
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
        return _without("refused", in_app(str(error)))


def _without(state: Literal["none", "foreign", "empty", "refused"], text: str) -> Facts:
    return {"state": state, "advice": [{"text": text, "step": "import"}]}


def _ready(ctx: Any, dataset: Any, scope: Scope) -> Facts:
    view = view_in(ctx, scope)
    overview = summary.overview(dataset, view, eval_key=_evaluation(ctx, dataset))
    if not overview["pairs"] and view is None:
        return _without("empty", _EMPTY)
    steps = _steps(dataset)
    return {
        "state": "ready",
        "advice": _advice(dataset, overview, steps),
        "overview": overview,
        "whole": view is None,
        "saved_views": dataset.list_saved_views(),
        "reviewer": known_reviewer(ctx.user_id),
        "known": is_flagged(dataset),
        "groups": groups_left(dataset),
        "steps": steps,
        "notes": _notes(dataset),
        "ranking": ranking_of(dataset),
    }


def ranking_of(dataset: Any) -> RankingView | None:
    """How good the chances by the model of the verdicts were, of what was judged by then.

    Returns:
        ``None`` where ``p_bad`` was not estimated, or from too few verdicts for a model
    """
    facts: Any = store.info(dataset).get(fields.RANKING) or {}
    if not facts.get("learned"):
        return None
    time: datetime = facts["time"]
    return {
        "time": text_of(time),
        "verdicts": facts["verdicts"],
        "bad": facts["bad"],
        "reliability": facts["reliability"],
    }


def _notes(dataset: Any) -> list[str]:
    """What somebody who looks for more has to know."""
    maps: dict[str, Any] = fo.app_config.plugins.get("map") or {}
    no_map = dataset.has_field(fields.LOCATION) and not maps.get("mapboxAccessToken")
    return [_NO_MAP] * no_map


def _steps(dataset: Any) -> list[str]:
    """The steps that can be done: nothing is predicted of captions, nor of placeholders."""
    with_image = {fields.IMAGE_MISSING: {"$ne": True}, **working_set.OWN}
    pairs = kind_of(dataset) == "pairs"
    shown = pairs and fo_internals.collection(dataset).find_one(with_image, {"_id": 1}) is not None
    predicted = bool([name for name in mask_fields(dataset) if name != fields.SEGMENTATION])
    left_out = {"predict": not shown, "score": not (pairs and (shown or predicted))}
    return [name for name in STEPS if not left_out.get(name)]


def _evaluation(ctx: Any, dataset: Any) -> str | None:
    """The scoring that was chosen, or any where none was; ``None`` for the quality."""
    chosen = state_of(ctx).evaluation
    known = dataset.list_evaluations(method=METHOD)
    return chosen or None if chosen == "" or chosen in known else next(iter(known), None)


def _advice(dataset: Any, overview: Overview, steps: list[str]) -> list[Advice]:
    """What is still to be done, the most pressing first."""
    if not overview["pairs"]:
        return [{"text": _EMPTY_VIEW, "step": None}]
    todo: list[Advice] = []
    if not is_flagged(dataset):
        todo.append({"text": _UNFLAGGED, "step": "flag"})
    predicted = [name for name in mask_fields(dataset) if name != fields.SEGMENTATION]
    if not predicted and "predict" in steps and _mostly_with_image(dataset):
        todo.append({"text": _UNPREDICTED, "step": "predict"})
    elif predicted and "score" in steps and not overview["evaluations"]:
        todo.append({"text": _UNSCORED, "step": "score"})
    return todo


def _mostly_with_image(dataset: Any) -> bool:
    """Whether predictions can be made of most of the pairs."""
    missing = fo_internals.collection(dataset).count_documents({fields.IMAGE_MISSING: True})
    return 2 * missing < working_set.count(dataset)


def is_flagged(dataset: Any) -> bool:
    """Whether the checks ever ran: every pair then has a quality, the sound ones too."""
    return (
        fo_internals.collection(dataset).find_one({fields.QUALITY: {"$gte": 0}}, {"_id": 1})
        is not None
    )
