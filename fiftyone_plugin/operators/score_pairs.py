"""Score predicted masks against the ground truth."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.metrics.conventions import CONVENTIONS, DEFAULT
from fiftyone_plugin.metrics.runs import score
from fiftyone_plugin.operators.base import PairOperator, Work, choice, mask_fields, required
from importers import fields


class ScorePairs(PairOperator):
    """``pairlens score`` in the App."""

    operator_name = "score_pairs"
    title = "score pairs"
    about = "Computes IoU per pair and the summary that papers report"
    icon = "straighten"
    risk = types.RiskLevel.MEDIUM

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields."""
        found = [f for f in mask_fields(ctx.dataset) if f != fields.SEGMENTATION]
        if not found:
            about = "Run 'PairLens: predict masks' first."
            inputs.view("none", types.Warning(label=about)).invalid = True
            return
        choice(inputs, "pred", {f: f for f in found}, default=found[0], label="Predictions")
        inputs.str("key", required=True, default=ctx.params.get("pred") or found[0], label="Key")
        conventions = {c.name: f"{c.name} ({c.source})" for c in CONVENTIONS.values()}
        choice(inputs, "convention", conventions, default=DEFAULT, label="Convention")
        inputs.int("bootstrap", default=0, min=0, label="Bootstrap rounds for 95 % intervals")
        ctx.target_view()

    def work(self, ctx: Any) -> Work:
        """Scores."""
        params = ctx.params
        samples = ctx.target_view()
        arguments = {
            "pred": required(params, "pred"),
            "key": required(params, "key"),
            "gt": params.get("gt") or fields.SEGMENTATION,
            "convention": params.get("convention") or DEFAULT,
            "rounds": params.get("bootstrap") or 0,
            "seed": params.get("seed") or 0,
        }
        return lambda progress: reports.of_score(score(samples, **arguments, progress=progress))
