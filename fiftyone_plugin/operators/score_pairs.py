"""Score predicted masks against the ground truth."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin.metrics.bootstrap import SCHEMES
from fiftyone_plugin.metrics.conventions import CONVENTIONS, DEFAULT
from fiftyone_plugin.metrics.label_masks import KINDS
from fiftyone_plugin.metrics.runs import score
from fiftyone_plugin.metrics.slices import SLICINGS, chosen
from fiftyone_plugin.operators.base import PairOperator, Work, choice, required
from fiftyone_plugin.score_reports import of_score
from importers import fields

_INSTANCES = {
    "union": "All of them together",
    "best": "The best of those with the ground truth's label",
}


class ScorePairs(PairOperator):
    """``pairlens score`` in the App."""

    operator_name = "score_pairs"
    title = "score pairs"
    about = "Computes IoU per pair and the summary that papers report"
    icon = "straighten"
    risk = types.RiskLevel.MEDIUM

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields."""
        kinds = label_fields(ctx.dataset)
        found = [name for name in kinds if name != fields.SEGMENTATION]
        if not found:
            about = "Run 'PairLens: predict masks' first."
            inputs.view("none", types.Warning(label=about)).invalid = True
            return
        choice(inputs, "pred", {f: f for f in found}, default=found[0], label="Predictions")
        pred = ctx.params.get("pred") or found[0]
        inputs.str("key", required=True, default=pred, label="Key")
        if kinds.get(pred, "Segmentation") != "Segmentation":
            choice(inputs, "instances", _INSTANCES, default="union", label="Instances")
        conventions = {c.name: f"{c.name} ({c.source})" for c in CONVENTIONS.values()}
        choice(inputs, "convention", conventions, default=DEFAULT, label="Convention")
        inputs.int("bootstrap", default=0, min=0, label="Bootstrap rounds for 95 % intervals")
        schemes = {name: name for name in SCHEMES}
        choice(inputs, "scheme", schemes, default=SCHEMES[0], label="Bootstrap scheme")
        view = types.AutocompleteView(allow_user_input=False, allow_duplicates=False)
        for one in SLICINGS.values():
            view.add_choice(one.name, label=one.name, description=one.about)
        inputs.list("by", types.String(), label="Also by", view=view)
        ctx.target_view()

    def work(self, ctx: Any) -> Work:
        """Scores."""
        params = ctx.params
        samples = ctx.target_view()
        by = params.get("by") or []
        arguments = {
            "pred": required(params, "pred"),
            "key": required(params, "key"),
            "gt": params.get("gt") or fields.SEGMENTATION,
            "convention": params.get("convention") or DEFAULT,
            "rounds": params.get("bootstrap") or 0,
            "scheme": params.get("scheme") or SCHEMES[0],
            "seed": params.get("seed") or 0,
            "by": chosen(by),
            "instances": params.get("instances") or "union",
        }
        shown = chosen(by, default=())
        return lambda progress: of_score(score(samples, **arguments, progress=progress), shown)


def label_fields(dataset: Any) -> dict[str, str]:
    """The fields that hold masks of some kind, with the kind, masks of whole images first."""
    schema = dataset.get_field_schema()
    kinds = {
        name: getattr(getattr(one, "document_type", None), "__name__", "")
        for name, one in schema.items()
    }
    found = {name: kind for name, kind in kinds.items() if kind in KINDS}
    return dict(sorted(found.items(), key=lambda entry: KINDS.index(entry[1])))
