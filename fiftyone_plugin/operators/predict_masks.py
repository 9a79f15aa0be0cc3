"""Predict a mask for every query."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.operators.base import AGAIN, PairOperator, Work, choice, text
from fiftyone_plugin.predictors import PREDICTORS
from fiftyone_plugin.predictors.runner import predict


class PredictMasks(PairOperator):
    """``pairlens predict`` in the App."""

    operator_name = "predict_masks"
    title = "predict masks"
    about = "Runs a text-prompted predictor on every pair"
    icon = "auto_awesome"
    risk = types.RiskLevel.MEDIUM

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields, those of the chosen predictor among them."""
        names = {spec.name: spec.name for spec in PREDICTORS.values()}
        default = next(iter(names))
        named = ctx.params.get("predictor")
        chosen = PREDICTORS[named if named in names else default]
        choice(
            inputs, "predictor", names, default=default, label="Predictor",
            description=chosen.about,
        )  # fmt: skip
        inputs.str("field", default=chosen.name, label="Field for the masks")
        settings = types.Object()
        for name, about in chosen.params.items():
            settings.str(name, label=name, description=about)
        inputs.define_property("settings", settings, label="Settings")
        inputs.int("batch_size", default=8, min=1, label="Batch size")
        choice(inputs, "again", AGAIN, default="new", label="If the field exists")
        ctx.target_view()

    def work(self, ctx: Any) -> Work:
        """Predicts."""
        params = ctx.params
        samples = ctx.target_view()
        settings = {k: v for k, v in (params.get("settings") or {}).items() if text(v)}
        predictor = text(params.get("predictor")) or next(iter(PREDICTORS))
        arguments = {
            "predictor": predictor,
            "field_name": text(params.get("field")) or predictor,
            "params": settings,
            "batch_size": params.get("batch_size") or 8,
            "device": params.get("device") or "auto",
            "resume": params.get("again") == "resume",
            "overwrite": params.get("again") == "overwrite",
        }
        return lambda progress: reports.of_predict(predict(samples, **arguments, progress=progress))
